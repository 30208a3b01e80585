package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
)

func generateCommand(a *app.App) *cli.Command {
	var o app.GenerateOptions
	return &cli.Command{
		Name:  "generate",
		Usage: "write the flake and stop there",
		Description: described(`
Files of the flake that you edited are kept and reported, and the exit code is 10;
--force-update replaces them after a backup. --profile builtin: takes the built-in profile,
filled in with what this machine tells about itself.`,
			"quick-deploy -o ./flake generate", "quick-deploy generate --check"),
		Flags: []cli.Flag{
			plainFlag("check", "write nothing; exit with 10 if the flake is not what the profile says", &o.Check),
			forceFlag(&o.Force),
		},
		Action: noArgs(func(ctx context.Context) error { return app.Generate(ctx, a, o) }),
	}
}
