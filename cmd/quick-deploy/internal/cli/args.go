package cli

import (
	"context"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// strict makes wrong flags errors with the exit code for usage, which the library does not do by itself.
func strict(c *cli.Command) {
	c.OnUsageError = func(_ context.Context, cmd *cli.Command, err error, _ bool) error {
		return fault.New(fault.Usage, "%w", err).Hint("%s --help lists the flags", cmd.FullName())
	}
	for _, sub := range c.Commands {
		strict(sub)
	}
}

// noArgs is an action that takes no arguments.
func noArgs(act func(context.Context) error) cli.ActionFunc {
	return someArgs(0, func(ctx context.Context, _ []string) error { return act(ctx) })
}

// someArgs is an action that takes arguments, at most so many.
func someArgs(most int, act func(context.Context, []string) error) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) error {
		args := cmd.Args().Slice()
		if len(args) > most {
			return fault.New(fault.Usage, "unexpected argument %q", args[most]).
				Hint("%s --help shows what it takes", cmd.FullName())
		}
		return act(ctx, args)
	}
}

// anyArgs is an action that takes any number of arguments.
func anyArgs(act func(context.Context, []string) error) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) error { return act(ctx, cmd.Args().Slice()) }
}

// nixArgs is an action that takes flags of Nix. It refuses a first argument that is none, such as a
// host's name, which a flag of ours chooses.
func nixArgs(flag string, act func(context.Context, []string) error) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) error {
		first := cmd.Args().First()
		if first != "" && !strings.HasPrefix(first, "-") {
			return fault.New(fault.Usage, "unexpected argument %q", first).
				Hint("%s %s chooses a host; flags of Nix stand behind --", flag, first)
		}
		return act(ctx, cmd.Args().Slice())
	}
}

// noCommand refuses the name of a command that cmd does not have.
func noCommand(cmd *cli.Command, name string) error {
	var names []string
	for _, c := range cmd.Commands {
		names = append(names, c.Name)
	}
	e := fault.New(fault.Usage, "no command called %q", name)
	if near := profile.Nearest(name, names); near != "" {
		return e.Hint("did you mean %s", near)
	}
	return e.Hint("%s --help lists the commands", cmd.FullName())
}

// described is a description with examples below it, indented as Markdown wants it for the manual pages.
func described(text string, examples ...string) string {
	if text = strings.TrimPrefix(text, "\n"); text != "" {
		text += "\n\n"
	}
	return text + examplesBegin + strings.Join(examples, "\n    ")
}

const examplesBegin = "Examples:\n\n    "
