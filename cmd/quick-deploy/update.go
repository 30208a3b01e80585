package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/backup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/engine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/generator/flake"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// The flake's two files that say where everything comes from.
const (
	flakeFile = "flake.nix"
	lockFile  = "flake.lock"
)

// Why a copy of flake.lock was made; --undo goes by it.
const (
	beforeUpdate = "flake.lock before update"
	beforeUndo   = "flake.lock before update --undo"
)

func (a *app) updateCommand() *cli.Command {
	return &cli.Command{
		Name:      "update",
		Usage:     "lock the flake's inputs anew, all or those named",
		ArgsUsage: "[INPUT...]",
		Description: "Nix locks, on a copy; then flake.lock, and nothing else, is replaced. The one before is backed up.\n" +
			"Before the flake was written it writes flake.lock alone, which generate and switch then keep.\n" +
			"Inputs that the profile pins stay: they change in the profile. Nothing is built or switched.",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "undo", Usage: "put back the flake.lock before the last update"},
		},
		Action: a.updateAction,
	}
}

func noFlake(dir string, err error) error {
	return fault.New(fault.Preflight, "%s: no flake: %w", dir, err).Hint("quick-deploy generate writes one")
}

func (a *app) updateAction(ctx context.Context, cmd *cli.Command) error {
	if cmd.Bool("undo") {
		if err := noArgs(cmd); err != nil {
			return err
		}
		return a.undoUpdate(ctx)
	}
	l, err := a.load()
	if err != nil {
		return err
	}
	f, err := a.lockable(ctx, l)
	if err != nil {
		return err
	}
	return a.update(ctx, f, a.fleetNix(), cmd.Args().Slice())
}

// lockable is a flake whose inputs can be locked anew.
type lockable struct {
	source, lock []byte
	// written says that the lock file lies in the flake's folder.
	written bool
	// builtin is the lock file where nobody chooses, and pinned are the inputs that the
	// profile pins, by their names in the flake.
	builtin []byte
	pinned  map[string]profile.Pos
}

// lockable reads the flake of a profile. Where it was not written yet it is the
// one that generate would write: then flake.lock comes first, and generate keeps it.
func (a *app) lockable(ctx context.Context, l *loaded) (lockable, error) {
	var f lockable
	t, err := a.generate(ctx, l)
	if err != nil {
		return f, err
	}
	f.builtin, f.pinned = t.File(lockFile), t.Pinned
	source, noSource := regular.Read(filepath.Join(a.opts.flake, flakeFile))
	lock, noLock := regular.Read(filepath.Join(a.opts.flake, lockFile))
	f.source, f.lock, f.written = source, lock, noLock == nil
	switch {
	case noSource == nil && noLock == nil:
		return f, nil
	case noSource == nil:
		return f, noFlake(a.opts.flake, noLock)
	case !errors.Is(noSource, fs.ErrNotExist):
		return f, noFlake(a.opts.flake, noSource)
	}
	f.source = t.File(flakeFile)
	if noLock != nil {
		f.lock = f.builtin
	}
	return f, nil
}

// update locks the named inputs of f anew, or all that the profile does not pin.
func (a *app) update(ctx context.Context, f lockable, nix engine.Nix, named []string) error {
	names, err := a.updatable(f, named)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		a.say("nothing to update: the profile pins every input")
		return nil
	}
	now, err := a.relock(ctx, f, nix, names)
	if err != nil {
		return err
	}
	return a.replaceLock(ctx, f, now, beforeUpdate)
}

// updatable are the inputs to lock anew: those named, or all, without those
// that the profile pins.
func (a *app) updatable(f lockable, named []string) ([]string, error) {
	locked, err := flake.ReadLock(f.lock)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, in := range locked {
		if !strings.Contains(in.Path, "/") {
			all = append(all, in.Path)
		}
	}
	for _, name := range named {
		if !slices.Contains(all, name) {
			e := fault.New(fault.Usage, "the flake has no input %q", name)
			if near := profile.Nearest(name, all); near != "" {
				return nil, e.Hint("did you mean %s", near)
			}
			return nil, e.Hint("it has %s", strings.Join(all, ", "))
		}
		if pos, ok := f.pinned[name]; ok {
			return nil, fault.New(fault.Usage, "%s is pinned by the profile, at %s", name, pos).
				Hint("change the pin there, or remove it and update")
		}
	}
	if len(named) > 0 {
		return named, nil
	}
	var free []string
	for _, name := range all {
		if pos, ok := f.pinned[name]; ok {
			a.say("%s: pinned by the profile, at %s", name, pos)
			continue
		}
		free = append(free, name)
	}
	return free, nil
}

