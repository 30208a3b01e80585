package app

import (
	"context"
	"slices"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/inputs"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator"
)

// HealthOptions are the flags of every command that looks whether a machine came up after it was switched.
type HealthOptions struct {
	SkipHealth bool
	// HealthTimeout is how long is waited for what is not up, 0: the default.
	HealthTimeout time.Duration
	// KeepOnFailure leaves a machine as it is where activation or a check fails; nil: nobody said.
	KeepOnFailure *bool
	// ConfirmTimeout is how long a machine waits for a word from here, 0: the default.
	ConfirmTimeout time.Duration
}

// RunOptions are the flags of every command that switches this machine.
type RunOptions struct {
	HealthOptions
	Force      bool
	Skip       []string // preflight checks
	Accept     []string // what a first switch may take away
	RetryBad   bool
	NoHome     bool
	NoGenerate bool
	Offline    bool
	ShowTrace  bool
	MinFree    int64 // bytes, 0: the default
	Nom        bool

	LiveDisplay, IgnoreInhibitors bool
	Elevate                       string
	NixArgs                       []string
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
	plan, err := s.Deployer.Plan(ctx, goal)
	if err != nil {
		return err
	}
	if a.DryRun {
		return printPlan(a, plan, g)
	}
	a.Say("%s %s with the profile %s", verb, goal.Host, goal.ProfilePath)
	if plan.NoChange {
		if a.JSON {
			return printPlan(a, plan, g)
		}
		a.Say("nothing to do: %s", plan.Reason)
		return nil
	}
	if a.JSON {
		a.PrintEvent(journal.Event{
			SchemaVersion: journal.EventSchema, Time: a.Now(), Type: "inputs", Host: goal.Host, Data: g.Inputs,
		})
	}
	record, err := s.run(ctx, plan, g, o)
	if err == nil && verb == deploy.Build {
		s.showBuilt(ctx, goal.Host, record.System)
	}
	return err
}

// addTo is a goal with what the flags add to it. Of a run that is taken up, its own flags stay.
func (o RunOptions) addTo(goal deploy.Goal, yes bool) deploy.Goal {
	for _, f := range []struct {
		field *bool
		on    bool
	}{
		{&goal.SkipHealth, o.SkipHealth}, {&goal.RetryBad, o.RetryBad}, {&goal.LiveDisplay, o.LiveDisplay},
		{&goal.IgnoreInhibitors, o.IgnoreInhibitors}, {&goal.Offline, o.Offline}, {&goal.SkipHome, o.NoHome},
		{&goal.NoGenerate, o.NoGenerate}, {&goal.Force, o.Force},
	} {
		*f.field = *f.field || f.on
	}
	goal.Yes = yes
	goal.SkipChecks = append(goal.SkipChecks, o.Skip...)
	goal.Accept = append(goal.Accept, o.Accept...)
	if o.KeepOnFailure != nil {
		goal.KeepOnFailure = *o.KeepOnFailure
	}
	if o.HealthTimeout > 0 {
		goal.HealthTimeout = o.HealthTimeout
	}
	if len(o.NixArgs) > 0 {
		goal.NixArgs = o.NixArgs
	}
	if o.MinFree > 0 {
		goal.MinFree = o.MinFree
	}
	return goal
}

// fillGoal completes what a run is to reach by the profile and the flags.
func fillGoal(ctx context.Context, a *App, goal deploy.Goal, o RunOptions) (deploy.Goal, *Generated, error) {
	goal = o.addTo(goal, a.Yes)
	g, name, err := PlanHost(ctx, a)
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
		return p.WriteJSON(term.JSON(a.Out))
	}
	if err := p.WriteText(a.Out); err != nil || g == nil {
		return err
	}
	return tree.Diff(g.Changes, a.Out.Styled(), a.ColourOut)
}

// homes are the users of a host who have a home-manager configuration.
func homes(h generator.Host) []deploy.User {
	var out []deploy.User
	for _, u := range h.Users {
		home := "/home/" + u.Name
		if u.Name == "root" {
			home = "/root"
		}
		if u.Home {
			out = append(out, deploy.User{Name: u.Name, Home: home})
		}
	}
	return out
}
