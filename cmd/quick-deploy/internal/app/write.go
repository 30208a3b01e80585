package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/backup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator"
)

// WriteFlake brings the flake's folder to what was generated, and makes the files
// visible to Nix where the folder lies in a git work tree.
func WriteFlake(ctx context.Context, a *App, g *Generated, force bool) (tree.Result, error) {
	o := tree.Options{Force: force}
	if force {
		save, err := backupForced(ctx, a, g)
		if err != nil {
			return tree.Result{}, err
		}
		o.Backup = save
	}
	result, err := g.Tree.Apply(ctx, g.Changes, o)
	if err != nil {
		return result, err
	}
	for _, path := range result.Written {
		a.Log.Info("wrote", "file", path)
	}
	for _, path := range result.Removed {
		a.Log.Info("removed", "file", path)
	}
	if result.Aside != "" {
		a.Say("note: the manifest could not be read; it is kept as %s", result.Aside)
	}
	return result, reveal(ctx, a, g.Tree, g.Flake.Files, force)
}

// reveal makes the files visible to Nix where the tree lies in a git work tree.
func reveal(ctx context.Context, a *App, t *tree.Tree, files []generator.File, force bool) error {
	seen, err := t.Reveal(ctx, runGit, files, force)
	if err != nil {
		return err
	}
	if n := len(seen.Added); n > 0 {
		a.Say("%s added to git's index without content (git add --intent-to-add), so that Nix sees them; "+
			"nothing was committed", term.Count(n, "file"))
	}
	return seen.Err(t.Dir())
}

// backupForced copies the files that force replaces to a backup of their own.
func backupForced(ctx context.Context, a *App, g *Generated) (func(string, []byte) error, error) {
	store := Backups()
	var items []backup.Item
	for _, c := range g.Changes.Forced() {
		items = append(items, backup.Item{
			Path: filepath.Join(g.Tree.Dir(), c.Path), Why: "edited by hand, replaced or removed by --force-update",
		})
	}
	if len(items) == 0 {
		return func(path string, _ []byte) error { return fmt.Errorf("no backup was made of %s", path) }, nil
	}
	m, err := store.Make(ctx, store.NewID(), 0, items)
	if err != nil {
		return nil, err
	}
	a.Say("%s backed up to %s", term.Count(len(m.Entries), "file"), filepath.Join(store.Dir, m.ID))
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

// OrphanError is the error that tells of orphans, with where they may belong now.
func OrphanError(a *App, g *Generated, names []string) *fault.Error {
	e := fault.New(fault.Pending, "edited by hand, and nothing uses it any more: %s", term.List(names))
	return AddMoves(a, g, e)
}

// AddMoves adds to an error about orphans where they may belong now.
func AddMoves(a *App, g *Generated, e *fault.Error) *fault.Error {
	moves, err := g.Tree.Moves(g.Changes)
	if err != nil {
		a.Log.Info("looked for moves", "error", err)
	}
	for _, m := range moves {
		from, to := filepath.Join(g.Tree.Dir(), m.From), filepath.Join(g.Tree.Dir(), m.To)
		if m.To == "" {
			e = e.Hint("%s was the folder of a host that the profile no longer has; it holds %s", from, term.List(m.Names))
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
	if len(g.Changes.Forced()) > 0 {
		e = e.Hint("--force-update removes generated files that you edited and nothing uses (they are backed up)")
	}
	return e.Hint("move your settings to a local.nix that is in use, then remove the file")
}

// writeNamed writes a file that the user named, or that goes beside one.
func writeNamed(path string, data []byte, perm fs.FileMode) error {
	err := (atomic.Writer{}).WriteFile(path, data, perm)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fault.New(fault.Unexpected, "cannot write %s: %w", path, err).
			Hint("free some space, then run the command again")
	}
	return fault.New(fault.Preflight, "cannot write %s: %w", path, regular.WhyUnwritten(path, err)).
		Hint("correct that, or choose another place")
}
