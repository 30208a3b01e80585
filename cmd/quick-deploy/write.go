package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/backup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
)

// write brings the flake's folder to what was generated, and makes the files
// visible to Nix where the folder lies in a git work tree.
func (a *app) write(ctx context.Context, g *generated, force bool) (tree.Result, error) {
	o := tree.Options{Force: force}
	if force {
		save, err := a.backup(ctx, g)
		if err != nil {
			return tree.Result{}, err
		}
		o.Backup = save
	}
	result, err := g.tree.Apply(ctx, g.changes, o)
	if err != nil {
		return result, err
	}
	for _, path := range result.Written {
		a.log.Info("wrote", "file", path)
	}
	for _, path := range result.Removed {
		a.log.Info("removed", "file", path)
	}
	if result.Aside != "" {
		a.say("note: the manifest could not be read; it is kept as %s", result.Aside)
	}
	seen, err := g.tree.Reveal(ctx, runGit, g.files, force)
	if err != nil {
		return result, err
	}
	if n := len(seen.Added); n > 0 {
		a.say("%s added to git's index without content (git add --intent-to-add), so that Nix sees them; nothing was committed", count(n, "file"))
	}
	return result, seen.Err()
}

// backup copies the files that force replaces to a backup of their own.
func (a *app) backup(ctx context.Context, g *generated) (func(string, []byte) error, error) {
	store := backups()
	var items []backup.Item
	for _, c := range g.changes.Forced() {
		items = append(items, backup.Item{
			Path: filepath.Join(g.tree.Dir(), c.Path), Why: "edited by hand, replaced or removed by --force-update",
		})
	}
	if len(items) == 0 {
		return func(path string, _ []byte) error { return fmt.Errorf("no backup was made of %s", path) }, nil
	}
	m, err := store.Make(ctx, store.NewID(), 0, items)
	if err != nil {
		return nil, err
	}
	a.say("%s backed up to %s", count(len(m.Entries), "file"), filepath.Join(store.Dir, m.ID))
	return func(string, []byte) error { return nil }, nil
}

// runGit runs git for package tree.
func runGit(ctx context.Context, dir string, stdin []byte, argv ...string) ([]byte, error) {
	var out bytes.Buffer
	res, err := (&run.Exec{Environ: os.Environ()}).Run(ctx, run.Command{
		Name: argv[0], Args: argv[1:], Dir: dir, Input: stdin, Stdout: &out,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s", strings.Join(argv[:min(2, len(argv))], " "), err, strings.TrimSpace(res.Stderr))
	}
	return out.Bytes(), nil
}

// written says in a line what a run wrote.
func written(r tree.Result) string {
	if len(r.Written)+len(r.Removed) == 0 {
		return "no changes"
	}
	text := count(len(r.Written), "file") + " written"
	if n := len(r.Removed); n > 0 {
		text += fmt.Sprintf(", %d removed", n)
	}
	return text
}

// kept is the error that tells of hand edits which stayed, and of those that nothing uses any more.
func (a *app) kept(g *generated, r tree.Result) error {
	var errs []error
	if len(r.Kept) > 0 {
		errs = append(errs, fault.New(fault.Pending, "kept as edited by hand: %s", shortList(r.Kept)).
			Hint("quick-deploy diff shows what the profile would make of them").
			Hint("move your settings to local.nix, or replace the files with --force-update (they are backed up)"))
	}
	if len(r.Orphans) > 0 {
		errs = append(errs, a.orphaned(g, r.Orphans))
	}
	return errors.Join(errs...)
}

// orphaned is the error that tells of orphans, with where they may belong now.
func (a *app) orphaned(g *generated, names []string) *fault.Error {
	return a.whereto(g, fault.New(fault.Pending, "edited by hand, and nothing uses it any more: %s", shortList(names)))
}

// whereto adds to an error about orphans where they may belong now.
func (a *app) whereto(g *generated, e *fault.Error) *fault.Error {
	moves, err := g.tree.Moves(g.changes)
	if err != nil {
		a.log.Info("looked for moves", "error", err)
	}
	for _, m := range moves {
		from, to := filepath.Join(g.tree.Dir(), m.From), filepath.Join(g.tree.Dir(), m.To)
		if m.To == "" {
			e = e.Hint("%s was the folder of a host that the profile no longer has; it holds %s", from, shortList(m.Names))
			continue
		}
		var args []string
		for _, name := range m.Names {
			args = append(args, filepath.Join(from, name))
		}
		move := run.Command{Name: "mv", Args: append(args, to)}
		e = e.Hint("if %s is the new name of %s, this moves what was written for it: %s",
			path.Base(m.To), path.Base(m.From), move)
	}
	if len(g.changes.Forced()) > 0 {
		e = e.Hint("--force-update removes generated files that you edited and nothing uses (they are backed up)")
	}
	return e.Hint("move your settings to a local.nix that is in use, then remove the file")
}
