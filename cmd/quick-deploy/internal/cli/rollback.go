package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
)

var _ = register(120, rollbackCommand)

func rollbackCommand(a *app.App) *cli.Command {
	var o app.RollbackOptions
	return &cli.Command{
		Name:  "rollback",
		Usage: "roll back system, homes and files to recorded generations",
		Description: described(`
Without --to it undoes the last deployment; with --to the machine becomes what that run left. It
restores exactly the generations that were recorded;
if one was garbage-collected, it says so and changes nothing.`,
			"quick-deploy rollback", "quick-deploy rollback --to 12", "quick-deploy --dry-run rollback --home"),
		Flags: append([]cli.Flag{
			&cli.IntFlag{
				Name: "to", Usage: "roll back to what the run `ID` of history left", Destination: &o.To,
				Action: func(_ context.Context, _ *cli.Command, id int) error {
					if id > 0 {
						return nil
					}
					return fault.New(fault.Usage, "unknown run %d", id).Hint("quick-deploy history lists the runs")
				},
			},
			plainFlag("system", "the system only", &o.System),
			plainFlag("home", "the homes only", &o.Home),
			plainFlag("files", "the flake's files only", &o.Files),
		}, switchFlags(&o.RunOptions)...),
		ShellComplete: words{"to": runWords}.complete(a),
		Action:        noArgs(func(ctx context.Context) error { return app.Rollback(ctx, a, o) }),
	}
}

// runWords are the runs of history, newest first.
func runWords(*app.App, []string) []word {
	records, _ := (&journal.Store{Dir: app.StateDir()}).Records()
	return wordsOf(records, nil, func(r journal.Record) word {
		return word{strconv.Itoa(r.ID), fmt.Sprintf("%s %s %s", r.Started.Local().Format(minute), r.Verb, r.Result)}
	})
}
