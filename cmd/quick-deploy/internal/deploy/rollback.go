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

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/backup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
)

// Rollback is the verb of a run that goes back to a recorded point.
const Rollback Verb = "rollback"

// RollbackOptions choose what goes back and where to.
type RollbackOptions struct {
	// To is the run to undo: the machine is as it was before it. 0: the run that
	// made the machine what it is now.
	To int
	// System, Home and Files limit what goes back; none of them means all.
	System, Home, Files bool
	Yes                 bool
	// Owned lists the files below a flake directory that the tool wrote and nobody has changed
	// since, as relative paths. Only those, flake.lock and the
	// tool's own manifest are replaced or removed; nil: only the latter two.
	Owned func(dir string) ([]string, error)
}

// RollbackPlan is what a rollback will do.
type RollbackPlan struct {
	SchemaVersion int             `json:"schema_version"`
	Run           int             `json:"run"`    // number the rollback will have
	Undoes        int             `json:"undoes"` // the run it undoes
	Point         journal.Point   `json:"point"`
	Now           journal.Machine `json:"now"`
	System        bool            `json:"system"`
	Home          bool            `json:"home"`
	Files         []Change        `json:"files"`
	Kept          []string        `json:"kept,omitempty"`    // files of the user that differ and stay
	Missing       []string        `json:"missing,omitempty"` // what can no longer be restored: refuses
	Resumes       bool            `json:"resumes,omitempty"`

	host string
	opt  RollbackOptions
}

// rollbackData is what a rollback's steps hand on.
type rollbackData struct {
	Undoes  int             `json:"undoes"`
	Machine journal.Machine `json:"machine"`
	Backup  string          `json:"backup,omitempty"`
	System  bool            `json:"system"`
	Home    bool            `json:"home"`
	Files   []Change        `json:"files,omitempty"`
}

// PlanRollback works out a rollback and checks that all of it can be restored. It writes nothing.
func (d *Deployer) PlanRollback(ctx context.Context, o RollbackOptions) (RollbackPlan, error) {
	if !o.System && !o.Home && !o.Files {
		o.System, o.Home, o.Files = true, true, true
	}
	p := RollbackPlan{SchemaVersion: journal.EventSchema, System: o.System, Home: o.Home, Files: []Change{}, opt: o}
	prior, err := d.store.Peek()
	if err != nil && !journal.IsSetAside(err) {
		return p, err
	}
	if p.Run, err = d.store.NextID(prior); err != nil {
		return p, err
	}
	point, host, err := d.target(ctx, o.To)
	if err != nil {
		return p, err
	}
	p.Point, p.Undoes, p.host = *point, point.Record, host
	users := make([]User, 0, len(point.Machine.Homes))
	for _, u := range sortedKeys(point.Machine.Homes) {
		users = append(users, d.userOf(u, point.Machine.Homes[u]))
	}
	if p.Now, err = d.machine(ctx, users); err != nil {
		return p, err
	}
	if o.Files && point.Backup != "" {
		if p.Files, p.Kept, err = d.filesBack(*point, o.Owned); err != nil {
			p.Missing = append(p.Missing, err.Error())
		}
	}
	p.Missing = append(p.Missing, d.missingTargets(point.Machine, o.System, o.Home)...)
	return p, nil
}

// userOf finds a user's home directory from where their profile lies.
func (d *Deployer) userOf(name string, g journal.Generation) User {
	if name == d.cfg.User {
		return User{Name: name, Home: d.cfg.HomeDir}
	}
	if home, ok := strings.CutSuffix(g.Profile, "/.local/state/nix/profiles/home-manager"); ok {
		return User{Name: name, Home: home}
	}
	return User{Name: name, Home: filepath.Join("/home", name)}
}

