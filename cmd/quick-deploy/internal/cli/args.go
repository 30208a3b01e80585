package cli

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// completionFlag is the last argument where a shell asks what may follow.
const completionFlag = "--generate-shell-completion"

// arranged is a command line as the library reads it. Flags of switch before the command's name go behind it, where
// that command takes or refuses them. A line without a command, such as "quick-deploy --skip network", is a line of
// switch, and then bare is true.
func arranged(root *cli.Command, args []string) (line []string, bare bool) {
	asks := len(args) > 0 && args[len(args)-1] == completionFlag
	end := len(args)
	if asks {
		end--
	}
	own := root.Command(string(deploy.Switch))
	var before, moved []string
	i, known, open := 1, true, false // open: the last flag of switch wants a value that is not there
	for i < end && strings.HasPrefix(args[i], "-") && args[i] != "-" && args[i] != "--" && known {
		name, _, assigned := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		global := flagOf(name, root)
		f := global
		if f == nil {
			f = flagOf(name, own)
		}
		to := &before
		if global == nil {
			to = &moved
		}
		switch {
		case slices.Contains([]string{"help", "h", "version", "v"}, name):
			to = &before
			asks = true
		case f == nil:
			known = false // and switch says so, with all flags to choose from
			continue
		}
		n := 1
		if f != nil && valued(f) && !assigned {
			n = min(2, end-i)
			open = n < 2 && global == nil
		}
		*to = append(*to, args[i:i+n]...)
		i += n
	}
	word := ""
	if i < end && known && args[i] != "--" {
		word = args[i]
	}
	switch {
	case root.Command(word) != nil:
		return slices.Concat(args[:1], before, args[i:i+1], moved, args[i+1:]), false
	case word != "" || asks && !open:
		return slices.Concat(args[:min(1, len(args))], before, args[min(i, len(args)):]), false
	}
	return slices.Concat(args[:1], before, []string{own.Name}, moved, args[i:]), true
}

// flagOf is the flag of the first command that has one of that name, nil where none has.
func flagOf(name string, cs ...*cli.Command) cli.Flag {
	for _, c := range cs {
		for _, f := range c.Flags {
			if slices.Contains(f.Names(), name) {
				return f
			}
		}
	}
	return nil
}

// valued tells whether a flag takes a value.
func valued(f cli.Flag) bool {
	d, ok := f.(cli.DocGenerationFlag)
	return ok && d.TakesValue()
}

// dashed is the name of a flag as it is typed.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// strict makes what is wrong with a command line an error with the exit code for usage and a sentence of ours, at c
// and below it, and has commands that hold others refuse what is none of them.
func (l *line) strict(c *cli.Command) {
	c.OnUsageError = func(_ context.Context, cmd *cli.Command, err error, _ bool) error { return usageFault(cmd, err) }
	c.CommandNotFound = func(_ context.Context, cmd *cli.Command, name string) {
		if len(cmd.Commands) > 0 {
			l.unknown = noCommand(cmd, name)
			return
		}
		printHelp(cmd.Root().Writer, "", cmd) // "explain timezone --help"
	}
	if len(c.Commands) > 0 && c.ArgsUsage == "" {
		c.ArgsUsage = "COMMAND"
	}
	if act := c.Action; act != nil && len(c.Commands) > 0 {
		c.ArgsUsage = "[COMMAND]"
		c.Action = func(ctx context.Context, cmd *cli.Command) error {
			if cmd.Args().Present() {
				return noCommand(cmd, cmd.Args().First())
			}
			return act(ctx, cmd)
		}
	}
	for _, sub := range c.Commands {
		l.strict(sub)
	}
}

// These are the library's sentences, which it has no types for.
var (
	badValue    = lazyregexp.New(`(?s)^invalid value "(.*)" for flag -(\S+): (.*)$`)
	badVariable = lazyregexp.New(`(?s)^could not parse "(.*)" as .* from environment variable "(.*)" for flag \S+: (.*)$`)
)

// usageFault says what is wrong with a command line.
func usageFault(cmd *cli.Command, err error) error {
	text := err.Error()
	if name, ok := strings.CutPrefix(text, "flag provided but not defined: -"); ok {
		return unknownFlag(cmd, name)
	}
	e := fault.New(fault.Usage, "%w", err)
	if flag, ok := strings.CutPrefix(text, "flag needs an argument: "); ok {
		e = fault.New(fault.Usage, "%s needs a value", dashed(strings.TrimLeft(flag, "-")))
	} else if m := badValue.FindStringSubmatch(text); m != nil {
		e = fault.New(fault.Usage, "invalid value for %s: %s", dashed(m[2]), reason(m[1], m[3]))
		if m[2] == "retries" && strings.HasPrefix(m[1], "-") {
			e = e.Hint("0 means no retry")
		}
	} else if m := badVariable.FindStringSubmatch(text); m != nil {
		return fault.New(fault.Usage, "environment variable %s: %s", m[2], reason(m[1], m[3]))
	}
	return e.Hint("%s --help lists the flags", cmd.FullName())
}

