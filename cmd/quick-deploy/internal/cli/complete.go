package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/elevate"
)

// wordVariable holds the word that is being completed, which the shells do not
// pass as an argument: it may be no argument yet.
const wordVariable = "QUICK_DEPLOY_COMPLETE"

// words are what may stand behind a flag, by the flag's name, and by "" as the next argument. The
// function gets the arguments that are there already.
type words map[string]func(a *app.App, args []string) []app.Word

// sharedWords stand behind flags of more than one command.
var sharedWords = words{
	"host":    func(a *app.App, _ []string) []app.Word { return a.HostWords() },
	"on":      func(a *app.App, _ []string) []app.Word { return a.SelectorWords() },
	"elevate": oneOf(elevate.Methods()...),
}

func oneOf(texts ...string) func(*app.App, []string) []app.Word {
	return func(*app.App, []string) []app.Word { return app.Words(texts...) }
}

// completed makes every command at and below c complete its words; those that have none of
// their own complete commands and flags.
func completed(a *app.App, c *cli.Command) {
	if c.ShellComplete == nil {
		c.ShellComplete = words{}.complete(a)
	}
	for _, sub := range c.Commands {
		completed(a, sub)
	}
}

// complete prints the words that may stand where the cursor is, as lines of
// word, tab and explanation.
func (ws words) complete(a *app.App) cli.ShellCompleteFunc {
	return func(_ context.Context, cmd *cli.Command) {
		o := a.Options
		// Variables are not read on this way.
		o.Profile = cmp.Or(o.Profile, os.Getenv("QUICK_DEPLOY_PROFILE"))
		writeWords(a.Out, os.Getenv(wordVariable), ws.at(a.With(o), cmd))
	}
}

// at are the words that may stand behind cmd's arguments, all beginning with prefix where a flag's
// value is behind an equals sign.
func (ws words) at(a *app.App, cmd *cli.Command) []app.Word {
	args, word := cmd.Args().Slice(), os.Getenv(wordVariable)
	last := ""
	if len(args) > 0 {
		last = args[len(args)-1]
	}
	flag, _, assigned := strings.Cut(word, "=")
	switch {
	case strings.HasPrefix(last, "-") && takesValue(cmd, last):
		return ws.of(a, strings.TrimLeft(last, "-"), args)
	case strings.HasPrefix(word, "-") && assigned:
		out := ws.of(a, strings.TrimLeft(flag, "-"), args)
		for i := range out {
			out[i].Text = flag + "=" + out[i].Text
		}
		return out
	case strings.HasPrefix(word, "-"), strings.HasPrefix(last, "-"):
		return flagNames(cmd)
	}
	out := append(subcommands(cmd), ws.of(a, "", args)...)
	return slices.DeleteFunc(out, func(w app.Word) bool { return slices.Contains(args, w.Text) })
}

// of are the words for a flag, or for the next argument.
func (ws words) of(a *app.App, flag string, args []string) []app.Word {
	find := ws[flag]
	if find == nil {
		find = sharedWords[flag]
	}
	if find == nil {
		return nil
	}
	return find(a, args)
}

func writeWords(w io.Writer, begin string, all []app.Word) {
	for _, word := range all {
		if !strings.HasPrefix(word.Text, begin) {
			continue
		}
		if word.About != "" {
			word.Text += "\t" + word.About
		}
		fmt.Fprintln(w, word.Text)
	}
}

// takesValue tells whether the flag, as it stands on the command line, wants a word after it.
func takesValue(cmd *cli.Command, arg string) bool {
	for _, c := range cmd.Lineage() {
		for _, f := range c.Flags {
			if slices.Contains(f.Names(), strings.TrimLeft(arg, "-")) {
				d, ok := f.(cli.DocGenerationFlag)
				return ok && d.TakesValue()
			}
		}
	}
	return false
}

func flagNames(cmd *cli.Command) []app.Word {
	var out []app.Word
	seen := map[string]bool{}
	for _, c := range cmd.Lineage() {
		for _, f := range c.Flags {
			local, ok := f.(cli.LocalFlag)
			name := f.Names()[0]
			if seen[name] || c != cmd && ok && local.IsLocal() {
				continue
			}
			seen[name] = true
			about := ""
			if d, ok := f.(cli.DocGenerationFlag); ok {
				about = strings.ReplaceAll(d.GetUsage(), "`", "")
			}
			out = append(out, app.Word{Text: "--" + name, About: about})
		}
	}
	slices.SortFunc(out, byWord)
	return out
}

func byWord(x, y app.Word) int { return cmp.Compare(x.Text, y.Text) }

func subcommands(cmd *cli.Command) []app.Word {
	if cmd.Args().Present() {
		return nil
	}
	var out []app.Word
	for _, c := range cmd.Commands {
		// Every command has a help below it, which says what --help says.
		if !c.Hidden && (c.Name != "help" || cmd.Root() == cmd) {
			out = append(out, app.Word{Text: c.Name, About: c.Usage})
		}
	}
	return out
}
