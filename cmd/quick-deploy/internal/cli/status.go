package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
)

var _ = register(100, statusCommand)

func statusCommand(a *app.App) *cli.Command {
	return &cli.Command{
		Name:        "status",
		Usage:       "say where things stand: the last run, what runs, what changed past the tool",
		Description: described("", "quick-deploy status", "quick-deploy --json status"),
		Action:      noArgs(func(ctx context.Context) error { return printStatus(ctx, a) }),
	}
}

func printStatus(ctx context.Context, a *app.App) error {
	s, err := app.NewSession(a, app.RunOptions{})
	if err != nil {
		return err
	}
	defer s.Close()
	st, err := s.Deployer.Status(ctx)
	if err != nil {
		return err
	}
	err = a.Print(st, func(w io.Writer) {
		fmt.Fprintln(w, st.Explanation)
		if st.Last != nil && st.Last.ProfilePath != "" {
			fmt.Fprintf(w, "profile: %s\n", st.Last.ProfilePath)
		}
		if st.Machine.System.Number > 0 {
			fmt.Fprintf(w, "system: generation %d, %s\n", st.Machine.System.Number, st.Machine.System.Path)
		}
		for _, u := range slices.Sorted(maps.Keys(st.Machine.Homes)) {
			g := st.Machine.Homes[u]
			fmt.Fprintf(w, "home of %s: generation %d, %s\n", u, g.Number, g.Path)
		}
		for _, d := range st.Drift {
			fmt.Fprintf(w, "changed past quick-deploy: %s\n", d)
		}
		for _, b := range st.Bad {
			fmt.Fprintf(w, "known to be bad: %s\n", b.Path)
		}
		for _, p := range st.Problems {
			fmt.Fprintf(w, "cannot be read: %s\n", p)
		}
	})
	if err == nil && st.Next != "" && !a.JSON {
		a.Say("next: %s", st.Next)
	}
	return err
}
