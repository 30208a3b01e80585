package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fleet"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// FleetStatus looks at the machines.
func FleetStatus(ctx context.Context, a *App) error {
	g, err := PlanFlake(ctx, a)
	if err != nil {
		return err
	}
	if g.Changes.Pending() {
		a.Say("%s is not as %s says: %s; the machines are compared with the flake", g.Tree.Dir(), g.Name, g.Changes.Summary())
	}
	r, err := newRollout(a, g, FleetOptions{})
	if err != nil {
		return err
	}
	all := r.Status(ctx)
	return errors.Join(a.Print(all, func(w io.Writer) { writeStatus(w, all) }), statusFault(all))
}

func writeStatus(w io.Writer, all []*fleet.Status) {
	fmt.Fprintln(w, "HOST\tWAVE\tSTANDING\tGENERATION\tRUNNING\tWANTED\tLAST\tWHEN\tWHY")
	for _, s := range all {
		when, generation, why := "", "", s.Error
		if !s.At.IsZero() {
			when = s.At.Local().Format(time.DateTime)
		}
		if s.Generation > 0 {
			generation = fmt.Sprint(s.Generation)
		}
		if len(s.Drift) > 0 {
			why = strings.Join(s.Drift, "; ")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			s.Host, s.Wave, s.Standing, generation, storeName(s.Running), storeName(s.Wanted), s.Last, when, firstLine(why))
	}
}

// storeName is a store path short enough for a table: the first letters of its
// hash tell two systems of one name apart.
func storeName(path string) string {
	name := filepath.Base(path)
	if path == "" || len(name) < 8 {
		return "-"
	}
	return name[:8]
}

func statusFault(all []*fleet.Status) error {
	number := map[fleet.Standing]int{}
	for _, s := range all {
		number[s.Standing]++
	}
	var parts []string
	for _, s := range []fleet.Standing{fleet.Failing, fleet.Away, fleet.Drifted, fleet.Pending, fleet.Never} {
		if n := number[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	code := fault.Pending
	if number[fleet.Failing]+number[fleet.Away] > 0 {
		code = fault.Partial
	}
	e := fault.New(code, "of %s %s", term.Count(len(all), "host"), strings.Join(parts, ", "))
	var away []string
	for _, s := range all {
		if s.Check != "" {
			away = append(away, s.Check)
		}
	}
	if len(away) > 0 {
		e.Hint("check with: %s", strings.Join(some(away), "; "))
	}
	if number[fleet.Failing]+number[fleet.Drifted]+number[fleet.Pending]+number[fleet.Never] > 0 {
		e.Hint("quick-deploy fleet deploy brings the machines that answer up to date")
	}
	return e
}
