package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
)

func (a *app) resumeCommand() *cli.Command {
	return &cli.Command{
		Name:      "resume",
		Usage:     "go on with a run that failed or was cut off",
		ArgsUsage: "[-- NIX-FLAGS...]",
		Description: "What is done and still holds is not done again, and the flags of the run are its flags again; those that\n" +
			"are given here are added. A question that was answered is not asked again.",
		Flags: a.deployFlags(),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if err := nixArgs(cmd, "--host"); err != nil {
				return err
			}
			s, err := a.session(ctx, cmd)
			if err != nil {
				return err
			}
			defer s.close()
			var g *generated
			complete := func(goal deploy.Goal) (deploy.Goal, error) {
				if goal.To != nil {
					goal.Owned = ownedFiles
					return a.flagged(cmd, goal)
				}
				a.opts.host, a.opts.flake = goal.Host, goal.FlakeDir
				if a.opts.profile == "" {
					a.opts.profile = goal.ProfilePath
				}
				var err error
				goal, g, err = a.goal(ctx, cmd, goal)
				return goal, err
			}
			plan, err := s.deployer.PlanResume(ctx, complete)
			if err != nil {
				return err
			}
			if a.opts.dryRun {
				return a.printPlan(plan, g)
			}
			if err := s.act(ctx, cmd); err != nil {
				return err
			}
			record, err := s.deployer.Run(ctx, plan)
			return a.traced(s.finish(record, err), g, a.opts.host, cmd.Bool("show-trace"))
		},
	}
}

// resetState archives the state of an unfinished run.
func (a *app) resetState(ctx context.Context, cmd *cli.Command) error {
	s, err := a.session(ctx, cmd)
	if err != nil {
		return err
	}
	defer s.close()
	if a.opts.dryRun {
		a.say("would archive %s", s.deployer.Store().Path("state.json"))
		return nil
	}
	archived, err := s.deployer.ResetState(ctx)
	if err != nil {
		return err
	}
	if archived == "" {
		a.say("there is no state to reset")
		return nil
	}
	a.say("the state was archived as %s; history, logs and backups are as they were", archived)
	return nil
}
