package main

import "github.com/urfave/cli/v3"

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
	}
}
