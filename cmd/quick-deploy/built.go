package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/closure"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/losses"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// built is how a system that was built differs from the one that runs.
type built struct {
	Running string         `json:"running"`
	System  string         `json:"system"`
	Closure closure.Diff   `json:"closure"`
	Reboot  reboot         `json:"reboot"`
	Units   *closure.Units `json:"units,omitempty"` // nil where nobody asked
	// Losses is what a switch to it would take away, where the running system is not from here.
	Losses []losses.Loss `json:"losses,omitempty"`
}

type reboot struct {
	Needed bool     `json:"needed"`
	Why    []string `json:"why"`
}

func (a *app) diffBuilt(ctx context.Context, cmd *cli.Command) error {
	l, err := a.load()
	if err != nil {
		return err
	}
	host, err := a.hostName(l)
	if err != nil {
		return err
	}
	s, err := a.session(ctx, cmd)
	if err != nil {
		return err
	}
	defer s.close()
	system, err := s.lastBuilt(host)
	if err != nil {
		return err
	}
	b, err := s.compare(ctx, host, system)
	if err != nil {
		return err
	}
	if cmd.Bool("units") {
		if b.Units, err = s.units(ctx, system); err != nil {
			return err
		}
	}
	if a.opts.json {
		return a.printJSON(b)
	}
	a.printBuilt(b)
	return nil
}

// compare finds out how system differs from the running and the booted one.
func (s *session) compare(ctx context.Context, host, system string) (built, error) {
	paths := s.app.paths()
	running, err := filepath.EvalSymlinks(paths.Current)
	if err != nil {
		return built{}, fault.New(fault.Preflight, "find the running system: %w", err).Hint("only NixOS has one to compare with")
	}
	b := built{Running: running, System: system, Closure: closure.Diff{Packages: []closure.Package{}}, Reboot: reboot{Why: []string{}}}
	if running != system {
		res, err := s.cfg.Runner.Run(ctx, run.Command{
			Name: "nix", Args: []string{"--extra-experimental-features", "nix-command", "store", "diff-closures", running, system},
			Timeout: 2 * time.Minute,
		})
		if err != nil {
			return b, fault.New(fault.Unexpected, "compare the closures: %w", err)
		}
		b.Closure = closure.Parse(res.Stdout)
	}
	var unknown string
	if b.Losses, unknown = s.deployer.Losses(host, system); unknown != "" {
		s.app.say("note: %s", unknown)
	}
	if booted, err := filepath.EvalSymlinks(paths.Booted); err == nil {
		if b.Reboot.Why, err = closure.Reboot(ctx, s.cfg.Runner, booted, system); err != nil {
			return b, err
		}
		b.Reboot.Needed = len(b.Reboot.Why) > 0
	}
	return b, nil
}

// units asks a system what switching to it would do to the units that run. It
// changes nothing, but only root may ask.
func (s *session) units(ctx context.Context, system string) (*closure.Units, error) {
	res, err := s.cfg.Runner.Run(ctx, run.Command{
		Name: filepath.Join(system, "bin/switch-to-configuration"), Args: []string{"dry-activate"}, Elevate: true, Timeout: 2 * time.Minute,
	})
	if err != nil {
		return nil, fault.New(fault.Preflight, "ask which units would change: %w", err).Hint("it takes root: --elevate chooses how to become it")
	}
	u := closure.ParseUnits(res.Stdout + res.Stderr)
	return &u, nil
}

func (a *app) printBuilt(b built) {
	if b.Running == b.System {
		fmt.Fprintln(a.stdout, "the system that was built last is the one that runs")
	}
	for _, p := range b.Closure.Packages {
		fmt.Fprintln(a.stdout, packageLine(p))
	}
	if len(b.Closure.Packages) > 0 {
		fmt.Fprintf(a.stdout, "packages: %d added, %d removed, %d upgraded, %d downgraded, %d otherwise; %s\n",
			b.Closure.Count(closure.Added), b.Closure.Count(closure.Removed), b.Closure.Count(closure.Upgraded), b.Closure.Count(closure.Downgraded), b.Closure.Count(closure.Changed), signed(b.Closure.Bytes))
	}
	if b.Units != nil {
		a.printUnits(*b.Units)
	}
	for _, l := range b.Losses {
		fmt.Fprintf(a.stdout, "would go: %s\n", l)
	}
	if !b.Reboot.Needed {
		fmt.Fprintln(a.stdout, "no reboot is needed")
		return
	}
	fmt.Fprintf(a.stdout, "a reboot is needed: %s\n", strings.Join(b.Reboot.Why, ", "))
}

// showBuilt tells after a build what switching to it would mean.
func (s *session) showBuilt(ctx context.Context, host, system string) {
	if system == "" || s.app.opts.json || s.app.opts.quiet {
		return
	}
	b, err := s.compare(ctx, host, system)
	if err != nil {
		s.app.say("note: %v", err)
		return
	}
	s.app.printBuilt(b)
}

func (a *app) printUnits(u closure.Units) {
	if u.Empty() {
		fmt.Fprintln(a.stdout, "no unit changes")
		return
	}
	for _, l := range []struct {
		what  string
		names []string
	}{{"stop", u.Stop}, {"start", u.Start}, {"restart", u.Restart}, {"reload", u.Reload}, {"leave running as they are", u.Kept}} {
		if len(l.names) > 0 {
			fmt.Fprintf(a.stdout, "would %s: %s\n", l.what, strings.Join(l.names, ", "))
		}
	}
}

func packageLine(p closure.Package) string {
	sign := map[closure.Kind]string{closure.Added: "+", closure.Removed: "-", closure.Upgraded: "↑", closure.Downgraded: "↓", closure.Changed: "~"}[p.Kind]
	line := sign + " " + p.Name
	switch before, after := strings.Join(p.Before, ", "), strings.Join(p.After, ", "); {
	case before != "" && after != "" && before != after:
		line += " " + before + " → " + after
	case after != "":
		line += " " + after
	case before != "":
		line += " " + before
	}
	if p.Bytes != 0 {
		line += " (" + signed(p.Bytes) + ")"
	}
	return line
}

// signed is a number of bytes as a difference: +1.2 MiB.
func signed(n int64) string {
	sign := "+"
	if n < 0 {
		sign, n = "-", -n
	}
	const step = 1024
	if n < step {
		return fmt.Sprintf("%s%d B", sign, n)
	}
	f, unit := float64(n)/step, 0
	for f >= step && unit < 3 {
		f /= step
		unit++
	}
	return fmt.Sprintf("%s%.1f %s", sign, f, []string{"KiB", "MiB", "GiB", "TiB"}[unit])
}
