package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
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
		flags, act := runFlags(&o), func(ctx context.Context) error { return app.Deploy(ctx, a, verb, o) }
		if verb == deploy.Switch {
			flags, act = released(a, &o, flags, act)
		}
		return &cli.Command{
			Name:      string(verb),
			Usage:     usage,
			ArgsUsage: "[-- NIX-FLAGS...]",
			Description: described(`
Writes the flake, checks the machine, builds as you, shows what changes and asks. What
follows -- goes to nixos-rebuild and nix.`, examples...),
			Flags: flags,
			Action: nixArgs("--host", func(ctx context.Context, args []string) error {
				o.NixArgs = args
				return act(ctx)
			}),
		}
	}
}

// released adds the flags by which release 3.0.0 called what are commands of their own; nixos-rebuild switch has the
// first one, too.
func released(a *app.App, o *app.RunOptions, flags []cli.Flag, act func(context.Context) error) (
	[]cli.Flag, func(context.Context) error,
) {
	var back, reset bool
	return append(flags,
			plainFlag("rollback", "roll back to the state before the last deployment: quick-deploy rollback", &back),
			plainFlag("reset-state", "forget an unfinished run; its state is archived", &reset),
		), func(ctx context.Context) error {
			switch {
			case reset && back:
				return fault.New(fault.Usage, "--reset-state and --rollback cannot be used together")
			case reset:
				return app.ResetState(ctx, a)
			case back:
				return app.Rollback(ctx, a, app.RollbackOptions{RunOptions: *o})
			}
			return act(ctx)
		}
}
