package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
)

func (a *app) diffCommand() *cli.Command {
	return &cli.Command{
		Name:        "diff",
		Usage:       "show what generate would change in the flake",
		Description: "Unified diffs on stdout; a file that was edited by hand shows what forcing it would undo.",
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if err := noArgs(cmd); err != nil {
				return err
			}
			g, err := a.plan(ctx)
			if err != nil {
				return err
			}
			if a.opts.json {
				return a.printJSON(g.changes)
			}
			a.say("%s: %s", g.tree.Dir(), g.changes.Summary())
			return tree.Diff(g.changes, a.stdout, a.colour(a.stdout))
		},
	}
}
