package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rivo/uniseg"
	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

var _ = register(240, helpCommand)

// The library asks this of everything that it shows help of.
func init() { cli.HelpPrinter = printHelp }

// helpCommand is "help X Y" for "X Y --help", in place of the library's, which knows no --help itself, and shows the
// documentation.
func helpCommand(a *app.App) *cli.Command {
	return &cli.Command{
		Name: "help", Aliases: []string{"h"}, Usage: "show what a command does, or a page of the documentation",
		ArgsUsage: "[COMMAND... | TOPIC]",
		Description: described("", "quick-deploy help", "quick-deploy help fleet deploy", "quick-deploy help recovery",
			"quick-deploy help topics"),
		ShellComplete: func(ctx context.Context, cmd *cli.Command) { pathWords(a, topics())(ctx, cmd) },
		Action: func(_ context.Context, cmd *cli.Command) error {
			at := cmd.Root()
			args := cmd.Args().Slice()
			for _, name := range args {
				next := at.Command(name)
				switch {
				case next == nil && len(args) == 1 && name == "topics":
					return a.Print(topics(), func(w io.Writer) { writePairs(w, pairsOf(topics())) })
				case next == nil && len(args) == 1:
					return showTopic(a, cmd.Root(), name)
				case next == nil:
					return noCommand(at, name)
				}
				at = next
			}
			// A context of its own: the library finds a command's parent in it.
			return a.Another(context.Background(), append(strings.Fields(at.FullName())[1:], "--help")...)
		},
	}
}

// showTopic prints a page of the documentation.
func showTopic(a *app.App, root *cli.Command, name string) error {
	if text, ok, err := topic(name); ok || err != nil {
		if err == nil {
			_, err = fmt.Fprint(a.Out, text)
		}
		return err
	}
	if near := nearCommand(root, name); near != "" {
		return noCommand(root, name)
	}
	var names []string
	for _, t := range topics() {
		names = append(names, t.Text)
	}
	if near := profile.Nearest(name, names); near != "" {
		return fault.New(fault.Usage, "unknown topic %q; did you mean %s?", name, near)
	}
	return fault.New(fault.Usage, "%q is neither a command nor a topic", name).
		Hint("quick-deploy --help lists the commands, quick-deploy help topics the topics")
}

// helpWidth is how wide help is: that of the terminal that a machine has on its own.
const helpWidth = 80

// printHelp writes a command's help, as the library asks for it: what is usual of all commands stands in that of the
// program only.
func printHelp(w io.Writer, _ string, data any) {
	c, ok := data.(*cli.Command)
	if !ok {
		return
	}
	root := c.Root()
	text, examples, _ := strings.Cut(c.Description, examplesBegin)
	writeWrapped(w, "", c.FullName()+" - "+c.Usage)
	fmt.Fprintln(w)
	writeWrapped(w, "", "Usage: "+synopsis(c))
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if paragraph != "" {
			fmt.Fprintln(w)
			writeWrapped(w, "  ", paragraph)
		}
	}
	section := func(title string, pairs [][2]string) {
		if len(pairs) > 0 {
			fmt.Fprintf(w, "\n%s:\n", title)
			writePairs(w, pairs)
		}
	}
	section("Commands", pairsOf(commandWords(c)))
	title := "Options"
	if c == root {
		title = "Global options"
	}
	section(title, flagPairs(c))
	if examples != "" {
		fmt.Fprintln(w, "\nExamples:")
		for line := range strings.SplitSeq(examples, "\n    ") {
			fmt.Fprintln(w, "  "+line)
		}
	}
	fmt.Fprintln(w)
	if c == root {
		writeWrapped(w, "", "The global options work before a command's name and after it. Most options can also be set "+
			"by an environment variable, such as QUICK_DEPLOY_HOST for --host; the manual pages list them.")
		var names []string
		for _, t := range topics() {
			names = append(names, t.Text)
		}
		fmt.Fprintln(w, "\nHelp on a command: quick-deploy help COMMAND")
		writeWrapped(w, "", "Documentation: quick-deploy help TOPIC, which is one of "+strings.Join(names, ", "))
		return
	}
	fmt.Fprintln(w, "Global options: quick-deploy --help")
	path := strings.Fields(c.FullName())[1:]
	if len(path) == 1 && isTopic(path[0]) {
		fmt.Fprintf(w, "Documentation:  quick-deploy help docs/%s.md\n", path[0])
	}
}

