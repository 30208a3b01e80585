package deploy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/backup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// session is one run at work.
type session struct {
	*Deployer
	goal  Goal
	plan  Plan
	state *journal.State
	data  data
	step  *journal.Step // the one at work
	final journal.Record
	// What the unit has written: all, the line that is not whole yet, and how many bytes.
	log, partial string
	offset       int
	profiles     map[string]string // of the homes, by user
	started      bool              // the unit of this run is at work
	uncount      func()            // ends the counting of the lease
	away         bool              // the machine has not answered for long
	found        []preflight.Finding
	// between says that an earlier process switched something in this very run. What is refused before
	// this one goes on from there changes nothing.
	between bool
}

// data is what the steps hand on to each other. It lives in state.json, so
// that a run that is taken up has it again.
type data struct {
	Goal       *Goal    `json:"goal,omitempty"`        // so that resume has the run's flags again
	Withheld   bool     `json:"withheld,omitempty"`    // the goal's arguments for Nix held a secret, and are not kept
	BootOnly   string   `json:"boot_only,omitempty"`   // why the new system is not to be run before a reboot
	Files      []Change `json:"files,omitempty"`       // that a rollback brings back
	HomeBackup string   `json:"home_backup,omitempty"` // of the files in home-manager's way
	Suffix     string   `json:"suffix,omitempty"`      // of the files that home-manager moves out of its way
	Touched    bool     `json:"touched,omitempty"`     // something on the machine was switched, or was about to be
	Unit       string   `json:"unit,omitempty"`        // the folder of root's half, see unit.go
	UnitPlan   string   `json:"unit_plan,omitempty"`   // hash of what it was told to do
	Tools      *Tools   `json:"tools,omitempty"`       // what the unit activates with
	ToolsFor   string   `json:"tools_for,omitempty"`   // hash of the homes that they are for
	FlakeCopy  string   `json:"flake_copy,omitempty"`  // reference of the flake's copy in the store that was built
	// InstallLoader has the boot loader put onto the disk: the one that is there is of another kind.
	InstallLoader bool     `json:"install_loader,omitempty"`
	Failed        []string `json:"failed_units,omitempty"` // units that had failed before
	Confirmed     string   `json:"confirmed,omitempty"`    // hash of what was agreed to
}

func (s *session) backups() *backup.Store {
	return &backup.Store{Dir: s.store.Path("backups"), Writer: s.cfg.Writer, Now: s.cfg.Now}
}

// save writes state.json with the data of the steps.
func (s *session) save() error {
	d := s.data
	d.Touched = d.Touched || s.between
	raw, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode state: %w", err)
	}
	s.state.Data = raw
	return s.store.SaveState(s.state)
}

// decode reads what the steps of a run hand on to each other.
func decode(st *journal.State, d *data) error {
	if len(st.Data) == 0 {
		return nil
	}
	if err := json.Unmarshal(st.Data, d); err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	return nil
}

// note appends to the journal and tells the terminal. The journal is for
// people: a run does not fail because it cannot be written while state.json can.
func (s *session) note(e journal.Event) {
	e.SchemaVersion, e.Time, e.Run, e.Host = journal.EventSchema, s.cfg.Now(), s.state.ID, s.goal.Host
	if s.step != nil && e.Step == "" {
		e.Step = s.step.Name
	}
	if err := s.store.Append(e); err != nil {
		s.cfg.Log.Warn("journal", "error", err)
	}
	s.event(e)
}

// say tells the user something that is worth keeping in the step's record too.
func (s *session) say(format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	if s.step != nil {
		if s.step.Note != "" {
			s.step.Note += "; "
		}
		s.step.Note += msg
	}
	logfile.At(s.cfg.Log, slog.LevelInfo, 1, msg)
	s.note(journal.Event{Type: "message", Message: msg})
}

