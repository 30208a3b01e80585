package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
)

// errLeft is a new system that was left running although the run failed.
var errLeft = errors.New("left as it is")

// putBack has the unit go back, unless it has, and says whether the machine is as it was before.
func (s *session) putBack(ctx context.Context) error {
	s.stopCounting()
	if err := s.hook("put-back"); err != nil {
		return err
	}
	u, err := s.watch(ctx, func(u unitState) bool { return u.busy || u.phase == "" || u.phase.final() })
	switch {
	case errors.Is(err, errUnitGone), err == nil && (u.phase == unitDone || u.phase == ""):
		// It has ended, or it ended together with the machine: it cannot go back any more.
		return s.repair(ctx)
	case err != nil:
		return err
	case !u.phase.final():
		s.say("rolling back to the system that ran before")
		if err := s.lease(ctx, leaseBack); err != nil {
			return err
		}
		if u.phase, err = s.await(ctx); errors.Is(err, errUnitGone) {
			return s.repair(ctx)
		} else if err != nil {
			return err
		}
	}
	return s.reportBack(ctx, u.phase)
}

// reportBack turns how the way back ended into what is told.
func (s *session) reportBack(ctx context.Context, where phase) error {
	told, err := s.unitReport(ctx)
	if err != nil {
		return err
	}
	if where == unitLeft {
		return errLeft
	}
	if where != unitBack {
		return fmt.Errorf("not restored: %s", strings.Join(told["stuck"], ", "))
	}
	if failed := told["failed-after"]; len(failed) > 0 {
		s.say("units that have failed since: %s", strings.Join(failed, ", "))
	}
	s.cfg.Log.Info("the machine is as it was before")
	return nil
}

// repair brings a machine back that a run has left between two systems, and whose unit cannot do it any
// more: after a power cut, or where everything was killed. It is a unit that only goes back.
func (s *session) repair(ctx context.Context) error {
	was := s.state.Before
	now, err := s.machine(ctx, s.goal.Users)
	if err != nil {
		return err
	}
	loader := s.state.Find(stepBootDefault)
	if now.Same(was) && now.System.Number == was.System.Number && (loader == nil || loader.Status == journal.Pending) {
		s.data.Unit = ""
		return nil // it came to nothing
	}
	if was.Current == "" && was.System.Path == "" {
		return errors.New("there was no NixOS system before this run to roll back to")
	}
	s.say("the machine is between two systems: rolling back to what it ran before")
	users := slices.DeleteFunc(s.usersOf(was), func(u User) bool {
		return was.Homes[u.Name].Path != "" && s.state.Homes[u.Name] == ""
	})
	p := s.beginPlan(users)
	p.add("go-back", "yes")
	p.add("was", "current", cmp.Or(was.Current, "-"))
	p.add("was", "default", strconv.Itoa(was.System.Number), cmp.Or(was.System.Path, "-"))
	for _, u := range users {
		g := was.Homes[u.Name]
		p.add("was", "home", u.Name, strconv.Itoa(g.Number), cmp.Or(g.Path, "-"), g.Profile)
		if s.state.Homes[u.Name] != "" {
			p.add("home", u.Name, s.state.Homes[u.Name])
		}
	}
	if p.err != nil {
		return p.err
	}
	if err := s.launchUnit(ctx, strings.Join(p.lines, "\n")); err != nil {
		return err
	}
	where, err := s.await(ctx)
	if err != nil {
		return err
	}
	return s.reportBack(ctx, where)
}

// recover deals with the unit of a run that was cut off: one at work is taken up or called off, one
// that has come to no end is mended.
func (s *session) recover(ctx context.Context, takeUp bool) error {
	if !s.between {
		return nil
	}
	u, err := s.poll(ctx)
	if err != nil {
		return err
	}
	if takeUp && u.phase != "" && !u.phase.final() {
		// One that has just been launched holds no lock yet.
		u, err = s.watch(ctx, func(u unitState) bool { return u.busy || u.phase.final() })
		if err == nil && !u.phase.final() {
			s.started = true
			s.startCounting()
		}
		if err == nil && !u.phase.final() || err != nil && !errors.Is(err, errUnitGone) {
			return err
		}
	}
	switch {
	case u.phase == unitDone, u.phase == unitLeft:
		return nil
	case u.phase != unitBack:
		back := s.putBack
		if u.phase == unitStuck {
			back = s.repair // a person may have seen to what was in the way
		}
		if err := back(ctx); err != nil {
			return fault.New(fault.RollbackFailed,
				"run %d left the machine between two systems, and it could not be rolled back: %w", s.state.ID, err).
				Hint("quick-deploy help recovery says what to do; the old system is also in the boot menu")
		}
		s.between, s.data.Unit = false, ""
	}
	return nil
}
