package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

func (a *app) healthCommand() *cli.Command {
	return &cli.Command{
		Name:  "health",
		Usage: "look whether the machine came up as the profile says",
		Description: "Looks at the units of the running system, at the ports and pages of what the profile switches on,\n" +
			"and at nothing else. Exit code 8 if a required check fails; what is within the time that its\n" +
			"start may take is starting, and no failure.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "fix", Usage: "restart the units that failed, after a question, and look again", Sources: twin("fix")},
			&cli.BoolFlag{Name: "wait", Usage: "wait until nothing is starting any more", Sources: twin("wait")},
			healthTimeoutFlag(),
			elevateFlag(),
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if err := noArgs(cmd); err != nil {
				return err
			}
			g, err := a.plan(ctx)
			if err != nil {
				return err
			}
			name, err := a.hostName(g.loaded)
			if err != nil {
				return err
			}
			report, err := a.health(ctx, cmd, healthChecks(g, name))
			if err != nil {
				return err
			}
			if a.opts.json {
				err = a.printJSON(report)
			} else {
				w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
				for _, f := range report.Findings {
					fmt.Fprintf(w, "%s\t%s\t%s\n", f.Outcome, f.Name, f.Evidence)
				}
				err = w.Flush()
			}
			if err != nil {
				return err
			}
			if report.Healthy() {
				if starting := report.StillStarting(); starting != "" {
					a.say("%s; quick-deploy health --wait tells when it is up", starting)
				}
				return nil
			}
			e := fault.New(fault.Health, "%s failed", count(report.Failed, "required check"))
			for _, f := range report.Findings {
				if f.Outcome == "failed" && f.Hint != "" {
					e = e.Hint("%s: %s", f.Name, f.Hint)
				}
			}
			return e
		},
	}
}

// health looks, and with --fix mends what a restart can mend.
func (a *app) health(ctx context.Context, cmd *cli.Command, checks []health.Check) (health.Report, error) {
	me, err := username()
	if err != nil {
		return health.Report{}, err
	}
	c := a.checker(&run.Exec{Environ: os.Environ()}, me, cmd.Duration("health-timeout"))
	c.Wait = cmd.Bool("wait")
	c.Pending = func(f health.Finding) { a.say("waiting for %s: %s", f.Name, f.Evidence) }
	if !cmd.Bool("fix") {
		return c.Run(ctx, checks), nil
	}
	s, err := a.session(ctx, cmd)
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
	if a.opts.dryRun {
		a.say("would run: %s", strings.Join(lines, "; "))
		return report, nil
	}
	if err := a.agreed(ctx, deploy.Question{Text: "run this?", Details: lines}); err != nil {
		return report, err
	}
	return c.Fix(ctx, checks, report), nil
}

// agreed asks a question, and returns an error unless the answer is yes.
func (a *app) agreed(ctx context.Context, q deploy.Question) error {
	if a.opts.yes {
		return nil
	}
	ask := a.confirm()
	if ask == nil {
		return fault.New(fault.Usage, "there is nobody to ask, and --yes was not given").Hint("pass --yes to go on without a question")
	}
	yes, err := ask(ctx, q)
	if err == nil && !yes {
		err = fault.New(fault.Pending, "declined, nothing was done")
	}
	return err
}
