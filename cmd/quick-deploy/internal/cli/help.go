package cli

import (
	"context"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/urfave/cli/v3"
)

var _ = register(240, helpCommand)

// helpCommand is "help X Y" for "X Y --help", in place of the library's, which knows no --help itself.
func helpCommand(a *app.App) *cli.Command {
	return &cli.Command{
		Name: "help", Aliases: []string{"h"}, Usage: "show what a command does", ArgsUsage: "[COMMAND...]",
		Description: described("", "quick-deploy help", "quick-deploy help fleet deploy"),
		Action: func(_ context.Context, cmd *cli.Command) error {
			at := cmd.Root()
			for _, name := range cmd.Args().Slice() {
				next := at.Command(name)
				if next == nil {
					return noCommand(at, name)
				}
				at = next
			}
			// A context of its own: the library finds a command's parent in it.
			return a.Another(context.Background(), append(strings.Fields(at.FullName())[1:], "--help")...)
		},
	}
}
