package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
)

var _ = register(220, schemaCommand)

func schemaCommand(a *app.App) *cli.Command {
	return &cli.Command{
		Name:  "schema",
		Usage: "print the JSON Schema of the profile",
		Description: described(`
Editors with yaml-language-server complete and check a profile that starts with
# yaml-language-server: $schema=FILE
They offer packages, and options below nixos: and home:, too.`,
			"quick-deploy schema > .quick-deploy.schema.json"),
		Action: noArgs(func(context.Context) error {
			data, err := app.Schema()
			if err != nil {
				return err
			}
			_, err = a.Out.Write(data)
			return err
		}),
	}
}
