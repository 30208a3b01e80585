package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/closure"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/losses"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// Built is how a system that was built differs from the one that runs.
type Built struct {
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

// DiffBuilt shows how the system that was built last differs from the running one, and with units what a switch
// to it would stop, start and restart. That is asked as root.
func DiffBuilt(ctx context.Context, a *App, units bool, elevate string) error {
	_, host, err := a.LoadHost()
	if err != nil {
		return err
	}
	s, err := NewSession(a, RunOptions{Elevate: elevate})
	if err != nil {
		return err
	}
	defer s.Close()
	system, err := s.lastBuilt(host)
	if err != nil {
		return err
	}
	b, err := s.compare(ctx, host, system)
	if err != nil {
		return err
	}
	if units {
		if b.Units, err = s.units(ctx, system); err != nil {
			return err
		}
	}
	return a.Print(b, b.writeText)
}

// compare finds out how system differs from the running and the booted one.
func (s *Session) compare(ctx context.Context, host, system string) (Built, error) {
	paths := systemPaths(s.app)
	running, err := filepath.EvalSymlinks(paths.Current)
	if err != nil {
		return Built{}, fault.New(fault.Preflight, "find the running system: %w", err).
			Hint("only NixOS has one to compare with")
	}
	b := Built{
		Running: running, System: system,
		Closure: closure.Diff{Packages: []closure.Package{}}, Reboot: reboot{Why: []string{}},
	}
	if running != system {
		res, err := s.cfg.Runner.Run(ctx, closure.Command(running, system))
		if err != nil {
			return b, fault.New(fault.Unexpected, "compare the closures: %w", err)
		}
		b.Closure = closure.Parse(res.Stdout)
	}
	var unknown string
	if b.Losses, unknown = s.Deployer.Losses(host, system); unknown != "" {
		s.app.Say("note: %s", unknown)
	}
	if booted, err := filepath.EvalSymlinks(paths.Booted); err == nil {
		if b.Reboot.Why, err = closure.Reboot(ctx, s.Runner, booted, system); err != nil {
			return b, err
		}
		b.Reboot.Needed = len(b.Reboot.Why) > 0
	}
	return b, nil
}

// lastBuilt is the system that the last build or switch of a host made.
func (s *Session) lastBuilt(host string) (string, error) {
	none := fault.New(fault.Usage, "no system of %s was built yet", host).
		Hint("quick-deploy build builds it and changes nothing")
	st, err := s.Deployer.Store().State()
	if errors.Is(err, fs.ErrNotExist) || err == nil && (st == nil || st.Host != host) {
		return "", none
	}
	if err != nil {
		return "", err
	}
	if st.Built != "" {
		return "", fault.New(fault.Usage, "the last run, %s %s, did not build the system", st.Verb, host).
			Hint("quick-deploy build builds the system and changes nothing")
	}
	if st.System == "" {
		return "", none
	}
	return st.System, nil
}

// units asks a system what switching to it would do to the units that run. It
// changes nothing, but only root may ask.
func (s *Session) units(ctx context.Context, system string) (*closure.Units, error) {
	res, err := s.Runner.Run(ctx, run.Command{
		Name: filepath.Join(system, "bin/switch-to-configuration"), Args: []string{"dry-activate"},
		Elevate: true, Timeout: 2 * time.Minute,
	})
	if err != nil {
		return nil, fault.New(fault.Preflight, "ask which units would change: %w", err).
			Hint("this needs root; --elevate chooses how to become root")
	}
	u := closure.ParseUnits(res.Stdout + res.Stderr)
	return &u, nil
}

func (b Built) writeText(w io.Writer) {
	if b.Running == b.System {
		fmt.Fprintln(w, "the system that was built last is the one that runs")
	}
	for _, p := range b.Closure.Packages {
		fmt.Fprintln(w, packageLine(p))
	}
	if len(b.Closure.Packages) > 0 {
		n := b.Closure.Count
		fmt.Fprintf(w, "packages: %d added, %d removed, %d upgraded, %d downgraded, %d otherwise; %s\n", n(closure.Added),
			n(closure.Removed), n(closure.Upgraded), n(closure.Downgraded), n(closure.Changed), signed(b.Closure.Bytes))
	}
	if b.Units != nil {
		writeUnits(w, *b.Units)
	}
	for _, l := range b.Losses {
		fmt.Fprintf(w, "loss: %s\n", l)
	}
	if !b.Reboot.Needed {
		fmt.Fprintln(w, "no reboot is needed")
		return
	}
	fmt.Fprintf(w, "a reboot is needed: %s\n", strings.Join(b.Reboot.Why, ", "))
}

func writeUnits(w io.Writer, u closure.Units) {
	if u.Empty() {
		fmt.Fprintln(w, "no unit changes")
		return
	}
	for _, l := range []struct {
		what  string
		names []string
	}{
		{"stop", u.Stop}, {"start", u.Start}, {"restart", u.Restart}, {"reload", u.Reload},
		{"leave running as they are", u.Kept},
	} {
		if len(l.names) > 0 {
			fmt.Fprintf(w, "would %s: %s\n", l.what, strings.Join(l.names, ", "))
		}
	}
}

func packageLine(p closure.Package) string {
	sign := map[closure.Kind]string{
		closure.Added: "+", closure.Removed: "-", closure.Upgraded: "↑", closure.Downgraded: "↓", closure.Changed: "~",
	}[p.Kind]
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
	if n < 0 {
		return "-" + humanize.IBytes(uint64(-n))
	}
	return "+" + humanize.IBytes(uint64(n))
}

// showBuilt tells after a build what switching to it would mean.
func (s *Session) showBuilt(ctx context.Context, host, system string) {
	if system == "" || s.app.JSON || s.app.Quiet {
		return
	}
	b, err := s.compare(ctx, host, system)
	if err != nil {
		s.app.Say("note: %v", err)
		return
	}
	b.writeText(s.app.Out)
}
