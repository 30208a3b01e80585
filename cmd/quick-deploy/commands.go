package main

import (
	"context"
	"strings"

	"github.com/urfave/cli/v3"
)

// commands are all commands, in the order of the help.
func (a *app) commands() []*cli.Command {
	return []*cli.Command{
		a.initCommand(),
		a.validateCommand(),
		a.probeCommand(),
		a.generateCommand(),
		a.diffCommand(),
		a.switchCommand("build", "build the system and the homes, and change nothing"),
		a.switchCommand("test", "activate without making it the boot default"),
		a.switchCommand("boot", "make it the boot default without activating"),
		a.switchCommand("switch", "activate and make it the boot default"),
		a.statusCommand(),
		a.historyCommand(),
		a.rollbackCommand(),
		a.resumeCommand(),
		a.healthCommand(),
		a.backupCommand(),
		a.servicesCommand(),
		a.hostsCommand(),
		a.explainCommand(),
		a.fleetCommand(),
		a.updateCommand(),
		a.pinCommand(),
		a.schemaCommand(),
		a.manCommand(),
		a.helpCommand(),
	}
}

// helpCommand is "help X Y" for "X Y --help", in place of the library's, which knows no --help itself.
func (a *app) helpCommand() *cli.Command {
	return &cli.Command{
		Name: "help", Aliases: []string{"h"}, Usage: "show what a command does", ArgsUsage: "[COMMAND...]",
		Action: func(_ context.Context, cmd *cli.Command) error {
			at := cmd.Root()
			for _, name := range cmd.Args().Slice() {
				next := at.Command(name)
				if next == nil {
					return noCommand(at, name)
				}
				at = next
			}
			other := newApp(a.stdin, a.stdout, a.stderr)
			// A context of its own: the library finds a command's parent in it.
			return other.run(context.Background(), append(strings.Fields(at.FullName()), "--help"))
		},
	}
}
