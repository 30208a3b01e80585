package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
)

// ErrNothingToResume says that the last run ended well.
var ErrNothingToResume = errors.New("there is no unfinished run")

// PlanResume plans to go on with the last run, if it did not end well. complete adds to the goal
// of then what is not in the state: the tree, the target and the checks.
func (d *Deployer) PlanResume(ctx context.Context, complete func(Goal) (Goal, error)) (Plan, error) {
	st, err := d.store.State()
	if err != nil {
		return Plan{}, err
	}
	if !st.Unfinished() {
		return Plan{}, (&fault.Error{Code: fault.Usage, Err: ErrNothingToResume}).Hint("quick-deploy switch starts one")
	}
	g := savedGoal(st)
	if g.Extend != nil {
		return Plan{}, fault.New(fault.Usage, "run %d (%s %s) is started again instead of resumed", st.ID, st.Verb, st.Host).
			Hint("%s; Nix does not repeat what it has built", g.onward())
	}
	if g.To != nil {
		g.Checks = restored
	}
	if g, err = complete(g); err != nil {
		return Plan{}, err
	}
	return d.planOf(ctx, g, true)
}

// savedGoal is the goal of a run, as its state has it.
func savedGoal(st *journal.State) Goal {
	var saved data
	if err := decode(st, &saved); err == nil && saved.Goal != nil {
		return *saved.Goal
	}
	return Goal{Verb: Verb(st.Verb), Host: st.Host, FlakeDir: st.Flake}
}

// takeBuildOver takes the build over from a run that failed: if its inputs are the
// same and its result is still there, it is not built again.
func (s *session) takeBuildOver(prior *journal.State) {
	if !prior.Unfinished() || s.goal.To != nil || !s.sameGoal(prior, s.goal) || prior.System == "" {
		return
	}
	from, to := prior.Find(stepBuild), s.state.Find(stepBuild)
	if from == nil || to == nil || (from.Status != journal.Done && from.Status != journal.Skipped) {
		return
	}
	to.Status, to.Input = journal.Done, from.Input
	s.state.System, s.state.Homes = prior.System, prior.Homes
	s.state.Tree, s.state.Lock, s.state.Fingerprint = prior.Tree, prior.Lock, prior.Fingerprint
}

// takeUp goes on with a run that was cut off or failed, under its own number.
func (s *session) takeUp(ctx context.Context, prior *journal.State) error {
	s.state = prior
	if err := decode(prior, &s.data); err != nil {
		return err
	}
	built := slices.DeleteFunc(append(values(s.state.Homes), s.state.System), func(p string) bool { return p == "" })
	gone, err := s.collected(ctx, slices.Concat(built, closures(s.state.Before), closures(s.state.Point.Machine))...)
	if err != nil {
		return fault.New(fault.Preflight, "cannot resume run %d: %w", prior.ID, err).
			Hint("to forget the run: quick-deploy --reset-state; nothing was changed")
	}
	if js := prior.Find(stepBuild); js != nil &&
		slices.ContainsFunc(built, func(p string) bool { return slices.Contains(gone, p) }) {
		js.Status = journal.Pending
	}
	s.between, s.data.Touched = s.data.Touched, false
	s.noteGoal(prior.Steps)
	prior.Resumed++
	if err := s.hook("begin"); err != nil {
		return err
	}
	s.note(journal.Event{
		Type: "run", Status: journal.Running,
		Message: fmt.Sprintf("resuming run %d at step %q", prior.ID, stoppedAt(prior)),
	})
	prior.Status, prior.Ended, prior.Result, prior.Failure = journal.Running, time.Time{}, "", nil
	if err := s.recover(ctx, true); err != nil {
		return err
	}
	return s.save()
}

// supersede closes a run that was cut off and that another goal replaces.
func (d *Deployer) supersede(ctx context.Context, prior *journal.State) error {
	s := &session{Deployer: d, goal: savedGoal(prior), state: prior}
	if err := decode(prior, &s.data); err != nil {
		return err
	}
	s.between = s.data.Touched
	if err := s.recover(ctx, false); err != nil {
		return err
	}
	prior.Status = journal.Interrupted
	prior.Error = fmt.Sprintf("interrupted in step %q; another run took its place", stoppedAt(prior))
	after, err := d.machine(ctx, nil)
	if err != nil {
		return err
	}
	after.Homes = s.state.Before.Homes
	r := s.record(journal.Superseded, after)
	if err := d.store.SaveRecord(r); err != nil {
		return err
	}
	return s.save()
}
