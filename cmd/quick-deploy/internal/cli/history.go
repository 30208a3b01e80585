package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
)

func historyCommand(a *app.App) *cli.Command {
	return &cli.Command{
		Name:        "history",
		Usage:       "list the deployments of this machine, newest first",
		Description: described("", "quick-deploy history", "quick-deploy --json history"),
		Action:      noArgs(func(context.Context) error { return app.History(a) }),
	}
}
