package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
)

func (a *app) historyCommand() *cli.Command {
	return &cli.Command{
		Name:  "history",
		Usage: "list the deployments of this machine, newest first",
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if err := noArgs(cmd); err != nil {
				return err
			}
			s, err := a.session(ctx, cmd)
			if err != nil {
				return err
			}
			defer s.close()
			records, problems := s.deployer.History()
			for _, p := range problems {
				a.say("note: %v", p)
			}
			if a.opts.json {
				if records == nil {
					records = []journal.Record{}
				}
				return a.printJSON(records)
			}
			w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tSTARTED\tVERB\tHOST\tRESULT\tSYSTEM\tHOMES")
			for _, r := range records {
				fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Started.Local().Format("2006-01-02 15:04"), r.Verb, r.Host, r.Result,
					step(r.Before.System, r.After.System), homeSteps(r))
			}
			return w.Flush()
		},
	}
}

// step is "3 → 4" where a profile moved, else its generation.
func step(before, after journal.Generation) string {
	switch {
	case after.Number == 0:
		return "-"
	case before.Number == after.Number:
		return fmt.Sprint(after.Number)
	case before.Number == 0:
		return fmt.Sprintf("→ %d", after.Number)
	}
	return fmt.Sprintf("%d → %d", before.Number, after.Number)
}

func homeSteps(r journal.Record) string {
	text := ""
	for i, u := range sortedKeys(r.After.Homes) {
		if i > 0 {
			text += ", "
		}
		text += u + " " + step(r.Before.Homes[u], r.After.Homes[u])
	}
	if text == "" {
		return "-"
	}
	return text
}
