package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
)

func diffCommand(a *app.App) *cli.Command {
	var o app.DiffOptions
	return &cli.Command{
		Name:  "diff",
		Usage: "show what generate would change in the flake, or a build on the machine",
		Description: described(`
Unified diffs on stdout, then the options whose values change; a file that was edited by hand
shows what forcing it would undo. With --built it compares the running system with the one that
the last build made: packages, units to restart, and whether a reboot is needed and why.`,
			"quick-deploy diff", "quick-deploy diff --built", "quick-deploy --json diff"),
		Flags: []cli.Flag{
			plainFlag("by-option", "show the options that change, and no files", &o.ByOption),
			plainFlag("built", "compare the running system with the one that was built last", &o.Built),
			plainFlag("units", "with --built, ask as root which units a switch would stop, start and restart", &o.Units),
			elevateFlag(&o.Elevate),
		},
		Action: noArgs(func(ctx context.Context) error { return app.Diff(ctx, a, o) }),
	}
}
