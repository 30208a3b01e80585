package deploy

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// Status is what status prints.
type Status struct {
	SchemaVersion int             `json:"schema_version"`
	State         *journal.State  `json:"run"`               // the current or last run
	AtWork        *journal.Holder `json:"at_work,omitempty"` // who holds the lock now
	Explanation   string          `json:"explanation"`
	Told          []string        `json:"told,omitempty"` // of a run that failed: hints, why, where the log is
	Fix           string          `json:"fix,omitempty"`  // what to do before Next
	Next          string          `json:"next,omitempty"` // what to type
	Machine       journal.Machine `json:"machine"`
	Booted        string          `json:"booted,omitempty"`
	Last          *journal.Record `json:"last,omitempty"` // the last good deployment
	// Built is the deployment that built what runs, if one did, and Undone the last one, if a rollback has undone it.
	Built    *journal.Record   `json:"-"`
	Undone   *journal.Record   `json:"-"`
	Drift    []string          `json:"drift,omitempty"`
	Point    *journal.Point    `json:"rollback_point,omitempty"`
	Bad      []journal.Closure `json:"bad_closures,omitempty"`
	Problems []string          `json:"problems,omitempty"` // files that cannot be read
}

// Status explains where things stand. It writes nothing.
func (d *Deployer) Status(ctx context.Context) (Status, error) {
	st := Status{SchemaVersion: journal.EventSchema}
	tell := func(problems ...error) {
		for _, err := range problems {
			if err != nil {
				st.Problems = append(st.Problems, err.Error())
			}
		}
	}
	var err error
	st.State, err = d.store.State()
	tell(err)
	records, bad := d.store.Records()
	tell(bad...)
	st.Point, err = d.store.Point()
	tell(err)
	if st.Point != nil {
		of := fmt.Sprintf("the rollback point of run %d", st.Point.Record)
		gone, err := d.collected(ctx, closures(st.Point.Machine)...)
		if err != nil {
			tell(fmt.Errorf("%s: %w", of, err))
		}
		for _, p := range gone {
			tell(fmt.Errorf("%s: %s was garbage-collected", of, p))
		}
	}
	st.Bad, err = d.bad()
	tell(err)
	var users []User
	for i := range records {
		if records[i].Result == journal.Good {
			st.Last = &records[i]
			users = d.usersOf(records[i].After)
			break
		}
	}
	st.Machine, err = d.machine(ctx, users)
	tell(err)
	st.Built, st.Undone = standing(records, st.Machine.Current)
	st.Booted, _ = resolve(d.cfg.Paths.Booted)
	if d.store.Locked() {
		h, _ := d.store.Holder() // without it, the lock itself still says enough
		st.AtWork = &h
	}
	st.explain()
	st.Drift = drift(st)
	return st, nil
}

// explain says how the last run ended, and what is to be done next.
func (st *Status) explain() {
	s := st.State
	switch {
	case st.AtWork != nil:
		st.Explanation = fmt.Sprintf("%s is running (process %d, since %s)", st.AtWork.Verb, st.AtWork.PID,
			st.AtWork.Started.Format("15:04:05"))
		return
	case s == nil && len(st.Problems) > 0:
		st.Explanation, st.Next = "cannot read the state", "quick-deploy --reset-state"
		return
	case s == nil:
		st.Explanation, st.Next = "nothing has been deployed with quick-deploy on this machine", "quick-deploy switch"
		return
	}
	run := fmt.Sprintf("run %d (%s %s)", s.ID, s.Verb, s.Host)
	switch {
	case s.Status == journal.Done:
		done := s.Record
		done.Result = journal.Good
		st.Explanation = Done(done)
		return
	case s.Status == journal.Running:
		st.Explanation = fmt.Sprintf("%s was interrupted in step %q%s", run, stoppedAt(s), touched(s))
		st.Next = savedGoal(s).onward()
		return
	case s.Result == journal.Declined:
		st.Explanation, st.Next = run+" was declined; nothing was switched", "quick-deploy "+s.Verb
		return
	}
	if s.Failure != nil {
		st.Told = slices.Concat(s.Failure.Refused, s.Failure.Told)
	}
	if s.Failure != nil && len(s.Failure.Refused) > 0 {
		st.Explanation = fmt.Sprintf("%s was refused by preflight: %s", run, term.Count(len(s.Failure.Refused), "blocker"))
		st.Fix, st.Next = nextAfter(s)
		return
	}
	st.Explanation = fmt.Sprintf("%s failed in step %q: %s", run, stoppedAt(s), s.Error)
	st.Fix, st.Next = nextAfter(s)
}

// nextAfter says what is to be done after a run that failed: what is left as it was cannot be gone on with before its
// cause is seen to.
func nextAfter(s *journal.State) (fix, next string) {
	onward, again := savedGoal(s).onward(), "quick-deploy "+s.Verb
	if v := Verb(s.Verb); v == Rollback || v == VM || v == Image {
		again = onward // it knows what of
	}
	switch code := fault.Code(s.Code); {
	case code == fault.RollbackFailed:
		return "", "quick-deploy help recovery"
	case s.Result == journal.Broken, code == fault.Network, code == fault.Timeout, code == fault.Interrupted:
		return "", onward
	case code == fault.Health:
		return "fix that, or add --retry-bad to try the same system again", again
	}
	return "fix that", again
}

// standing finds the deployment that built what runs, and the last one if that was rolled back; the newest record is
// the first.
func standing(records []journal.Record, current string) (built, undone *journal.Record) {
	back := false
	for i := range records {
		switch r := &records[i]; {
		case r.Result != journal.Good || !Verb(r.Verb).touches():
		case r.Verb == string(Rollback):
			back = true
		case current != "" && r.System == current:
			return r, undone
		case back && undone == nil:
			undone = r
		}
	}
	return nil, undone
}

// FlakeBuilt tells whether a flake is still the one that a deployment was built from.
func FlakeBuilt(r journal.Record, dir string) bool {
	tree, err := treeHash(dir)
	return err == nil && tree == r.Tree
}

// between tells whether a run that did not end well may have changed the machine.
func between(s *journal.State) bool {
	var d data
	return decode(s, &d) != nil || d.Touched
}

// touched says so of a run that was cut off.
func touched(s *journal.State) string {
	if between(s) {
		return "; the machine may be between two systems"
	}
	return "; nothing was switched"
}

// drift is what was changed outside quick-deploy since the last good deployment.
func drift(st Status) []string {
	if st.Last == nil {
		return nil
	}
	var out []string
	compare := func(what, is, left string) {
		if is != left {
			out = append(out, fmt.Sprintf("the %s is not the one that run %d left: %s", what, st.Last.ID, cmp.Or(is, "none")))
		}
	}
	want := st.Last.After
	compare("running system", st.Machine.Current, want.Current)
	compare("boot default", st.Machine.System.Path, want.System.Path)
	for _, u := range sortedKeys(want.Homes) {
		if g, ok := st.Machine.Homes[u]; ok {
			compare("home of "+u, g.Path, want.Homes[u].Path)
		}
	}
	return out
}

// ResetState archives the state of the last run and says where; "" if there was none.
// History, logs, backups and the rollback record stay.
func (d *Deployer) ResetState(ctx context.Context) (string, error) {
	if !exists(d.cfg.StateDir) {
		return "", nil
	}
	unlock, err := d.store.Lock(ctx, journal.Holder{
		PID: d.cfg.PID, Host: d.cfg.HostName, Verb: "reset-state", Started: d.cfg.Now(),
	})
	if err != nil {
		return "", err
	}
	defer unlock()
	return d.store.ResetState()
}
