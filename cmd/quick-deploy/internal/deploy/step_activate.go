package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// Exit codes of switch-to-configuration, as its source has them (nixpkgs,
// pkgs/by-name/sw/switch-to-configuration-ng). Its die() ends with errno.
const (
	exitRefused = 1   // a pre-switch check refused, or the boot loader could not be installed
	exitScript  = 2   // the activation script failed
	exitUnits   = 4   // units failed to start or reload, or a user's activation failed
	exitLocked  = 11  // EAGAIN: another switch-to-configuration is at work
	exitReboot  = 100 // the new system has another init interface: nothing was done, reboot into it
)

// lockWait is how long another switch-to-configuration is waited for, in tries of a second.
const lockWait = 120

// activateSystem runs the new system, without making it the boot default.
type activateSystem struct{}

func (activateSystem) name() string { return "activate-system" }
func (activateSystem) input(s *session) string {
	return hashOf("activate", s.data.System, string(s.effective()))
}
func (activateSystem) holds(s *session) bool {
	current, err := resolve(s.cfg.Paths.Current)
	return s.effective() == Boot || err == nil && current == s.data.System
}
func (activateSystem) plan(d *Deployer, g Goal) *Planned {
	if !g.Verb.activates() {
		return nil
	}
	p := &Planned{Step: "activate-system", What: "run the new system; the boot default stays"}
	d.command(p, d.activate("<system>", "test", nil, "quick-deploy-<run>"))
	return p
}

func (activateSystem) run(ctx context.Context, s *session) error {
	if s.effective() == Boot {
		return skipped("the new system runs after a reboot: " + s.data.BootOnly)
	}
	s.data.Touched = true
	if err := s.save(); err != nil {
		return err
	}
	return s.activateSystem(ctx, s.data.System)
}

// activateSystem runs "switch-to-configuration test" of a system and reads its exit code.
func (s *session) activateSystem(ctx context.Context, system string) error {
	var env []string
	if s.goal.IgnoreInhibitors {
		env = []string{"NIXOS_NO_CHECK=1"}
	}
	err := s.switchTo(ctx, system, "test", env)
	switch run.CodeOf(err) {
	case 0:
		if err != nil {
			return err
		}
	case exitReboot:
		s.data.BootOnly = "it needs another init interface"
		s.data.Pending = []string{"reboot"}
		s.say("switch becomes boot: the new system needs a reboot; reboot to run it")
		return nil
	case exitUnits:
		failed, _ := health.FailedUnitNames(ctx, s.cfg.Runner) // only to name them
		failed = slices.DeleteFunc(failed, func(u string) bool { return slices.Contains(s.data.Failed, u) })
		e := activation(err, "units of the new system failed to start or reload")
		if len(failed) > 0 {
			e = activation(err, "units of the new system failed: "+strings.Join(failed, ", "))
			e.Hint("journalctl -b -u %s", failed[0])
		}
		return e
	case exitRefused:
		return activation(err, "a check of the new system refused the switch").
			Hint("NixOS' own pre-switch checks said no; quick-deploy boot and a reboot is the safe way")
	case exitScript:
		return activation(err, "the activation script failed")
	case exitLocked:
		return activation(err, "another switch-to-configuration did not end")
	default:
		return activation(err, "activation failed")
	}
	current, err := resolve(s.cfg.Paths.Current)
	if err != nil || current != system {
		return fault.New(fault.Activation, "the activation ended well, but %s is %s and not %s", s.cfg.Paths.Current, current, system)
	}
	return nil
}

func activation(err error, what string) *fault.Error {
	e := fault.New(fault.Activation, "%s: %w", what, err)
	e.Child = run.CodeOf(err)
	return e
}

// switchTo runs a verb of a system's switch-to-configuration. An activation is
// never cut off: Ctrl-C takes effect behind it. If another one is at work, it is waited for.
func (s *session) switchTo(ctx context.Context, system, verb string, env []string) error {
	whole := context.WithoutCancel(ctx)
	if err := s.touchActivationLog(); err != nil {
		return err
	}
	for try := 1; ; try++ {
		// A name of its own each time: the service of a run that was killed may still be at
		// work, and is then waited for by its lock.
		s.units++
		unit := fmt.Sprintf("quick-deploy-%d-%d-%d", s.state.ID, s.state.Resumed, s.units)
		_, err := s.command(whole, s.activate(system, verb, env, unit))
		if run.CodeOf(err) != exitLocked || try == lockWait {
			return err
		}
		if try == 1 {
			s.say("another switch-to-configuration is at work; waiting for it")
		}
		if serr := s.cfg.Sleep(ctx, time.Second); serr != nil {
			return err
		}
	}
}

