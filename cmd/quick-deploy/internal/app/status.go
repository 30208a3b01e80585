package app

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Status says where things stand.
func Status(ctx context.Context, a *App) error {
	s, err := newSession(a, RunOptions{})
	if err != nil {
		return err
	}
	defer s.close()
	st, err := s.deployer.Status(ctx)
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
