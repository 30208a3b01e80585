package cli

import (
	"context"
	"embed"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
)

// The scripts are the program's own: those of the library take a colon for the
// end of a name, and bundle:ai has one.
//
//go:embed completion
var completionScripts embed.FS

var _ = register(250, completionCommand)

// completionCommand prints the scripts.
func completionCommand(a *app.App) *cli.Command {
	c := &cli.Command{
		Name: "completion", Usage: "print a script that completes commands, flags and names",
		Description: described(`
For the shell that runs, and for all to come where its settings say so:
source <(quick-deploy completion bash)`,
			"quick-deploy completion zsh > ~/.zfunc/_quick-deploy",
			"quick-deploy completion fish > ~/.config/fish/completions/quick-deploy.fish"),
	}
	for _, shell := range []string{"bash", "zsh", "fish"} {
		c.Commands = append(c.Commands, &cli.Command{
			Name: shell, Usage: "print the script for " + shell,
			Description: described("", "quick-deploy completion "+shell),
			Action: noArgs(func(context.Context) error {
				script, err := completionScripts.ReadFile("completion/quick-deploy." + shell)
				if err != nil {
					return fmt.Errorf("read the script: %w", err)
				}
				_, err = a.Out.Write(script)
				return err
			}),
		})
	}
	return c
}
