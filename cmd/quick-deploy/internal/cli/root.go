package cli

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// name is what the program is called.
const name = "quick-deploy"

// builder makes a command for one command line: its flags are variables of its own.
type builder func(a *app.App) *cli.Command

// registered are all commands.
var registered []registration

type registration struct {
	place int
	build builder
}

// register adds a command, at a place among the others in the help. The file of the command calls it.
func register(place int, build builder) int {
	registered = append(registered, registration{place, build})
	return place
}

// commands are all commands, in the order of the help.
func commands(a *app.App) []*cli.Command {
	byPlace := func(x, y registration) int { return cmp.Compare(x.place, y.place) }
	var out []*cli.Command
	for _, r := range slices.SortedStableFunc(slices.Values(registered), byPlace) {
		out = append(out, r.build(a))
	}
	return out
}

// command is the program without a command, which does what switch does.
func (l *line) command() *cli.Command {
	a := l.app
	var o rootOptions
	root := &cli.Command{
		Name:    name,
		Usage:   "from one YAML profile to a running, reproducible, reversible NixOS",
		Version: a.Version,
		Description: described(`
Without a command it does what switch does: it writes the flake, builds it, shows what
changes, asks, and activates the system and the homes. Where no profile is found it starts init.`,
			"quick-deploy init", "quick-deploy diff", "quick-deploy switch", "quick-deploy --dry-run --host atlas"),
		Flags:     append(globalFlags(a), o.flags()...),
		Commands:  commands(a),
		Reader:    a.In,
		Writer:    a.Out,
		ErrWriter: a.Err,

		EnableShellCompletion:           true,
		ConfigureShellCompletionCommand: func(c *cli.Command) { completionCommand(a, c) },
		Suggest:                         true,
		DisableSliceFlagSeparator:       true,
		ExitErrHandler:                  func(context.Context, *cli.Command, error) {},
		Before:                          l.before,
		CommandNotFound: func(_ context.Context, cmd *cli.Command, name string) {
			l.unknown = noCommand(cmd, name)
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if cmd.Args().Present() {
				return noCommand(cmd, cmd.Args().First())
			}
			return o.act(ctx, a)
		},
	}
	strict(root)
	l.logged(root)
	completed(a, root)
	return root
}

// rootOptions are the flags that the root command takes by the release notes,
// beside the global ones.
type rootOptions struct {
	app.RunOptions
	rollback, resetState bool
}

func (o *rootOptions) flags() []cli.Flag {
	force, skip, timeout := forceFlag(&o.Force), skipHealthFlag(&o.SkipHealth), healthTimeoutFlag(&o.HealthTimeout)
	back := plainFlag("rollback", "go back to the state before the last deployment", &o.rollback)
	reset := plainFlag("reset-state", "forget an unfinished run; its state is archived", &o.resetState)
	back.Local, reset.Local, force.Local, skip.Local, timeout.Local = true, true, true, true, true
	return []cli.Flag{
		back, reset, force, skip, timeout,
	}
}

func (o *rootOptions) act(ctx context.Context, a *app.App) error {
	switch {
	case o.resetState && o.rollback:
		return fault.New(fault.Usage, "--reset-state and --rollback exclude each other")
	case o.resetState:
		return app.ResetState(ctx, a)
	case o.rollback:
		return app.Rollback(ctx, a, app.RollbackOptions{RunOptions: o.RunOptions})
	}
	var none *app.NoProfileError
	if _, err := a.ProfilePath(); errors.As(err, &none) && a.TakesForms() && !a.Yes && !a.DryRun && !a.JSON {
		a.Say("%v; starting quick-deploy init", err)
		return a.Another(ctx, append(globalArgs(a, ""), "init")...)
	}
	return app.Deploy(ctx, a, deploy.Switch, o.RunOptions)
}
