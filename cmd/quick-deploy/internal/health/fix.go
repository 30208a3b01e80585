package health

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
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
		cmd := run.Command{Name: "systemctl", Timeout: 2 * time.Minute}
		switch f.Kind {
		case Unit, Timer:
			cmd.Args, cmd.Elevate = []string{"restart", "--", f.Target}, true
		case UserUnit:
			cmd.Args = []string{"--user", "restart", "--", f.Target}
			if f.User != c.User && f.User != "" {
				cmd.As = f.User
			}
		default:
			continue
		}
		if !slices.ContainsFunc(out, func(a Action) bool { return a.Command.String() == cmd.String() }) {
			out = append(out, Action{Finding: i, Command: cmd})
		}
	}
	return out
}

// Fix carries the actions out and looks again at what they were for and at
// what hangs on it: everything that had not passed.
func (c *Checker) Fix(ctx context.Context, r Report) Report {
	fixed := map[int]string{}
	for _, a := range c.Fixes(r) {
		// A restart that fails shows in the second look, with the unit's own words.
		_, _ = c.Runner.Run(ctx, a.Command)
		fixed[a.Finding] = a.Command.String()
	}
	if len(fixed) == 0 {
		return r
	}
	var again []Check
	var at []int
	for i, f := range r.Findings {
		if f.Outcome != Passed {
			again, at = append(again, f.Check), append(at, i)
		}
	}
	second := c.Run(ctx, again)
	out := Report{Findings: slices.Clone(r.Findings)}
	for i, f := range second.Findings {
		f.Fixed = fixed[at[i]]
		out.Findings[at[i]] = f
	}
	out.count()
	return out
}
