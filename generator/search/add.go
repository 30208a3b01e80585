package search

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/bundle"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Place is a host of a profile to which something is added.
type Place struct {
	Host   string
	Text   []byte        // of the profile
	Root   *profile.Node // of Text
	Merged *profile.Node // the host with all that it inherits
}

// ListName is what h, a package or a bundle, is called in a list of packages.
func (h Hit) ListName() string {
	if h.Kind == Bundle {
		return "bundle:" + h.Name
	}
	return h.Name
}

// Toggled is the value of h, an option that is on or off, which it does not have without the profile.
func (h Hit) Toggled() string {
	if h.Default == "true" {
		return "false"
	}
	return "true"
}

// Complete reports whether the name and the type of h leave nothing to ask: no part in angle brackets, and no value but
// on or off.
func (h Hit) Complete() bool {
	if h.Kind == Option || h.Kind == HomeOption {
		return h.Type == "boolean" && !strings.ContainsAny(h.Name, "*<")
	}
	return h.Kind != Key
}

// There is where the host has h already; no place if it does not.
func (p Place) There(h Hit) profile.Pos {
	switch h.Kind {
	case Service:
		return placeOf(p.Merged.Get("services", h.Name))
	case Option:
		return placeOf(p.Merged.Get("nixos", h.Name))
	case HomeOption:
		return placeOf(p.Merged.Get("home", h.Name))
	case Key:
		return placeOf(p.Merged.Get(strings.Split(h.Name, ".")...))
	}
	for _, key := range []string{"packages", "userPackages"} {
		for _, item := range p.Merged.Get(key).All() {
			if item.Str() == h.ListName() || h.Kind == Package && bundled(item.Str(), h.Name) {
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

// Edited is the profile's text with h, and the path of what was added. Name and value are those of an option.
func (p Place) Edited(h Hit, name, value string) (path []string, text []byte, err error) {
	base := []string{"hosts", p.Host}
	if p.Root.Get("host") != nil {
		base = []string{"host"}
	}
	switch h.Kind {
	case Service:
		path = append(base, "services", h.Name)
		text, err = profile.AddIn(p.Text, path)
	case Option, HomeOption:
		section := "nixos"
		if h.Kind == HomeOption {
			section = "home"
		}
		path = append(base, section, name)
		text, err = profile.SetIn(p.Text, path, value)
	default:
		path = append(base, p.packagesKey(base))
		text, err = profile.AppendIn(p.Text, path, h.ListName())
	}
	if err != nil {
		return nil, nil, fmt.Errorf("edit the profile: %w", err)
	}
	return path, text, nil
}

// packagesKey is where the host's own packages are, or are to be: what it inherits stays.
func (p Place) packagesKey(base []string) string {
	own := p.Root.Get(base...)
	switch {
	case own.Get("packages") != nil:
		return "packages"
	case own.Get("+packages") != nil, p.Merged.Get("packages") != nil:
		return "+packages"
	}
	return "packages"
}

// Unfree reports whether h is a package that allowUnfree has to name as well.
func (p Place) Unfree(h Hit) bool {
	allowed := p.Merged.Get("allowUnfree")
	unfree := strings.HasSuffix(h.About, ", unfree")
	return unfree && allowed.Any() != true && !slices.Contains(allowed.Texts(), h.ListName())
}