// relock has Nix lock the named inputs anew, in a folder of its own, so that
// nothing of the flake but the lock file can change and an interrupted run leaves no trace.
func (a *app) relock(ctx context.Context, f lockable, nix engine.Nix, names []string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "quick-deploy-update-")
	if err != nil {
		return nil, fmt.Errorf("update: %w", err)
	}
	defer os.RemoveAll(dir)
	for name, data := range map[string][]byte{flakeFile: f.source, lockFile: f.lock} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return nil, fmt.Errorf("update: %w", err)
		}
	}
	if err := nix.Update(ctx, dir, names); err != nil {
		return nil, err
	}
	now, err := regular.Read(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, fmt.Errorf("update: %w", err)
	}
	return now, nil
}

// replaceLock shows what changes, and puts the new lock file in place of the
// old one after a copy was made.
func (a *app) replaceLock(ctx context.Context, f lockable, now []byte, why string) error {
	changes, err := flake.CompareLocks(f.lock, now)
	if err != nil {
		return err
	}
	if err := a.showChanges(changes); err != nil {
		return err
	}
	if bytes.Equal(f.lock, now) {
		a.say("flake.lock: no changes")
		return nil
	}
	if a.opts.dryRun {
		return nil
	}
	path, before := filepath.Join(a.opts.flake, lockFile), ""
	if f.written {
		store := backups()
		m, err := store.Make(ctx, store.NewID(), 0, []backup.Item{{Path: path, Why: why}})
		if err != nil {
			return err
		}
		before = "; the one before is in " + filepath.Join(store.Dir, m.ID)
	} else if err := os.MkdirAll(a.opts.flake, 0o755); err != nil {
		return fmt.Errorf("update: %w", err)
	}
	if err := (atomic.Writer{}).WriteFile(path, now, 0o644); err != nil {
		return err
	}
	a.say("%s: written%s", path, before)
	if why == beforeUpdate && f.written {
		a.say("quick-deploy switch builds from it; quick-deploy update --undo takes it back")
	}
	return nil
}

// undoUpdate goes back to the newest copy that update made of this flake's lock
// file; called again, one further back, and never forward.
func (a *app) undoUpdate(ctx context.Context) error {
	path := filepath.Join(a.opts.flake, lockFile)
	have, err := regular.Read(path)
	if err != nil {
		return noFlake(a.opts.flake, err)
	}
	store := backups()
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
			return a.replaceLock(ctx, lockable{lock: have, written: true}, before, beforeUndo)
		}
	}
	return fault.New(fault.Usage, "no update of %s to undo", path)
}

// change is an input before and after, as update prints it.
type change struct {
	Input string   `json:"input"`
	Old   *locking `json:"old"`
	New   *locking `json:"new"`
}

type locking struct {
	Rev          string `json:"rev,omitempty"`
	NarHash      string `json:"narHash"`
	LastModified int64  `json:"lastModified,omitempty"`
	AgeDays      int    `json:"age_days"`
}

func (a *app) showChanges(changes []flake.LockChange) error {
	now := a.now()
	out := make([]change, len(changes))
	for i, c := range changes {
		out[i] = change{Input: c.Path, Old: lockingOf(c.Old, now), New: lockingOf(c.New, now)}
	}
	if a.opts.json {
		return a.printJSON(out)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, c := range out {
		fmt.Fprintf(w, "%s\t%s\t→ %s\n", c.Input, c.Old, c.New)
	}
	return w.Flush()
}

func lockingOf(in *flake.LockedInput, now time.Time) *locking {
	if in == nil {
		return nil
	}
	l := &locking{Rev: in.Rev, NarHash: in.NarHash, LastModified: in.LastModified}
	if in.LastModified > 0 {
		l.AgeDays = max(0, int(now.Sub(time.Unix(in.LastModified, 0)).Hours()/24))
	}
	return l
}

func (l *locking) String() string {
	if l == nil {
		return "none"
	}
	id := l.Rev
	if id == "" {
		id = l.NarHash
	}
	if len(id) > 12 {
		id = id[:12]
	}
	if l.LastModified == 0 {
		return id
	}
	return fmt.Sprintf("%s (%s, %s old)", id, time.Unix(l.LastModified, 0).UTC().Format(time.DateOnly), count(l.AgeDays, "day"))
}
