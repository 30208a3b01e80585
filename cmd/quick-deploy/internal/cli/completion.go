package cli

import (
	"context"
	"embed"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// The scripts are the program's own: those of the library take a colon for the
// end of a name, and bundle:ai has one.
//
//go:embed completion
var completionScripts embed.FS

// completionCommand is what prints the scripts.
func completionCommand(a *app.App, c *cli.Command) {
	c.Hidden = false
	c.Usage = "print a script that completes commands, flags and names"
	c.ArgsUsage = "bash | zsh | fish"
	c.Description = "Examples:\n" +
		"  source <(quick-deploy completion bash)\n" +
		"  source <(quick-deploy completion zsh)\n" +
		"  quick-deploy completion fish > ~/.config/fish/completions/quick-deploy.fish"
	c.Action = func(_ context.Context, cmd *cli.Command) error {
		return fault.New(fault.Usage, "no completion for %q", cmd.Args().First()).Hint("there is one for bash, zsh and fish")
	}
	c.Commands = nil
	for _, shell := range []string{"bash", "zsh", "fish"} {
		c.Commands = append(c.Commands, &cli.Command{
			Name: shell, Usage: "print the script for " + shell,
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
}
