package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
)

func statusCommand(a *app.App) *cli.Command {
	return &cli.Command{
		Name:        "status",
		Usage:       "say where things stand: the last run, what runs, what changed past the tool",
		Description: described("", "quick-deploy status", "quick-deploy --json status"),
		Action:      noArgs(func(ctx context.Context) error { return app.Status(ctx, a) }),
	}
}