// command runs a command of a step: its lines go to the terminal and the log.
func (s *session) command(ctx context.Context, c run.Command) (run.Result, error) {
	name := "rollback"
	if s.step != nil {
		name = s.step.Name
	}
	if s.cfg.Output != nil && c.OnLine == nil {
		c.OnLine = func(st run.Stream, line string) { s.cfg.Output(name, st, line) }
	}
	s.cfg.Log.Info("run", "step", name, "command", c.String(), "root", c.Elevate)
	res, err := s.cfg.Runner.Run(ctx, c)
	if s.step != nil && err != nil {
		s.step.Child = run.CodeOf(err)
	}
	return res, err
}

// Run carries out a plan and returns the record of it. A run that ends in a
// failure has a record too; the error says what failed, with the exit code.
func (d *Deployer) Run(ctx context.Context, p Plan) (journal.Record, error) {
	if p.NoChange {
		records, _ := d.store.Records()
		if len(records) > 0 {
			return records[0], nil
		}
	}
	if err := p.Goal.gone(p.Missing); err != nil {
		return journal.Record{}, err
	}
	if p.Goal.Verb.touches() && !p.Goal.Yes && d.cfg.Confirm == nil && !p.answered {
		return journal.Record{}, nobody()
	}
	if err := d.store.Open(); err != nil {
		return journal.Record{}, err
	}
	unlock, err := d.store.Lock(ctx, journal.Holder{PID: d.cfg.PID, Host: d.cfg.HostName, Verb: string(p.Goal.Verb), Started: d.cfg.Now()})
	if err != nil {
		return journal.Record{}, err
	}
	defer unlock()
	s, err := d.begin(ctx, p)
	if err != nil {
		return journal.Record{}, err
	}
	return s.do(ctx)
}

// begin takes an unfinished run up or starts a new one. It runs under the lock:
// what Plan saw may have changed since.
func (d *Deployer) begin(ctx context.Context, p Plan) (*session, error) {
	s := &session{Deployer: d, goal: p.Goal, plan: p}
	if err := d.store.Clean(); err != nil {
		return nil, err
	}
	prior, err := d.store.State()
	if err != nil {
		return nil, err
	}
	if prior.Unfinished() && (crashed(prior) || p.Resumes && p.Run == prior.ID) && d.sameGoal(prior, p.Goal) {
		return s, s.takeUp(ctx, prior)
	}
	if crashed(prior) {
		if err := d.supersede(ctx, prior); err != nil {
			return nil, err
		}
	}
	id, err := d.store.NextID(prior)
	if err != nil {
		return nil, err
	}
	s.state = &journal.State{Record: journal.Record{ID: id, By: d.cfg.User, Started: d.cfg.Now()}, Status: journal.Running}
	s.beginAt(nil)
	s.inherit(prior)
	if p.Goal.To != nil {
		s.data.Files = p.Files
		s.aim()
	}
	if err := d.hook("begin"); err != nil {
		return nil, err
	}
	return s, s.save()
}

// beginAt notes the steps of the run, some of which may be done, and what it is to reach, in its record and for
// resume. It keeps no secrets: the state is shown to others where help is asked for.
func (s *session) beginAt(done []journal.Step) {
	g, r := s.goal, s.state
	r.Steps = nil
	for _, st := range s.plan.steps {
		js := journal.Step{Name: st.name, Status: journal.Pending}
		if i := slices.IndexFunc(done, func(old journal.Step) bool { return old.Name == st.name }); i >= 0 {
			js = done[i]
		}
		r.Steps = append(r.Steps, js)
	}
	r.Verb, r.Host, r.Flake, r.PID = string(g.Verb), g.Host, g.FlakeDir, s.cfg.PID
	r.Tool, r.Log, r.Machine, r.StateVersion = s.cfg.Tool, s.cfg.LogPath, s.machineID(), g.Target.StateVersion
	r.Profile, r.ProfilePath, r.Users = g.Profile, g.ProfilePath, nil
	if g.To != nil {
		r.Target = g.To.Record
	}
	for _, u := range g.Users {
		r.Users = append(r.Users, u.Name)
	}
	if s.data.Withheld = !slices.Equal(run.RedactArgs(g.NixArgs), g.NixArgs); s.data.Withheld {
		g.NixArgs = nil
	}
	g.Yes = false // what it answers is remembered as answered
	s.data.Goal = &g
}

