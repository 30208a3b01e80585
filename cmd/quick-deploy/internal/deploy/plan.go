package deploy

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// Planned is what one step would do.
type Planned struct {
	Step     string   `json:"step"`
	What     string   `json:"what"`
	Commands []string `json:"commands,omitempty"` // as they will be run; what a build has yet to name is in angle brackets
	Root     bool     `json:"root,omitempty"`     // one of the commands needs root
	Done     string   `json:"done,omitempty"`     // why it will not run again
}

// Plan is what a run will do. Run carries out exactly this.
type Plan struct {
	SchemaVersion int              `json:"schema_version"`
	Goal          Goal             `json:"goal"`
	Run           int              `json:"run"`              // number the run will have
	Resumes       bool             `json:"resumes"`          // takes up an unfinished run
	NoChange      bool             `json:"no_change"`        // nothing to do: the machine is what the flake says
	Reason        string           `json:"reason,omitempty"` // why NoChange or Resumes
	Steps         []Planned        `json:"steps"`
	Files         []Change         `json:"files"`
	Missing       []string         `json:"missing,omitempty"` // what a rollback needs and is there no longer: refuses
	Preflight     preflight.Report `json:"preflight"`
	Machine       journal.Machine  `json:"machine"`
	Inputs        any              `json:"inputs,omitempty"` // what the flake is built from, as the caller tells it

	answered bool // the question was, in the run that is taken up
}

// Plan works out what Run would do. It writes nothing, uses no network and needs no root.
func (d *Deployer) Plan(ctx context.Context, g Goal) (Plan, error) { return d.planOf(ctx, g, false) }

// planOf is a Plan; resume takes up a run that has ended in a failure as well as one that was cut off.
func (d *Deployer) planOf(ctx context.Context, g Goal, resume bool) (Plan, error) {
	p := Plan{SchemaVersion: journal.EventSchema, Goal: g, Steps: []Planned{}, Files: []Change{}}
	if err := g.check(); err != nil {
		return p, err
	}
	prior, err := d.store.State()
	if journal.IsUnusable(err) {
		err = nil // Run puts it aside; a plan writes nothing
	}
	if err != nil {
		return p, err
	}
	if p.Machine, err = d.machine(ctx, g.Users); err != nil {
		return p, err
	}
	if p.Run, err = d.store.NextID(prior); err != nil {
		return p, err
	}
	s := &session{Deployer: d, goal: g, state: &journal.State{}}
	if prior.Unfinished() && (resume || crashed(prior)) && d.sameGoal(prior, g) {
		s.state, p.Run, p.Resumes, p.Reason = prior, prior.ID, true, resumes(prior)
		if err := decode(prior, &s.data); err != nil {
			return p, err
		}
		if p.answered = s.data.Confirmed != ""; s.data.Withheld && len(g.NixArgs) == 0 {
			return p, fault.New(fault.Usage, "run %d had arguments for Nix with a secret, and secrets are not kept", p.Run).
				Hint("pass them again: quick-deploy resume -- ARGUMENTS")
		}
	}
	switch {
	case g.To != nil && p.Resumes:
		p.Files = s.data.Files
	case g.To != nil && !g.SkipFiles && g.To.Backup != "":
		if p.Files, err = d.filesBack(g); err != nil {
			p.Missing = append(p.Missing, err.Error())
		}
	case g.Tree != nil:
		if p.Files, err = g.Tree.Changes(ctx); err != nil {
			return p, err
		}
	}
	if g.To != nil {
		p.Missing = append(p.Missing, d.missing(ctx, g)...)
	} else if !g.Force && !p.Resumes && !crashed(prior) {
		if p.NoChange, p.Reason, err = d.unchanged(g, p); err != nil || p.NoChange {
			return p, err
		}
	}
	if d.cfg.Machine != nil && g.To == nil {
		m, t := d.preflightTarget(g)
		if p.Preflight, err = preflight.Run(ctx, m, t, s.preflightOptions(ctx, true)); err != nil {
			return p, usageFault(err)
		}
	}
	if err := s.expect(ctx); err != nil {
		return p, err
	}
	p.Steps = s.planSteps()
	for i := range p.Steps {
		if p.Resumes {
			p.Steps[i].Done = doneBefore(prior, p.Steps[i].Step)
		}
	}
	return p, nil
}