// touchActivationLog makes the file that a detached activation writes to.
func (s *session) touchActivationLog() error {
	f, err := os.OpenFile(s.store.Path("logs", "activation.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("make the activation's log: %w", err)
	}
	return f.Close()
}

// activateHomes runs every home's activate.
type activateHomes struct{}

func (activateHomes) name() string { return "activate-home" }
func (activateHomes) input(s *session) string {
	parts := []string{"home", string(s.effective())}
	for _, u := range sortedKeys(s.data.Homes) {
		parts = append(parts, u, s.data.Homes[u])
	}
	return hashOf(parts...)
}
func (activateHomes) holds(s *session) bool {
	m, err := s.machine(context.Background(), s.goal.homes(), false)
	if err != nil {
		return false
	}
	for u, path := range s.data.Homes {
		if m.Homes[u].Path != path {
			return false
		}
	}
	return true
}
func (activateHomes) plan(d *Deployer, g Goal) *Planned {
	if g.Verb != Switch || len(g.homes()) == 0 {
		return nil
	}
	var names []string
	p := &Planned{Step: "activate-home"}
	for _, u := range g.homes() {
		names = append(names, u.Name)
		d.command(p, d.activateHome("<home>", u, "<suffix>"))
	}
	p.What = "activate the home of " + strings.Join(names, ", ")
	return p
}

func (activateHomes) run(ctx context.Context, s *session) error {
	if s.data.BootOnly != "" {
		s.data.Pending = append(s.data.Pending, "quick-deploy switch after the reboot, for the homes")
		return skipped("the homes follow after the reboot")
	}
	if s.data.Suffix == "" {
		s.data.Suffix = fmt.Sprintf("before-quick-deploy-%d-%s", s.state.ID, s.cfg.Now().Format("20060102150405"))
	}
	s.data.Touched = true
	if err := s.save(); err != nil {
		return err
	}
	if err := s.keepHomeFiles(ctx); err != nil {
		return err
	}
	now, err := s.machine(ctx, s.goal.homes(), true)
	if err != nil {
		return err
	}
	for _, u := range s.goal.homes() {
		path := s.data.Homes[u.Name]
		if path == "" {
			continue
		}
		if now.Homes[u.Name].Path == path && s.data.Before.Homes[u.Name].Path == path && s.data.Rollback == nil {
			continue // it was so before this run
		}
		if err := s.home(ctx, u, path); err != nil {
			return err
		}
		if rb := s.data.Rollback; rb != nil {
			if err := s.homeGeneration(context.WithoutCancel(ctx), u, rb.Machine.Homes[u.Name]); err != nil {
				return err
			}
		}
		if err := s.hook("home:" + u.Name); err != nil {
			return err
		}
	}
	return nil
}

// home activates one home and looks whether it is then the current generation.
func (s *session) home(ctx context.Context, u User, path string) error {
	if _, err := s.command(context.WithoutCancel(ctx), s.activateHome(path, u, s.data.Suffix)); err != nil {
		e := activation(err, "the home of "+u.Name+" could not be activated")
		if cause := nixlog.Read(run.TailOf(err)).Cause; cause.Kind == nixlog.FileInTheWay {
			e.Hint("%s: %s", cause.Words().What, cause.Words().Hint)
		}
		return e
	}
	m, err := s.machine(ctx, []User{u}, true)
	if err != nil {
		return err
	}
	if g := m.Homes[u.Name]; g.Path != path {
		return fault.New(fault.Activation, "the activation of %s's home ended well, but the current generation is %s and not %s", u.Name, g.Path, path)
	}
	return nil
}

// checkHealth looks whether the machine came up.
type checkHealth struct{}

func (checkHealth) name() string          { return "health" }
func (checkHealth) input(*session) string { return "" }
func (checkHealth) holds(*session) bool   { return false }
func (checkHealth) plan(d *Deployer, g Goal) *Planned {
	if !g.Verb.activates() || d.cfg.Health == nil {
		return nil
	}
	if g.SkipHealth {
		return &Planned{Step: "health", What: "skipped: --skip-health-check"}
	}
	return &Planned{Step: "health", What: fmt.Sprintf("check that the machine came up (%d checks)", len(g.Checks))}
}

// checks are the goal's, and where a home was activated it must be that very generation.
func (s *session) checks() []health.Check {
	out := slices.Clone(s.goal.Checks)
	for i, c := range out {
		if home := s.data.Homes[c.User]; c.Kind == health.Home && home != "" {
			out[i].Target, out[i].Required = home, true
		}
	}
	return out
}

func (checkHealth) run(ctx context.Context, s *session) error {
	switch {
	case s.goal.SkipHealth:
		s.data.Skipped = append(s.data.Skipped, "health")
		return skipped("skipped: --skip-health-check")
	case s.effective() == Boot:
		return skipped("the new system is not running yet")
	}
	c := *s.cfg.Health
	c.Failed, c.System = s.data.Failed, s.data.System
	c.Pending = func(f health.Finding) {
		s.note(journal.Event{Type: "message", Message: fmt.Sprintf("waiting for %s: %s", f.Name, f.Evidence)})
	}
	r := c.Run(ctx, s.checks())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	raw, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode health report: %w", err)
	}
	s.data.Health = raw
	var failed []string
	e := &fault.Error{Code: fault.Health}
	for _, f := range r.Findings {
		if f.Outcome == health.Failed {
			failed = append(failed, f.Name+": "+f.Evidence)
			if f.Hint != "" {
				e.Hint("%s: %s", f.Name, f.Hint)
			}
		}
		s.note(journal.Event{Type: "health", Message: fmt.Sprintf("%s: %s: %s", f.Name, f.Outcome, f.Evidence), Data: f})
	}
	if r.Healthy() {
		return nil
	}
	why := strings.Join(failed, "; ")
	e.Err = errors.New("the new system is not healthy: " + why)
	if !s.goal.KeepOnFailure {
		// Remembered before the machine is put back: a crash in between must not lead to a second try.
		if err := s.store.MarkBad(journal.Closure{Path: s.data.System, Record: s.state.ID, Why: why, At: s.cfg.Now()}); err != nil {
			return errors.Join(e, err)
		}
	}
	return e
}

