package app

import (
	"context"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
)

// RollbackOptions are the flags of rollback.
type RollbackOptions struct {
	RunOptions
	To                  int // the run whose result the machine becomes, 0: what was before the last
	System, Home, Files bool
}

// Rollback goes back to recorded generations.
func Rollback(ctx context.Context, a *App, o RollbackOptions) error {
	s, err := NewSession(a, o.RunOptions)
	if err != nil {
		return err
	}
	defer s.Close()
	goal, err := s.Deployer.Back(ctx, o.To)
	if err != nil {
		return err
	}
	goal = o.addTo(goal, a.Yes)
	part := o.System || o.Home || o.Files
	goal.SkipSystem, goal.SkipHome, goal.SkipFiles = part && !o.System, part && !o.Home, part && !o.Files
	goal.Owned = ownedFiles
	plan, err := s.Deployer.Plan(ctx, goal)
	if err != nil {
		return err
	}
	if a.DryRun {
		return printPlan(a, plan, nil)
	}
	if _, err = s.run(ctx, plan, nil, o.RunOptions); err != nil {
		return err
	}
	st, err := s.Deployer.Status(ctx)
	if err != nil {
		return err
	}
	if at := s.Standing(ctx, st); at.Undone > 0 {
		a.Say("note: %s still asks for what was rolled back: change it before the next quick-deploy switch", at.Profile)
	}
	return nil
}

// ownedFiles are the files of a flake that the program wrote and nobody has
// changed since: those that a profile without hosts would remove.
func ownedFiles(dir string) ([]string, error) {
	t, err := tree.Open(dir, atomic.Writer{})
	if err != nil {
		return nil, err
	}
	changes, err := t.Plan(nil, tree.Meta{})
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, c := range changes.With(tree.Remove) {
		paths = append(paths, c.Path)
	}
	return paths, nil
}
