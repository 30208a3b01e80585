package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
)

func hostsCommand(a *app.App) *cli.Command {
	return &cli.Command{
		Name:        "hosts",
		Usage:       "list the profile's hosts, with the wave in which each is deployed",
		Description: described("", "quick-deploy hosts", "quick-deploy --json hosts --on @canary"),
		Action:      noArgs(func(ctx context.Context) error { return app.Hosts(ctx, a) }),
	}
}