// bootDefault makes the system what the machine boots.
type bootDefault struct{}

func (bootDefault) name() string            { return "boot-default" }
func (bootDefault) input(s *session) string { return hashOf("boot", s.data.System) }
func (bootDefault) holds(s *session) bool {
	g, err := generation(s.cfg.Paths.System)
	return err == nil && g.Path == s.data.System
}
func (bootDefault) plan(d *Deployer, g Goal) *Planned {
	if !g.Verb.boots() {
		return nil
	}
	p := &Planned{Step: "boot-default", What: "make it the boot default"}
	d.command(p, d.setProfile("<system>"))
	d.command(p, d.activate("<system>", "boot", nil, "quick-deploy-<run>"))
	return p
}

func (bootDefault) run(ctx context.Context, s *session) error {
	s.data.Touched = true
	if err := s.save(); err != nil {
		return err
	}
	if err := s.moveProfile(ctx); err != nil {
		return err
	}
	if err := s.hook("profile"); err != nil {
		return err
	}
	if err := s.switchTo(ctx, s.data.System, "boot", nil); err != nil {
		return activation(err, "the boot loader could not be set up").
			Hint("is the boot partition full? see quick-deploy's preflight check boot-space")
	}
	return nil
}

// moveProfile sets the system profile, to the recorded generation in a rollback
// and to a new one otherwise. A generation that was collected while its path
// was held comes back under a new number.
func (s *session) moveProfile(ctx context.Context) error {
	c := s.setProfile(s.data.System)
	if rb := s.data.Rollback; rb != nil {
		if p, ok := generationPath(s.cfg.Paths.System, rb.Machine.System.Number); ok && p == s.data.System {
			c = s.switchGeneration(s.cfg.Paths.System, rb.Machine.System.Number)
			c.Elevate = true
		}
	}
	if _, err := s.command(context.WithoutCancel(ctx), c); err != nil {
		return activation(err, "the system profile could not be set")
	}
	return nil
}

// verify looks whether the machine is what was meant.
type verify struct{}

func (verify) name() string          { return "verify" }
func (verify) input(*session) string { return "" }
func (verify) holds(*session) bool   { return false }
func (verify) plan(d *Deployer, g Goal) *Planned {
	if !g.Verb.touches() {
		return nil
	}
	return &Planned{Step: "verify", What: "check that the running system, the boot default and the homes are the ones that were built"}
}

func (verify) run(ctx context.Context, s *session) error {
	m, err := s.machine(ctx, s.goal.homes(), true)
	if err != nil {
		return err
	}
	if s.effective().activates() && m.Current != s.data.System {
		return fault.New(fault.Activation, "the running system is %s and not %s", m.Current, s.data.System)
	}
	if s.effective().boots() && m.System.Path != s.data.System {
		return fault.New(fault.Activation, "the boot default is %s and not %s", m.System.Path, s.data.System)
	}
	if s.effective() == Switch || s.effective() == Rollback {
		for u, path := range s.data.Homes {
			if g, ok := m.Homes[u]; ok && g.Path != path {
				return fault.New(fault.Activation, "the home generation of %s is %s and not %s", u, g.Path, path)
			}
		}
	}
	s.data.After = m
	s.data.Advice = nil
	if what := newKernel(s.cfg.Paths.Booted, s.data.System); what != "" && s.data.BootOnly == "" && s.goal.Verb != Test {
		s.data.Advice = append(s.data.Advice, "reboot when it suits: the "+what+" of the booted system is an older one")
	}
	return nil
}

// newKernel says what of the booted kernel differs from a system's: only that needs a reboot.
func newKernel(booted, system string) string {
	for _, f := range []string{"kernel", "initrd", "kernel-modules"} {
		a, errA := resolve(filepath.Join(booted, f))
		b, errB := resolve(filepath.Join(system, f))
		if errA == nil && errB == nil && a != b {
			return f
		}
	}
	return ""
}
