package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/generator/search"
)

// addTo writes h into the profile, and says where.
func addTo(ctx context.Context, a *app.App, l *app.Loaded, to search.Place, h search.Hit) error {
	if there := to.There(h); there.IsValid() {
		return fault.New(fault.Usage, "%s is already there (%s:%d)", h.Name, there.File, there.Line)
	}
	if h.Kind == search.Key {
		a.Say("this goes into %s, with your own value:", l.Name)
		return printHow(a, h)
	}
	var name, value string
	if h.Kind == search.Option || h.Kind == search.HomeOption {
		var err error
		if name, value, err = ask(ctx, a, h); err != nil {
			return err
		}
	}
	path, text, err := to.Edited(h, name, value)
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
	at := after.Get(path...)
	name = path[len(path)-1]
	if h.Kind == search.Package || h.Kind == search.Bundle {
		name, at = h.ListName(), at.Items[len(at.Items)-1]
	}
	a.Say("added %s at %s:%d; quick-deploy diff shows what it changes", name, l.Name, at.Pos.Line)
	if to.Unfree(h) {
		a.Say("note: %s is unfree: name it in allowUnfree as well", name)
	}
	return nil
}

// ask completes the name and the value of an option: what is in angle brackets is a name of the user's, and only what
// is on or off needs no value.
func ask(ctx context.Context, a *app.App, h search.Hit) (name, value string, err error) {
	unknown := func() error {
		return fault.New(fault.Usage, "%s needs a value from you", h.Name).
			Hint("write it into the profile, below its host: %s", h.How)
	}
	if (strings.Contains(h.Name, "*") || !a.Asks) && !h.Complete() {
		return "", "", unknown()
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
		return name, h.Toggled(), nil
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
