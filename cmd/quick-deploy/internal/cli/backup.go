package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/backup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

var _ = register(150, backupCommand)

func backupCommand(a *app.App) *cli.Command {
	ids := words{"": backupWords}
	return &cli.Command{
		Name:        "backup",
		Usage:       "list the copies of files that runs made before they changed them, and restore them",
		Description: described("", "quick-deploy backup list", "quick-deploy backup restore 20260501_100000"),
		Commands: []*cli.Command{
			{
				Name: "list", Usage: "list the backups, newest first, or the files of the backup `ID`", ArgsUsage: "[ID]",
				Description:   described("", "quick-deploy backup list", "quick-deploy backup list 20260501_100000"),
				ShellComplete: ids.complete(a),
				Action: someArgs(1, func(_ context.Context, args []string) error {
					if len(args) == 0 {
						return listBackups(a)
					}
					return listBackup(a, args[0])
				}),
			},
			{
				Name: "restore", Usage: "restore the files of a backup, all or the named ones", ArgsUsage: "ID [FILE...]",
				Description: described(`
A file that is as in the backup is left alone. The copies are checked before the first is written.`,
					"quick-deploy backup restore 20260501_100000", "quick-deploy backup restore 20260501_100000 /etc/hosts"),
				ShellComplete: ids.complete(a),
				Action: anyArgs(func(ctx context.Context, args []string) error {
					if len(args) == 0 {
						return fault.New(fault.Usage, "which backup?").Hint("quick-deploy backup list shows them")
					}
					return restoreBackup(ctx, a, args[0], args[1:])
				}),
			},
		},
	}
}

// listBackups lists the backups, newest first.
func listBackups(a *app.App) error {
	all, err := app.Backups().List()
	if err != nil {
		return err
	}
	return a.Print(append([]backup.Manifest{}, all...), func(w io.Writer) {
		fmt.Fprintln(w, "ID\tRUN\tMADE\tFILES\tWHY")
		for _, m := range all {
			why := ""
			if len(m.Entries) > 0 {
				why = m.Entries[0].Why
			}
			made := m.Made.Local().Format(minute)
			fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%s\n", m.ID, m.Run, made, len(m.Entries), why)
		}
	})
}

// listBackup lists the files of a backup.
func listBackup(a *app.App, id string) error {
	m, err := getBackup(id)
	if err != nil {
		return err
	}
	return a.Print(m, func(w io.Writer) {
		for _, e := range m.Entries {
			fmt.Fprintf(w, "%s\t%s\t%s\n", e.Mode, e.Source, e.Why)
		}
	})
}

func getBackup(id string) (backup.Manifest, error) {
	m, err := app.Backups().Get(id)
	if err != nil {
		return m, fault.New(fault.Usage, "%w", err).Hint("quick-deploy backup list shows them")
	}
	return m, nil
}

// restoreBackup puts the files of a backup back, all or the named ones.
func restoreBackup(ctx context.Context, a *app.App, id string, names []string) error {
	m, err := getBackup(id)
	if err != nil {
		return err
	}
	var want []string
	for _, name := range names {
		path, err := filepath.Abs(name)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(m.Entries, func(e backup.Entry) bool { return e.Source == path }) {
			return fault.New(fault.Usage, "%s is not in backup %s", path, id).
				Hint("quick-deploy backup list %s shows its files", id)
		}
		want = append(want, path)
	}
	chosen := func(e backup.Entry) bool { return len(want) == 0 || slices.Contains(want, e.Source) }
	changed, err := app.Backups().Changed(m, chosen)
	if err != nil {
		return err
	}
	var changes []string
	for _, e := range changed {
		changes = append(changes, e.Source)
	}
	if len(changes) == 0 {
		a.Say("the files are as in the backup")
		return printPaths(a, nil)
	}
	if a.DryRun {
		return printPaths(a, changes)
	}
	question := fmt.Sprintf("replace %s?", term.Count(len(changes), "file"))
	if err := a.Agreed(ctx, question, changes); err != nil {
		return err
	}
	done, err := app.Backups().Restore(ctx, m, chosen)
	return errors.Join(printPaths(a, done), err)
}

func printPaths(a *app.App, paths []string) error {
	return a.Print(append([]string{}, paths...), func(w io.Writer) {
		for _, p := range paths {
			fmt.Fprintln(w, p)
		}
	})
}

// backupWords are the backups, newest first, where none is named yet.
func backupWords(_ *app.App, args []string) []word {
	if len(args) > 0 {
		return nil
	}
	all, err := app.Backups().List()
	return wordsOf(all, err, func(m backup.Manifest) word { return word{Text: m.ID} })
}