// reason is what is wrong with a value, for what Go's packages say of it.
func reason(value, why string) string {
	switch {
	case strings.HasPrefix(why, "strconv."):
		return strconv.Quote(value) + " is not a number; write a whole number such as 4"
	case why == "parse error":
		return strconv.Quote(value) + " is neither true nor false"
	case strings.HasPrefix(why, "time: "):
		return strconv.Quote(value) + " is not a length of time; write 90s, 15m or 2h"
	}
	return why
}

// unknownFlag refuses a flag that cmd does not have.
func unknownFlag(cmd *cli.Command, name string) error {
	var names []string
	for _, c := range cmd.Lineage() {
		for _, f := range c.Flags {
			names = append(names, f.Names()...)
		}
	}
	names = slices.DeleteFunc(names, func(n string) bool { return len(n) == 1 })
	// "-profile" and "--Profile", too.
	if near := profile.Nearest(name, names); near != "" {
		return fault.New(fault.Usage, "unknown flag %s; did you mean --%s?", dashed(name), near)
	}
	e := fault.New(fault.Usage, "unknown flag %s", dashed(name))
	root := cmd.Root()
	own := root.Command(string(deploy.Switch))
	taker := own
	if flagOf(name, own) == nil {
		taker = takerOf(root, name)
	}
	switch {
	case taker == nil:
	case cmd == own || cmd == root: // where a line without a command ends, too
		return e.Hint("%s takes it: a command's flags come after its name", taker.FullName())
	default:
		return e.Hint("%s takes it, %s does not", taker.FullName(), cmd.FullName())
	}
	return e.Hint("%s --help lists the flags", cmd.FullName())
}

// takerOf is the first command at or below c that has the flag, nil if none has.
func takerOf(c *cli.Command, name string) *cli.Command {
	if flagOf(name, c) != nil {
		return c
	}
	for _, sub := range c.Commands {
		if taker := takerOf(sub, name); taker != nil {
			return taker
		}
	}
	return nil
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
				Hint("%s %s chooses a host; flags of Nix follow --", flag, first)
		}
		return act(ctx, cmd.Args().Slice())
	}
}

// namesAndFlags divides arguments into names and the flags of Nix that follow them.
func namesAndFlags(args []string) (names, flags []string) {
	for i, arg := range args {
		if strings.HasPrefix(arg, "-") {
			return args[:i], args[i:]
		}
	}
	return args, nil
}

// otherNames are what other tools call a command, or what people call it; the first that there is, is meant.
func otherNames() map[string][]string {
	return map[string][]string{
		"switch": {"deploy", "apply", "rebuild", "upgrade", "sync", "activate", "up", "run"},
		"hosts":  {"ls", "list", "machines", "nodes"}, "list": {"ls"}, "status": {"info", "state"},
		"add": {"install", "enable", "new"}, "remove": {"rm", "del", "delete", "disable", "uninstall"},
		"show": {"info", "describe", "cat"}, "deploy": {"switch", "apply", "sync", "rebuild", "upgrade"},
		"init": {"new", "setup", "start", "create", "install"}, "rollback": {"undo", "revert", "back", "restore"},
		"diff": {"plan", "preview", "compare"}, "validate": {"check", "lint"}, "health": {"doctor"},
		"history": {"log", "logs", "generations"}, "search": {"find"}, "generate": {"write", "gen"},
		"explain": {"why", "where"}, "probe": {"hardware", "facts", "detect"}, "restore": {"back", "undo"},
	}
}

// nearCommand is the command of cmd that name may have been meant to be, "" if there is none.
func nearCommand(cmd *cli.Command, name string) string {
	var names []string
	others := otherNames()
	for _, c := range cmd.Commands {
		switch {
		case c.Hidden:
		case slices.Contains(others[c.Name], strings.ToLower(name)):
			return c.Name
		default:
			names = append(names, c.Name)
		}
	}
	return profile.Nearest(name, names)
}

// noCommand refuses the name of a command that cmd does not have.
func noCommand(cmd *cli.Command, name string) error {
	said := strings.TrimSpace(strings.TrimPrefix(cmd.FullName()+" "+name, cmd.Root().Name))
	if near := nearCommand(cmd, name); near != "" {
		e := fault.New(fault.Usage, "unknown command %q; did you mean %s?", said, near)
		if said == "upgrade" {
			e = e.Hint("quick-deploy update brings newer packages; for a new release: quick-deploy help upgrading")
		}
		return e
	}
	return fault.New(fault.Usage, "unknown command %q", said).Hint("%s --help lists the commands", cmd.FullName())
}

// described is a description with examples below it, indented as Markdown wants it for the manual pages.
func described(text string, examples ...string) string {
	if text = strings.TrimPrefix(text, "\n"); text != "" {
		text += "\n\n"
	}
	return text + examplesBegin + strings.Join(examples, "\n    ")
}

const examplesBegin = "Examples:\n\n    "
