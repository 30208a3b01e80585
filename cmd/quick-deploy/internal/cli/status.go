package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/storepath"
)

var _ = register(100, statusCommand)

func statusCommand(a *app.App) *cli.Command {
	return &cli.Command{
		Name:        "status",
		Usage:       "say where things stand: the last run, what runs, and whether all agrees",
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
	standing := s.Standing(ctx, st)
	shown := struct {
		deploy.Status
		Standing app.Standing `json:"standing"`
	}{st, standing}
	err = a.Print(shown, func(w io.Writer) { writeStatus(w, st, standing, nameOf(a)) })
	if err != nil || st.Next == "" || a.JSON {
		return err
	}
	if st.Fix != "" {
		a.Say("next: %s, then: %s", st.Fix, st.Next)
		return nil
	}
	a.Say("next: %s", st.Next)
	return nil
}

// nameOf is how store paths are shown: their names, with --debug all of them.
func nameOf(a *app.App) func(string) string {
	if a.Debug {
		return func(text string) string { return text }
	}
	return storepath.Shorten
}

func writeStatus(w io.Writer, st deploy.Status, standing app.Standing, name func(string) string) {
	fmt.Fprintln(w, name(st.Explanation))
	for _, line := range st.Told {
		fmt.Fprintln(w, line)
	}
	if standing.Profile != "" {
		fmt.Fprintf(w, "profile: %s\n", standing.ProfileText())
	}
	if standing.Flake != "" {
		fmt.Fprintf(w, "flake: %s\n", standing.FlakeText())
	}
	if g := st.Machine.System; g.Number > 0 {
		text := name(g.Path)
		if more := standing.MachineText(); more != "" && g.Path == st.Machine.Current {
			text += ", " + more
		}
		fmt.Fprintf(w, "system: generation %d, %s\n", g.Number, text)
	}
	for _, u := range slices.Sorted(maps.Keys(st.Machine.Homes)) {
		fmt.Fprintf(w, "home of %s: generation %d\n", u, st.Machine.Homes[u].Number)
	}
	for _, d := range st.Drift {
		fmt.Fprintf(w, "changed outside quick-deploy: %s\n", name(d))
	}
	for _, b := range st.Bad {
		fmt.Fprintf(w, "known to be bad: %s of run %d: %s\n", name(b.Path), b.Record, b.Why)
	}
	for _, p := range st.Problems {
		fmt.Fprintf(w, "cannot be read: %s\n", p)
	}
}
