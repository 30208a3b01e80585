package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/generator/bundle"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/generator/search"
)

// entry adds something to a host of a profile.
type entry struct {
	host   string
	text   []byte
	root   *profile.Node // of text
	merged *profile.Node // the host with all that it inherits
}

// add writes h into the profile, and says where.
func (e *entry) add(ctx context.Context, a *app.App, l *app.Loaded, h search.Hit) error {
	if there := e.there(h); there.IsValid() {
		return fault.New(fault.Usage, "%s is already there (%s:%d)", h.Name, there.File, there.Line)
	}
	if h.Kind == search.Key {
		a.Say("this goes into %s, with your own value:", l.Name)
		return printHow(a, h)
	}
	path, text, err := e.edited(ctx, a, h)
	if err != nil {
		return err
	}
	if err := a.WriteProfile(l, text); err != nil || a.DryRun {
		return err
	}
	after, err := profile.Parse(l.Name, text)
	if err != nil {
		return err
	}
	name, at := path[len(path)-1], after.Get(path...)
	if h.Kind == search.Package || h.Kind == search.Bundle {
		name, at = packageName(h), at.Items[len(at.Items)-1]
	}
	a.Say("added %s at %s:%d; quick-deploy diff shows what it changes", name, l.Name, at.Pos.Line)
	allowed := e.merged.Get("allowUnfree")
	if strings.HasSuffix(h.About, ", unfree") && allowed.Any() != true && !slices.Contains(allowed.Texts(), name) {
		a.Say("note: %s is unfree: name it in allowUnfree as well", name)
	}
	return nil
}

// packageName is what h is called in a list of packages.
func packageName(h search.Hit) string {
	if h.Kind == search.Bundle {
		return "bundle:" + h.Name
	}
	return h.Name
}

// there is where the host has h already; no place if it does not.
func (e *entry) there(h search.Hit) profile.Pos {
	switch h.Kind {
	case search.Service:
		return placeOf(e.merged.Get("services", h.Name))
	case search.Option:
		return placeOf(e.merged.Get("nixos", h.Name))
	case search.HomeOption:
		return placeOf(e.merged.Get("home", h.Name))
	case search.Key:
		return placeOf(e.merged.Get(strings.Split(h.Name, ".")...))
	}
	for _, key := range []string{"packages", "userPackages"} {
		for _, item := range e.merged.Get(key).All() {
			if item.Str() == packageName(h) || h.Kind == search.Package && bundled(item.Str(), h.Name) {
				return item.Pos
			}
		}
	}
	return profile.Pos{}
}

func placeOf(n *profile.Node) profile.Pos {
	if n == nil {
		return profile.Pos{}
	}
	return n.Pos
}

// bundled tells whether an item of a list of packages is a bundle that has the package.
func bundled(item, name string) bool {
	of, ok := strings.CutPrefix(item, "bundle:")
	if !ok {
		return false
	}
	b, err := bundle.Find(of)
	return err == nil && slices.Contains(b.Packages, name)
}

// edited is the profile's text with h, and the path of what was added.
func (e *entry) edited(ctx context.Context, a *app.App, h search.Hit) (path []string, text []byte, err error) {
	base := []string{"hosts", e.host}
	if e.root.Get("host") != nil {
		base = []string{"host"}
	}
	switch h.Kind {
	case search.Service:
		path = append(base, "services", h.Name)
		text, err = profile.AddIn(e.text, path)
	case search.Option, search.HomeOption:
		section := "nixos"
		if h.Kind == search.HomeOption {
			section = "home"
		}
		name, value, asked := ask(ctx, a, h)
		if asked != nil {
			return nil, nil, asked
		}
		path = append(base, section, name)
		text, err = profile.SetIn(e.text, path, value)
	default:
		path = append(base, e.packagesKey(base))
		text, err = profile.AppendIn(e.text, path, packageName(h))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("edit the profile: %w", err)
	}
	return path, text, nil
}

// packagesKey is where the host's own packages are, or are to be: what it inherits stays.
func (e *entry) packagesKey(base []string) string {
	own := e.root.Get(base...)
	switch {
	case own.Get("packages") != nil:
		return "packages"
	case own.Get("+packages") != nil, e.merged.Get("packages") != nil:
		return "+packages"
	}
	return "packages"
}

// ask completes the name and the value of an option: what is in angle brackets is a name of the user's, and only what
// is on or off needs no value.
func ask(ctx context.Context, a *app.App, h search.Hit) (name, value string, err error) {
	unknown := func() error {
		return fault.New(fault.Usage, "%s needs a value from you", h.Name).
			Hint("write it into the profile, below its host: %s", h.How)
	}
	if strings.Contains(h.Name, "*") || !a.Asks {
		if h.Type != "boolean" || strings.ContainsAny(h.Name, "*<") {
			return "", "", unknown()
		}
	}
	for part := range strings.SplitSeq(h.Name, ".") {
		if !strings.HasPrefix(part, "<") {
			name += "." + part
			continue
		}
		answer, err := a.Ask(ctx, strings.TrimPrefix(name, ".")+": what goes in place of "+part+"? ")
		if err != nil || answer == "" {
			return "", "", cancelled(ctx)
		}
		name += "." + answer
	}
	name = strings.TrimPrefix(name, ".")
	if h.Type == "boolean" {
		if h.Default == "true" {
			return name, "false", nil
		}
		return name, "true", nil
	}
	value, err = a.Ask(ctx, fmt.Sprintf("%s (%s), as YAML: ", name, takes(h)))
	if err != nil || value == "" {
		return "", "", cancelled(ctx)
	}
	return name, value, nil
}

// cancelled is the error for a question that got no answer.
func cancelled(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fault.New(fault.Pending, "no value given, nothing was written")
}
