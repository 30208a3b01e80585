package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

func servicesCommand(a *app.App) *cli.Command {
	list := noArgs(func(context.Context) error { return app.ListServices(a) })
	names := func(keep func(on bool) bool) cli.ShellCompleteFunc {
		return words{"": func(a *app.App, _ []string) []app.Word { return a.ServiceWords(keep) }}.complete(a)
	}
	return &cli.Command{
		Name:        "services",
		Usage:       "look through the catalogue and edit the profile's services",
		Description: described("", "quick-deploy services list", "quick-deploy services add grafana prometheus"),
		Action:      list,
		Commands: []*cli.Command{
			{
				Name: "list", Usage: "list the services of the catalogue", Action: list,
				Description: described("", "quick-deploy services list", "quick-deploy --json services list"),
			},
			{
				Name: "show", Usage: "show a service's keys, defaults and the Nix behind it", ArgsUsage: "NAME",
				Description:   described("", "quick-deploy services show postgresql"),
				ShellComplete: names(func(bool) bool { return true }),
				Action: serviceArgs("show", func(args []string) error {
					if len(args) != 1 {
						return fault.New(fault.Usage, "services show takes one name")
					}
					return app.ShowService(a, args[0])
				}),
			},
			{
				Name: "add", Usage: "switch services on in the profile", ArgsUsage: "NAME...",
				Description: described("", "quick-deploy services add grafana prometheus",
					"quick-deploy --host atlas --dry-run services add redis"),
				ShellComplete: names(func(on bool) bool { return !on }),
				Action:        serviceArgs("add", func(args []string) error { return app.AddServices(a, args) }),
			},
			{
				Name: "remove", Usage: "take services out of the profile", ArgsUsage: "NAME...",
				Description:   described("", "quick-deploy services remove grafana"),
				ShellComplete: names(func(on bool) bool { return on }),
				Action:        serviceArgs("remove", func(args []string) error { return app.RemoveServices(a, args) }),
			},
		},
	}
}

// serviceArgs is an action that takes names of services, and one at least.
func serviceArgs(command string, act func([]string) error) cli.ActionFunc {
	return anyArgs(func(_ context.Context, args []string) error {
		if len(args) == 0 {
			return fault.New(fault.Usage, "%s needs the name of a service", command).
				Hint("quick-deploy services list shows them")
		}
		return act(args)
	})
}
