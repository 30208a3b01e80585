package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator/nix/syntax"
)

var _ = register(50, diffCommand)

func diffCommand(a *app.App) *cli.Command {
	var o diffOptions
	return &cli.Command{
		Name:  "diff",
		Usage: "show what generate would change in the flake, or a build on the machine",
		Description: described(`
Unified diffs on stdout, then the options whose values change; a file that was edited by hand
shows what forcing it would undo. With --built it compares the running system with the one that
the last build made: packages, units to restart, and whether a reboot is needed and why.`,
			"quick-deploy diff", "quick-deploy diff --built", "quick-deploy --json diff"),
		Flags: []cli.Flag{
			plainFlag("by-option", "show the options that change, and no files", &o.byOption),
			plainFlag("built", "compare the running system with the one that was built last", &o.built),
			plainFlag("units", "with --built, ask as root which units a switch would stop, start and restart", &o.units),
			elevateFlag(&o.elevate),
		},
		Action: noArgs(func(ctx context.Context) error { return diff(ctx, a, o) }),
	}
}

type diffOptions struct {
	byOption bool // the options that change, and no files
	built    bool // the running system and the one that was built last
	units    bool // with built, which units a switch would touch; it takes root
	elevate  string
}

func diff(ctx context.Context, a *app.App, o diffOptions) error {
	switch {
	case o.built && o.byOption:
		return fault.New(fault.Usage, "--by-option and --built cannot be used together")
	case o.built:
		return app.DiffBuilt(ctx, a, o.units, o.elevate)
	case o.units:
		return fault.New(fault.Usage, "--units needs --built")
	}
	g, err := app.PlanInputs(ctx, a, false, false)
	if err != nil {
		return err
	}
	options := optionChanges(g)
	if a.JSON {
		return a.PrintWith(g.Changes, map[string]any{
			"options": options, "inputs": g.Inputs, "notices": app.NoticesOf(g.Flake),
		})
	}
	a.Say("%s: %s", g.Tree.Dir(), g.Changes.Summary())
	if !o.byOption {
		if err := tree.Diff(g.Changes, a.Out.Styled(), a.ColourOut); err != nil {
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
func optionChanges(g *app.Generated) []fileOptions {
	out := []fileOptions{}
	for _, f := range g.Changes.With(tree.Create, tree.Update, tree.Remove) {
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
