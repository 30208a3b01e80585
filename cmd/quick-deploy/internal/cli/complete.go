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
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/elevate"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// wordVariable holds the word that is being completed, which the shells do not
// pass as an argument: it may be no argument yet.
const wordVariable = "QUICK_DEPLOY_COMPLETE"

// words are what may stand behind a flag, by the flag's name, and by "" as the next argument. The
// function gets the arguments that are there already.
type words map[string]func(a *app.App, args []string) []word

// sharedWords stand behind flags of more than one command.
var sharedWords = words{
	"host":    hostWords,
	"on":      selectorWords,
	"skip":    checkWords,
	"elevate": oneOf(elevate.Methods()...),
}

func oneOf(texts ...string) func(*app.App, []string) []word {
	return func(*app.App, []string) []word { return plainWords(texts...) }
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
func (ws words) at(a *app.App, cmd *cli.Command) []word {
	args, begun := cmd.Args().Slice(), os.Getenv(wordVariable)
	last := ""
	if len(args) > 0 {
		last = args[len(args)-1]
	}
	flag, _, assigned := strings.Cut(begun, "=")
	switch {
	case strings.HasPrefix(last, "-") && takesValue(cmd, last):
		return ws.of(a, strings.TrimLeft(last, "-"), args)
	case strings.HasPrefix(begun, "-") && assigned:
		out := ws.of(a, strings.TrimLeft(flag, "-"), args)
		for i := range out {
			out[i].Text = flag + "=" + out[i].Text
		}
		return out
	case strings.HasPrefix(begun, "-"), strings.HasPrefix(last, "-"):
		return flagNames(cmd)
	}
	out := ws.of(a, "", args)
	if len(args) == 0 {
		out = append(commandWords(cmd), out...)
	}
	return slices.DeleteFunc(out, func(w word) bool { return slices.Contains(args, w.Text) })
}

// of are the words for a flag, or for the next argument.
func (ws words) of(a *app.App, flag string, args []string) []word {
	find := ws[flag]
	if find == nil {
		find = sharedWords[flag]
	}
	if find == nil {
		return nil
	}
	return find(a, args)
}

func writeWords(w io.Writer, begin string, all []word) {
	for _, one := range all {
		if !strings.HasPrefix(one.Text, begin) {
			continue
		}
		if one.About != "" {
			one.Text += "\t" + one.About
		}
		fmt.Fprintln(w, one.Text)
	}
}

// takesValue tells whether the flag, as it is written on the command line, wants a word after it.
func takesValue(cmd *cli.Command, arg string) bool {
	f := flagOf(strings.TrimLeft(arg, "-"), cmd.Lineage()...)
	return f != nil && valued(f)
}

func flagNames(cmd *cli.Command) []word {
	var out []word
	seen := map[string]bool{}
	lineage := cmd.Lineage()
	if cmd == cmd.Root() {
		lineage = append(lineage, cmd.Command(string(deploy.Switch))) // see arranged
	}
	for _, c := range lineage {
		for _, f := range c.Flags {
			local, ok := f.(cli.LocalFlag)
			name := f.Names()[0]
			if seen[name] || c != cmd && cmd != cmd.Root() && ok && local.IsLocal() {
				continue
			}
			seen[name] = true
			about := ""
			if d, ok := f.(cli.DocGenerationFlag); ok {
				about = strings.ReplaceAll(d.GetUsage(), "`", "")
			}
			out = append(out, word{Text: "--" + name, About: about})
		}
	}
	slices.SortFunc(out, byWord)
	return out
}

func byWord(x, y word) int { return cmp.Compare(x.Text, y.Text) }

// commandWords are the commands below cmd.
func commandWords(cmd *cli.Command) []word {
	var out []word
	for _, c := range cmd.Commands {
		if !c.Hidden {
			out = append(out, word{Text: c.Name, About: c.Usage})
		}
	}
	return out
}

// word is a word that a shell may complete, with a line about it. What cannot be
// found out gives no words: there is nobody to tell.
type word struct {
	Text  string `json:"name"`
	About string `json:"about"`
}

// plainWords are words that need no explanation.
func plainWords(texts ...string) []word {
	out := make([]word, len(texts))
	for i, text := range texts {
		out[i].Text = text
	}
	return out
}

// wordsOf are the words for a list, none where it could not be read.
func wordsOf[T any](list []T, err error, describe func(T) word) []word {
	if err != nil {
		return nil
	}
	var out []word
	for _, item := range list {
		out = append(out, describe(item))
	}
	return out
}

// hostWords are the hosts of the profile.
func hostWords(a *app.App, _ []string) []word {
	l, err := a.Load()
	if err != nil {
		return nil
	}
	return wordsOf(l.Profile.Hosts, nil, func(h *profile.Host) word {
		return word{h.Name, strings.Join(slices.Concat(h.Groups, h.Tags), ", ")}
	})
}

// selectorWords are the hosts, and the groups and tags of them.
func selectorWords(a *app.App, _ []string) []word {
	l, err := a.Load()
	if err != nil {
		return nil
	}
	var names []string
	for _, h := range l.Profile.Hosts {
		for _, name := range slices.Concat(h.Groups, h.Tags) {
			names = append(names, "@"+name)
		}
	}
	slices.Sort(names)
	return append(hostWords(a, nil), plainWords(slices.Compact(names)...)...)
}
