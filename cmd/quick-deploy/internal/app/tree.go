package app

import (
	"cmp"
	"context"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
)

// flakeTree is the generated flake as the executor sees it.
type flakeTree struct {
	app       *App
	generated *Generated
	force     bool
}

// Changes implements deploy.Tree.
func (f *flakeTree) Changes(context.Context) ([]deploy.Change, error) {
	actions := map[tree.Action]string{
		tree.Create: "create", tree.Update: "update", tree.Remove: "delete",
		tree.Conflict: "keep", tree.Foreign: "keep", tree.Released: "keep",
	}
	forced := map[string]string{}
	if f.force {
		for _, c := range f.generated.Changes.Forced() {
			forced[c.Path] = "update"
			if c.Action == tree.Released {
				forced[c.Path] = "delete"
			}
		}
	}
	out := []deploy.Change{}
	for _, c := range f.generated.Changes.Files {
		if action := cmp.Or(forced[c.Path], actions[c.Action]); action != "" {
			out = append(out, deploy.Change{Path: c.Path, Action: action})
		}
	}
	return out, nil
}

// Apply implements deploy.Tree. It plans anew, since a run that is taken up
// finds the folder as the one before left it.
func (f *flakeTree) Apply(ctx context.Context) error {
	g := f.generated
	changes, err := g.Tree.Plan(g.Flake.Files, tree.Meta{Tool: f.app.Version, Profile: g.hash()})
	if err != nil {
		return err
	}
	g.Changes = changes
	_, err = WriteFlake(ctx, f.app, g, f.force)
	return err
}
