package deploy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// buildInput hashes the tree as it lies on disk: an edit of local.nix counts as much as a new profile.
func (s *session) buildInput() string {
	if s.handsOver() {
		return ""
	}
	fp, err := s.fingerprint(s.goal)
	if err != nil {
		return ""
	}
	return hashOf("build", fp)
}

func (s *session) buildHolds() bool {
	if s.cfg.Remote != nil {
		gone, err := s.collected(context.Background(), append(values(s.state.Homes), s.state.System)...)
		return err == nil && len(gone) == 0
	}
	if !isSystem(s.state.System) {
		return false
	}
	for _, u := range s.goal.homes() {
		if !exists(s.state.Homes[u.Name]) {
			return false
		}
	}
	return true
}

func (s *session) planBuild() *Planned {
	if s.goal.To != nil {
		return nil
	}
	p := &Planned{What: "evaluate and build the system and the homes, as " + orUser(s.cfg.User)}
	there := s.cfg.Remote
	switch {
	case s.handsOver():
		p.What = "hand the machine over to " + there.HandOver + ", which builds, copies, activates and sets the boot default: none of that is ours"
		s.planned(p, there.Build())
	case there != nil:
		p.What = "build the system and the homes, and copy them to the machine"
		s.planned(p, there.Build())
	default:
		s.planned(p, s.buildSystem(s.goal, ""))
	}
	for _, u := range s.goal.homes() {
		s.planned(p, s.buildHome(s.goal, u, s.store.Path("work", "<run>", "home-"+u.Name)))
		if there != nil {
			s.planned(p, there.Copy("<home>"))
		}
	}
	return p
}

// handsOver says whether another program activates and sets the boot default.
func (d *Deployer) handsOver() bool { return d.cfg.Remote != nil && d.cfg.Remote.HandOver != "" }

func orUser(name string) string {
	if name == "" {
		return "the user"
	}
	return name
}

// build evaluates and builds the system and every home, as the user.
func (s *session) build(ctx context.Context) error {
	before, err := s.fingerprint(s.goal)
	if err != nil {
		return err
	}
	work := s.store.Path("work", strconv.Itoa(s.state.ID))
	if err := os.MkdirAll(work, 0o700); err != nil {
		return fmt.Errorf("make the build's working directory: %w", err)
	}
	var system string
	if s.cfg.Remote != nil {
		system, err = s.cfg.Remote.System, s.buildThere(ctx, work)
	} else {
		system, err = s.buildHere(ctx, work)
	}
	if err != nil {
		return err
	}
	homes := map[string]string{}
	for _, u := range s.goal.homes() {
		link := filepath.Join(work, "home-"+u.Name)
		if err := s.nix(ctx, s.buildHome(s.goal, u, link)); err != nil {
			return err
		}
		if homes[u.Name], err = resolve(link); err != nil {
			return fault.New(fault.Build, "nix said that it built the home of %s, but left no link: %w", u.Name, err)
		}
		if !exists(homes[u.Name] + "/activate") {
			return fault.New(fault.Build, "%s is not a home-manager generation: it has no activate", homes[u.Name])
		}
		if err := s.bring(ctx, homes[u.Name], "new-home-"+u.Name); err != nil {
			return err
		}
	}
	s.state.System, s.state.Homes = system, homes
	if s.state.Tree, err = s.treeHash(s.goal); err != nil {
		return err
	}
	if s.state.Lock, err = fileHash(filepath.Join(s.goal.FlakeDir, "flake.lock")); err != nil {
		return err
	}
	if s.state.Fingerprint, err = s.fingerprint(s.goal); err != nil {
		return err
	}
	if s.state.Fingerprint != before {
		// What was built is a mixture, or Nix completed the lock file: do not take it for this tree.
		s.state.Fingerprint = ""
		s.say("files of the flake changed while it was built")
	}
	return nil
}

// buildHere builds the system of this machine.
func (s *session) buildHere(ctx context.Context, work string) (string, error) {
	result := filepath.Join(work, "result")
	if err := os.Remove(result); err != nil && !notExist(err) {
		return "", fmt.Errorf("remove the last build's link: %w", err)
	}
	if err := s.nix(ctx, s.buildSystem(s.goal, work)); err != nil {
		return "", err
	}
	system, err := resolve(result)
	if err != nil {
		return "", fault.New(fault.Build, "nixos-rebuild said that it built the system, but left no result link: %w", err)
	}
	return system, sane(system)
}

