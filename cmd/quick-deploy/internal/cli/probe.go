package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe/pciids"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

var _ = register(30, probeCommand)

func probeCommand(a *app.App) *cli.Command {
	var o probe.Options
	var explain bool
	return &cli.Command{
		Name:  "probe",
		Usage: "look at this machine's hardware, and say what follows from it",
		Description: described(`
Needs neither root nor the network. With --json it prints the facts, which hardware.facts of a
profile reads; they hold no serial numbers or addresses unless --identify is given.`,
			"quick-deploy probe --explain", "quick-deploy --json probe > atlas.facts.json"),
		Flags: []cli.Flag{
			plainFlag("explain", "show what was decided, and why", &explain),
			&cli.StringFlag{
				Name: "target", Usage: "take the file systems mounted below `DIR`, as while installing to /mnt", TakesFile: true,
				Destination: &o.Target,
			},
			plainFlag("identify", "add serial numbers and MAC addresses", &o.Identify),
		},
		Action: noArgs(func(ctx context.Context) error { return runProbe(ctx, a, o, explain) }),
	}
}

func runProbe(ctx context.Context, a *app.App, o probe.Options, explain bool) error {
	o.Root = a.Root
	facts, warnings := probe.Run(ctx, o)
	for _, w := range warnings {
		a.Log.Warn("not read", "what", fmt.Sprint(w))
	}
	a.Log.Info("probed", "pci", len(facts.PCI), "disks", len(facts.Blocks), "warnings", len(warnings))
	if a.JSON && !explain {
		return probe.WriteJSON(term.JSON(a.Out), facts, warnings)
	}
	decision, err := hardware.Decide(facts, hardware.Overrides{Release: generator.DefaultRelease()})
	if err != nil {
		return fmt.Errorf("decide about the hardware: %w", err)
	}
	if a.JSON {
		return a.PrintJSON(decision)
	}
	names, err := pciids.Load(os.Getenv("PCIDB_PATH"), facts.PCI)
	if err != nil {
		return err
	}
	if explain {
		return probe.Explain(a.Out, decision, names, facts)
	}
	return probe.Render(a.Out, facts, warnings, names)
}
