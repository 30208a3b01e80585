package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/man"
)

func (a *app) manCommand() *cli.Command {
	return &cli.Command{
		Name:      "man",
		Usage:     "print a manual page",
		ArgsUsage: "[COMMAND | quick-deploy.yaml]",
		Description: "In the format of man(1): quick-deploy man switch | man -l -\n" +
			"quick-deploy man --list names all pages with their sections.",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "list", Usage: "list the pages"}},
		Action: func(_ context.Context, cmd *cli.Command) error {
			if cmd.Bool("list") {
				_, err := fmt.Fprintln(a.stdout, strings.Join(man.List(cmd.Root()), "\n"))
				return err
			}
			page, err := man.Page(cmd.Root(), cmd.Args().First())
			if err != nil {
				return err
			}
			_, err = io.WriteString(a.stdout, page)
			return err
		},
	}
}
