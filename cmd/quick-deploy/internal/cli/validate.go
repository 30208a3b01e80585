package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
)

func validateCommand(a *app.App) *cli.Command {
	return &cli.Command{
		Name:  "validate",
		Usage: "check the profile and everything that follows from it",
		Description: described(`
Reports all problems at once, each with its place. With --json the answer is one
object {valid, problems, notices}. Exit code 3 if there is a problem.`,
			"quick-deploy validate", "quick-deploy --profile fleet.yaml --json validate"),
		Action: noArgs(func(ctx context.Context) error { return app.Validate(ctx, a) }),
	}
}
