package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fleet"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/ssh"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator"
)

// FleetOptions are the flags of fleet deploy.
type FleetOptions struct {
	SwitchOptions
	Wave  string // the only one, "": all
	Again bool   // also machines that run what they should
}

// FleetDeploy rolls the selected hosts out, wave by wave.
func FleetDeploy(ctx context.Context, a *App, o FleetOptions) error {
	g, err := PlanInputs(ctx, a, o.NoGenerate, o.Force)
	if err != nil {
		return err
	}
	waves, err := wavesOf(a, g, o.Wave)
	if err != nil {
		return err
	}
	var hosts []string
	for _, w := range waves {
		hosts = append(hosts, w.Hosts...)
	}
	if err := keepWays(a, hosts, g, o.SkipChecks, deployable); err != nil {
		return err
	}
	if a.DryRun && g.Changes.Pending() {
		a.Say("%s: %s; what follows is about the flake as it is on disk", g.Tree.Dir(), g.Changes.Summary())
	}
	if !a.DryRun && !o.NoGenerate {
		sayOrphans(a, g)
		result, err := WriteFlake(ctx, a, g, o.Force)
		if err != nil {
			return err
		}
		if len(result.Kept) > 0 {
			sayKept(a, len(result.Kept))
		}
	}
	r, err := newRollout(a, g, o)
	if err != nil {
		return err
	}
	found, err := buildable(ctx, a, o, r)
	if err != nil {
		return err
	}
	if a.DryRun {
		return printRollout(ctx, a, o, r, found)
	}
	refusal := found.Refusal()
	refusal.Written = !o.NoGenerate
	if err := refusal.Fault(); err != nil {
		return err
	}
	question := fmt.Sprintf("Deploy to %s with %s?", term.Count(len(r.Hosts), "host"), r.Engine)
	var lines []string
	for _, w := range r.Waves {
		lines = append(lines, "wave "+w.Name+": "+strings.Join(w.Hosts, ", "))
	}
	if err := a.Agreed(ctx, question, lines); err != nil {
		return err
	}
	r.Connections = ssh.NewConnections(r.Runner, os.Getenv("XDG_RUNTIME_DIR"), os.TempDir(), "/tmp")
	defer r.Connections.Close()
	a.Acting.Store(true)
	results, verdict := r.Deploy(ctx)
	if ctx.Err() != nil {
		verdict = fault.New(fault.Interrupted, "interrupted: %w", verdict)
	}
	summary := map[string]any{"message_type": "summary", "hosts": results, "inputs": g.Inputs}
	return errors.Join(a.Print(summary, func(w io.Writer) { writeResults(w, results) }), verdict)
}

// buildable is the preflight of a roll-out: whether Nix builds here for the hosts that are to
// be built here. Of each platform Nix is asked once.
func buildable(ctx context.Context, a *App, o FleetOptions, r *fleet.Fleet) (preflight.Report, error) {
	names := map[string][]string{}
	for name, h := range r.Hosts {
		if !h.BuildOnTarget && (o.Again || !r.UpToDate(h)) {
			names[h.System] = append(names[h.System], name)
		}
	}
	m := preflightMachine(a, a.Runner(), r.User)
	m.Arch = nixArch[runtime.GOARCH] // what is built is built here, whatever --root is
	var all preflight.Report
	for _, system := range slices.Sorted(maps.Keys(names)) {
		slices.Sort(names[system])
		t := preflight.Target{
			Host: generator.Host{Name: strings.Join(names[system], ", "), System: system}, Remote: true,
		}
		report, err := preflight.Run(ctx, m, t, preflight.Options{Skip: o.SkipChecks, Only: []string{"platform"}})
		if err != nil {
			return all, fault.New(fault.Usage, "%w", err)
		}
		all.Findings = append(all.Findings, report.Findings...)
	}
	return all, nil
}

func writeResults(w io.Writer, results []fleet.Result) {
	fmt.Fprintln(w, "HOST\tWAVE\tVERDICT\tSECONDS\tWHY")
	for _, r := range results {
		verdict := string(r.Verdict)
		if r.PutBack {
			verdict += ", rolled back"
		}
		why := firstLine(r.Error)
		if why == "" && r.Health != nil {
			why = r.Health.StillStarting()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.1f\t%s\n", r.Host, r.Wave, verdict, r.Seconds, why)
	}
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// printRollout shows what deploy would do, and what preflight has found.
func printRollout(ctx context.Context, a *App, o FleetOptions, r *fleet.Fleet, found preflight.Report) error {
	for _, f := range found.Findings {
		a.Say("%v", f)
	}
	plan := r.Plan(ctx)
	if a.JSON {
		return a.PrintJSON(plan)
	}
	for _, w := range plan {
		fmt.Fprintf(a.Out, "wave %s\n", w.Name)
		for _, h := range w.Hosts {
			fmt.Fprintf(a.Out, "  %s (%s): %s\n", h.Host, h.Target, h.State)
			if err := deploy.WriteSteps(a.Out, "  ", h.Steps); err != nil {
				return err
			}
		}
	}
	return nil
}
