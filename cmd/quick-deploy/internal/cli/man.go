package cli

import (
	"context"
	"embed"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/schema"
)

// TestManPages writes a page for each command from its help.
//
//go:embed man
var manPages embed.FS

// profilePage is the name of the page that describes the profile.
const profilePage = name + ".yaml"

var _ = register(230, manCommand)

func manCommand(a *app.App) *cli.Command {
	var list bool
	return &cli.Command{
		Name:      "man",
		Usage:     "print a manual page",
		ArgsUsage: "[COMMAND... | " + profilePage + "]",
		Description: described(`
On a terminal man shows the page; elsewhere it is printed in the format of man(1).
quick-deploy man --list names all pages with their sections.`,
			"quick-deploy man switch | man -l -", "quick-deploy man services add | man -l -",
			"quick-deploy man quick-deploy.yaml | man -l -"),
		Flags:         []cli.Flag{plainFlag("list", "list the pages", &list)},
		ShellComplete: manWords(a),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if list {
				_, err := fmt.Fprintln(a.Out, strings.Join(listPages(cmd.Root()), "\n"))
				return err
			}
			page, err := readPage(cmd.Root(), cmd.Args().Slice())
			if err != nil {
				return err
			}
			if term.Is(a.Out) {
				return showPage(ctx, a, cmd.Root(), page, cmd.Args().Slice())
			}
			_, err = a.Out.Write(page)
			return err
		},
	}
}

// showPage shows a page on a terminal: by man where that is installed, else the help that it is made from.
func showPage(ctx context.Context, a *app.App, root *cli.Command, page []byte, about []string) error {
	runner := a.Runner()
	if _, err := runner.LookPath("man"); err == nil {
		_, err := runner.Run(ctx, run.Command{Name: "man", Args: []string{"-l", "-"}, Input: page, Stdout: a.Out})
		return err
	}
	words := []string{"help", "profile"}
	for _, c := range documented(root) {
		if pageOf(c) == pageNamed(about) {
			words = append(strings.Fields(c.FullName())[1:], "--help")
		}
	}
	// A context of its own: the library finds a command's parent in it.
	return a.Another(context.Background(), words...)
}

// documented are the commands that have a page of their own: c, and those below it that are not hidden. The page of
// help would be about --help.
func documented(c *cli.Command) []*cli.Command {
	out := []*cli.Command{c}
	for _, sub := range c.Commands {
		if !sub.Hidden && sub.Name != "help" {
			out = append(out, documented(sub)...)
		}
	}
	return out
}

// pageOf is the file name of a command's page.
func pageOf(c *cli.Command) string { return strings.ReplaceAll(c.FullName(), " ", "-") + ".1" }

// pageNamed is the file name of the page that is asked for.
func pageNamed(about []string) string {
	asked := strings.TrimPrefix(strings.TrimPrefix(strings.Join(about, "-"), name), "-")
	return strings.TrimSuffix(name+"-"+asked, "-") + ".1"
}

// listPages names the pages with their sections.
func listPages(root *cli.Command) []string {
	var out []string
	for _, c := range documented(root) {
		out = append(out, pageOf(c))
	}
	return append(out, profilePage+".5")
}

// readPage reads the page of a command, whose name may be written as its page's, as in quick-deploy-services-add; the
// program's own page where about is empty; or that of the profile. The error is a usage fault where there is none.
func readPage(root *cli.Command, about []string) ([]byte, error) {
	asked := strings.Join(about, "-")
	if asked == profilePage {
		return schema.ManualPage, nil
	}
	for _, c := range documented(root) {
		page := pageOf(c)
		if page != pageNamed(about) {
			continue
		}
		text, err := manPages.ReadFile("man/" + page)
		if err != nil {
			return nil, fmt.Errorf("read the manual: %w", err)
		}
		return text, nil
	}
	at := root
	for _, word := range about {
		next := at.Command(word)
		if next == nil {
			return nil, noCommand(at, word)
		}
		at = next
	}
	return nil, fault.New(fault.Usage, "unknown manual page %q", asked).Hint("%s man --list names them", name)
}

// manWords are the commands below the one that is named, and the profile's page.
func manWords(a *app.App) cli.ShellCompleteFunc {
	return pathWords(a, []word{{profilePage, "the profile"}})
}

// pathWords are the commands below the one that is named, and beside the program's own what else there is.
func pathWords(a *app.App, others []word) cli.ShellCompleteFunc {
	return func(ctx context.Context, cmd *cli.Command) {
		words{"": func(_ *app.App, args []string) []word {
			at := cmd.Root()
			for _, arg := range args {
				if at = at.Command(arg); at == nil {
					return nil
				}
			}
			out := commandWords(at)
			for _, w := range others {
				if len(args) == 0 && at.Command(w.Text) == nil {
					out = append(out, w)
				}
			}
			return out
		}}.complete(a)(ctx, cmd)
	}
}
