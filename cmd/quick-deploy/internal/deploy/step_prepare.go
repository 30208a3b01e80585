package deploy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/backup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// preflight looks at the machine. It runs on every run: free space and the network are of today.
func (s *session) preflight(ctx context.Context) error {
	if err := s.refuseVerb(ctx); err != nil {
		return err
	}
	m, t := s.preflightTarget(s.goal)
	m.Retry = s.retry
	r, err := preflight.Run(ctx, m, t, s.preflightOptions(ctx, s.goal.Offline))
	if err != nil {
		return usageFault(err)
	}
	s.noteSkipped(r.Skipped...)
	s.noteFindings(r)
	if err := r.Refusal().Fault(); err != nil {
		return err
	}
	if s.goal.Yes && (s.activates() || s.boots() || s.movesHomes()) {
		return s.askForRoot(ctx) // nobody has to be there after the build
	}
	return nil
}

// preflightOptions chooses the checks that are about what is left to do: nothing of building where
// all is built, nothing of what the new system is like where it was switched to before.
func (s *session) preflightOptions(ctx context.Context, offline bool) preflight.Options {
	return preflight.Options{
		Skip: s.goal.SkipChecks, Offline: offline, Built: s.built(ctx),
		Acting: s.goal.Verb.touches() && !s.between && !s.data.Touched,
	}
}

// built says whether the run's build is done and still that of the files as they are to be.
func (s *session) built(ctx context.Context) bool {
	js := s.state.Find(stepBuild)
	if js == nil || js.Status != journal.Done || js.Input == "" || js.Input != s.buildInput() || !s.buildHolds() {
		return false
	}
	if s.goal.Tree == nil {
		return true
	}
	changes, err := s.goal.Tree.Changes(ctx)
	return err == nil && !slices.ContainsFunc(changes, Change.pending)
}

// preflightTarget completes what the preflight looks at with what the history knows.
func (d *Deployer) preflightTarget(g Goal) (*preflight.Machine, preflight.Target) {
	m, t := *d.cfg.Machine, g.Target
	m.FlakeDir, m.ID = g.FlakeDir, d.machineID()
	if g.Verb != Switch && g.To == nil || len(g.homes()) == 0 {
		t.Homes, t.HomeFiles = nil, nil // they stay as they are
	}
	t.Profile = preflight.Profile{Path: g.ProfilePath, Hash: g.Profile, Host: g.Host}
	records, _ := d.store.Records() // what cannot be read of them is not known
	for _, r := range records {
		if r.Result != journal.Good || r.Verb == string(Rollback) {
			continue
		}
		t.Profiles = append(t.Profiles, preflight.Profile{Path: r.ProfilePath, Hash: r.Profile, Host: r.Host, Run: r.ID})
		if r.Host == g.Host && t.Deployed == "" {
			t.MachineID, t.Deployed = r.Machine, r.StateVersion
		}
	}
	return &m, t
}

// preflightBuilt looks again at what is known only now that the system and the homes
// are built: what the boot partition needs, and which files home-manager moves.
func (s *session) preflightBuilt(ctx context.Context) error {
	if s.cfg.Machine == nil {
		return nil
	}
	m, t := s.preflightTarget(s.goal)
	var only []string
	if s.boots() {
		m.NewSystem = s.state.System
		only = append(only, "boot-space")
	}
	if s.movesHomes() {
		t.HomeFiles, t.Homes = s.inTheWay(), s.builtHomes()
		only = append(only, "home-packages", "home-files")
	}
	if len(only) == 0 {
		return nil
	}
	r, err := preflight.Run(ctx, m, t, preflight.Options{Skip: s.goal.SkipChecks, Offline: true, Acting: true, Only: only})
	if err != nil {
		return usageFault(err)
	}
	s.noteFindings(r)
	refusal := r.Refusal()
	refusal.Written = true
	return refusal.Fault()
}

func (s *session) noteFindings(r preflight.Report) {
	for _, f := range r.Findings {
		if slices.Contains(s.found, f) {
			continue // a check that runs again when all is built
		}
		s.found = append(s.found, f)
		e := journal.Event{Type: "finding", Message: f.Text(), Data: f}
		switch {
		case f.Skipped:
			e.Status = journal.Skipped
		case f.Severity == preflight.Blocker:
			e.Status = journal.Failed
		}
		s.note(e)
		s.cfg.Log.Warn("preflight", "check", f.Check, "severity", string(f.Severity), "what", f.What, "skipped", f.Skipped)
	}
}

func usageFault(err error) error { return &fault.Error{Code: fault.Usage, Err: err} }

func (s *session) backupHolds() bool {
	_, err := s.backups().Get(s.state.Backup)
	return err == nil
}

