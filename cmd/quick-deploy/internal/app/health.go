package app

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// LookOptions are the flags of health.
type LookOptions struct {
	Fix     bool // restart what failed, after a question
	Wait    bool // until nothing is starting any more
	Timeout time.Duration
	Elevate string
}

// Health looks whether the machine came up as the profile says.
func Health(ctx context.Context, a *App, o LookOptions) error {
	g, name, err := planHost(ctx, a)
	if err != nil {
		return err
	}
	report, err := lookAndFix(ctx, a, healthChecks(g, name), o)
	if err != nil {
		return err
	}
	err = a.Print(report, func(w io.Writer) {
		for _, f := range report.Findings {
			fmt.Fprintf(w, "%s\t%s\t%s\n", f.Outcome, f.Name, f.Evidence)
		}
	})
	if err != nil {
		return err
	}
	if report.Healthy() {
		if starting := report.StillStarting(); starting != "" {
			a.Say("%s; quick-deploy health --wait tells when it is up", starting)
		}
		return nil
	}
	e := fault.New(fault.Health, "%s failed", term.Count(report.Failed, "required check"))
	for _, f := range report.Findings {
		if f.Outcome == "failed" && f.Hint != "" {
			e = e.Hint("%s: %s", f.Name, f.Hint)
		}
	}
	return e
}

func lookAndFix(ctx context.Context, a *App, checks []health.Check, o LookOptions) (health.Report, error) {
	me, err := username()
	if err != nil {
		return health.Report{}, err
	}
	c := healthChecker(a, a.Runner(), me, o.Timeout)
	c.Wait = o.Wait
	c.Pending = func(f health.Finding) { a.Say("waiting for %s: %s", f.Name, f.Evidence) }
	if !o.Fix {
		return c.Run(ctx, checks), nil
	}
	s, err := newSession(a, RunOptions{Elevate: o.Elevate})
	if err != nil {
		return health.Report{}, err
	}
	defer s.close()
	c.Runner = s.cfg.Runner
	report := c.Run(ctx, checks)
	actions := c.Fixes(report)
	if len(actions) == 0 {
		return report, nil
	}
	var lines []string
	for _, act := range actions {
		lines = append(lines, act.Command.String())
	}
	if a.DryRun {
		a.Say("would run: %s", strings.Join(lines, "; "))
		return report, nil
	}
	if err := a.Agreed(ctx, "run this?", lines); err != nil {
		return report, err
	}
	return c.Fix(ctx, checks, report), nil
}
