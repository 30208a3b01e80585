package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
)

func healthCommand(a *app.App) *cli.Command {
	var o app.LookOptions
	return &cli.Command{
		Name:  "health",
		Usage: "look whether the machine came up as the profile says",
		Description: described(`
Looks at the units of the running system, at the ports and pages of what the profile switches on,
and at nothing else. Exit code 8 if a required check fails; what is within the time that its
start may take is starting, and no failure.`,
			"quick-deploy health", "quick-deploy health --fix"),
		Flags: []cli.Flag{
			boolFlag("fix", "restart the units that failed, after a question, and look again", &o.Fix),
			boolFlag("wait", "wait until nothing is starting any more", &o.Wait),
			healthTimeoutFlag(&o.Timeout),
			elevateFlag(&o.Elevate),
		},
		Action: noArgs(func(ctx context.Context) error { return app.Health(ctx, a, o) }),
	}
}
