package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
)

func explainCommand(a *app.App) *cli.Command {
	var o app.ExplainOptions
	return &cli.Command{
		Name:      "explain",
		Usage:     "say where a value comes from: file, line and layer",
		ArgsUsage: "[HOST] KEY",
		Description: described(`
The layers that mention the key, in the order they are applied: defaults, groups in the host's
order, the host. What is marked is in the result. HOST may be left out where there is only one.
With --option, KEY is an option of NixOS or of a home: its value and default by Nix, the module that
declares it, and the lines of the profile and of the flake that set it.`,
			"quick-deploy explain timezone", "quick-deploy explain web-1 services.nginx.expose",
			"quick-deploy explain --option networking.hostName"),
		Flags: []cli.Flag{
			plainFlag("option", "KEY is an option of NixOS: show its value, default, module and what sets it", &o.Option),
			&cli.StringFlag{Name: "user", Usage: "with --option, an option of the home of `NAME`", Destination: &o.User},
			plainFlag("no-eval", "with --option, do not ask Nix", &o.NoEval),
		},
		ShellComplete: words{"": func(a *app.App, args []string) []app.Word {
			host := ""
			if len(args) > 0 {
				host = args[0]
			}
			return append(a.HostWords(), a.KeyWords(host)...)
		}}.complete(a),
		Action: anyArgs(func(ctx context.Context, args []string) error { return app.Explain(ctx, a, args, o) }),
	}
}
