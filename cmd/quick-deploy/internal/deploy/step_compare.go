package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/closure"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/storepath"
)

func (s *session) planCompare() *Planned {
	if !s.goal.Verb.touches() || s.handsOver() {
		return nil
	}
	p := &Planned{What: "show what changes"}
	if s.activates() || s.boots() {
		p.What += " between the running and the new system"
		s.planCommand(p, closure.Command(s.cfg.Paths.Current, s.state.System))
	}
	if !s.goal.Yes {
		p.What += ", and ask"
	}
	current, err := resolve(s.cfg.Paths.Current)
	if err == nil && s.cfg.Machine != nil && s.goal.To == nil && s.foreign(s.goal.Host, current) {
		p.What += "; quick-deploy did not deploy the running system: list what the new one lacks, " +
			"and refuse what could lock somebody out or stop the boot"
	}
	return p
}

// questions are what the verbs ask.
var questions = map[Verb]string{Test: "Test", Boot: "Boot next", Switch: "Switch"}

// errDeclined is a question answered with no.
var errDeclined = errors.New("declined, nothing was switched")

// compare shows what changes and asks. It runs on every run; a question that
// was answered for these very closures is not asked again.
func (s *session) compare(ctx context.Context) error {
	if err := s.refuseClosures(ctx); err != nil {
		return err
	}
	if err := s.chooseVerb(ctx); err != nil {
		return err
	}
	s.compareLoaders()
	if err := s.preflightBuilt(ctx); err != nil {
		return err
	}
	gone, err := s.checkLosses()
	if err != nil {
		return err
	}
	diff, err := s.diff(ctx)
	if err != nil {
		return err
	}
	q := Question{Text: fmt.Sprintf("%s %s now?", questions[s.effective()], s.goal.Host)}
	if to := s.goal.To; to != nil {
		q.Text = fmt.Sprintf("Roll back run %d now?", to.Record)
		diff = append(s.goal.describePoint(s.state.Before, s.data.Files), diff...)
	}
	if changes := s.changes(diff); changes != "" {
		q.Text = changes + ". " + q.Text
	}
	s.note(journal.Event{Type: "diff", Message: strings.Join(diff, "\n")})
	q.Details = slices.Concat(gone, diff)
	keys := append([]string{s.state.System, string(s.effective())}, gone...)
	if what := hashOf(s.withHomes(keys...)...); s.data.Confirmed != what {
		if err := s.ask(ctx, q); err != nil {
			return err
		}
		s.data.Confirmed = what
	}
	return s.askForRoot(ctx)
}

// changes says in a few words what a switch, a diff and the unit files come to, "" where nothing is known.
func (s *session) changes(diff []string) string {
	was := s.state.Before
	if s.cfg.Remote != nil || s.goal.SkipSystem || was.Current == "" || was.Current == s.state.System {
		return ""
	}
	text := closure.Summary(closure.Parse(strings.Join(diff, "\n")), closure.CompareUnitFiles(was.Current, s.state.System))
	about := func(line string) bool { return !strings.HasPrefix(line, "the home of ") }
	if text == "" && !slices.ContainsFunc(diff, about) {
		text = "no package and no unit changes"
	}
	if s.goal.To != nil || !s.boots() || was.System.Number == 0 {
		return text
	}
	numbers := fmt.Sprintf("system %d → %d", was.System.Number, nextGeneration(s.cfg.Paths.System))
	if text == "" {
		return numbers
	}
	return numbers + ": " + text
}

// nextGeneration is the number that the next generation of a profile gets.
func nextGeneration(profile string) int {
	links, _ := filepath.Glob(profile + "-*-link") // the pattern is right
	next := 1
	for _, link := range links {
		number := strings.TrimSuffix(strings.TrimPrefix(link, profile+"-"), "-link")
		if n, err := strconv.Atoi(number); err == nil {
			next = max(next, n+1)
		}
	}
	return next
}

