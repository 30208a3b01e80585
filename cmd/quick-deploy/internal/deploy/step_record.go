package deploy

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

func (s *session) planRecord() *Planned {
	if !s.goal.Verb.touches() {
		return &Planned{What: "note the result"}
	}
	return &Planned{What: "write the deployment to " + s.store.Path("history")}
}

// finish writes the deployment into the history and clears away what is too old.
func (s *session) finish(ctx context.Context) error {
	end := s.cfg.Now()
	s.state.Status, s.state.Error, s.state.Code, s.state.Child = journal.Done, "", 0, 0
	s.state.Ended = end
	s.step.Status, s.step.End = journal.Done, &end
	s.final = s.record(journal.Good, s.state.After)
	if s.goal.Verb.touches() {
		if err := s.store.SaveRecord(s.final); err != nil {
			return err
		}
	}
	if err := s.hook("recorded"); err != nil {
		return err
	}
	if err := s.save(); err != nil {
		return err
	}
	s.prune(ctx)
	return nil
}

// heldPoints is how many of the newest rollback points keep their closures
// from being collected. Older ones can be rolled back to until they are.
const heldPoints = 3

// prune removes old records, backups, roots and working directories. What
// cannot be removed stays: it is tidying, not part of the deployment.
func (s *session) prune(ctx context.Context) {
	var booted string
	if g, err := s.look(ctx, nil); err == nil {
		booted = g.Booted
	}
	live := slices.DeleteFunc([]string{s.state.After.Current, s.state.After.System.Path, booted}, func(p string) bool { return p == "" })
	if _, err := s.store.Prune(s.cfg.Retention, live); err != nil {
		s.cfg.Log.Warn("prune history", "error", err)
	}
	records, _ := s.store.Records()
	held := map[int]bool{s.state.ID: true}
	backups := []string{s.state.Backup, s.data.HomeBackup}
	if p, err := s.store.Point(); err == nil && p != nil {
		held[p.Record] = true
		backups = append(backups, p.Backup)
	}
	for i, r := range records {
		backups = append(backups, r.Point.Backup, r.Backup)
		if i < heldPoints {
			held[r.Point.Record], held[r.ID] = true, true
		}
	}
	if _, err := s.backups().Prune(s.cfg.Backups.Count, s.cfg.Backups.Age, backups); err != nil {
		s.cfg.Log.Warn("prune backups", "error", err)
	}
	logs := []string{s.cfg.LogPath}
	for _, r := range records {
		logs = append(logs, r.Log)
	}
	if err := logfile.Prune(s.store.Path("logs"), logfile.Deploy, logfile.Kept, s.state.Started.Add(-logfile.KeptFor), logs); err != nil {
		s.cfg.Log.Warn("prune logs", "error", err)
	}
	var ids []string
	for id := range held {
		ids = append(ids, strconv.Itoa(id))
	}
	if _, err := s.cfg.Runner.Run(ctx, run.Command{
		Name: "/bin/sh", Args: append([]string{"-c", removeRoots, "sh", s.roots()}, ids...), Timeout: quick, Network: true,
	}); err != nil {
		s.cfg.Log.Warn("prune gcroots", "error", err)
	}
	entries, _ := os.ReadDir(s.store.Path("work")) // none where nothing was built
	for _, e := range entries {
		if e.Name() == strconv.Itoa(s.state.ID) {
			continue
		}
		if err := os.RemoveAll(s.store.Path("work", e.Name())); err != nil {
			s.cfg.Log.Warn("prune work", "error", err)
		}
	}
}

// removeRoots removes the roots of other runs than the given ones.
const removeRoots = `cd "$1" 2>/dev/null || exit 0; shift
for link in [0-9]*-*; do case " $* " in *" ${link%%-*} "*) ;; *) [ ! -L "$link" ] || rm -- "$link" ;; esac; done`

