package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
)

func (a *app) rollbackCommand() *cli.Command {
	return &cli.Command{
		Name:  "rollback",
		Usage: "go back to recorded generations of system and homes, and to the files of then",
		Description: "Without --to it undoes the last deployment. It restores exactly the generations that were recorded;\n" +
			"if one was collected it says so and changes nothing.",
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "to", Usage: "undo back to before the run `ID` of history"},
			&cli.BoolFlag{Name: "system", Usage: "the system only"},
			&cli.BoolFlag{Name: "home", Usage: "the homes only"},
			&cli.BoolFlag{Name: "files", Usage: "the flake's files only"},
			elevateFlag(),
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if err := noArgs(cmd); err != nil {
				return err
			}
			return a.rollback(ctx, cmd, deploy.RollbackOptions{
				To: cmd.Int("to"), System: cmd.Bool("system"), Home: cmd.Bool("home"), Files: cmd.Bool("files"),
			})
		},
	}
}

func (a *app) rollback(ctx context.Context, cmd *cli.Command, o deploy.RollbackOptions) error {
	s, err := a.session(ctx, cmd)
	if err != nil {
		return err
	}
	defer s.close()
	o.Yes, o.Owned = a.opts.yes, ownedFiles
	plan, err := s.deployer.PlanRollback(ctx, o)
	if err != nil {
		return err
	}
	if a.opts.dryRun {
		return a.printRollback(plan)
	}
	record, err := s.deployer.Rollback(ctx, plan)
	return s.finish(record, err)
}

func (a *app) printRollback(p deploy.RollbackPlan) error {
	if a.opts.json {
		return a.printJSON(p)
	}
	return p.WriteText(a.stdout)
}
