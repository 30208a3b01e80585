package app

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/inputs"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
)

// readInputs are the flake's inputs as a run builds from them: by the lock file
// that lies there, or by the one that the run writes before. Keep says that it writes none.
func readInputs(a *App, g *Generated, keep, force bool) ([]inputs.Input, error) {
	lock, err := regular.Read(filepath.Join(g.Tree.Dir(), inputs.LockFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the lock file: %w", err)
	}
	for _, c := range g.Changes.Files {
		writes := c.Action == tree.Create || c.Action == tree.Update ||
			force && (c.Action == tree.Conflict || c.Action == tree.Foreign)
		if c.Path == inputs.LockFile && writes && !keep {
			lock = c.New
		}
	}
	if lock == nil {
		return nil, nil // a flake that is taken as it lies there, and has no lock file
	}
	return inputs.Read(lock, g.Flake.File(inputs.LockFile), g.Flake.Pinned, a.Now())
}

// sayAge tells once, and in one line, of the oldest nixpkgs among inputs, if it
// is so old that it matters.
func sayAge(a *App, all ...inputs.Input) { tellAge(a, inputs.Warning(all, a.Now())) }

func tellAge(a *App, text string) {
	if text != "" && a.AgeTold.CompareAndSwap(false, true) {
		a.Say("note: %s", text)
	}
}

// agesOf says in one line how old the oldest nixpkgs is of the hosts that --host and --on name, if it is
// so old that it matters.
func agesOf(a *App, g *Generated) (string, error) {
	hosts, err := a.Selected(g.Loaded)
	if err != nil {
		return "", err
	}
	var theirs []inputs.Input
	for _, h := range hosts {
		if in := inputs.Nixpkgs(g.Inputs, g.host(h.Name).Inputs); in != nil {
			theirs = append(theirs, *in)
		}
	}
	return inputs.Warning(theirs, a.Now()), nil
}