func (d *Deployer) machineID() string {
	if d.cfg.Remote != nil {
		return "" // only the preflight of this machine asks for it
	}
	raw, err := os.ReadFile(d.cfg.Paths.MachineID)
	if err != nil {
		return ""
	}
	// machine-id(5): confidential; a hash of it identifies the machine as well.
	return hashOf("quick-deploy machine", strings.TrimSpace(string(raw)))
}

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
	var err error
	if st.State, err = d.store.State(); err != nil {
		st.Problems = append(st.Problems, err.Error())
		st.Next = "quick-deploy --reset-state"
	}
	records, bad := d.store.Records()
	for _, b := range bad {
		st.Problems = append(st.Problems, b.Error())
	}
	if st.Point, err = d.store.Point(); err != nil {
		st.Problems = append(st.Problems, err.Error())
	} else if st.Point != nil {
		gone, err := d.collected(ctx, closures(st.Point.Machine)...)
		if err != nil {
			st.Problems = append(st.Problems, "the rollback point of run "+strconv.Itoa(st.Point.Record)+": "+err.Error())
		}
		for _, p := range gone {
			st.Problems = append(st.Problems, "the rollback point of run "+strconv.Itoa(st.Point.Record)+": "+p+" was collected")
		}
	}
	if st.Bad, err = d.store.Bad(); err != nil {
		st.Problems = append(st.Problems, err.Error())
	}
	var users []User
	for i := range records {
		if records[i].Result == journal.Good {
			st.Last = &records[i]
			users = d.usersOf(records[i].After)
			break
		}
	}
	if st.Machine, err = d.machine(ctx, users); err != nil {
		st.Problems = append(st.Problems, err.Error())
	}
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
		return fmt.Sprintf("%s is at work (process %d since %s)", st.AtWork.Verb, st.AtWork.PID, st.AtWork.Started.Format("15:04:05")), ""
	case s == nil && len(st.Problems) > 0:
		return "the state cannot be read", "quick-deploy --reset-state"
	case s == nil:
		return "nothing has been deployed with quick-deploy on this machine", "quick-deploy switch"
	case s.Status == journal.Done:
		return fmt.Sprintf("run %d (%s %s) is done", s.ID, s.Verb, s.Host), ""
	case s.Status == journal.Running:
		return fmt.Sprintf("run %d (%s %s) was cut off in step %q%s", s.ID, s.Verb, s.Host, stoppedAt(s), touched(s)), "quick-deploy resume"
	}
	return fmt.Sprintf("run %d (%s %s) ended in step %q: %s", s.ID, s.Verb, s.Host, stoppedAt(s), s.Error), "quick-deploy resume"
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
	want := st.Last.After
	if st.Machine.Current != want.Current {
		out = append(out, fmt.Sprintf("the running system is %s, run %d left %s", st.Machine.Current, st.Last.ID, want.Current))
	}
	if st.Machine.System.Path != want.System.Path {
		out = append(out, fmt.Sprintf("the boot default is %s, run %d left %s", st.Machine.System.Path, st.Last.ID, want.System.Path))
	}
	for _, u := range sortedKeys(want.Homes) {
		if g, ok := st.Machine.Homes[u]; ok && g.Path != want.Homes[u].Path {
			out = append(out, fmt.Sprintf("the home of %s is %s, run %d left %s", u, g.Path, st.Last.ID, want.Homes[u].Path))
		}
	}
	return out
}

// History lists the deployments, newest first, and what of the history cannot be read.
func (d *Deployer) History() ([]journal.Record, []error) { return d.store.Records() }

// ResetState archives the state of the last run and says where; "" if there was none.
// History, logs, backups and the rollback record stay.
func (d *Deployer) ResetState(ctx context.Context) (string, error) {
	if !exists(d.cfg.StateDir) {
		return "", nil
	}
	unlock, err := d.store.Lock(ctx, journal.Holder{PID: d.cfg.PID, Host: d.cfg.HostName, Verb: "reset-state", Started: d.cfg.Now()})
	if err != nil {
		return "", err
	}
	defer unlock()
	return d.store.ResetState()
}
