package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"
)

func (a *app) statusCommand() *cli.Command {
	return &cli.Command{
		Name:  "status",
		Usage: "say where things stand: the last run, what runs, what changed past the tool",
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if err := noArgs(cmd); err != nil {
				return err
			}
			s, err := a.session(ctx, cmd)
			if err != nil {
				return err
			}
			defer s.close()
			st, err := s.deployer.Status(ctx)
			if err != nil {
				return err
			}
			if a.opts.json {
				return a.printJSON(st)
			}
			fmt.Fprintln(a.stdout, st.Explanation)
			if st.Last != nil && st.Last.ProfilePath != "" {
				fmt.Fprintf(a.stdout, "profile: %s\n", st.Last.ProfilePath)
			}
			if st.Machine.System.Number > 0 {
				fmt.Fprintf(a.stdout, "system: generation %d, %s\n", st.Machine.System.Number, st.Machine.System.Path)
			}
			for _, u := range sortedKeys(st.Machine.Homes) {
				g := st.Machine.Homes[u]
				fmt.Fprintf(a.stdout, "home of %s: generation %d, %s\n", u, g.Number, g.Path)
			}
			for _, d := range st.Drift {
				fmt.Fprintf(a.stdout, "changed past quick-deploy: %s\n", d)
			}
			for _, b := range st.Bad {
				fmt.Fprintf(a.stdout, "known to be bad: %s\n", b.Path)
			}
			for _, p := range st.Problems {
				fmt.Fprintf(a.stdout, "cannot be read: %s\n", p)
			}
			if st.Next != "" {
				a.say("next: %s", st.Next)
			}
			return nil
		},
	}
}
