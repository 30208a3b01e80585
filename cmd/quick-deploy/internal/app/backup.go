package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/backup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// ListBackups lists the backups, newest first.
func ListBackups(a *App) error {
	all, err := backups().List()
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

// ListBackup lists the files of a backup.
func ListBackup(a *App, id string) error {
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
	m, err := backups().Get(id)
	if err != nil {
		return m, fault.New(fault.Usage, "%w", err).Hint("quick-deploy backup list shows them")
	}
	return m, nil
}

// RestoreBackup puts the files of a backup back, all or the named ones.
func RestoreBackup(ctx context.Context, a *App, id string, names []string) error {
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
	changed, err := backups().Changed(m, chosen)
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
	done, err := backups().Restore(ctx, m, chosen)
	return errors.Join(printPaths(a, done), err)
}

func printPaths(a *App, paths []string) error {
	return a.Print(append([]string{}, paths...), func(w io.Writer) {
		for _, p := range paths {
			fmt.Fprintln(w, p)
		}
	})
}
