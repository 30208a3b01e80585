package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
)

var (
	_ = register(60, deployCommand(deploy.Build, "build the system and the homes, and change nothing",
		"quick-deploy build", "quick-deploy build -- --print-build-logs"))
	_ = register(70, deployCommand(deploy.Test, "activate without making it the boot default",
		"quick-deploy test", "quick-deploy test --skip-health-check"))
	_ = register(80, deployCommand(deploy.Boot, "make it the boot default without activating",
		"quick-deploy boot", "quick-deploy --yes boot"))
	_ = register(90, deployCommand(deploy.Switch, "activate and make it the boot default",
		"quick-deploy switch", "quick-deploy --yes switch --no-home", "quick-deploy --dry-run --json switch"))
)

// deployCommand is one of the four that differ by how far they go.
func deployCommand(verb deploy.Verb, usage string, examples ...string) builder {
	return func(a *app.App) *cli.Command {
		var o app.RunOptions
		return &cli.Command{
			Name:      string(verb),
			Usage:     usage,
			ArgsUsage: "[-- NIX-FLAGS...]",
			Description: described(`
Writes the flake, checks the machine, builds as you, shows what changes and asks. What follows
-- goes to nixos-rebuild and nix.`, examples...),
			Flags: runFlags(&o),
			Action: nixArgs("--host", func(ctx context.Context, args []string) error {
				o.NixArgs = args
				return app.Deploy(ctx, a, verb, o)
			}),
		}
	}
}
