package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

var _ = register(190, fleetCommand)

func fleetCommand(a *app.App) *cli.Command {
	return &cli.Command{
		Name:        "fleet",
		Usage:       "deploy to many machines, in waves, and see how they stand",
		Description: described("", "quick-deploy fleet status", "quick-deploy fleet deploy --wave canary"),
		Commands:    []*cli.Command{fleetDeployCommand(a), fleetStatusCommand(a), fleetInstallCommand(a)},
	}
}

func fleetDeployCommand(a *app.App) *cli.Command {
	var o app.FleetOptions
	return &cli.Command{
		Name: "deploy", Usage: "roll the selected hosts out, wave by wave", ArgsUsage: "[-- NIX-FLAGS...]",
		Description: described(`
The engine is the profile's fleet.engine. A wave is begun when every machine of the one before
runs its system and is healthy; what fails gets its old system back. Machines that run what they
should are left alone, so the same command again continues with what is left.`,
			"quick-deploy fleet deploy --on @web", "quick-deploy --dry-run fleet deploy"),
		Flags: append([]cli.Flag{
			textFlag("wave", "only the wave `NAME`, such as canary or rest", &o.Wave),
			forceFlag(&o.Force),
			skipFlag("leave out the check `CHECK`: accounts, ssh or platform, as in preflight", &o.SkipChecks),
			boolFlag("again", "also deploy machines that run what they should", &o.Again),
			boolFlag("no-generate", "take the flake as it is on disk", &o.NoGenerate),
		}, healthFlags(&o.SwitchOptions)...),
		Action: nixArgs("--on", func(ctx context.Context, args []string) error {
			o.NixArgs = args
			return app.FleetDeploy(ctx, a, o)
		}),
	}
}

func fleetStatusCommand(a *app.App) *cli.Command {
	return &cli.Command{
		Name: "status", Usage: "look at the machines: what they run, what they should, how the last run ended",
		Description: described(`
Exits with 10 if a machine is not as the flake says, and with 11 if one cannot be reached or failed.`,
			"quick-deploy fleet status", "quick-deploy --json fleet status"),
		Action: noArgs(func(ctx context.Context) error { return app.FleetStatus(ctx, a) }),
	}
}

func fleetInstallCommand(a *app.App) *cli.Command {
	var o app.InstallOptions
	return &cli.Command{
		Name: "install", Usage: "put NixOS on a new machine with nixos-anywhere; erases its disks", ArgsUsage: "HOST",
		Description: described("", "quick-deploy fleet install web-3"),
		Flags: []cli.Flag{
			textFlag("target", "the machine as it runs now, `USER@ADDRESS` (default root at the host's address)", &o.Target),
			fileFlag("disk-key", "`FILE` with the passphrase of encrypted disks", &o.DiskKey),
			skipFlag("leave out the check `CHECK`: accounts or ssh, as in preflight", &o.Skip),
			fileFlag("extra-files", "`FOLDER` whose files are put onto the machine below /, such as secrets", &o.ExtraFiles),
			textFlag("confirm", "the host's `NAME`, in place of typing it", &o.Confirm),
		},
		ShellComplete: words{"": hostWords}.complete(a),
		Action: anyArgs(func(ctx context.Context, args []string) error {
			if len(args) != 1 {
				return fault.New(fault.Usage, "fleet install takes one host")
			}
			return app.FleetInstall(ctx, a, args[0], o)
		}),
	}
}
