package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

var _ = register(140, healthCommand)

func healthCommand(a *app.App) *cli.Command {
	var o healthOptions
	return &cli.Command{
		Name:  "health",
		Usage: "check that the machine came up as the profile says",
		Description: described(`
Looks at the units of the running system, at the ports and pages of what the profile switches on,
and at nothing else. Exit code 8 if a required check fails; what is within the time that its
start may take is starting, and no failure.`,
			"quick-deploy health", "quick-deploy health --fix"),
		Flags: []cli.Flag{
			boolFlag("fix", "restart the units that failed, after a question, and look again", &o.Fix),
			boolFlag("wait", "wait until nothing is starting any more", &o.Wait),
			healthTimeoutFlag(&o.Timeout),
			elevateFlag(&o.Elevate),
		},
		Action: noArgs(func(ctx context.Context) error { return checkHealth(ctx, a, o) }),
	}
}

type healthOptions struct {
	Fix     bool // restart what failed, after a question
	Wait    bool // until nothing is starting any more
	Timeout time.Duration
	Elevate string
}

func checkHealth(ctx context.Context, a *app.App, o healthOptions) error {
	g, name, err := app.PlanHost(ctx, a)
	if err != nil {
		return err
	}
	report, err := lookAndFix(ctx, a, app.HealthChecks(g, name), o)
	if err != nil {
		return err
	}
	if err := a.Print(report, func(w io.Writer) { writeHealth(a, w, report) }); err != nil {
		return err
	}
	if starting := report.StillStarting(); report.Healthy() && starting != "" {
		a.Say("%s; quick-deploy health --wait tells when it is up", starting)
	}
	return healthFault(report)
}

// writeHealth is a table of what was found.
func writeHealth(a *app.App, w io.Writer, report health.Report) {
	for _, f := range report.Findings {
		fmt.Fprintf(w, "%s\t%s\t%s\n", f.Outcome, f.Name, nameOf(a)(f.Evidence))
	}
}

// healthFault is that required checks have failed, nil if none has.
func healthFault(report health.Report) error {
	if report.Healthy() {
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

func lookAndFix(ctx context.Context, a *app.App, checks []health.Check, o healthOptions) (health.Report, error) {
	me, err := app.Username()
	if err != nil {
		return health.Report{}, err
	}
	c := app.HealthChecker(a, a.Runner(), me, o.Timeout)
	c.Wait = o.Wait
	c.Pending = func(f health.Finding) { a.Say("waiting for %s: %s", f.Name, f.Evidence) }
	if !o.Fix {
		return c.Run(ctx, checks), nil
	}
	s, err := app.NewSession(a, app.RunOptions{Elevate: o.Elevate})
	if err != nil {
		return health.Report{}, err
	}
	defer s.Close()
	c.Runner = s.Runner
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
