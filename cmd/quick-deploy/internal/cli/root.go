package cli

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
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

// command is the program. What it does without a command, run decides.
func (l *line) command() *cli.Command {
	a := l.app
	root := &cli.Command{
		Name:    name,
		Usage:   "from one YAML profile to a running, reproducible, reversible NixOS",
		Version: a.Version,
		Description: described(`
Without a command it is switch, with all of its options: it writes the flake, builds it,
shows what changes, asks, and activates the system and the homes. Where no profile is
found it starts init.`,
			"quick-deploy init", "quick-deploy diff", "quick-deploy switch", "quick-deploy --dry-run --host atlas"),
		Flags:     globalFlags(a),
		Commands:  commands(a),
		Reader:    a.In,
		Writer:    a.Out,
		ErrWriter: a.Err,

		// The library adds a command completion of its own, hidden and behind ours.
		EnableShellCompletion:     true,
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,
		ExitErrHandler:            func(context.Context, *cli.Command, error) {},
		Before:                    l.before,
	}
	l.strict(root)
	l.logged(root)
	completed(a, root)
	return root
}

// orInit makes switch begin with init where there is no profile yet and somebody can answer.
func orInit(a *app.App, c *cli.Command) {
	act := c.Action
	c.Action = func(ctx context.Context, cmd *cli.Command) error {
		var none *app.NoProfileError
		if _, err := a.ProfilePath(); errors.As(err, &none) && a.TakesForms() && !a.Yes && !a.DryRun && !a.JSON {
			a.Say("%v; starting quick-deploy init", err)
			return a.Another(ctx, append(globalArgs(a, ""), "init")...)
		}
		return act(ctx, cmd)
	}
}
