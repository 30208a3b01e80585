package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator"
)

func (a *app) generateCommand() *cli.Command {
	return &cli.Command{
		Name:  "generate",
		Usage: "write the flake and stop there",
		Description: "Files of the flake that you edited are kept and reported, and the exit code is 10;\n" +
			"--force-update replaces them after a backup. --profile builtin: takes the built-in profile,\n" +
			"filled in with what this machine tells about itself.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "check", Usage: "write nothing; exit with 10 if the flake is not what the profile says"},
			forceUpdateFlag(),
		},
		Action: a.generateAction,
	}
}

func forceUpdateFlag() cli.Flag {
	return &cli.BoolFlag{
		Name: "force-update", Aliases: []string{"f"}, Sources: twin("force-update"),
		Usage: "replace files that were edited by hand, after a backup",
	}
}

func (a *app) generateAction(ctx context.Context, cmd *cli.Command) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	g, err := a.plan(ctx)
	if err != nil {
		return err
	}
	force := cmd.Bool("force-update")
	if g.inputs, err = a.inputs(g, false, force); err != nil {
		return err
	}
	if err := a.sayAges(g); err != nil {
		return err
	}
	if cmd.Bool("check") {
		return a.checkTree(g)
	}
	if a.opts.dryRun {
		if a.opts.json {
			return a.printWith(g.changes, map[string]any{"inputs": g.inputs})
		}
		a.say("%s: %s", g.tree.Dir(), g.changes.Summary())
		return tree.Diff(g.changes, a.stdout.Styled(), a.colour(a.stdout))
	}
	result, err := a.write(ctx, g, force)
	if err != nil {
		return err
	}
	if a.opts.json {
		return a.printWith(result, map[string]any{"inputs": g.inputs})
	}
	a.say("%s: %s", g.tree.Dir(), written(result))
	return a.kept(g, result)
}

// generated is a flake in memory with what writing it would change.
type generated struct {
	*loaded
	flake   *generator.Tree
	files   []tree.File
	tree    *tree.Tree
	changes tree.Changes
	// inputs are what the flake is built from, where the command tells of it.
	inputs []lockedInput
}

// plan generates the flake and compares it with the one on disk.
func (a *app) plan(ctx context.Context) (*generated, error) {
	l, err := a.load()
	if err != nil {
		return nil, err
	}
	flake, err := a.generate(ctx, l)
	if err != nil {
		return nil, err
	}
	a.showNotices(flake)
	files := make([]tree.File, len(flake.Files))
	for i, f := range flake.Files {
		files[i] = tree.File{Path: f.Path, Data: f.Data, Once: f.Once, Adapt: f.Adapt, Beside: f.Beside}
	}
	t, err := tree.Open(a.opts.flake, atomic.Writer{})
	if err != nil {
		return nil, err
	}
	changes, err := t.Plan(files, tree.Meta{Tool: version, Profile: l.hash()})
	if err != nil {
		return nil, err
	}
	a.log.Info("compared", "flake", t.Dir(), "changes", changes.Summary())
	return &generated{loaded: l, flake: flake, files: files, tree: t, changes: changes}, nil
}

func (a *app) showNotices(t *generator.Tree) {
	for _, n := range t.Notices {
		if n.Pos.IsValid() {
			a.say("%s: note: %s", n.Pos, n.Text)
			continue
		}
		a.say("note: host %s: %s", n.Host, n.Text)
	}
}

// checkTree is generate --check: for CI and cron.
func (a *app) checkTree(g *generated) error {
	if a.opts.json {
		if err := a.printWith(g.changes, map[string]any{"inputs": g.inputs}); err != nil {
			return err
		}
	}
	if !g.changes.Pending() {
		a.say("%s: as %s says", g.tree.Dir(), g.name)
		return nil
	}
	e := fault.New(fault.Pending, "%s is not as %s says: %s", g.tree.Dir(), g.name, g.changes.Summary()).
		Hint("quick-deploy diff shows the differences").
		Hint("quick-deploy generate writes them")
	if len(g.changes.Orphans()) > 0 {
		e = a.whereto(g, e)
	}
	return e
}
