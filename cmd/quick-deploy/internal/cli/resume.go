package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
)

var _ = register(130, resumeCommand)

func resumeCommand(a *app.App) *cli.Command {
	var o app.RunOptions
	return &cli.Command{
		Name:      "resume",
		Usage:     "continue a run that failed or was cut off",
		ArgsUsage: "[-- NIX-FLAGS...]",
		Description: described(`
What is done and still holds is not done again, and the flags of the run are its flags again; those that
are given here are added. A question that was answered is not asked again.`,
			"quick-deploy resume"),
		Flags: runFlags(&o),
		Action: nixArgs("--host", func(ctx context.Context, args []string) error {
			o.NixArgs = args
			return app.Resume(ctx, a, o)
		}),
	}
}
