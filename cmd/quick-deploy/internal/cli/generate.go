package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
)

var _ = register(40, generateCommand)

func generateCommand(a *app.App) *cli.Command {
	var check, force bool
	return &cli.Command{
		Name:  "generate",
		Usage: "write the flake and stop there",
		Description: described(`
Files of the flake that you edited are kept and reported, and the exit code is 10;
--force-update replaces them after a backup. --profile builtin: takes the built-in profile,
filled in from this machine's hardware and settings.`,
			"quick-deploy -o ./flake generate", "quick-deploy generate --check"),
		Flags: []cli.Flag{
			plainFlag("check", "write nothing; exit with 10 if the flake is not what the profile says", &check),
			forceFlag(&force),
		},
		Action: noArgs(func(ctx context.Context) error { return generate(ctx, a, check, force) }),
	}
}

func generate(ctx context.Context, a *app.App, check, force bool) error {
	if last := app.AgainLast(ctx, a); last != nil {
		return nothingNew(ctx, a, last, check, force)
	}
	g, err := app.PlanInputs(ctx, a, false, force)
	if err != nil {
		return err
	}
	if check {
		return checkTree(a, g)
	}
	if a.DryRun {
		if a.JSON {
			return a.PrintWith(g.Changes, map[string]any{"inputs": g.Inputs, "notices": app.NoticesOf(g.Flake)})
		}
		a.Say("%s: %s", g.Tree.Dir(), g.Changes.Summary())
		return tree.Diff(g.Changes, a.Out.Styled(), a.ColourOut)
	}
	result, err := app.WriteFlake(ctx, a, g, force)
	if err := foreign(a, err); err != nil {
		return err
	}
	app.RememberLast(a, g)
	if a.JSON {
		return a.PrintWith(result, map[string]any{"inputs": g.Inputs, "notices": app.NoticesOf(g.Flake)})
	}
	a.Say("%s: %s", g.Tree.Dir(), writtenLine(result))
	return keptError(a, g, result)
}

// nothingNew is generate where it comes to the same as the last time: to no changes.
func nothingNew(ctx context.Context, a *app.App, last *app.Last, check, force bool) error {
	if check {
		a.Say(asProfileSays, last.Dir(), last.Name)
		return nil
	}
	if !a.DryRun {
		if err := foreign(a, last.Reveal(ctx, a, force)); err != nil {
			return err
		}
	}
	a.Say("%s: %s", last.Dir(), writtenLine(tree.Result{}))
	return nil
}

// foreign makes a note of the error that a build in a repository about something else would end with: what is
// generated there may be meant to be looked at, or to be moved.
func foreign(a *app.App, err error) error {
	if !errors.Is(err, tree.ErrForeign) {
		return err
	}
	a.Say("note: %v", err)
	for _, h := range fault.HintsOf(err) {
		a.Say("hint: %s", h)
	}
	return nil
}

const asProfileSays = "%s: as %s says"

// checkTree is generate --check: for CI and cron.
func checkTree(a *app.App, g *app.Generated) error {
	if a.JSON {
		if err := a.PrintWith(g.Changes, map[string]any{"inputs": g.Inputs, "notices": app.NoticesOf(g.Flake)}); err != nil {
			return err
		}
	}
	if !g.Changes.Pending() {
		app.RememberLast(a, g)
		a.Say(asProfileSays, g.Tree.Dir(), g.Name)
		return nil
	}
	e := fault.New(fault.Pending, "%s is not as %s says: %s", g.Tree.Dir(), g.Name, g.Changes.Summary()).
		Hint("quick-deploy diff shows the differences").
		Hint("quick-deploy generate writes them")
	if len(g.Changes.Orphans()) > 0 {
		e = app.AddMoves(a, g, e)
	}
	return e
}

// writtenLine says in a line what a run wrote.
func writtenLine(r tree.Result) string {
	if len(r.Written)+len(r.Removed) == 0 {
		return "no changes"
	}
	text := term.Count(len(r.Written), "file") + " written"
	if n := len(r.Removed); n > 0 {
		text += fmt.Sprintf(", %d removed", n)
	}
	return text
}

// keptError is the error that tells of hand edits which stayed, and of those that nothing uses any more.
func keptError(a *app.App, g *app.Generated, r tree.Result) error {
	var errs []error
	if len(r.Kept) > 0 {
		errs = append(errs, fault.New(fault.Pending, "kept as edited by hand: %s", term.List(r.Kept)).
			Hint("quick-deploy diff shows what the profile would make of them").
			Hint("move your settings to local.nix, or replace the files with --force-update (they are backed up)"))
	}
	if len(r.Orphans) > 0 {
		errs = append(errs, app.OrphanError(a, g, r.Orphans))
	}
	return errors.Join(errs...)
}
