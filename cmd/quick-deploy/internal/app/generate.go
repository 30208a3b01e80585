package app

import (
	"context"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
)

// GenerateOptions are the flags of generate.
type GenerateOptions struct {
	Check bool // write nothing, and fail if the flake is not what the profile says
	Force bool
}

// Generate writes the flake and stops there.
func Generate(ctx context.Context, a *App, o GenerateOptions) error {
	g, err := planInputs(ctx, a, false, o.Force)
	if err != nil {
		return err
	}
	if o.Check {
		return checkTree(a, g)
	}
	if a.DryRun {
		if a.JSON {
			return a.PrintWith(g.changes, map[string]any{"inputs": g.inputs})
		}
		a.Say("%s: %s", g.tree.Dir(), g.changes.Summary())
		return tree.Diff(g.changes, a.Out.Styled(), a.ColourOut)
	}
	result, err := writeFlake(ctx, a, g, o.Force)
	if err != nil {
		return err
	}
	if a.JSON {
		return a.PrintWith(result, map[string]any{"inputs": g.inputs})
	}
	a.Say("%s: %s", g.tree.Dir(), writtenLine(result))
	return keptError(a, g, result)
}

// checkTree is generate --check: for CI and cron.
func checkTree(a *App, g *generated) error {
	if a.JSON {
		if err := a.PrintWith(g.changes, map[string]any{"inputs": g.inputs}); err != nil {
			return err
		}
	}
	if !g.changes.Pending() {
		a.Say("%s: as %s says", g.tree.Dir(), g.name)
		return nil
	}
	e := fault.New(fault.Pending, "%s is not as %s says: %s", g.tree.Dir(), g.name, g.changes.Summary()).
		Hint("quick-deploy diff shows the differences").
		Hint("quick-deploy generate writes them")
	if len(g.changes.Orphans()) > 0 {
		e = addMoves(a, g, e)
	}
	return e
}