// buildThere has another machine's system built and brought there. What is handed over runs when this ends.
func (s *session) buildThere(ctx context.Context, work string) error {
	r := s.cfg.Remote
	if s.handsOver() {
		return s.handOver(ctx)
	}
	var err error
	if r.Call != nil {
		err = r.Call(ctx)
	} else {
		c := r.Build()
		c.Dir = work
		err = s.nix(ctx, c)
	}
	if err != nil && (r.Call == nil || ctx.Err() != nil) {
		return err
	}
	if _, missing := s.hold(ctx, r.System, s.state.ID, "new"); missing != nil {
		return cmp.Or(err, error(fault.New(fault.Build, "the system was built and is not on the machine: %w", missing)))
	}
	return nil
}

// handOver has another program do it all. Its error may be about another machine: what runs here decides.
func (s *session) handOver(ctx context.Context) error {
	r := s.cfg.Remote
	s.state.System, s.data.Touched = r.System, true
	if err := s.save(); err != nil {
		return err
	}
	failed := r.Call(ctx)
	quiet := context.WithoutCancel(ctx)
	// Whether the machine lets somebody in still is asked over a connection of its own.
	if _, err := s.cfg.Runner.Run(quiet, run.Command{Name: "true", Timeout: quick, Fresh: true}); err != nil {
		return errors.Join(failed, fmt.Errorf("after the activation: %w", err))
	}
	now, err := s.machine(quiet, nil)
	if err != nil || now.Current == r.System {
		return err
	}
	return cmp.Or(failed, error(fault.New(fault.Activation, "%s ended without an error, and the machine runs %s", r.HandOver, now.Current)))
}

// bring brings a closure that was built here to another machine, and holds it there.
func (s *session) bring(ctx context.Context, path, name string) error {
	if s.cfg.Remote == nil {
		return nil
	}
	if err := s.nix(ctx, s.cfg.Remote.Copy(path)); err != nil {
		return err
	}
	_, err := s.hold(ctx, path, s.state.ID, name)
	return err
}

// sane refuses what is not a whole NixOS system, before anything runs it.
func sane(system string) error {
	for _, f := range []string{"bin/switch-to-configuration", "nixos-version", "init"} {
		if !exists(filepath.Join(system, f)) {
			return fault.New(fault.Build, "%s is not a NixOS system: it has no %s", system, f).
				Hint("is the host's system.build.toplevel overridden somewhere?")
		}
	}
	return nil
}

func isSystem(path string) bool { return path != "" && sane(path) == nil }

// NixError is a command of Nix that failed, with everything it said: what of
// the profile it goes back to, the caller finds out.
type NixError struct {
	Err  error
	Said nixlog.Output
}

func (e *NixError) Error() string { return e.Err.Error() }
func (e *NixError) Unwrap() error { return e.Err }

// nix runs a command of Nix, repeats it where the network failed, and says
// what went wrong otherwise.
func (s *session) nix(ctx context.Context, c run.Command) error {
	var said nixlog.Output
	err := s.retry(ctx, func(int) *retry.Failure {
		res, err := s.command(ctx, c)
		if err == nil {
			return nil
		}
		said = nixlog.Read(res.Stderr)
		return &retry.Failure{Err: err, Cause: said.Cause}
	})
	if err == nil || ctx.Err() != nil {
		return err
	}
	s.step.Child = run.CodeOf(err)
	var spent *retry.SpentError
	if errors.As(err, &spent) {
		e := fault.New(fault.Network, "%w", err)
		e.Child = run.CodeOf(err)
		return e.Hint("%s", said.Cause.Words().Hint).Hint("nothing was switched; quick-deploy resume goes on from here")
	}
	var re *run.Error
	if !errors.As(err, &re) {
		return err
	}
	e := fault.New(fault.Build, "%s: %w", cmp.Or(said.Cause.Line(), c.Name+" failed"), &NixError{Err: err, Said: said})
	e.Child = re.Code
	if said.Cause.Kind == nixlog.Builder {
		for _, l := range said.Cause.Detail[max(0, len(said.Cause.Detail)-5):] {
			e.Hint("the builder said: %s", l)
		}
	}
	return e.Hint("nothing was switched")
}

// retry repeats what the network broke, and tells of each wait.
func (s *session) retry(ctx context.Context, attempt func(n int) *retry.Failure) error {
	return s.cfg.Retry.Do(ctx, s.cfg.Jitter, s.cfg.Sleep, func(n retry.Notice) {
		s.cfg.Log.Warn(n.String())
		s.note(journal.Event{Type: "retry", Attempt: n.Attempt, Message: n.String(), Seconds: n.Wait.Seconds()})
	}, attempt)
}

