package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/man"
)

func manCommand(a *app.App) *cli.Command {
	var list bool
	return &cli.Command{
		Name:      "man",
		Usage:     "print a manual page",
		ArgsUsage: "[COMMAND | " + man.Profile + "]",
		Description: described(`
In the format of man(1): quick-deploy man switch | man -l -
quick-deploy man --list names all pages with their sections.`,
			"quick-deploy man switch | man -l -", "quick-deploy man quick-deploy.yaml | man -l -"),
		Flags:         []cli.Flag{plainFlag("list", "list the pages", &list)},
		ShellComplete: manWords(a),
		Action: func(_ context.Context, cmd *cli.Command) error {
			if list {
				_, err := fmt.Fprintln(a.Out, strings.Join(man.List(cmd.Root()), "\n"))
				return err
			}
			page, err := man.Page(cmd.Root(), cmd.Args().First())
			if err != nil {
				return err
			}
			_, err = io.WriteString(a.Out, page)
			return err
		},
	}
}