// Steps are what a run for a goal would do, by the tools that the machine has; with an error, by
// what every machine has.
func (d *Deployer) Steps(ctx context.Context, g Goal) ([]Planned, error) {
	s := &session{Deployer: d, goal: g, state: &journal.State{}}
	err := s.expect(ctx)
	return s.planSteps(), err
}

func (s *session) planSteps() []Planned {
	out := []Planned{}
	for _, st := range s.pipeline() {
		if p := st.plan(); p != nil {
			p.Step = st.name
			out = append(out, *p)
		}
	}
	return out
}

// usePoint takes what a rollback goes back to as what was built.
func (s *session) usePoint() {
	to := s.goal.To
	s.state.Homes = map[string]string{}
	if !s.goal.SkipSystem {
		s.state.System = to.Machine.System.Path
	}
	for _, u := range s.goal.homes() {
		s.state.Homes[u.Name] = to.Machine.Homes[u.Name].Path
	}
}

// expect fills in what a run finds out, for its plan. What is still to be built stands in angle brackets: it is taken
// for a home that has the home-manager command, as it has unless programs.home-manager.enable is off.
func (s *session) expect(ctx context.Context) error {
	s.data.BootOnly, s.data.Suffix, s.data.Tools, s.profiles = "", "<suffix>", &Tools{}, map[string]string{}
	if to := s.goal.To; to != nil {
		s.usePoint()
		for u, home := range to.Machine.Homes {
			s.profiles[u] = home.Profile
		}
	} else {
		s.state.System, s.state.Homes = "<system>", map[string]string{}
		if s.cfg.Remote == nil { // else the flake is here, and a home is activated there
			s.data.FlakeCopy = "path:<flake>"
		}
		for _, u := range s.goal.homes() {
			s.state.Homes[u.Name], s.profiles[u.Name] = "<home>", "<profile>"
		}
	}
	if !s.goal.Verb.touches() || s.handsOver() {
		return nil
	}
	t, err := s.findTools(ctx, values(s.state.Homes)...)
	if err == nil && s.goal.To == nil && s.movesHomes() {
		t.Homes["<home>"] = HomeTools{Command: true, Version: true}
	}
	s.data.Tools = &t
	return err
}

// unchanged says whether the last good deployment had this very goal, tree and
// lock file, and the machine is still what it made of it.
func (d *Deployer) unchanged(g Goal, p Plan) (bool, string, error) {
	if slices.ContainsFunc(p.Files, Change.pending) {
		return false, "", nil
	}
	if !g.Verb.touches() {
		return false, "", nil // its result is a store path that may have been collected
	}
	records, _ := d.store.Records()
	if len(records) == 0 || records[0].Result != journal.Good || records[0].Fingerprint == "" ||
		len(records[0].Pending) > 0 {
		return false, "", nil
	}
	fp, err := d.fingerprint(g)
	if err != nil {
		return false, "", err
	}
	r := records[0]
	if fp != r.Fingerprint || !p.Machine.Same(r.After) {
		return false, "", nil
	}
	return true, fmt.Sprintf("run %d deployed this flake, and the machine has not changed since", r.ID), nil
}

// fingerprint identifies goal, tree and lock file.
func (d *Deployer) fingerprint(g Goal) (string, error) {
	tree, err := d.treeHash(g)
	if err != nil {
		return "", err
	}
	parts := []string{"1", string(g.Verb), g.Host, g.FlakeDir, tree, strings.Join(g.NixArgs, "\x00")}
	for _, u := range g.Users {
		parts = append(parts, u.Name, u.Home)
	}
	if x := g.Extend; x != nil {
		parts = append(parts, x.Args...)
		for _, name := range sortedKeys(x.Files) {
			parts = append(parts, name, x.Files[name])
		}
	}
	return hashOf(parts...), nil
}

// sameGoal says whether a run was to reach what g is to reach.
func (d *Deployer) sameGoal(st *journal.State, g Goal) bool {
	if st.Verb != string(g.Verb) || st.Host != g.Host || st.Flake != g.FlakeDir {
		return false
	}
	if g.To == nil {
		return true
	}
	was := savedGoal(st)
	return was.To != nil && was.To.Record == g.To.Record &&
		was.SkipSystem == g.SkipSystem && was.SkipHome == g.SkipHome && was.SkipFiles == g.SkipFiles
}

