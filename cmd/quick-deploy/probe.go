package main

import (
	"context"
	"fmt"
	"os"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe/pciids"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

func (a *app) probeCommand() *cli.Command {
	return &cli.Command{
		Name:  "probe",
		Usage: "look at this machine's hardware, and say what follows from it",
		Description: "Needs neither root nor the network. With --json it prints the facts, which hardware.facts of a\n" +
			"profile reads; they hold no serial numbers or addresses unless --identify is given.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "explain", Usage: "show what was decided, and why"},
			&cli.StringFlag{Name: "target", Usage: "take the file systems mounted below `DIR`, as while installing to /mnt", TakesFile: true},
			&cli.BoolFlag{Name: "identify", Usage: "add serial numbers and MAC addresses"},
		},
		Action: a.probeAction,
	}
}

func (a *app) probeAction(ctx context.Context, cmd *cli.Command) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	facts, warnings := probe.Run(ctx, probe.Options{Root: a.opts.root, Target: cmd.String("target"), Identify: cmd.Bool("identify")})
	for _, w := range warnings {
		a.log.Warn("not read", "what", fmt.Sprint(w))
	}
	a.log.Info("probed", "pci", len(facts.PCI), "disks", len(facts.Blocks), "warnings", len(warnings))
	if a.opts.json && !cmd.Bool("explain") {
		return probe.WriteJSON(term.JSON(a.stdout), facts, warnings)
	}
	decision, err := hardware.Decide(facts, hardware.Overrides{Release: generator.DefaultRelease})
	if err != nil {
		return fmt.Errorf("decide about the hardware: %w", err)
	}
	if a.opts.json {
		return a.printJSON(decision)
	}
	names, err := pciids.Load(os.Getenv("PCIDB_PATH"))
	if err != nil {
		return err
	}
	if cmd.Bool("explain") {
		return probe.Explain(a.stdout, decision, names, facts)
	}
	return probe.Render(a.stdout, facts, warnings, names)
}