// ask asks, unless --yes has answered. No is an error.
func (s *session) ask(ctx context.Context, q Question) error {
	if s.goal.Yes {
		return nil
	}
	if s.cfg.Confirm == nil {
		return NoTerminal()
	}
	s.note(journal.Event{Type: "question", Message: q.Text})
	asked := s.cfg.Now()
	yes, err := s.cfg.Confirm(ctx, q)
	s.thought += max(0, s.cfg.Now().Sub(asked))
	if err != nil || yes {
		return err
	}
	e := &fault.Error{Code: fault.Pending, Err: errDeclined}
	if s.goal.To == nil {
		e.Hint("the build is kept; the next run of the same flake does not build again")
	}
	return e
}

// NoTerminal is the error of a question that nobody can answer.
func NoTerminal() error {
	return fault.New(fault.Usage, "this needs a yes, and standard input is not a terminal; nothing was changed").
		Hint("--yes answers yes; --dry-run shows the plan")
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
			s.say("cannot compare the closures: %v", err)
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

// askForRoot asks for the password now, while nothing is touched: a refusal later
// would leave nobody with the rights to put the machine back.
func (s *session) askForRoot(ctx context.Context) error {
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
		return closure.Command(old, new)
	}
	for _, c := range []run.Command{
		{Name: "dix", Args: []string{old, new}}, {Name: "nvd", Args: []string{"diff", old, new}},
	} {
		if _, err := s.cfg.Runner.LookPath(c.Name); err == nil {
			c.Timeout = quick
			return c
		}
	}
	return closure.Command(old, new)
}

// refuseClosures refuses a closure that failed before, and one that a rollback needs and is not there.
// It is looked at under the lock: nothing is begun that cannot be ended.
func (s *session) refuseClosures(ctx context.Context) error {
	if s.goal.To != nil {
		return s.goal.refuseMissing(s.missing(ctx, s.goal))
	}
	bad, err := s.bad()
	if err != nil {
		return err
	}
	for _, b := range bad {
		if b.Path != s.state.System && !slices.Contains(values(s.state.Homes), b.Path) {
			continue
		}
		if s.goal.RetryBad || s.cfg.Remote == nil && b.Checks != s.goal.checked() {
			if err := s.store.ClearBad(func(c journal.Closure) bool { return c.Path == b.Path }); err != nil {
				return err
			}
			s.say("%s failed in run %d and is tried again", storepath.Shorten(b.Path), b.Record)
			continue
		}
		s.data.Touched = s.data.Touched || s.between && b.Record == s.state.ID // it was about to be put back
		return fault.New(fault.Health, "this very system failed in run %d: %s", b.Record, b.Why).
			Hint("change the profile, or try the same system again with --retry-bad; after a reboot it is tried by itself")
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
			// What init offers must not change while it runs (nixpkgs, nixos/modules/system/activation/top-level.nix).
			"init-interface-version",
			"etc/systemd/system/display-manager.service",
		} {
			files = append(files, filepath.Join(system, name))
		}
	}
	texts, err := s.readFiles(ctx, files...)
	if err != nil {
		return err
	}
	old, new := texts[:3], texts[3:]
	why := ""
	if names := inhibitors(old[0], new[0]); len(names) > 0 && !s.goal.IgnoreInhibitors {
		why = "the new system changes " + strings.Join(names, ", ") + ", which cannot be changed while the machine runs"
	} else if old[1] != "" && new[1] != "" && strings.TrimSpace(old[1]) != strings.TrimSpace(new[1]) {
		// switch-to-configuration would end with 100, and would have moved nothing.
		why = "the new system needs a different init interface"
	} else if s.cfg.Graphical && !s.goal.LiveDisplay && old[2] != new[2] {
		why = "the display manager changes and this is a graphical session: switching now would end it"
	}
	if why == "" {
		return nil
	}
	if s.goal.Verb == Test {
		return fault.New(fault.Preflight, "test: %s", why).Hint("run quick-deploy boot, then reboot")
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