// target finds the point to go back to.
func (d *Deployer) target(ctx context.Context, to int) (*journal.Point, string, error) {
	records, bad := d.store.Records()
	if to != 0 {
		for _, r := range records {
			if r.ID == to {
				if r.Point.Taken.IsZero() {
					return nil, "", fault.New(fault.Preflight, "run %d has no rollback point: it ended before one was taken", to)
				}
				return &r.Point, r.Host, nil
			}
		}
		return nil, "", fault.New(fault.Usage, "there is no run %d", to).Hint("quick-deploy history lists them")
	}
	host := d.cfg.HostName
	// The newest run that made the machine what it is.
	for _, r := range records {
		if r.Verb == string(Rollback) || r.Point.Taken.IsZero() || r.After.Same(r.Before) {
			continue
		}
		users := []User{}
		for u, g := range r.After.Homes {
			users = append(users, d.userOf(u, g))
		}
		now, err := d.machine(ctx, users)
		if err != nil {
			return nil, "", err
		}
		if now.Same(r.After) {
			return &r.Point, r.Host, nil
		}
	}
	if len(records) > 0 {
		host = records[0].Host
	}
	point, err := d.store.Point()
	if err != nil {
		return nil, "", err
	}
	if point == nil {
		e := fault.New(fault.Preflight, "there is nothing to roll back to: no deployment has been recorded")
		for _, b := range bad {
			e.Hint("%v", b)
		}
		return nil, "", e.Hint("nixos-rebuild list-generations shows the system's own generations")
	}
	return point, host, nil
}

