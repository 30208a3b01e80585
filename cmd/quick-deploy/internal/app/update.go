package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/backup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/inputs"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
)

// Why a copy of flake.lock was made; --undo goes by it.
const (
	beforeUpdate = "flake.lock before update"
	beforeUndo   = "flake.lock before update --undo"
)

func noFlake(dir string, err error) error {
	return fault.New(fault.Preflight, "%s: no flake: %w", dir, err).Hint("quick-deploy generate writes one")
}

// Update locks the flake's inputs anew, all or those named.
func Update(ctx context.Context, a *App, named []string) error {
	l, err := a.Load()
	if err != nil {
		return err
	}
	f, err := readLockable(ctx, a, l)
	if err != nil {
		return err
	}
	return updateLock(ctx, a, f, a.nix(), named)
}

// readLockable reads the flake of a profile. Where it was not written yet it is the
// one that generate would write: then flake.lock comes first, and generate keeps it.
func readLockable(ctx context.Context, a *App, l *Loaded) (inputs.Flake, error) {
	var f inputs.Flake
	t, err := generate(ctx, a, l, true, false)
	if err != nil {
		return f, err
	}
	f.Builtin, f.Pinned = t.File(inputs.LockFile), t.Pinned
	source, noSource := regular.Read(filepath.Join(a.Flake, inputs.FlakeFile))
	lock, noLock := regular.Read(filepath.Join(a.Flake, inputs.LockFile))
	f.Source, f.Lock, f.Written = source, lock, noLock == nil
	switch {
	case noSource == nil && noLock == nil:
		return f, nil
	case noSource == nil:
		return f, noFlake(a.Flake, noLock)
	case !errors.Is(noSource, fs.ErrNotExist):
		return f, noFlake(a.Flake, noSource)
	}
	f.Source = t.File(inputs.FlakeFile)
	if noLock != nil {
		f.Lock = f.Builtin
	}
	return f, nil
}

// updateLock locks the named inputs of f anew, or all that the profile does not pin.
func updateLock(ctx context.Context, a *App, f inputs.Flake, nix inputs.Locker, named []string) error {
	names, notes, err := f.Updatable(named)
	if err != nil {
		return err
	}
	for _, note := range notes {
		a.Say("%s", note)
	}
	if len(names) == 0 {
		a.Say("nothing to update: the profile pins every input")
		return nil
	}
	now, err := f.Relock(ctx, nix, names)
	if err != nil {
		return err
	}
	return replaceLock(ctx, a, f, now, beforeUpdate)
}

// replaceLock shows what changes, and puts the new lock file in place of the
// old one after a copy was made.
func replaceLock(ctx context.Context, a *App, f inputs.Flake, now []byte, why string) error {
	changes, err := inputs.Changes(f.Lock, now, a.Now())
	if err != nil {
		return err
	}
	if err := a.Print(changes, func(w io.Writer) {
		for _, c := range changes {
			fmt.Fprintf(w, "%s\t%s\t→ %s\n", c.Input, c.Old, c.New)
		}
	}); err != nil {
		return err
	}
	if bytes.Equal(f.Lock, now) {
		a.Say("flake.lock: no changes")
		return nil
	}
	if a.DryRun {
		return nil
	}
	path, before := filepath.Join(a.Flake, inputs.LockFile), ""
	if f.Written {
		store := Backups()
		m, err := store.Make(ctx, store.NewID(), 0, []backup.Item{{Path: path, Why: why}})
		if err != nil {
			return err
		}
		before = "; the one before is in " + filepath.Join(store.Dir, m.ID)
	} else if err := os.MkdirAll(a.Flake, 0o755); err != nil {
		return fmt.Errorf("update: %w", err)
	}
	if err := writeNamed(path, now, 0o644); err != nil {
		return err
	}
	a.Say("%s: written%s", path, before)
	if why == beforeUpdate && f.Written {
		a.Say("quick-deploy switch builds from it; quick-deploy update --undo takes it back")
	}
	return nil
}

// UndoUpdate goes back to the newest copy that update made of this flake's lock
// file; called again, one further back, and never forward.
func UndoUpdate(ctx context.Context, a *App) error {
	path := filepath.Join(a.Flake, inputs.LockFile)
	have, err := regular.Read(path)
	if err != nil {
		return noFlake(a.Flake, err)
	}
	store := Backups()
	all, err := store.List()
	if err != nil {
		return err
	}
	var copies [][]byte // newest first
	for _, m := range all {
		for _, e := range m.Entries {
			if e.Source != path || e.Why != beforeUpdate {
				continue
			}
			data, err := store.Content(m, e)
			if err != nil {
				return err
			}
			copies = append(copies, data)
		}
	}
	at := slices.IndexFunc(copies, func(data []byte) bool { return bytes.Equal(data, have) })
	for _, before := range copies[at+1:] {
		if !bytes.Equal(before, have) {
			return replaceLock(ctx, a, inputs.Flake{Lock: have, Written: true}, before, beforeUndo)
		}
	}
	return fault.New(fault.Usage, "no update of %s to undo", path)
}
