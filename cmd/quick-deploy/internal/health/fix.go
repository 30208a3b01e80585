package health

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// Action is a safe attempt to mend what a finding found: it restarts units
// and nothing else. It deletes, installs and reconfigures nothing.
type Action struct {
	Finding int // index in the report
	Command run.Command
}

// Fixes lists the actions for the failed findings of a report. A unit that
// does not exist or is masked is a matter of the configuration, not of a restart.
func (c *Checker) Fixes(r Report) []Action {
	var out []Action
	for i, f := range r.Findings {
		if f.Outcome != Failed && f.Outcome != Warning {
			continue
		}
		if strings.HasSuffix(f.Evidence, "does not exist") || strings.HasSuffix(f.Evidence, "is masked") {
			continue
		}
		if f.Kind != Unit || !system.IsUnit(f.Target) {
			continue
		}
		cmd := run.Command{
			Name: "systemctl", Args: []string{"restart", "--", f.Target}, Elevate: true, Timeout: 2 * time.Minute,
		}
		if !slices.ContainsFunc(out, func(a Action) bool { return a.Command.String() == cmd.String() }) {
			out = append(out, Action{Finding: i, Command: cmd})
		}
	}
	return out
}

// Fix carries the actions out and looks again.
func (c *Checker) Fix(ctx context.Context, checks []Check, r Report) Report {
	fixed := map[string]string{}
	for _, a := range c.Fixes(r) {
		// A restart that fails shows in the second look, with the unit's own words.
		_, _ = c.Runner.Run(ctx, a.Command)
		fixed[r.Findings[a.Finding].Name] = a.Command.String()
	}
	if len(fixed) == 0 {
		return r
	}
	out := c.Run(ctx, checks)
	for i, f := range out.Findings {
		out.Findings[i].Fixed = fixed[f.Name]
	}
	return out
}
