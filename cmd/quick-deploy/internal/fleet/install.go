package fleet

import (
	"context"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/engine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// CheckDisks looks at the disks of a new machine, see engine.CheckDisks.
func (f *Fleet) CheckDisks(ctx context.Context, in engine.Install) ([]string, error) {
	return engine.CheckDisks(ctx, f.to(f.Runner, in.Target), in.Devices)
}

// Install runs nixos-anywhere, which erases the disks.
func (f *Fleet) Install(ctx context.Context, in engine.Install) error {
	c := f.builder().Anywhere(in)
	c.OnLine = func(_ run.Stream, line string) { f.tell(journal.Event{Type: "line", Host: in.Host, Message: line}) }
	if _, err := f.Runner.Run(ctx, c); err != nil {
		return fault.New(fault.Activation, "install %s: %w", in.Host, err).
			Hint("nixos-anywhere's --phases continues where it stopped; read its documentation before running it by hand")
	}
	return nil
}