// inherit takes the build over from a run that failed: if its inputs are the
// same and its result is still there, it is not built again.
func (s *session) inherit(prior *journal.State) {
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
		return fault.New(fault.Preflight, "run %d cannot be taken up: %w", prior.ID, err).
			Hint("quick-deploy --reset-state forgets the run; nothing was changed")
	}
	if js := prior.Find(stepBuild); js != nil && slices.ContainsFunc(built, func(p string) bool { return slices.Contains(gone, p) }) {
		js.Status = journal.Pending
	}
	s.between, s.data.Touched = s.data.Touched, false
	s.beginAt(prior.Steps)
	prior.Resumed++
	if err := s.hook("begin"); err != nil {
		return err
	}
	s.note(journal.Event{Type: "run", Status: journal.Running, Message: fmt.Sprintf("run %d is taken up at step %q", prior.ID, stoppedAt(prior))})
	prior.Status, prior.Ended = journal.Running, time.Time{}
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
	prior.Error = fmt.Sprintf("cut off in step %q; another run took its place", stoppedAt(prior))
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

// do runs the steps.
func (s *session) do(ctx context.Context) (journal.Record, error) {
	defer s.stopCounting()
	for _, st := range s.plan.steps {
		err := s.one(ctx, st)
		if err != nil && st.name == stepRecord {
			// The machine is switched and well. It stays so, and the next run takes this one up to write it down.
			return s.final, withHint(err, "the machine is as it was meant to be; quick-deploy resume writes the record when it can")
		}
		if err != nil {
			return s.fail(ctx, st, err)
		}
		if st.name == stepCompare && s.between {
			s.data.Touched = true
		}
		if err := ctx.Err(); err != nil && st.name != stepRecord {
			return s.fail(ctx, st, fault.New(fault.Interrupted, "interrupted after step %q: %w", st.name, err))
		}
	}
	s.summary(s.final)
	return s.final, nil
}

// one runs one step, unless it is done and nothing that it depends on has changed.
func (s *session) one(ctx context.Context, st step) error {
	js := s.state.Find(st.name)
	s.step = js
	defer func() { s.step = nil }()
	in := ""
	if st.input != nil {
		in = st.input(s)
	}
	if in != "" && js.Status == journal.Done && js.Input == in && st.holds(s) {
		s.note(journal.Event{Type: "step", Status: journal.Skipped, Message: "done before, with the same inputs"})
		return nil
	}
	now, was := s.cfg.Now(), *js
	*js = journal.Step{Name: js.Name, Status: journal.Running, Input: in, Start: &now, LogOffset: s.cfg.LogOffset()}
	if err := s.hook("before:" + st.name); err != nil {
		return err
	}
	if err := s.save(); err != nil {
		return err
	}
	s.note(journal.Event{Type: "step", Status: journal.Running})
	s.cfg.Log.Info("step begins", "step", st.name)

	err := st.run(s, ctx)
	end := s.cfg.Now()
	js.End = &end
	seconds := max(0, end.Sub(now).Seconds())
	var skip skipped
	switch {
	case errors.As(err, &skip):
		js.Status, js.Note, err = journal.Skipped, string(skip), nil
	case err == nil:
		js.Status = journal.Done
		js.Input = in
	case ctx.Err() != nil:
		js.Status = journal.Interrupted
	default:
		js.Status = journal.Failed
	}
	s.cfg.Log.Info("step ended", "step", st.name, "status", string(js.Status), "note", js.Note, "duration", end.Sub(now).Round(time.Millisecond))
	if err != nil {
		js.Error = err.Error()
		s.note(journal.Event{Type: "step", Status: js.Status, Message: js.Error, Child: js.Child, Seconds: seconds})
		if s.between && !s.data.Touched {
			*js = was
		}
		return err // fail writes the state
	}
	if err := s.hook("after:" + st.name); err != nil {
		return err
	}
	if err := s.save(); err != nil {
		return err
	}
	s.note(journal.Event{Type: "step", Status: js.Status, Message: js.Note, Seconds: seconds})
	return nil
}