// backupFlake copies the flake directory as it is before the run writes into it.
func (s *session) backupFlake(ctx context.Context) error {
	b := s.backups()
	if s.state.Backup == "" {
		s.state.Backup = b.NewID()
		// Remembered before it is made: after a crash the same one is made again, not a second.
		if err := s.save(); err != nil {
			return err
		}
	}
	m, err := b.Make(ctx, s.state.Backup, s.state.ID, []backup.Item{
		{Path: s.goal.FlakeDir, Why: "the flake before this run", Skip: func(path string, d fs.DirEntry) bool {
			return notOurs(path, d.Type()&fs.ModeSymlink != 0)
		}},
	})
	if err != nil {
		return err
	}
	for _, p := range m.LeftOut {
		s.say("%s is larger than %d MiB and was not backed up; quick-deploy did not write it and leaves it alone", p,
			backup.MaxFile>>20)
	}
	return nil
}

// notOurs leaves the repository's own folder and the links of builds out.
func notOurs(path string, link bool) bool {
	base := filepath.Base(path)
	return base == ".git" || link && (base == "result" || strings.HasPrefix(base, "result-"))
}

func (s *session) pointHolds() bool {
	if s.between { // the point is of before: what the machine is now is not to be gone back to
		return true
	}
	now, err := s.machine(context.Background(), s.goal.Users)
	return err == nil && now.Same(s.state.Before)
}

// takePoint records what runs and boots now, and holds it against garbage collection.
func (s *session) takePoint(ctx context.Context) error {
	now, err := s.machine(ctx, s.goal.Users)
	if err != nil {
		return err
	}
	s.state.Before = now
	s.data.Failed, err = system.FailedUnits(ctx, s.cfg.Runner)
	if err != nil {
		s.cfg.Log.Info("cannot list the units that have already failed", "error", err)
	}
	point := journal.Point{
		Record: s.state.ID, Taken: s.cfg.Now(), Machine: now, Flake: s.goal.FlakeDir, Backup: s.state.Backup,
	}
	if old, why := s.olderPoint(now); old != nil && s.goal.To == nil {
		point = *old
		s.say("the rollback point of run %d is kept: %s", old.Record, why)
	}
	if err := s.rootMachine(ctx, &now, s.state.ID); err != nil {
		return err
	}
	if point.Record == s.state.ID {
		point.Machine = now
	}
	s.state.Before, s.state.Point = now, point
	// The data goes first: a point that is written and not remembered would be
	// taken again after a crash, and then be one of a half-switched machine.
	if err := s.save(); err != nil {
		return err
	}
	if s.goal.To != nil {
		return nil // the last good machine is not the one that is left now
	}
	return s.store.SavePoint(point)
}

// olderPoint finds the point that must survive: if the machine is still what a
// failed run left, going back must not lead to that.
func (s *session) olderPoint(now journal.Machine) (*journal.Point, string) {
	records, _ := s.store.Records()
	for _, r := range records {
		if r.ID == s.state.ID {
			continue
		}
		if (r.Result == journal.Broken || r.Result == journal.Superseded) && now.Same(r.After) && !now.Same(r.Before) &&
			!r.Point.Taken.IsZero() {
			return &r.Point, fmt.Sprintf("run %d failed, and the machine has not changed since", r.ID)
		}
		return nil, ""
	}
	return nil, ""
}

// addRoot makes a garbage-collector root of a path of the machine and returns it.
func (s *session) addRoot(ctx context.Context, path string, id int, name string) (string, error) {
	if path == "" {
		return "", nil
	}
	link := filepath.Join(s.roots(), fmt.Sprintf("%d-%s", id, name))
	if _, err := s.command(ctx, s.rootCommand(path, link)); err != nil {
		return "", fmt.Errorf("protect %s from garbage collection: %w", path, err)
	}
	return link, nil
}

// roots is the folder of the machine for garbage-collector roots.
func (d *Deployer) roots() string {
	if d.cfg.Remote != nil {
		return d.cfg.Remote.Roots
	}
	return d.store.Path("gcroots")
}

// rootMachine makes garbage-collector roots for all paths of m and notes them in it.
func (s *session) rootMachine(ctx context.Context, m *journal.Machine, id int) error {
	if _, err := s.addRoot(ctx, m.Current, id, "current"); err != nil {
		return err
	}
	var err error
	if m.System.Root, err = s.addRoot(ctx, m.System.Path, id, "system"); err != nil {
		return err
	}
	for _, u := range sortedKeys(m.Homes) {
		g := m.Homes[u]
		if g.Root, err = s.addRoot(ctx, g.Path, id, "home-"+u); err != nil {
			return err
		}
		m.Homes[u] = g
	}
	return nil
}

// generate writes the flake, if it is not as generated.
func (s *session) generate(ctx context.Context) error {
	changes, err := s.goal.Tree.Changes(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(changes, Change.pending) {
		return skipped("the files are up to date")
	}
	return s.goal.Tree.Apply(ctx)
}

func notExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }
