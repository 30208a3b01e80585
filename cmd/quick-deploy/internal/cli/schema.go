package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/schema"
)

var _ = register(220, schemaCommand)

func schemaCommand(a *app.App) *cli.Command {
	return &cli.Command{
		Name:  "schema",
		Usage: "print the JSON Schema of the profile",
		Description: described(`
Editors with yaml-language-server complete and check a profile that starts with
# yaml-language-server: $schema=FILE`,
			"quick-deploy schema > .quick-deploy.schema.json"),
		Action: noArgs(func(context.Context) error {
			data, err := schema.Bundle()
			if err != nil {
				return err
			}
			_, err = a.Out.Write(data)
			return err
		}),
	}
}
