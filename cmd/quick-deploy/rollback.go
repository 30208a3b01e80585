package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
)

func (a *app) rollbackCommand() *cli.Command {
	return &cli.Command{
		Name:  "rollback",
		Usage: "go back to recorded generations of system and homes, and to the files of then",
		Description: "Without --to it undoes the last deployment; with --to the machine becomes what that run left. It\n" +
			"restores exactly the generations that were recorded;\n" +
			"if one was collected it says so and changes nothing.",
		Flags: append([]cli.Flag{
			&cli.IntFlag{Name: "to", Usage: "go back to what the run `ID` of history left"},
			&cli.BoolFlag{Name: "system", Usage: "the system only"},
			&cli.BoolFlag{Name: "home", Usage: "the homes only"},
			&cli.BoolFlag{Name: "files", Usage: "the flake's files only"},
		}, switchFlags()...),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if err := noArgs(cmd); err != nil {
				return err
			}
			return a.rollback(ctx, cmd)
		},
	}
}

func (a *app) rollback(ctx context.Context, cmd *cli.Command) error {
	s, err := a.session(ctx, cmd)
	if err != nil {
		return err
	}
	defer s.close()
	if cmd.IsSet("to") && cmd.Int("to") <= 0 {
		return fault.New(fault.Usage, "there is no run %d in the history", cmd.Int("to")).Hint("quick-deploy history lists them")
	}
	goal, err := s.deployer.Back(ctx, cmd.Int("to"))
	if err != nil {
		return err
	}
	goal, err = a.flagged(cmd, goal)
	if err != nil {
		return err
	}
	system, home, files := cmd.Bool("system"), cmd.Bool("home"), cmd.Bool("files")
	part := system || home || files
	goal.SkipSystem, goal.SkipHome, goal.SkipFiles = part && !system, part && !home, part && !files
	goal.Owned = ownedFiles
	plan, err := s.deployer.Plan(ctx, goal)
	if err != nil {
		return err
	}
	if a.opts.dryRun {
		return a.printPlan(plan, nil)
	}
	if err := s.act(ctx, cmd); err != nil {
		return err
	}
	return s.finish(s.deployer.Run(ctx, plan))
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
