package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
)

func (a *app) resumeCommand() *cli.Command {
	return &cli.Command{
		Name:  "resume",
		Usage: "go on with a run that failed or was cut off",
		Flags: a.deployFlags(),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if err := noArgs(cmd); err != nil {
				return err
			}
			s, err := a.session(ctx, cmd)
			if err != nil {
				return err
			}
			defer s.close()
			var g *generated
			goal := func(st journal.State) (goal deploy.Goal, err error) {
				a.opts.host, a.opts.flake = st.Host, st.Flake
				goal, g, err = a.goal(ctx, cmd, deploy.Verb(st.Verb))
				return goal, err
			}
			if a.opts.dryRun {
				plan, err := s.deployer.PlanResume(ctx, goal)
				if err != nil {
					return err
				}
				return a.printPlan(plan, g)
			}
			if err := s.act(ctx, cmd); err != nil {
				return err
			}
			record, err := s.deployer.Resume(ctx, goal)
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
