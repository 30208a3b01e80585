package deploy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/storepath"
)

// Run carries out a plan and returns the record of it. A run that ends in a
// failure has a record too; the error says what failed, with the exit code.
func (d *Deployer) Run(ctx context.Context, p Plan) (journal.Record, error) {
	if p.NoChange {
		records, _ := d.store.Records()
		if len(records) > 0 {
			return records[0], nil
		}
	}
	if err := p.Goal.refuseMissing(p.Missing); err != nil {
		return journal.Record{}, err
	}
	if p.Goal.Verb.touches() && !p.Goal.Yes && d.cfg.Confirm == nil && !p.answered {
		return journal.Record{}, NoTerminal()
	}
	if err := d.store.Open(); err != nil {
		return journal.Record{}, err
	}
	unlock, err := d.store.Lock(ctx, journal.Holder{
		PID: d.cfg.PID, Host: d.cfg.HostName, Verb: string(p.Goal.Verb), Started: d.cfg.Now(),
	})
	if err != nil {
		return journal.Record{}, err
	}
	defer unlock()
	s, err := d.begin(ctx, p)
	if err != nil {
		return journal.Record{}, err
	}
	return s.runSteps(ctx)
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
	// It would roll the machine back, or have status and resume forget that somebody has to.
	if p.Goal.Extend != nil && prior.Unfinished() && between(prior) {
		return nil, fault.New(fault.Preflight, "run %d (%s %s) is unfinished; the machine may be between two systems",
			prior.ID, prior.Verb, prior.Host).
			Hint("quick-deploy resume continues it, quick-deploy rollback rolls it back")
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
	s.noteGoal(nil)
	s.takeBuildOver(prior)
	if p.Goal.To != nil {
		s.data.Files = p.Files
		s.usePoint()
	}
	if err := d.hook("begin"); err != nil {
		return nil, err
	}
	return s, s.save()
}

// noteGoal notes the steps of the run, some of which may be done, and what it is to reach, in its record and for
// resume. It keeps no secrets: the state is shown to others where help is asked for.
func (s *session) noteGoal(done []journal.Step) {
	g, r := s.goal, s.state
	r.Steps = nil
	for _, p := range s.plan.Steps {
		js := journal.Step{Name: p.Step, Status: journal.Pending}
		if i := slices.IndexFunc(done, func(old journal.Step) bool { return old.Name == p.Step }); i >= 0 {
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

// runSteps runs the steps.
func (s *session) runSteps(ctx context.Context) (journal.Record, error) {
	defer s.stopCounting()
	for _, st := range s.pipeline() {
		if s.state.Find(st.name) == nil {
			continue // it has no part in this run
		}
		err := s.runStep(ctx, st)
		if err != nil && st.name == stepRecord {
			// The machine is switched and well. It stays so, and the next run takes this one up to write it down.
			return s.final, withHint(err, "the machine is in the state you asked for; "+
				"to write the record: quick-deploy resume")
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

// runStep runs one step, unless it is done and nothing that it depends on has changed.
func (s *session) runStep(ctx context.Context, st step) error {
	js := s.state.Find(st.name)
	s.step = js
	defer func() { s.step = nil }()
	in := ""
	if st.input != nil {
		in = st.input()
	}
	if in != "" && js.Status == journal.Done && js.Input == in && st.holds() {
		s.note(journal.Event{Type: "step", Status: journal.Skipped, Message: "done before, with the same inputs"})
		return nil
	}
	s.thought = 0
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

	err := st.run(ctx)
	end := s.cfg.Now()
	js.End = &end
	seconds := max(0, (end.Sub(now) - s.thought).Seconds())
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
	s.cfg.Log.Info("step ended", "step", st.name, "status", string(js.Status), "note", js.Note, "duration",
		end.Sub(now).Round(time.Millisecond))
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

// fail ends a run that cannot go on: the machine is put back if it was touched, the
// state and a record are written, and the error gets its exit code and hints.
func (s *session) fail(ctx context.Context, st step, cause error) (journal.Record, error) {
	// What follows must happen although the user has pressed Ctrl-C.
	quiet := context.WithoutCancel(ctx)
	result := journal.Unchanged
	if s.cfg.Explain != nil {
		cause = s.cfg.Explain(cause)
	}
	err := cause
	if ctx.Err() != nil && fault.CodeOf(err) != fault.Interrupted {
		err = &fault.Error{
			Code: fault.Interrupted, Child: run.CodeOf(cause),
			Err: fmt.Errorf("interrupted in step %q: %w", st.name, cause),
		}
	}
	if s.between && !s.data.Touched {
		return s.stayUnfinished(err)
	}
	if s.data.Touched {
		result = journal.Broken
		perr := s.putBack(quiet)
		switch {
		case perr == nil:
			err = fmt.Errorf("%w; %s", err, s.rolledBack())
			result, s.between, s.data.Touched = journal.PutBack, false, false
		case s.away:
			err = &fault.Error{Code: fault.RollbackFailed, Child: run.CodeOf(cause),
				Err: fmt.Errorf("%w; the machine no longer answers and rolls back by itself: what it runs now is unknown", err)}
		case errors.Is(perr, errLeft):
			err = withHint(err, "the new system was left running (--rollback-on-failure=false); "+
				"to roll back to before run %d: quick-deploy rollback", s.state.ID)
		default:
			err = &fault.Error{
				Code: fault.RollbackFailed, Child: run.CodeOf(cause),
				Err: fmt.Errorf("%w; rolling back failed as well: %w", err, perr),
			}
			if was := s.state.Before; was.System.Number > 0 && was.System.Path == was.Current {
				err = withHint(err, "generation %d is the last good system, and it is in the boot menu", was.System.Number)
			} else if was.Current != "" {
				err = withHint(err, "the last good system is %s", was.Current)
			}
			err = withHint(err, "quick-deploy help recovery says what to do")
		}
	}
	if errors.Is(cause, errDeclined) {
		result = journal.Declined
	}
	if result == journal.Unchanged {
		err = withNote(err, "nothing was switched")
	}
	if result != journal.Declined {
		err = s.noteLog(err)
	}
	code, child := fault.CodeOf(err), run.CodeOf(cause)
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
	r.Failure = &journal.Failure{
		Step: st.name, Command: run.CommandOf(cause), Child: child, Origin: origin,
		Told: slices.Concat(fault.HintsOf(err), fault.NotesOf(err)),
	}
	var refusal *preflight.Refusal
	if errors.As(err, &refusal) && refusal.About == "" {
		r.Failure.Refused = refusal.Lines()
		r.Failure.Told = fault.NotesOf(err)
	}
	s.state.Result, s.state.Failure = r.Result, r.Failure
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
	s.summary(r)
	return r, err
}

// rolledBack says what the machine runs again after a run that failed.
func (s *session) rolledBack() string {
	was := s.state.Before
	if was.System.Number == 0 || was.System.Path != was.Current {
		return "rolled back to what ran before"
	}
	return fmt.Sprintf("rolled back to generation %d", was.System.Number)
}

// noteLog adds to an error where the log of the run is.
func (s *session) noteLog(err error) error {
	if s.cfg.LogPath == "" {
		return err
	}
	return withNote(err, "log: %s", s.cfg.LogPath)
}

// stayUnfinished ends the attempt to take a run up that was refused before it moved
// anything: the run stays unfinished, and the machine as it was found.
func (s *session) stayUnfinished(err error) (journal.Record, error) {
	err = withHint(err, "this attempt changed nothing, and run %d is still unfinished: "+
		"quick-deploy resume continues it, "+
		"quick-deploy rollback rolls it back", s.state.ID)
	err = s.noteLog(err)
	if serr := s.save(); serr != nil {
		err = errors.Join(err, serr)
	}
	r := s.record(journal.Broken, journal.Machine{})
	r.Code, r.Child, r.Error = int(fault.CodeOf(err)), run.CodeOf(err), err.Error()
	s.summary(r)
	return r, err
}

func withHint(err error, format string, args ...any) error {
	f, err := faultOf(err)
	f.Hint(format, args...)
	return err
}

func withNote(err error, format string, args ...any) error {
	f, err := faultOf(err)
	f.Note(format, args...)
	return err
}

// faultOf is the outermost fault in the chain of err, and err with one around it if it had none.
func faultOf(err error) (*fault.Error, error) {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Err != nil {
		return f, err
	}
	f := &fault.Error{Code: fault.CodeOf(err), Err: err}
	return f, f
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
	s.note(journal.Event{
		Type: "summary", Code: &r.Code, Child: r.Child, Status: s.state.Status, Message: string(r.Result),
		Seconds: max(0, r.Ended.Sub(r.Started).Seconds()), Data: r,
	})
}

// Done says in a few words what a run came to, by how it ended.
func Done(r journal.Record) string {
	what := map[Verb]string{
		Build: "built %s", Test: "activated %s until the next boot", Boot: "%s boots it next", Switch: "deployed %s",
		Rollback: "rolled %s back", VM: "built the virtual machine of %s", Image: "built the image of %s",
	}[Verb(r.Verb)]
	if what == "" || r.Result != journal.Good {
		return fmt.Sprintf("%s %s (run %d): %s", r.Verb, r.Host, r.ID, r.Result)
	}
	return fmt.Sprintf(what+" (run %d)", r.Host, r.ID)
}

// Summary is what a person is told at the end of a run that went well. Store paths are whole with paths, else names.
func Summary(r journal.Record, paths bool) string {
	name := storepath.Shorten
	if paths {
		name = func(path string) string { return path }
	}
	var b strings.Builder
	fmt.Fprintln(&b, Done(r))
	if r.System != "" {
		generation := ""
		if n := r.After.System.Number; n > 0 {
			generation = fmt.Sprintf("generation %d, ", n)
		}
		fmt.Fprintf(&b, "  system: %s%s\n", generation, name(r.System))
	}
	if r.Built != "" {
		fmt.Fprintf(&b, "  built: %s\n", name(r.Built))
	}
	for _, u := range sortedKeys(r.Homes) {
		if g := r.After.Homes[u]; !paths && g.Path == r.Homes[u] && g.Number > 0 {
			fmt.Fprintf(&b, "  home of %s: generation %d\n", u, g.Number)
			continue
		}
		fmt.Fprintf(&b, "  home of %s: %s\n", u, name(r.Homes[u]))
	}
	for _, p := range slices.Concat(r.Pending, r.Advice) {
		fmt.Fprintf(&b, "  to do: %s\n", p)
	}
	if len(r.SkippedChecks) > 0 {
		fmt.Fprintf(&b, "  checks skipped: %s\n", strings.Join(r.SkippedChecks, ", "))
	}
	if h := r.Health; h != nil {
		fmt.Fprintf(&b, "  health: %s\n", h)
		if starting := h.StillStarting(); starting != "" {
			fmt.Fprintf(&b, "  %s; quick-deploy health --wait waits until it is up\n", starting)
		}
	}
	return b.String()
}