func (s *session) planCompare() *Planned {
	if !s.goal.Verb.touches() || s.handsOver() {
		return nil
	}
	p := &Planned{What: "show what changes"}
	if s.activates() || s.boots() {
		p.What += " between the running and the new system"
		s.planned(p, s.diffClosures(s.cfg.Paths.Current, s.state.System))
	}
	if !s.goal.Yes {
		p.What += ", and ask"
	}
	current, err := resolve(s.cfg.Paths.Current)
	if err == nil && s.cfg.Machine != nil && s.goal.To == nil && s.foreign(s.goal.Host, current) {
		p.What += "; the running system is not from here: list what it has and the new one has not, and refuse what can lock somebody out or stop the boot"
	}
	return p
}

// declinedError is a question answered with no.
type declinedError struct{}

func (*declinedError) Error() string { return "declined, nothing was switched" }

// compare shows what changes and asks. It runs on every run; a question that
// was answered for these very closures is not asked again.
func (s *session) compare(ctx context.Context) error {
	if err := s.refuse(ctx); err != nil {
		return err
	}
	if err := s.chooseVerb(ctx); err != nil {
		return err
	}
	s.compareLoaders()
	if err := s.recheck(ctx); err != nil {
		return err
	}
	gone, err := s.takesAway()
	if err != nil {
		return err
	}
	diff, err := s.diff(ctx)
	if err != nil {
		return err
	}
	q := Question{Text: fmt.Sprintf("%s %s now?", s.effective(), s.goal.Host)}
	if to := s.goal.To; to != nil {
		q.Text = fmt.Sprintf("undo run %d now?", to.Record)
		diff = append(s.goal.back(s.state.Before, s.data.Files), diff...)
	}
	s.note(journal.Event{Type: "diff", Message: strings.Join(diff, "\n")})
	q.Details = slices.Concat(gone, diff)
	keys := append([]string{s.state.System, string(s.effective())}, gone...)
	for _, u := range sortedKeys(s.state.Homes) {
		keys = append(keys, u, s.state.Homes[u])
	}
	if what := hashOf(keys...); s.data.Confirmed != what {
		if err := s.ask(ctx, q); err != nil {
			return err
		}
		s.data.Confirmed = what
	}
	return s.prime(ctx)
}

// ask asks, unless --yes has answered. No is an error.
func (s *session) ask(ctx context.Context, q Question) error {
	if s.goal.Yes {
		return nil
	}
	if s.cfg.Confirm == nil {
		return nobody()
	}
	s.note(journal.Event{Type: "question", Message: q.Text})
	yes, err := s.cfg.Confirm(ctx, q)
	if err != nil || yes {
		return err
	}
	e := &fault.Error{Code: fault.Pending, Err: &declinedError{}}
	if s.goal.To == nil {
		e.Hint("the build is kept: the next run with the same flake does not build again")
	}
	return e
}

// nobody refuses a run that has a question and nobody to answer it.
func nobody() error {
	return fault.New(fault.Usage, "there is nobody to ask, and --yes was not given").
		Hint("pass --yes to go on without a question, or --dry-run to see the plan")
}

// diff is what changes between the running and the new system, a line each.
func (s *session) diff(ctx context.Context) ([]string, error) {
	var diff []string
	if s.state.Before.Current != "" && s.state.System != "" && s.state.Before.Current != s.state.System {
		res, err := s.cfg.Runner.Run(ctx, s.diffTool(s.state.Before.Current, s.state.System))
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
		if err != nil {
			s.say("the closures cannot be compared: %v", err)
		}
		for line := range strings.Lines(res.Stdout) {
			diff = append(diff, strings.TrimRight(line, "\n"))
		}
	}
	if s.state.Before.Current == s.state.System {
		diff = append(diff, "the system is the same")
	}
	for _, u := range sortedKeys(s.state.Homes) {
		if s.state.Before.Homes[u].Path == s.state.Homes[u] {
			diff = append(diff, "the home of "+u+" is the same")
		}
	}
	return diff, nil
}

// prime asks for the password now, while nothing is touched: a refusal later
// would leave nobody with the rights to put the machine back.
func (s *session) prime(ctx context.Context) error {
	if s.goal.SkipSystem && !slices.ContainsFunc(s.goal.homes(), func(u User) bool { return u.Name != s.cfg.User }) {
		return nil // nothing of it needs more rights
	}
	if p, ok := s.cfg.Runner.(interface{ Prime(context.Context) error }); ok {
		return p.Prime(ctx)
	}
	return nil
}

