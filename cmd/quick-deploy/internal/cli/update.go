package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
)

var _ = register(200, updateCommand)

func updateCommand(a *app.App) *cli.Command {
	var undo bool
	return &cli.Command{
		Name:      "update",
		Usage:     "update the lock of the flake's inputs, all or those named",
		ArgsUsage: "[INPUT...]",
		Description: described(`
Nix locks, on a copy; then flake.lock, and nothing else, is replaced. The one before is backed up.
Before the flake was written it writes flake.lock alone, which generate and switch then keep.
Inputs that the profile pins stay: they change in the profile. Nothing is built or switched.`,
			"quick-deploy update", "quick-deploy update nixpkgs", "quick-deploy update --undo"),
		Flags: []cli.Flag{
			plainFlag("undo", "restore the flake.lock from before the last update", &undo),
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if undo {
				return noArgs(func(ctx context.Context) error { return app.UndoUpdate(ctx, a) })(ctx, cmd)
			}
			return app.Update(ctx, a, cmd.Args().Slice())
		},
	}
}
