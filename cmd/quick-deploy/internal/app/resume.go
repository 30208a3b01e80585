package app

import (
	"context"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
)

// Resume goes on with a run that failed or was cut off.
func Resume(ctx context.Context, a *App, o RunOptions) error {
	s, err := NewSession(a, o)
	if err != nil {
		return err
	}
	defer s.Close()
	var g *Generated
	plan, err := s.Deployer.PlanResume(ctx, func(goal deploy.Goal) (deploy.Goal, error) {
		if goal.To != nil {
			goal.Owned = ownedFiles
			return o.addTo(goal, a.Yes), nil
		}
		// The run's own host and flake, and its profile, unless another one is named.
		run := a.Options
		run.Host, run.Flake = goal.Host, goal.FlakeDir
		if run.Profile == "" {
			run.Profile = goal.ProfilePath
		}
		var err error
		goal, g, err = fillGoal(ctx, a.With(run), goal, o)
		return goal, err
	})
	if err != nil {
		return err
	}
	if a.DryRun {
		return printPlan(a, plan, g)
	}
	_, err = s.run(ctx, plan, g, o)
	return err
}

// ResetState archives the state of an unfinished run.
func ResetState(ctx context.Context, a *App) error {
	s, err := NewSession(a, RunOptions{})
	if err != nil {
		return err
	}
	defer s.Close()
	if a.DryRun {
		a.Say("would archive %s", s.Deployer.Store().Path("state.json"))
		return nil
	}
	archived, err := s.Deployer.ResetState(ctx)
	if err != nil {
		return err
	}
	if archived == "" {
		a.Say("there is no state to reset")
		return nil
	}
	a.Say("the state was archived as %s; history, logs and backups are as they were", archived)
	return nil
}
