package app

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator/nix/syntax"
)

// DiffOptions are the flags of diff.
type DiffOptions struct {
	ByOption bool // the options that change, and no files
	Built    bool // the running system and the one that was built last
	Units    bool // with Built, which units a switch would touch; it takes root
	Elevate  string
}

// Diff shows what generate would change in the flake, or a build on the machine.
func Diff(ctx context.Context, a *App, o DiffOptions) error {
	switch {
	case o.Built && o.ByOption:
		return fault.New(fault.Usage, "--by-option and --built exclude each other")
	case o.Built:
		return diffBuilt(ctx, a, o)
	case o.Units:
		return fault.New(fault.Usage, "--units needs --built")
	}
	g, err := planInputs(ctx, a, false, false)
	if err != nil {
		return err
	}
	options := optionChanges(g)
	if a.JSON {
		return a.PrintWith(g.changes, map[string]any{"options": options, "inputs": g.inputs})
	}
	a.Say("%s: %s", g.tree.Dir(), g.changes.Summary())
	if !o.ByOption {
		if err := tree.Diff(g.changes, a.Out.Styled(), a.ColourOut); err != nil {
			return err
		}
		// Of files that were not there every option is new; the diff above shows them all.
		options = slices.DeleteFunc(options, func(f fileOptions) bool { return f.Created })
		if len(options) > 0 {
			fmt.Fprintln(a.Out)
		}
	}
	for _, f := range options {
		f.writeText(a.Out)
	}
	return nil
}

// fileOptions are the options that change in one file.
type fileOptions struct {
	File    string          `json:"file"`
	Host    string          `json:"host,omitempty"`
	Created bool            `json:"created,omitempty"`
	Changes []syntax.Change `json:"changes"`
}

// optionChanges are the options that change where the plan is carried out. A
// file that cannot be read as a module has none: its diff shows what changes.
func optionChanges(g *generated) []fileOptions {
	out := []fileOptions{}
	for _, f := range g.changes.With(tree.Create, tree.Update, tree.Remove) {
		dir, _, _ := strings.Cut(f.Path, "/")
		if filepath.Ext(f.Path) != ".nix" || dir != "hosts" && dir != "modules" {
			continue
		}
		changes, err := syntax.Diff(f.Old, f.New)
		if err != nil || len(changes) == 0 {
			continue
		}
		entry := fileOptions{File: f.Path, Created: f.Action == tree.Create, Changes: changes}
		if rest, ok := strings.CutPrefix(f.Path, "hosts/"); ok {
			entry.Host, _, _ = strings.Cut(rest, "/")
		}
		out = append(out, entry)
	}
	return out
}

func (f fileOptions) writeText(w io.Writer) {
	fmt.Fprintf(w, "%s\n", f.File)
	for _, c := range f.Changes {
		switch {
		case c.Before == "":
			fmt.Fprintf(w, "  + %s = %s\n", c.Option, c.After)
		case c.After == "":
			fmt.Fprintf(w, "  - %s = %s\n", c.Option, c.Before)
		default:
			fmt.Fprintf(w, "  ~ %s: %s → %s\n", c.Option, c.Before, c.After)
		}
	}
}
