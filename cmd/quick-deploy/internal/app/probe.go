package app

import (
	"context"
	"fmt"
	"os"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe/pciids"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// ProbeOptions are the flags of probe.
type ProbeOptions struct {
	Explain  bool   // what was decided, and why
	Target   string // below it the file systems are mounted, as while installing
	Identify bool   // with serial numbers and MAC addresses
}

// Probe looks at this machine's hardware, and says what follows from it.
func Probe(ctx context.Context, a *App, o ProbeOptions) error {
	facts, warnings := probe.Run(ctx, probe.Options{Root: a.Root, Target: o.Target, Identify: o.Identify})
	for _, w := range warnings {
		a.Log.Warn("not read", "what", fmt.Sprint(w))
	}
	a.Log.Info("probed", "pci", len(facts.PCI), "disks", len(facts.Blocks), "warnings", len(warnings))
	if a.JSON && !o.Explain {
		return probe.WriteJSON(term.JSON(a.Out), facts, warnings)
	}
	decision, err := hardware.Decide(facts, hardware.Overrides{Release: generator.DefaultRelease})
	if err != nil {
		return fmt.Errorf("decide about the hardware: %w", err)
	}
	if a.JSON {
		return a.PrintJSON(decision)
	}
	names, err := pciids.Load(os.Getenv("PCIDB_PATH"))
	if err != nil {
		return err
	}
	if o.Explain {
		return probe.Explain(a.Out, decision, names, facts)
	}
	return probe.Render(a.Out, facts, warnings, names)
}
