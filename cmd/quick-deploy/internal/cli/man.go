package cli

import (
	"context"
	"strings"

	"github.com/cpuguy83/go-md2man/v2/md2man"
	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
)

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
				return writePageNames(a.Out, cmd.Root())
			}
			text, err := manPage(cmd.Root(), strings.TrimPrefix(cmd.Args().First(), name+"-"))
			if err != nil {
				return err
			}
			_, err = a.Out.Write(md2man.Render(text))
			return err
		},
	}
}
