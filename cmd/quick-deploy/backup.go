package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/backup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

func (a *app) backupCommand() *cli.Command {
	return &cli.Command{
		Name:  "backup",
		Usage: "list the copies of files that runs have made before they changed them, and bring them back",
		Commands: []*cli.Command{
			{Name: "list", Usage: "list the backups, newest first, or the files of the backup `ID`", ArgsUsage: "[ID]", Action: a.backupList},
			{
				Name: "restore", Usage: "put the files of a backup back, all or the named ones", ArgsUsage: "ID [FILE...]",
				Description: "A file that is as in the backup is left alone. The copies are checked before the first is written.",
				Action:      a.backupRestore,
			},
		},
	}
}

// backups are all of the user's; the folder is made with the first of them.
func backups() *backup.Store {
	return &backup.Store{Dir: filepath.Join(stateHome(), "quick-deploy", "backups"), Now: time.Now}
}

func (a *app) backupList(_ context.Context, cmd *cli.Command) error {
	if cmd.Args().Len() > 1 {
		return noArgs(cmd)
	}
	if id := cmd.Args().First(); id != "" {
		m, err := backups().Get(id)
		if err != nil {
			return fault.New(fault.Usage, "%w", err).Hint("quick-deploy backup list shows them")
		}
		if a.opts.json {
			return a.printJSON(m)
		}
		w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
		for _, e := range m.Entries {
			fmt.Fprintf(w, "%s\t%s\t%s\n", e.Mode, e.Source, e.Why)
		}
		return w.Flush()
	}
	all, err := backups().List()
	if err != nil {
		return err
	}
	if a.opts.json {
		if all == nil {
			all = []backup.Manifest{}
		}
		return a.printJSON(all)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tRUN\tMADE\tFILES\tWHY")
	for _, m := range all {
		why := ""
		if len(m.Entries) > 0 {
			why = m.Entries[0].Why
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%s\n", m.ID, m.Run, m.Made.Local().Format("2006-01-02 15:04"), len(m.Entries), why)
	}
	return w.Flush()
}

func (a *app) backupRestore(ctx context.Context, cmd *cli.Command) error {
	id := cmd.Args().First()
	if id == "" {
		return fault.New(fault.Usage, "which backup?").Hint("quick-deploy backup list shows them")
	}
	m, err := backups().Get(id)
	if err != nil {
		return fault.New(fault.Usage, "%w", err).Hint("quick-deploy backup list shows them")
	}
	var want []string
	for _, name := range cmd.Args().Tail() {
		path, err := filepath.Abs(name)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(m.Entries, func(e backup.Entry) bool { return e.Source == path }) {
			return fault.New(fault.Usage, "%s is not in backup %s", path, id).Hint("quick-deploy backup list %s shows its files", id)
		}
		want = append(want, path)
	}
	chosen := func(e backup.Entry) bool { return len(want) == 0 || slices.Contains(want, e.Source) }
	var changes []string
	for _, e := range m.Entries {
		if !chosen(e) {
			continue
		}
		differs, err := e.Differs()
		if err != nil {
			return err
		}
		if differs {
			changes = append(changes, e.Source)
		}
	}
	if len(changes) == 0 {
		a.say("the files are as in the backup")
		return a.printPaths(nil)
	}
	if a.opts.dryRun {
		return a.printPaths(changes)
	}
	if err := a.agreed(ctx, deploy.Question{Text: fmt.Sprintf("replace %s?", count(len(changes), "file")), Details: changes}); err != nil {
		return err
	}
	done, err := backups().Restore(ctx, m, chosen)
	return errors.Join(a.printPaths(done), err)
}

func (a *app) printPaths(paths []string) error {
	if a.opts.json {
		return a.printJSON(orEmpty(paths))
	}
	for _, p := range paths {
		fmt.Fprintln(a.stdout, p)
	}
	return nil
}
