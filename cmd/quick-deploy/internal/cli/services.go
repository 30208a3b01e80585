package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/catalogue"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

var _ = register(160, servicesCommand)

func servicesCommand(a *app.App) *cli.Command {
	list := noArgs(func(context.Context) error { return listServices(a) })
	names := func(keep func(on bool) bool) cli.ShellCompleteFunc {
		return words{"": func(a *app.App, _ []string) []word { return serviceWords(a, keep) }}.complete(a)
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
					return showService(a, args[0])
				}),
			},
			{
				Name: "add", Usage: "switch services on in the profile", ArgsUsage: "NAME...",
				Description: described("", "quick-deploy services add grafana prometheus",
					"quick-deploy --host atlas --dry-run services add redis"),
				ShellComplete: names(func(on bool) bool { return !on }),
				Action:        serviceArgs("add", func(args []string) error { return addServices(a, args) }),
			},
			{
				Name: "remove", Usage: "take services out of the profile", ArgsUsage: "NAME...",
				Description:   described("", "quick-deploy services remove grafana"),
				ShellComplete: names(func(on bool) bool { return on }),
				Action:        serviceArgs("remove", func(args []string) error { return removeServices(a, args) }),
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

// listServices lists the services of the catalogue.
func listServices(a *app.App) error {
	all, err := catalogue.All()
	if err != nil {
		return err
	}
	return a.Print(all, func(w io.Writer) {
		fmt.Fprintln(w, "NAME\tPORTS\tNEEDS\tWHAT IT IS")
		for _, s := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.Name, s.PortList(), strings.Join(s.Needs, ","), s.Summary)
		}
	})
}

// showService shows a service's keys, defaults and the Nix behind it.
func showService(a *app.App, name string) error {
	s, err := catalogue.Get(name)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.PrintJSON(s)
	}
	s.WriteText(a.Out)
	return nil
}

// addServices switches services on in the profile.
func addServices(a *app.App, names []string) error {
	return editServices(a, names, func(src []byte, path []string, there *profile.Node) ([]byte, error) {
		if there != nil {
			a.Say("%s is already there (%s)", path[len(path)-1], place(there.Pos))
			return src, nil
		}
		return profile.AddIn(src, path)
	})
}

// removeServices takes services out of the profile.
func removeServices(a *app.App, names []string) error {
	return editServices(a, names, func(src []byte, path []string, there *profile.Node) ([]byte, error) {
		if there == nil {
			name := path[len(path)-1]
			return nil, fault.New(fault.Usage, "%s is not named in this file", name).
				Hint("what a layer below switches on is switched off by %s: false", name)
		}
		return profile.RemoveIn(src, path)
	})
}

// place is where something is in a file.
func place(p profile.Pos) string { return fmt.Sprintf("%s:%d", p.File, p.Line) }

// edit changes a profile's text for a service at a path, where the host itself has there, if it names the service.
type edit func(src []byte, path []string, there *profile.Node) ([]byte, error)

// editServices edits the profile's text, so that comments and order stay.
func editServices(a *app.App, names []string, change edit) error {
	if err := catalogue.Known(names...); err != nil {
		return err
	}
	l, err := a.Load()
	if err != nil {
		return err
	}
	if l.Builtin {
		return fault.New(fault.Usage, "there is no profile to edit").Hint("quick-deploy init writes one")
	}
	host, err := a.HostName(l)
	if err != nil {
		return err
	}
	before, err := regular.Read(l.Name)
	if err != nil {
		return fault.New(fault.Profile, "read the profile: %w", err)
	}
	root, err := profile.Parse(l.Name, before)
	if err != nil {
		return err
	}
	base := []string{"hosts", host, "services"}
	if root.Get("host") != nil {
		base = []string{"host", "services"}
	}
	src := before
	for _, name := range names {
		path := append(slices.Clip(base), name)
		if src, err = change(src, path, root.Get(path...)); err != nil {
			return fmt.Errorf("edit the profile: %w", err)
		}
	}
	if bytes.Equal(src, before) {
		return nil
	}
	if err := a.WriteProfile(l, src); err != nil || a.DryRun {
		return err
	}
	after, err := profile.Parse(l.Name, src)
	if err != nil {
		return err
	}
	for _, name := range names {
		path := append(slices.Clip(base), name)
		had, has := root.Get(path...), after.Get(path...)
		switch {
		case had == nil && has != nil:
			a.Say("%s: added %s: {} at line %d", l.Name, name, has.Pos.Line)
		case had != nil && has == nil:
			a.Say("%s: removed %s from line %d", l.Name, name, had.Pos.Line)
		}
	}
	a.Say("quick-deploy diff shows what this changes")
	return nil
}

// serviceWords are the services for which keep says so; it is told whether the host runs it.
func serviceWords(a *app.App, keep func(on bool) bool) []word {
	var host *profile.Node // nil if it is not clear which
	if l, name, err := a.LoadHost(); err == nil {
		host = l.Node(name)
	}
	all, err := catalogue.All()
	all = slices.DeleteFunc(all, func(s catalogue.Service) bool {
		n := host.Get("services", s.Name)
		return !keep(n != nil && n.Scalar != false)
	})
	return wordsOf(all, err, func(s catalogue.Service) word { return word{s.Name, s.Summary} })
}
