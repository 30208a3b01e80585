package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/inputs"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator"
)

// SwitchOptions are the flags of every command that switches a machine, this one or another.
type SwitchOptions struct {
	deploy.Flags
	// Keep leaves a machine as it is where activation or a check fails; nil: nobody said.
	Keep *bool
	// ConfirmTimeout is how long a machine waits for a word from here, 0: the default.
	ConfirmTimeout time.Duration
}

// RunOptions are the flags of every command that switches this machine.
type RunOptions struct {
	SwitchOptions
	ShowTrace, Nom bool
	Elevate        string
}

// Deploy builds, and does what the verb says.
func Deploy(ctx context.Context, a *App, verb deploy.Verb, o RunOptions) error {
	goal, g, err := fillGoal(ctx, a, deploy.Goal{Verb: verb}, o)
	if err != nil {
		return err
	}
	s, err := NewSession(a, o)
	if err != nil {
		return err
	}
	defer s.Close()
	record, err := s.carryOut(ctx, goal, g, o)
	if err == nil && verb == deploy.Build {
		s.showBuilt(ctx, goal.Host, record.System)
	}
	return err
}

// Made is what a run has made of a host instead of its system.
type Made struct {
	*Generated
	Host    string
	Path    string // in the store; "" of a dry run
	Session *Session
}

// Make builds the host as its extension has it, and changes no machine. The session is to be closed.
func Make(ctx context.Context, a *App, verb deploy.Verb, o RunOptions,
	extend func(g *Generated, host string) (*deploy.Extension, error),
) (*Made, error) {
	o.SkipHome = true // they are in what is made, if it has them
	goal, g, err := fillGoal(ctx, a, deploy.Goal{Verb: verb}, o)
	if err != nil {
		return nil, err
	}
	if goal.Extend, err = extend(g, goal.Host); err != nil {
		return nil, err
	}
	s, err := NewSession(a, o)
	if err != nil {
		return nil, err
	}
	record, err := s.carryOut(ctx, goal, g, o)
	if err != nil {
		s.Close()
		return nil, err
	}
	return &Made{g, goal.Host, record.Built, s}, nil
}

// carryOut plans a run and carries it out; a dry run prints the plan.
func (s *Session) carryOut(ctx context.Context, goal deploy.Goal, g *Generated, o RunOptions) (journal.Record, error) {
	a, none := s.app, journal.Record{}
	plan, err := s.Deployer.Plan(ctx, goal)
	if err != nil {
		return none, err
	}
	if a.DryRun {
		return none, printPlan(a, plan, g)
	}
	skipped := ""
	if n := len(o.SkipChecks); n > 0 {
		if skipped = ", skipping the check "; n > 1 {
			skipped = ", skipping the checks "
		}
		skipped += strings.Join(o.SkipChecks, ", ")
	}
	a.Say("%s %s with the profile %s%s", goal.Verb, goal.Host, goal.ProfilePath, skipped)
	if plan.NoChange {
		if a.JSON {
			return none, printPlan(a, plan, g)
		}
		a.Say("nothing to do: %s", plan.Reason)
		return none, nil
	}
	if a.JSON {
		_ = a.PrintEvent(journal.Event{Type: "inputs", Host: goal.Host, Data: g.Inputs})
		for _, n := range g.Flake.Notices {
			_ = a.PrintEvent(journal.Event{Type: "notice", Host: n.Host, Message: n.Text})
		}
	}
	return s.run(ctx, plan, g, o)
}

// addTo is a goal with what the flags add to it. Of a run that is taken up, its own flags stay.
func (o RunOptions) addTo(goal deploy.Goal, yes bool) deploy.Goal {
	goal.Yes = yes
	goal.Flags.Add(o.Flags)
	if o.Keep != nil {
		goal.KeepOnFailure = *o.Keep
	}
	return goal
}

// fillGoal completes what a run is to reach by the profile and the flags.
func fillGoal(ctx context.Context, a *App, goal deploy.Goal, o RunOptions) (deploy.Goal, *Generated, error) {
	goal = o.addTo(goal, a.Yes)
	g, err := planFlake(ctx, a)
	if err != nil {
		return goal, nil, err
	}
	if goal.Verb == deploy.VM || goal.Verb == deploy.Image { // which have nothing of the machine itself
		g.Flake.Notices = slices.DeleteFunc(g.Flake.Notices, func(n generator.Notice) bool { return n.Machine })
	}
	ShowNotices(a, g.Flake)
	name, err := a.HostName(g.Loaded)
	if err != nil {
		return goal, nil, err
	}
	if g.Inputs, err = readInputs(a, g, goal.NoGenerate, goal.Force); err != nil {
		return goal, nil, err
	}
	goal.Target, goal.Checks = target(g, name, goal.Verb), HealthChecks(g, name)
	goal.Target.NeedsBytes = goal.MinFree
	// What stands behind -- may name another nixpkgs than the lock file.
	overridden := slices.Contains(goal.NixArgs, "--override-input")
	if in := inputs.Nixpkgs(g.Inputs, g.host(name).Inputs); in != nil && !overridden {
		sayAge(a, *in)
		goal.Target.Nixpkgs = in.Preflight()
	}
	goal.Host, goal.FlakeDir, goal.Profile = name, g.Tree.Dir(), g.hash()
	if goal.ProfilePath, err = g.path(); err != nil {
		return goal, nil, err
	}
	if !goal.NoGenerate {
		if conflicts := g.Changes.InTheWay(); len(conflicts) > 0 && !goal.Force {
			sayKept(a, len(conflicts))
		}
		sayOrphans(a, g)
		goal.Tree = &flakeTree{app: a, generated: g, force: goal.Force}
	}
	goal.Users = nil
	if !goal.SkipHome {
		goal.Users = homes(g.host(name))
	}
	return goal, g, nil
}

// sayKept says that files which were edited by hand are deployed as they are.
func sayKept(a *App, n int) {
	a.Say("%s edited by hand, kept and deployed so: quick-deploy diff shows the differences", term.Count(n, "file"))
}

// sayOrphans says which settings of somebody's are not deployed, since nothing uses their file any more.
func sayOrphans(a *App, g *Generated) {
	var names []string
	for _, c := range g.Changes.Orphans() {
		names = append(names, c.Path)
	}
	if len(names) == 0 {
		return
	}
	e := OrphanError(a, g, names)
	a.Say("note: %v", e)
	for _, hint := range e.Hints {
		a.Say("hint: %s", hint)
	}
}

// printPlan prints what a run would do, and what it would change in the flake; g
// is nil for a run that does not generate.
func printPlan(a *App, p deploy.Plan, g *Generated) error {
	if a.JSON {
		if g != nil {
			p.Inputs = g.Inputs
		}
		return a.PrintJSON(p)
	}
	if err := p.WriteText(a.Out); err != nil || g == nil {
		return err
	}
	if err := tree.Diff(g.Changes, a.Out.Styled(), a.ColourOut); err != nil || p.Goal.Extend == nil {
		return err
	}
	_, err := fmt.Fprintf(a.Out, "module of the throwaway flake:\n%s", p.Goal.Extend.Files[deploy.ModuleFile])
	return err
}

// homes are the users of a host who have a home-manager configuration.
func homes(h generator.Host) []deploy.User {
	var out []deploy.User
	for _, u := range h.Users {
		if u.Home {
			out = append(out, deploy.User{Name: u.Name, Home: deploy.HomeOf(u.Name)})
		}
	}
	return out
}