// synopsis is how a command is called.
func synopsis(c *cli.Command) string {
	parts := []string{c.FullName()}
	if c == c.Root() || len(ownFlags(c)) > 0 {
		parts = append(parts, "[OPTION...]")
	}
	return strings.TrimSpace(strings.Join(append(parts, c.ArgsUsage), " "))
}

// ownFlags are the flags that are worth a line in c's help: --help itself is one of the program's.
func ownFlags(c *cli.Command) []cli.Flag {
	return slices.DeleteFunc(slices.Clone(c.Flags), func(f cli.Flag) bool {
		v, ok := f.(cli.VisibleFlag)
		return ok && !v.IsVisible() || c != c.Root() && slices.Contains(f.Names(), "help")
	})
}

// flagPairs are the flags of a command, as they are typed, with what they mean.
func flagPairs(c *cli.Command) [][2]string {
	var out [][2]string
	for _, f := range ownFlags(c) {
		pair := flagPair(f)
		pair[1] = strings.ReplaceAll(pair[1], "`", "")
		out = append(out, pair)
	}
	return out
}

// flagPair is a flag with its value, and what it means, where the name of the value is in backquotes.
func flagPair(f cli.Flag) [2]string {
	var names []string
	for _, n := range f.Names() {
		names = append(names, dashed(n))
	}
	slices.SortStableFunc(names, func(x, y string) int { return min(len(x), 3) - min(len(y), 3) }) // -o, --flake
	term := strings.Join(names, ", ")
	d, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return [2]string{term, ""}
	}
	usage := d.GetUsage()
	if parts := strings.SplitN(usage, "`", 3); len(parts) == 3 && d.TakesValue() {
		term += " " + parts[1]
	}
	if many, ok := f.(cli.DocGenerationMultiValueFlag); ok && many.IsMultiValueFlag() {
		usage += "; may be given several times"
	}
	byDefault := d.GetDefaultText()
	if byDefault == "" && d.TakesValue() && d.IsDefaultVisible() {
		byDefault = d.GetValue()
	}
	if byDefault = strings.Trim(byDefault, `"`); byDefault != "" && byDefault != "0" && byDefault != "[]" {
		usage += " (default " + byDefault + ")"
	}
	return [2]string{term, usage}
}

func pairsOf(ws []word) [][2]string {
	var out [][2]string
	for _, w := range ws {
		out = append(out, [2]string{w.Text, w.About})
	}
	return out
}

// writePairs writes terms with their meanings beside them, or below where a term is long.
func writePairs(w io.Writer, pairs [][2]string) {
	const widest = 26
	column := 0
	for _, p := range pairs {
		if n := uniseg.StringWidth(p[0]); n <= widest {
			column = max(column, n)
		}
	}
	for _, p := range pairs {
		lines := wrapped(p[1], helpWidth-column-4)
		if uniseg.StringWidth(p[0]) > column || len(lines) == 0 {
			fmt.Fprintf(w, "  %s\n", p[0])
		} else {
			fmt.Fprintf(w, "  %-*s  %s\n", column, p[0], lines[0])
			lines = lines[1:]
		}
		for _, l := range lines {
			fmt.Fprintf(w, "  %*s  %s\n", column, "", l)
		}
	}
}

// writeWrapped writes a paragraph in lines that begin with indent.
func writeWrapped(w io.Writer, indent, text string) {
	for _, l := range wrapped(text, helpWidth-len(indent)) {
		fmt.Fprintln(w, indent+l)
	}
}

// wrapped breaks text at blanks into lines of at most width columns, or one word. Hyphens stay: they are in names.
func wrapped(text string, width int) []string {
	var out []string
	line, at := "", 0
	for _, word := range strings.Fields(text) {
		n := uniseg.StringWidth(word)
		switch {
		case line == "":
			line, at = word, n
		case at+1+n > width:
			out = append(out, line)
			line, at = word, n
		default:
			line, at = line+" "+word, at+1+n
		}
	}
	if line != "" {
		out = append(out, line)
	}
	return out
}
