package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/closure"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
)

func (s *session) systemHolds() bool {
	return !s.activates() || s.systemRuns(context.Background())
}

// systemRuns says whether the new system runs and the unit still answers for it, or has ended well.
func (s *session) systemRuns(ctx context.Context) bool {
	u, err := s.poll(ctx)
	if err != nil {
		return false
	}
	if u.phase == unitReady || u.phase == unitKeeping || u.phase == unitDone {
		return true
	}
	m, err := s.machine(ctx, nil)
	return err == nil && u.phase == "" && m.Current == s.state.System && m.System.Path == s.state.System
}

func (s *session) planActivateSystem() *Planned {
	if !s.activates() || s.handsOver() {
		return nil
	}
	p := &Planned{What: "switch to the new system; the boot default stays"}
	return s.inUnit(p, true, s.systemCommand())
}

// activateSystem runs the new system, without making it the boot default.
func (s *session) activateSystem(ctx context.Context) error {
	if !s.activates() {
		return skipped("the new system starts with the next boot: " + s.data.BootOnly)
	}
	if err := s.startUnit(ctx); err != nil {
		return err
	}
	where, err := s.await(ctx, unitHomes, unitReady)
	if err != nil {
		return err
	}
	if where.final() {
		return s.unitFault(ctx)
	}
	return nil
}

func (s *session) homesInput() string { return hashOf(s.withHomes("home", string(s.effective()))...) }

// withHomes are parts of a hash, and each home with its user.
func (s *session) withHomes(parts ...string) []string {
	for _, u := range sortedKeys(s.state.Homes) {
		parts = append(parts, u, s.state.Homes[u])
	}
	return parts
}

func (s *session) homesHold() bool {
	m, err := s.machine(context.Background(), s.goal.homes())
	if err != nil {
		return false
	}
	for u, path := range s.state.Homes {
		if m.Homes[u].Path != path {
			return false
		}
	}
	return true
}

func (s *session) planActivateHomes() *Planned {
	if !s.movesHomes() || s.handsOver() {
		return nil
	}
	var names []string
	var commands [][]string
	for _, u := range s.goal.homes() {
		names = append(names, u.Name)
		commands = append(commands, s.homeCommands(u)...)
	}
	p := &Planned{What: "activate the home of " + strings.Join(names, ", ")}
	return s.inUnit(p, !s.activates(), commands...)
}

// activateHomes waits for the homes, which the unit activates after the system.
func (s *session) activateHomes(ctx context.Context) error {
	if s.data.BootOnly != "" && s.goal.To == nil {
		s.state.Pending = append(s.state.Pending, "after the reboot, run quick-deploy switch for the homes")
		return skipped("the homes are activated after the reboot")
	}
	if err := s.startUnit(ctx); err != nil { // of a run that leaves the system
		return err
	}
	return s.awaitReady(ctx)
}

// awaitReady waits until the unit waits for us.
func (s *session) awaitReady(ctx context.Context) error {
	if !s.started {
		return nil // it was done before
	}
	where, err := s.await(ctx, unitReady)
	if err != nil {
		return err
	}
	if where.final() && where != unitDone {
		return s.unitFault(ctx)
	}
	s.startCounting()
	return nil
}

func (s *session) planHealth() *Planned {
	if !s.activates() || s.cfg.Health == nil {
		return nil
	}
	if s.goal.SkipHealth {
		return &Planned{What: "skipped: --skip-health-check"}
	}
	return &Planned{What: fmt.Sprintf("check that the machine came up (%d checks)", len(s.goal.Checks))}
}

// checks are the goal's, and where a home was activated it must be that very generation.
func (s *session) checks() []health.Check {
	out := slices.Clone(s.goal.Checks)
	for i, c := range out {
		if home := s.state.Homes[c.User]; c.Kind == health.Home && home != "" && s.movesHomes() {
			out[i].Target, out[i].Required = home, true
		}
	}
	return out
}

// checkHealth looks whether the machine came up.
func (s *session) checkHealth(ctx context.Context) error {
	switch {
	case s.goal.SkipHealth:
		s.noteSkipped("health")
		return skipped("skipped: --skip-health-check")
	case !s.activates():
		return skipped("the new system is not running yet")
	}
	if err := s.awaitReady(ctx); err != nil { // of a run without homes
		return err
	}
	c := *s.cfg.Health
	c.Timeout = cmp.Or(s.goal.HealthTimeout, c.Timeout)
	c.Failed, c.System = s.data.Failed, s.state.System
	c.Pending = func(f health.Finding) {
		s.note(journal.Event{Type: "message", Message: fmt.Sprintf("waiting for %s: %s", f.Name, f.Evidence)})
	}
	r := c.Run(ctx, s.checks())
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.state.Health = &r
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
		if err := s.markBad(why); err != nil {
			return errors.Join(e, err)
		}
	}
	return e
}

func (s *session) bootHolds() bool {
	u, err := s.poll(context.Background())
	if err != nil || u.phase != "" && u.phase != unitDone {
		return false
	}
	m, err := s.machine(context.Background(), nil)
	return err == nil && m.System.Path == s.state.System
}

func (s *session) planBootDefault() *Planned {
	if !s.boots() || s.handsOver() {
		return nil
	}
	p := &Planned{What: "make it the boot default", Root: true}
	return s.inUnit(p, !s.activates() && !s.movesHomes(), s.bootCommands()...)
}

// bootDefault makes the system what the machine boots.
func (s *session) bootDefault(ctx context.Context) error {
	if err := s.startUnit(ctx); err != nil { // of a run that only sets the boot default
		return err
	}
	return s.keepSystem(ctx)
}

// verify looks whether the machine is what was meant.
func (s *session) verify(ctx context.Context) error {
	if err := s.keepSystem(ctx); err != nil { // of a run that leaves the boot default
		return err
	}
	m, err := s.machine(ctx, s.goal.homes())
	if err != nil {
		return err
	}
	if s.activates() && m.Current != s.state.System {
		return fault.New(fault.Activation, "the running system is %s, not %s", m.Current, s.state.System)
	}
	// The profile of deploy-rs leads to a wrapper of the system.
	if s.boots() && !s.handsOver() && m.System.Path != s.state.System {
		return fault.New(fault.Activation, "the boot default is %s, not %s", m.System.Path, s.state.System)
	}
	if s.movesHomes() {
		for u, path := range s.state.Homes {
			if g, ok := m.Homes[u]; ok && g.Path != path {
				return fault.New(fault.Activation, "the home generation of %s is %s, not %s", u, g.Path, path)
			}
		}
	}
	s.state.After = m
	s.state.Advice = nil
	if s.data.BootOnly != "" || !s.boots() {
		return nil
	}
	why, err := closure.Reboot(ctx, s.cfg.Runner, s.cfg.Paths.Booted, s.state.System)
	if err != nil {
		return err
	}
	if len(why) > 0 {
		s.state.Advice = append(s.state.Advice, "reboot when convenient: "+strings.Join(why, ", "))
	}
	return nil
}
