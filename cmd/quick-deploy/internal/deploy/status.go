package deploy

import (
	"context"
	"fmt"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
)

// Status is what status prints.
type Status struct {
	SchemaVersion int               `json:"schema_version"`
	State         *journal.State    `json:"run"`               // the current or last run
	AtWork        *journal.Holder   `json:"at_work,omitempty"` // who holds the lock now
	Explanation   string            `json:"explanation"`
	Next          string            `json:"next,omitempty"` // what to type
	Machine       journal.Machine   `json:"machine"`
	Booted        string            `json:"booted,omitempty"`
	Last          *journal.Record   `json:"last,omitempty"` // the last good deployment
	Drift         []string          `json:"drift,omitempty"`
	Point         *journal.Point    `json:"rollback_point,omitempty"`
	Bad           []journal.Closure `json:"bad_closures,omitempty"`
	Problems      []string          `json:"problems,omitempty"` // files that cannot be read
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
	st.Bad, err = d.store.Bad()
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
	st.Booted, _ = resolve(d.cfg.Paths.Booted)
	if d.store.Locked() {
		h, _ := d.store.Holder() // without it, the lock itself still says enough
		st.AtWork = &h
	}
	st.Explanation, st.Next = explain(st)
	st.Drift = drift(st)
	return st, nil
}

func explain(st Status) (text, next string) {
	s := st.State
	switch {
	case st.AtWork != nil:
		since := st.AtWork.Started.Format("15:04:05")
		return fmt.Sprintf("%s is running (process %d, since %s)", st.AtWork.Verb, st.AtWork.PID, since), ""
	case s == nil && len(st.Problems) > 0:
		return "cannot read the state", "quick-deploy --reset-state"
	case s == nil:
		return "nothing has been deployed with quick-deploy on this machine", "quick-deploy switch"
	case s.Status == journal.Done:
		return fmt.Sprintf("run %d (%s %s) is done", s.ID, s.Verb, s.Host), ""
	case s.Status == journal.Running:
		text = fmt.Sprintf("run %d (%s %s) was interrupted in step %q%s", s.ID, s.Verb, s.Host, stoppedAt(s), touched(s))
		return text, "quick-deploy resume"
	}
	text = fmt.Sprintf("run %d (%s %s) ended in step %q: %s", s.ID, s.Verb, s.Host, stoppedAt(s), s.Error)
	return text, "quick-deploy resume"
}

// touched says whether a cut-off run may have changed the machine.
func touched(s *journal.State) string {
	var d data
	if decode(s, &d) != nil || d.Touched {
		return "; the machine may be between two systems"
	}
	return "; nothing was switched"
}

// drift is what was changed past the tool since the last good deployment.
func drift(st Status) []string {
	if st.Last == nil {
		return nil
	}
	var out []string
	compare := func(what, is, left string) {
		if is != left {
			out = append(out, fmt.Sprintf("the %s is %s; run %d left %s", what, is, st.Last.ID, left))
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