// crashed says whether a run was cut off: it never came to write that it ended.
func crashed(st *journal.State) bool { return st != nil && st.Status == journal.Running }

func stoppedAt(st *journal.State) string {
	for _, s := range st.Steps {
		if s.Status != journal.Done && s.Status != journal.Skipped {
			return s.Name
		}
	}
	return "record"
}

func resumes(st *journal.State) string {
	return fmt.Sprintf("run %d stopped in step %q", st.ID, stoppedAt(st))
}

// doneBefore says why a step of a run that is taken up may not run again; "" if it will.
func doneBefore(st *journal.State, name string) string {
	if s := st.Find(name); s != nil && s.Status == journal.Done && s.Input != "" {
		return "already done; runs again only if what it depends on has changed"
	}
	return ""
}

// planCommand adds a command as text, with the elevation it will really have.
func (d *Deployer) planCommand(p *Planned, c run.Command) {
	p.Root = p.Root || c.Elevate
	if w, ok := d.cfg.Runner.(interface {
		Wrap(run.Command) (run.Command, error)
	}); ok {
		if wrapped, err := w.Wrap(c); err == nil {
			c = wrapped
		}
	}
	text := c.String()
	for _, kv := range slices.Backward(c.Env) {
		key, value, _ := strings.Cut(kv, "=")
		text = key + "=" + run.Quote(value) + " " + text
	}
	p.Commands = append(p.Commands, placeholder.ReplaceAllString(text, "$1"))
}

// inUnit adds commands that root's half runs, as root or as a user, and its launch by the first step that
// needs it.
func (s *session) inUnit(p *Planned, first bool, commands ...[]string) *Planned {
	if first {
		s.planCommand(p, s.unitCommand(s.cfg.Paths.Run+"/<run>", "<plan>"))
	}
	for _, c := range commands {
		p.Commands = append(p.Commands, placeholder.ReplaceAllString(line(c), "$1"))
	}
	return p
}

// A path that is not known yet reads better without shell quotes.
var placeholder = lazyregexp.New(`'([^' ]*<[a-z]+>[^' ]*)'`)

// WriteText prints the plan for a person.
func (p Plan) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "plan: %s %s from %s (run %d)\n", p.Goal.Verb, p.Goal.Host, p.Goal.FlakeDir, p.Run)
	if p.Goal.ProfilePath != "" {
		fmt.Fprintf(&b, "profile: %s\n", p.Goal.ProfilePath)
	}
	switch {
	case p.NoChange:
		fmt.Fprintf(&b, "nothing to do: %s\n", p.Reason)
	case p.Resumes:
		fmt.Fprintf(&b, "resumes: %s\n", p.Reason)
	}
	if p.Machine.Current != "" {
		fmt.Fprintf(&b, "running: %s\n", p.Machine.Current)
	}
	if p.Goal.To != nil {
		fmt.Fprintf(&b, "rolls back to before run %d\n", p.Goal.To.Record)
		for _, line := range p.Goal.describePoint(p.Machine, nil) {
			fmt.Fprintln(&b, line)
		}
	}
	for _, c := range p.Files {
		fmt.Fprintf(&b, "file: %-8s %s\n", c.Action, c.Path)
	}
	for _, m := range p.Missing {
		fmt.Fprintf(&b, "missing: %s\n", m)
	}
	if err := WriteSteps(&b, "", p.Steps); err != nil {
		return err
	}
	for _, f := range p.Preflight.Findings {
		fmt.Fprintln(&b, f)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// WriteSteps prints what steps would do, each line behind an indentation.
func WriteSteps(w io.Writer, indent string, steps []Planned) error {
	var b strings.Builder
	for i, s := range steps {
		fmt.Fprintf(&b, "%s%2d. %-15s %s\n", indent, i+1, s.Step, s.What)
		if s.Done != "" {
			fmt.Fprintf(&b, "%s    %s\n", indent, s.Done)
		}
		for _, c := range s.Commands {
			mark := "$"
			if s.Root {
				mark = "#"
			}
			fmt.Fprintf(&b, "%s    %s %s\n", indent, mark, c)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
