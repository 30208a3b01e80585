package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
)

var _ = register(110, historyCommand)

func historyCommand(a *app.App) *cli.Command {
	var limit int
	return &cli.Command{
		Name:      "history",
		Usage:     "list the deployments of this machine, newest first, or show one",
		ArgsUsage: "[ID]",
		Description: described("", "quick-deploy history", "quick-deploy history 12", "quick-deploy history --limit 10",
			"quick-deploy --json history"),
		Flags: []cli.Flag{
			&cli.IntFlag{
				Name: "limit", Usage: "list the newest `N` only (default: all, as with 0)", HideDefault: true,
				Destination: &limit, Validator: notNegative[int],
			},
		},
		ShellComplete: words{"": func(a *app.App, args []string) []word {
			if len(args) > 0 {
				return nil
			}
			return runWords(a, args)
		}}.complete(a),
		Action: someArgs(1, func(_ context.Context, args []string) error {
			if len(args) == 0 {
				return printHistory(a, limit)
			}
			id, err := strconv.Atoi(args[0])
			if err != nil {
				return fault.New(fault.Usage, "%q is not the number of a run", args[0]).
					Hint("quick-deploy history lists them")
			}
			return printRun(a, id)
		}),
	}
}

// minute is how tables show a time.
const minute = "2006-01-02 15:04"

// readHistory reads the records, newest first, and tells of those that cannot be read; none says that there are not
// even such.
func readHistory(a *app.App) (records []journal.Record, none bool, err error) {
	s, err := app.NewSession(a, app.RunOptions{})
	if err != nil {
		return nil, false, err
	}
	defer s.Close()
	records, problems := s.Deployer.Store().Records()
	for _, p := range problems {
		a.Say("note: %v", p)
	}
	return records, len(records)+len(problems) == 0, nil
}

// noRuns is said where there is no history, and then what to do.
const noRuns, firstRun = "no runs yet", "quick-deploy switch makes the first"

// printRun shows one run.
func printRun(a *app.App, id int) error {
	records, none, err := readHistory(a)
	if err != nil {
		return err
	}
	if none {
		return fault.New(fault.Usage, noRuns).Hint(firstRun)
	}
	at := slices.IndexFunc(records, func(r journal.Record) bool { return r.ID == id })
	if at < 0 {
		return fault.New(fault.Usage, "unknown run %d", id).Hint("quick-deploy history lists the runs")
	}
	r := records[at]
	return a.Print(r, func(w io.Writer) {
		row := func(name, value string) {
			if value != "" && value != "-" {
				fmt.Fprintf(w, "%s:\t%s\n", name, value)
			}
		}
		row("run", fmt.Sprintf("%d (%s %s)", r.ID, r.Verb, r.Host))
		row("result", string(r.Result))
		if f := r.Failure; f != nil && len(f.Refused) > 0 {
			for _, check := range f.Refused {
				what, _, _ := strings.Cut(check, "\n")
				row("refused by", what)
			}
		} else {
			row("error", r.Error)
		}
		row("started", r.Started.Local().Format(minute))
		if !r.Ended.IsZero() {
			row("took", r.Ended.Sub(r.Started).Round(time.Second).String())
		}
		row("by", r.By)
		row("profile", r.ProfilePath)
		row("flake", r.Flake)
		row("system", generations(r.Before.System, r.After.System))
		row("homes", homeGenerations(r))
		row("skipped checks", strings.Join(r.SkippedChecks, ", "))
		row("left to do", strings.Join(r.Pending, ", "))
		row("backup", r.Backup)
		row("log", r.Log)
		for _, s := range r.Steps {
			row("step "+s.Name, string(s.Status))
		}
	})
}

// printHistory lists the newest limit records, all where it is 0.
func printHistory(a *app.App, limit int) error {
	records, none, err := readHistory(a)
	if err != nil {
		return err
	}
	if none && !a.JSON {
		a.Say("%s; %s", noRuns, firstRun)
		return nil
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