// noteSkipped notes checks that were left out, once each: a run that is taken up leaves them out again.
func (s *session) noteSkipped(checks ...string) {
	for _, c := range checks {
		if !slices.Contains(s.state.SkippedChecks, c) {
			s.state.SkippedChecks = append(s.state.SkippedChecks, c)
		}
	}
}

// skipped is the error of a step that had nothing to do, and why.
type skipped string

func (s skipped) Error() string { return string(s) }

// fail ends a run that cannot go on: the machine is put back if it was touched, the
// state and a record are written, and the error gets its exit code and hints.
func (s *session) fail(ctx context.Context, st step, cause error) (journal.Record, error) {
	// What follows must happen although the user has pressed Ctrl-C.
	quiet := context.WithoutCancel(ctx)
	result := journal.Unchanged
	err := cause
	if ctx.Err() != nil && fault.CodeOf(err) != fault.Interrupted {
		err = &fault.Error{Code: fault.Interrupted, Err: fmt.Errorf("interrupted in step %q: %w", st.name, cause), Hints: fault.HintsOf(cause), Child: run.CodeOf(cause)}
	}
	if s.between && !s.data.Touched {
		return s.leave(err)
	}
	if s.data.Touched {
		result = journal.Broken
		perr := s.putBack(quiet)
		switch {
		case perr == nil:
			result, s.between, s.data.Touched = journal.PutBack, false, false
		case s.away:
			err = &fault.Error{Code: fault.RollbackFailed, Child: run.CodeOf(cause),
				Err: fmt.Errorf("%w; it answers no more, and goes back by itself: what it runs is not known", err)}
		case errors.Is(perr, errLeft):
			err = withHint(err, "the new system was left as it is (--rollback-on-failure=false); quick-deploy rollback goes back to run %d's rollback point", s.state.ID)
		default:
			err = &fault.Error{Code: fault.RollbackFailed, Err: fmt.Errorf("%w; putting the machine back failed as well: %w", err, perr), Child: run.CodeOf(cause)}
			if was := s.state.Before.Current; was != "" {
				err = withHint(err, "the last good system is %s", was)
			}
			err = withHint(err, "see docs/recovery.md; the old system also stands in the boot menu")
		}
	}
	var declined *declinedError
	if errors.As(cause, &declined) {
		result = journal.Declined
	}
	code, child := fault.CodeOf(err), run.CodeOf(cause)
	var f *fault.Error
	if errors.As(cause, &f) {
		child = cmp.Or(child, f.Child)
	}
	s.state.Status, s.state.Error, s.state.Code, s.state.Child = journal.Failed, err.Error(), int(code), child
	if code == fault.Interrupted {
		s.state.Status = journal.Interrupted
	}
	s.state.Ended = s.cfg.Now()
	var after journal.Machine
	if !s.away {
		var merr error
		if after, merr = s.machine(quiet, s.goal.Users); merr != nil {
			s.cfg.Log.Warn("read the machine after the failure", "error", merr)
		}
	}
	r := s.record(result, after)
	origin, _ := fault.OriginOf(cause)
	r.Failure = &journal.Failure{Step: st.name, Command: run.CommandOf(cause), Child: child, Origin: origin}
	logfile.From(s.cfg.Log, slog.LevelError, origin.PC, cause.Error(), "step", st.name,
		"command", r.Failure.Command, "exit", r.Failure.Child, "result", string(result))
	if s.goal.Verb.touches() {
		if serr := s.store.SaveRecord(r); serr != nil {
			return r, errors.Join(err, serr)
		}
	}
	if serr := s.save(); serr != nil {
		return r, errors.Join(err, serr)
	}
	if s.cfg.LogPath != "" {
		err = withHint(err, "log: %s", s.cfg.LogPath)
	}
	s.summary(r)
	return r, err
}

