package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

func (a *app) healthCommand() *cli.Command {
	return &cli.Command{
		Name:  "health",
		Usage: "look whether the machine came up as the profile says",
		Description: "Looks at the units, ports and pages of what the profile switches on, and at nothing else. Exit\n" +
			"code 8 if a required check fails.",
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
			me, err := username()
			if err != nil {
				return err
			}
			report := a.checker(&run.Exec{Environ: os.Environ()}, me).Run(ctx, healthChecks(g, name))
			if a.opts.json {
				err = a.printJSON(report)
			} else {
				w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
				for _, f := range report.Findings {
					fmt.Fprintf(w, "%s\t%s\t%s\n", f.Outcome, f.Name, f.Evidence)
				}
				err = w.Flush()
			}
			if err != nil || report.Healthy() {
				return err
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