// diffTool is dix or nvd where the user has one, else Nix's own.
func (s *session) diffTool(old, new string) run.Command {
	if s.cfg.Remote != nil {
		return s.diffClosures(old, new)
	}
	for _, c := range []run.Command{{Name: "dix", Args: []string{old, new}}, {Name: "nvd", Args: []string{"diff", old, new}}} {
		if _, err := s.cfg.Runner.LookPath(c.Name); err == nil {
			c.Timeout = quick
			return c
		}
	}
	return s.diffClosures(old, new)
}

// refuse refuses a closure that failed before, and one that a rollback needs and is not there.
// It is looked at under the lock: nothing is begun that cannot be ended.
func (s *session) refuse(ctx context.Context) error {
	if s.goal.To != nil {
		return s.goal.gone(s.missing(ctx, s.goal))
	}
	bad, err := s.store.Bad()
	if err != nil {
		return err
	}
	for _, b := range bad {
		if b.Path != s.state.System && !slices.Contains(values(s.state.Homes), b.Path) {
			continue
		}
		if s.goal.RetryBad {
			if err := s.store.ClearBad(b.Path); err != nil {
				return err
			}
			s.say("%s failed in run %d and is tried again", b.Path, b.Record)
			continue
		}
		s.data.Touched = s.data.Touched || s.between && b.Record == s.state.ID // it was about to be put back
		return fault.New(fault.Health, "%s was tried in run %d and was bad: %s", b.Path, b.Record, b.Why).
			Hint("change the profile, or try the same system again with --retry-bad")
	}
	return nil
}

// activates, boots and movesHomes say what the run moves: the running system, the boot default, homes.
func (s *session) activates() bool {
	v := s.goal.Verb
	return (v == Test || v == Switch || v == Rollback) && !s.goal.SkipSystem && s.data.BootOnly == ""
}

func (s *session) boots() bool {
	v := s.goal.Verb
	return (v == Boot || v == Switch || v == Rollback) && !s.goal.SkipSystem
}

func (s *session) movesHomes() bool {
	return (s.effective() == Switch || s.goal.To != nil) && len(s.goal.homes()) > 0
}

// effective is the verb that the run comes to, once the built system is known.
func (s *session) effective() Verb {
	if s.data.BootOnly != "" {
		return Boot
	}
	return s.goal.Verb
}

// chooseVerb turns a switch into a boot where running the new system before a
// reboot would break the machine or the session.
func (s *session) chooseVerb(ctx context.Context) error {
	s.data.BootOnly = ""
	if !s.activates() || s.state.Before.Current == "" {
		return nil
	}
	var files []string
	for _, system := range []string{s.state.Before.Current, s.state.System} {
		for _, name := range []string{
			"switch-inhibitors",
			"init-interface-version", // of init must not change while it runs (nixpkgs, nixos/modules/system/activation/top-level.nix)
			"etc/systemd/system/display-manager.service",
		} {
			files = append(files, filepath.Join(system, name))
		}
	}
	texts, err := s.texts(ctx, files...)
	if err != nil {
		return err
	}
	old, new := texts[:3], texts[3:]
	why := ""
	if names := inhibitors(old[0], new[0]); len(names) > 0 && !s.goal.IgnoreInhibitors {
		why = "the new system changes " + strings.Join(names, ", ") + ", which cannot be changed while the machine runs"
	} else if old[1] != "" && new[1] != "" && strings.TrimSpace(old[1]) != strings.TrimSpace(new[1]) {
		// switch-to-configuration would end with 100, and would have moved nothing.
		why = "the new system needs another init interface"
	} else if s.cfg.Graphical && !s.goal.LiveDisplay && old[2] != new[2] {
		why = "the display manager changes and this is a graphical session: switching now would end it"
	}
	if why == "" {
		return nil
	}
	if s.goal.Verb == Test {
		return fault.New(fault.Preflight, "test: %s", why).Hint("quick-deploy boot, then reboot")
	}
	s.data.BootOnly = why
	s.state.Pending = []string{"reboot"}
	s.say("%s becomes boot: %s; reboot to run it", s.goal.Verb, why)
	return nil
}

// inhibitors are the names of the switch inhibitors that differ between two
// systems. Since January 2026 a NixOS system lists them in the file
// switch-inhibitors, as JSON from name to value; an older one has none, and then nothing is known.
func inhibitors(old, new string) []string {
	var a, b map[string]json.RawMessage
	if json.Unmarshal([]byte(old), &a) != nil || json.Unmarshal([]byte(new), &b) != nil {
		return nil
	}
	var names []string
	for _, n := range sortedKeys(b) {
		if v, ok := a[n]; ok && string(v) != string(b[n]) {
			names = append(names, n)
		}
	}
	return names
}