// leave ends the attempt to take a run up that was refused before it moved
// anything: the run stays unfinished, and the machine as it was found.
func (s *session) leave(err error) (journal.Record, error) {
	err = withHint(err, "this attempt has changed nothing, and run %d is still unfinished: quick-deploy resume goes on with it, "+
		"quick-deploy rollback goes back", s.state.ID)
	if s.cfg.LogPath != "" {
		err = withHint(err, "log: %s", s.cfg.LogPath)
	}
	if serr := s.save(); serr != nil {
		err = errors.Join(err, serr)
	}
	r := s.record(journal.Broken, journal.Machine{})
	r.Code, r.Child, r.Error = int(fault.CodeOf(err)), run.CodeOf(err), err.Error()
	s.summary(r)
	return r, err
}

func withHint(err error, format string, args ...any) error {
	var f *fault.Error
	if !errors.As(err, &f) || f.Err == nil {
		f = &fault.Error{Code: fault.CodeOf(err), Err: err}
		return f.Hint(format, args...)
	}
	f.Hint(format, args...)
	return err
}

// record is the record of this run as it ends.
func (s *session) record(result journal.Result, after journal.Machine) journal.Record {
	r := s.state.Record
	r.Result, r.After, r.Ended = result, after, s.cfg.Now()
	if result != journal.Good {
		r.Fingerprint = ""
	}
	return r
}

// summary ends the event stream of a run with its record.
func (s *session) summary(r journal.Record) {
	e := journal.Event{
		SchemaVersion: journal.EventSchema, Time: s.cfg.Now(), Type: "summary", Run: r.ID, Host: r.Host, Code: &r.Code, Child: r.Child,
		Message: string(r.Result), Seconds: max(0, r.Ended.Sub(r.Started).Seconds()), Status: s.state.Status,
	}
	if err := s.store.Append(e); err != nil {
		s.cfg.Log.Warn("journal", "error", err)
	}
	e.Data = r // in the journal it would only repeat the record's own file
	s.event(e)
}

// Summary is what a person is told at the end of a run.
func Summary(r journal.Record) string {
	var b strings.Builder
	fmt.Fprintf(&b, "run %d: %s %s: %s\n", r.ID, r.Verb, r.Host, r.Result)
	if r.System != "" {
		fmt.Fprintf(&b, "  system: %s\n", r.System)
	}
	for _, u := range sortedKeys(r.Homes) {
		fmt.Fprintf(&b, "  home of %s: %s\n", u, r.Homes[u])
	}
	for _, p := range slices.Concat(r.Pending, r.Advice) {
		fmt.Fprintf(&b, "  to do: %s\n", p)
	}
	if len(r.SkippedChecks) > 0 {
		fmt.Fprintf(&b, "  skipped: %s\n", strings.Join(r.SkippedChecks, ", "))
	}
	var h health.Report
	if len(r.Health) > 0 && json.Unmarshal(r.Health, &h) == nil {
		fmt.Fprintf(&b, "  health: %d passed, %d failed, %d starting, %d warnings, %d unknown\n",
			h.Passed, h.Failed, h.Starting, h.Warnings, h.Unknown)
		if starting := h.StillStarting(); starting != "" {
			fmt.Fprintf(&b, "  %s; quick-deploy health --wait tells when it is up\n", starting)
		}
	}
	return b.String()
}