// filesBack compares the backup of a point with the flake directory.
func (d *Deployer) filesBack(p journal.Point, owned func(string) ([]string, error)) (changes []Change, kept []string, err error) {
	b := &backup.Store{Dir: d.store.Path("backups"), Writer: d.cfg.Writer, Now: d.cfg.Now}
	m, err := b.Get(p.Backup)
	if err != nil {
		return nil, nil, err
	}
	own := map[string]bool{"flake.lock": true, ".quick-deploy/manifest.json": true}
	if owned != nil {
		list, err := owned(p.Flake)
		if err != nil {
			return nil, nil, err
		}
		for _, f := range list {
			own[f] = true
		}
	}
	then := map[string]bool{}
	for _, e := range m.Entries {
		rel, err := filepath.Rel(p.Flake, e.Source)
		if err != nil || !filepath.IsLocal(rel) {
			continue
		}
		then[rel] = true
		differs, err := e.Differs()
		if err != nil {
			return nil, nil, err
		}
		if !differs {
			continue
		}
		if e.Link == "" {
			if _, err := b.Content(m, e); err != nil {
				return nil, nil, err
			}
		}
		switch {
		case !exists(e.Source):
			changes = append(changes, Change{Path: rel, Action: Create})
		case own[rel]:
			changes = append(changes, Change{Path: rel, Action: Update})
		default:
			kept = append(kept, rel)
		}
	}
	for _, rel := range sortedKeys(own) {
		if !then[rel] && exists(filepath.Join(p.Flake, rel)) {
			changes = append(changes, Change{Path: rel, Action: Delete})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return changes, kept, nil
}

// rollbackPipeline is every step of a rollback, in order.
func rollbackPipeline() []step {
	return []step{confirmRollback{}, backupFiles{}, activateSystem{}, activateHomes{}, bootDefault{}, restoreFiles{}, verify{}, record{}}
}

// Rollback carries out a rollback. It is a run like any other: recorded,
// resumable, and put back as a whole if a part of it fails.
func (d *Deployer) Rollback(ctx context.Context, p RollbackPlan) (journal.Record, error) {
	if len(p.Missing) > 0 {
		e := fault.New(fault.Preflight, "cannot go back to the point of run %d: %s", p.Undoes, strings.Join(p.Missing, "; "))
		return journal.Record{}, e.Hint("nothing was changed; choose another with --to, or a part with --system, --home or --files")
	}
	if !p.opt.Yes && d.cfg.Confirm == nil {
		return journal.Record{}, fault.New(fault.Usage, "there is nobody to ask, and --yes was not given").Hint("pass --yes to go back without a question")
	}
	if err := d.store.Open(); err != nil {
		return journal.Record{}, err
	}
	unlock, err := d.store.Lock(ctx, journal.Holder{PID: d.cfg.PID, Host: d.cfg.HostName, Verb: string(Rollback), Started: d.cfg.Now()})
	if err != nil {
		return journal.Record{}, err
	}
	defer unlock()
	g := Goal{Verb: Rollback, Host: p.host, FlakeDir: p.Point.Flake, Yes: p.opt.Yes}
	for _, u := range sortedKeys(p.Point.Machine.Homes) {
		g.Users = append(g.Users, d.userOf(u, p.Point.Machine.Homes[u]))
	}
	return d.rollback(ctx, g, &rollbackData{
		Undoes: p.Undoes, Machine: p.Point.Machine, Backup: p.Point.Backup, System: p.System, Home: p.Home, Files: p.Files,
	})
}

// rollback runs the rollback's steps; rb is nil when a cut-off one is taken up.
func (d *Deployer) rollback(ctx context.Context, g Goal, rb *rollbackData) (journal.Record, error) {
	plan := Plan{Goal: g, steps: rollbackPipeline()}
	s := &session{Deployer: d, goal: g, plan: plan}
	if err := d.store.Clean(); err != nil {
		return journal.Record{}, err
	}
	prior, err := d.store.State()
	if err != nil {
		return journal.Record{}, err
	}
	if rb == nil {
		if err := s.takeUp(ctx, prior); err != nil {
			return journal.Record{}, err
		}
		return s.do(ctx)
	}
	if crashed(prior) {
		if err := d.supersede(ctx, prior); err != nil {
			return journal.Record{}, err
		}
	}
	id, err := d.store.NextID(prior)
	if err != nil {
		return journal.Record{}, err
	}
	s.state = &journal.State{
		ID: id, Verb: string(Rollback), Host: g.Host, Flake: g.FlakeDir, By: d.cfg.User, PID: d.cfg.PID,
		Started: d.cfg.Now(), Status: journal.Running, Log: d.cfg.LogPath,
	}
	for _, st := range plan.steps {
		s.state.Steps = append(s.state.Steps, journal.Step{Name: st.name(), Status: journal.Pending})
	}
	if s.data.Before, err = d.machine(ctx, g.Users); err != nil {
		return journal.Record{}, err
	}
	s.data.Rollback = rb
	if rb.System {
		s.data.System = rb.Machine.System.Path
	} else {
		s.data.System = s.data.Before.System.Path
	}
	s.data.Homes = map[string]string{}
	if rb.Home {
		for u, h := range rb.Machine.Homes {
			s.data.Homes[u] = h.Path
		}
	}
	if err := s.save(); err != nil {
		return journal.Record{}, err
	}
	return s.do(ctx)
}

// confirmRollback asks, once.
type confirmRollback struct{}

func (confirmRollback) name() string                  { return "confirm" }
func (confirmRollback) input(s *session) string       { return hashOf("confirm", fmt.Sprint(s.state.ID)) }
func (confirmRollback) holds(*session) bool           { return true }
func (confirmRollback) plan(*Deployer, Goal) *Planned { return nil }
func (confirmRollback) run(ctx context.Context, s *session) error {
	rb := s.data.Rollback
	// Looked at again under the lock: nothing is begun that cannot be ended.
	if missing := s.missingTargets(rb.Machine, rb.System, rb.Home); len(missing) > 0 {
		return fault.New(fault.Preflight, "cannot go back to the point of run %d: %s", rb.Undoes, strings.Join(missing, "; ")).Hint("nothing was changed")
	}
	yes := s.goal.Yes
	if !yes {
		var err error
		yes, err = s.cfg.Confirm(ctx, Question{Host: s.goal.Host, Verb: string(Rollback), Details: rb.details(s.data.Before), Text: fmt.Sprintf("undo run %d now?", rb.Undoes)})
		if err != nil {
			return err
		}
	}
	if !yes {
		return &fault.Error{Code: fault.Pending, Err: &declinedError{}}
	}
	if err := s.prime(ctx); err != nil {
		return err
	}
	// What is left now can be come back to as well.
	return s.root(ctx, &s.data.Before, s.state.ID)
}

func (rb *rollbackData) details(now journal.Machine) []string {
	var out []string
	if rb.System {
		out = append(out, fmt.Sprintf("system: generation %d, %s (now %d, %s)", rb.Machine.System.Number, rb.Machine.System.Path, now.System.Number, now.System.Path))
	}
	if rb.Home {
		for _, u := range sortedKeys(rb.Machine.Homes) {
			out = append(out, fmt.Sprintf("home of %s: generation %d, %s (now %d)", u, rb.Machine.Homes[u].Number, rb.Machine.Homes[u].Path, now.Homes[u].Number))
		}
	}
	for _, f := range rb.Files {
		out = append(out, fmt.Sprintf("file: %s %s", f.Action, f.Path))
	}
	return out
}

// restoreFiles brings the generated files and the lock file back.
type restoreFiles struct{}

func (restoreFiles) name() string                  { return "restore-files" }
func (restoreFiles) input(s *session) string       { return "" }
func (restoreFiles) holds(*session) bool           { return false }
func (restoreFiles) plan(*Deployer, Goal) *Planned { return nil }
func (restoreFiles) run(ctx context.Context, s *session) error {
	rb := s.data.Rollback
	if len(rb.Files) == 0 {
		return skipped("no file differs")
	}
	b := s.backups()
	m, err := b.Get(rb.Backup)
	if err != nil {
		return err
	}
	byPath := map[string]Change{}
	for _, c := range rb.Files {
		byPath[filepath.Join(s.goal.FlakeDir, c.Path)] = c
	}
	if _, err := b.Restore(ctx, m, func(e backup.Entry) bool { _, ok := byPath[e.Source]; return ok }); err != nil {
		return err
	}
	for _, c := range rb.Files {
		if c.Action != Delete {
			continue
		}
		path := filepath.Join(s.goal.FlakeDir, c.Path)
		if err := os.Remove(path); err != nil && !notExist(err) {
			return fmt.Errorf("restore files: %w", err)
		}
		removeEmptyDirs(filepath.Dir(path), s.goal.FlakeDir)
	}
	return nil
}

// removeEmptyDirs removes dir and its parents up to stop, as far as they are empty.
func removeEmptyDirs(dir, stop string) {
	for strings.HasPrefix(dir, stop+string(filepath.Separator)) {
		if os.Remove(dir) != nil {
			return // not empty
		}
		dir = filepath.Dir(dir)
	}
}

// ErrNothingToResume is returned by Resume when the last run ended well.
var ErrNothingToResume = errors.New("there is no unfinished run")

// unfinished is the run that Resume goes on with.
func (d *Deployer) unfinished() (*journal.State, error) {
	st, err := d.store.Peek()
	if err != nil {
		return nil, err
	}
	if !st.Unfinished() {
		return nil, &fault.Error{Code: fault.Usage, Err: ErrNothingToResume}
	}
	if st.Verb == string(Rollback) && !crashed(st) {
		return nil, fault.New(fault.Usage, "run %d, a rollback, ended in step %q: there is nothing to go on with", st.ID, stoppedAt(st)).
			Hint("quick-deploy rollback begins another")
	}
	return st, nil
}

// PlanResume is what Resume would do. It writes nothing.
func (d *Deployer) PlanResume(ctx context.Context, goal func(journal.State) (Goal, error)) (Plan, error) {
	st, err := d.unfinished()
	if err != nil {
		return Plan{}, err
	}
	if st.Verb != string(Rollback) {
		g, err := goal(*st)
		if err != nil {
			return Plan{}, err
		}
		return d.Plan(ctx, g)
	}
	p := Plan{
		SchemaVersion: journal.EventSchema, Goal: Goal{Verb: Rollback, Host: st.Host, FlakeDir: st.Flake}, Run: st.ID,
		Resumes: true, Reason: resumes(st), Steps: []Planned{}, Files: []Change{},
	}
	for _, s := range st.Steps {
		p.Steps = append(p.Steps, Planned{Step: s.Name, What: "go on with the rollback", Done: doneBefore(st, s.Name)})
	}
	p.Machine, err = d.machine(ctx, nil)
	return p, err
}

// Resume goes on with the last run, if it did not end well. goal rebuilds what
// the run was to reach from its verb, host and flake directory.
func (d *Deployer) Resume(ctx context.Context, goal func(journal.State) (Goal, error)) (journal.Record, error) {
	st, err := d.unfinished()
	if err != nil {
		return journal.Record{}, err
	}
	if st.Verb != string(Rollback) {
		p, err := d.PlanResume(ctx, goal)
		if err != nil {
			return journal.Record{}, err
		}
		return d.Run(ctx, p)
	}
	if err := d.store.Open(); err != nil {
		return journal.Record{}, err
	}
	unlock, err := d.store.Lock(ctx, journal.Holder{PID: d.cfg.PID, Host: d.cfg.HostName, Verb: string(Rollback), Started: d.cfg.Now()})
	if err != nil {
		return journal.Record{}, err
	}
	defer unlock()
	var old data
	if err := json.Unmarshal(st.Data, &old); err != nil {
		return journal.Record{}, fmt.Errorf("read state: %w", err)
	}
	g := Goal{Verb: Rollback, Host: st.Host, FlakeDir: st.Flake, Yes: true}
	if old.Rollback != nil {
		for _, u := range sortedKeys(old.Rollback.Machine.Homes) {
			g.Users = append(g.Users, d.userOf(u, old.Rollback.Machine.Homes[u]))
		}
	}
	return d.rollback(ctx, g, nil)
}
