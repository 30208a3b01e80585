package cli

import (
	"context"
	"embed"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
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
		ArgsUsage: "[COMMAND | " + profilePage + "]",
		Description: described(`
In the format of man(1): quick-deploy man switch | man -l -
quick-deploy man --list names all pages with their sections.`,
			"quick-deploy man switch | man -l -", "quick-deploy man quick-deploy.yaml | man -l -"),
		Flags:         []cli.Flag{plainFlag("list", "list the pages", &list)},
		ShellComplete: manWords(a),
		Action: func(_ context.Context, cmd *cli.Command) error {
			if list {
				_, err := fmt.Fprintln(a.Out, strings.Join(listPages(cmd.Root()), "\n"))
				return err
			}
			page, err := readPage(cmd.Args().First())
			if err != nil {
				return err
			}
			_, err = a.Out.Write(page)
			return err
		},
	}
}

// listPages names the pages with their sections.
func listPages(root *cli.Command) []string {
	out := []string{name + ".1"}
	for _, c := range root.Commands {
		if !c.Hidden && c.Name != "help" {
			out = append(out, name+"-"+c.Name+".1")
		}
	}
	return append(out, profilePage+".5")
}

// readPage reads the program's own page, that of a command with or without the program's name before it, or that of
// the profile. The error is a usage fault where there is none.
func readPage(about string) ([]byte, error) {
	about = strings.TrimPrefix(about, name+"-")
	file := name + "-" + about + ".1"
	switch about {
	case "", name:
		file = name + ".1"
	case profilePage:
		return schema.ManualPage, nil
	}
	page, err := manPages.ReadFile("man/" + file)
	if err != nil {
		return nil, fault.New(fault.Usage, "no manual page %q", about).Hint("%s man --list names them", name)
	}
	return page, nil
}

// manWords are the commands, and the profile's page.
func manWords(a *app.App) cli.ShellCompleteFunc {
	return func(ctx context.Context, cmd *cli.Command) {
		pages := append(commandWords(cmd.Root()), word{profilePage, "the profile"})
		words{"": func(*app.App, []string) []word { return pages }}.complete(a)(ctx, cmd)
	}
}
