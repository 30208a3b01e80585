package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
)

var _ = register(110, historyCommand)

func historyCommand(a *app.App) *cli.Command {
	var limit int
	return &cli.Command{
		Name:  "history",
		Usage: "list the deployments of this machine, newest first",
		Description: described("",
			"quick-deploy history", "quick-deploy history --limit 10", "quick-deploy --json history"),
		Flags: []cli.Flag{
			&cli.IntFlag{
				Name: "limit", Usage: "list the newest `N` only (default: all, as with 0)", HideDefault: true,
				Destination: &limit, Validator: notNegative[int],
			},
		},
		Action: noArgs(func(context.Context) error { return printHistory(a, limit) }),
	}
}

// minute is how tables show a time.
const minute = "2006-01-02 15:04"

// printHistory lists the newest limit records, all where it is 0.
func printHistory(a *app.App, limit int) error {
	s, err := app.NewSession(a, app.RunOptions{})
	if err != nil {
		return err
	}
	defer s.Close()
	records, problems := s.Deployer.Store().Records()
	for _, p := range problems {
		a.Say("note: %v", p)
	}
	if limit > 0 {
		records = records[:min(limit, len(records))]
	}
	return a.Print(append([]journal.Record{}, records...), func(w io.Writer) {
		fmt.Fprintln(w, "ID\tSTARTED\tVERB\tHOST\tRESULT\tSYSTEM\tHOMES")
		for _, r := range records {
			system, homes := "-", "-"
			if switched(r) {
				system, homes = generations(r.Before.System, r.After.System), homeGenerations(r)
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Started.Local().Format(minute), r.Verb, r.Host, r.Result,
				system, homes)
		}
	})
}

// switched tells whether a run came to the point where it changes the machine.
func switched(r journal.Record) bool {
	return r.Result != journal.Unchanged && r.Result != journal.Declined
}

// generations is "3 → 4" where a profile moved, else its generation.
func generations(before, after journal.Generation) string {
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

func homeGenerations(r journal.Record) string {
	var homes []string
	for _, u := range slices.Sorted(maps.Keys(r.After.Homes)) {
		homes = append(homes, u+" "+generations(r.Before.Homes[u], r.After.Homes[u]))
	}
	if len(homes) == 0 {
		return "-"
	}
	return strings.Join(homes, ", ")
}
