package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/pin"
)

var _ = register(210, pinCommand)

func pinCommand(a *app.App) *cli.Command {
	var evaluate *bool // nil where nobody said
	flags := []cli.Flag{&cli.BoolFlag{
		Name: "evaluate", Usage: "evaluate the hosts with Nix, and pin their systems' derivations",
		Sources: variable("evaluate"),
		Action: func(_ context.Context, _ *cli.Command, on bool) error {
			evaluate = &on
			return nil
		},
	}}
	// file is an action that takes the name of a file, or none.
	file := func(act func(ctx context.Context, file string) error) cli.ActionFunc {
		return someArgs(1, func(ctx context.Context, args []string) error { return act(ctx, append(args, "")[0]) })
	}
	return &cli.Command{
		Name:        "pin",
		Usage:       "prove that two machines get the same from the same profile",
		Description: described("", "quick-deploy pin export", "quick-deploy pin verify"),
		Commands: []*cli.Command{
			{
				Name: "export", Usage: "write down what the profile becomes here", ArgsUsage: "[FILE]",
				Description: described(`
FILE is `+pin.FileName+` beside the profile without an argument, and - is stdout. It holds hashes of
the profile, of flake.lock, of every file and of the whole flake (as nix hash path prints it), and
nothing of this machine: no time, no path, no name.`,
					"quick-deploy pin export", "quick-deploy pin export --evaluate -"),
				Flags: flags,
				Action: file(func(ctx context.Context, file string) error {
					return app.ExportPin(ctx, a, file, evaluate != nil && *evaluate)
				}),
			},
			{
				Name: "verify", ArgsUsage: "[FILE]",
				Usage:       "compare with what was written down; exit with 10 and name every difference",
				Description: described("", "quick-deploy pin verify"),
				Flags:       flags,
				Action: file(func(ctx context.Context, file string) error {
					return app.VerifyPin(ctx, a, file, evaluate)
				}),
			},
			{
				Name: "show", Usage: "print what flake.lock pins, as the profile's pins would say it", ArgsUsage: "[INPUT...]",
				Description: described("", "quick-deploy pin show nixpkgs"),
				Action:      anyArgs(func(_ context.Context, names []string) error { return app.ShowPins(a, names) }),
			},
		},
	}
}
