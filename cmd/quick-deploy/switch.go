package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// switchCommand is one of build, test, boot and switch.
func (a *app) switchCommand(verb, usage string) *cli.Command {
	return &cli.Command{
		Name:      verb,
		Usage:     usage,
		ArgsUsage: "[-- NIX-FLAGS...]",
		Description: "Writes the flake, checks the machine, builds as you, shows what changes and asks. What stands\n" +
			"behind -- goes to nixos-rebuild and nix.",
		Flags: a.deployFlags(),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if err := nixArgs(cmd, "--host"); err != nil {
				return err
			}
			return a.deploy(ctx, cmd, deploy.Verb(verb))
		},
	}
}

func (a *app) deployFlags() []cli.Flag {
	return append([]cli.Flag{
		forceUpdateFlag(),
		skipFlag("leave out the preflight check `CHECK`; it is recorded"),
		&cli.StringSliceFlag{Name: "accept", Usage: "let a first switch take `NAME` away, as it is listed; it is recorded", Sources: twin("accept")},
		&cli.BoolFlag{Name: "retry-bad", Usage: "switch to a closure that failed before", Sources: twin("retry-bad")},
		&cli.BoolFlag{Name: "no-home", Usage: "leave the homes alone", Sources: twin("no-home")},
		&cli.BoolFlag{Name: "no-generate", Usage: "take the flake as it lies there", Sources: twin("no-generate")},
		&cli.BoolFlag{Name: "offline", Usage: "use no network", Sources: twin("offline")},
		&cli.BoolFlag{Name: "show-trace", Aliases: []string{"t"}, Usage: "show the whole trace of an evaluation error", Sources: twin("show-trace")},
		&cli.StringFlag{Name: "min-free", Usage: "refuse if the store has less than `SIZE` free, such as 20GiB", Value: "50GiB", Sources: twin("min-free")},
		&cli.BoolFlag{Name: "nom", Usage: "show the build with nix-output-monitor", Sources: twin("nom")},
	}, switchFlags()...)
}

// switchFlags are those of every command that switches this machine.
func switchFlags() []cli.Flag {
	return append(healthFlags(),
		&cli.BoolFlag{Name: "live-display", Usage: "restart the display manager from inside its own session", Sources: twin("live-display")},
		&cli.BoolFlag{Name: "ignore-inhibitors", Usage: "switch even if the new system asks for a reboot", Sources: twin("ignore-inhibitors")},
		elevateFlag(),
	)
}

// healthFlags are those of every command that looks whether a machine came up after it was switched.
func healthFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "skip-health-check", Usage: "do not look whether the services came up", Sources: twin("skip-health-check")},
		healthTimeoutFlag(),
		&cli.BoolFlag{
			Name: "rollback-on-failure", Usage: "put system and homes back if activation or a health check fails", Value: true,
			Sources: twin("rollback-on-failure"),
		},
		&cli.DurationFlag{
			Name: "confirm-timeout", Usage: "let the machine go back by itself after `DURATION` without a word from here",
			Value: time.Minute, Sources: twin("confirm-timeout"),
			Validator: func(d time.Duration) error {
				if d < 2*time.Second {
					return fmt.Errorf("%s is too short: the checks need a moment between two words", d)
				}
				return nil
			},
		},
	}
}

// healthTimeoutFlag is a flag of every command that looks whether a machine came up.
func healthTimeoutFlag() *cli.DurationFlag {
	return &cli.DurationFlag{
		Name: "health-timeout", Usage: "wait `DURATION` for what is not up, such as 90s",
		Value: health.DefaultTimeout, Sources: twin("health-timeout"),
		Validator: func(d time.Duration) error {
			if d <= 0 {
				return fmt.Errorf("%s is no time to wait; --skip-health-check leaves the checks out", d)
			}
			return nil
		},
	}
}

func elevateFlag() cli.Flag {
	return &cli.StringFlag{Name: "elevate", Usage: "become root by `METHOD`: auto, sudo, run0, doas or none", Value: "auto", Sources: twin("elevate")}
}

// releaseFlags are the flags that the root command takes by the release notes,
// beside the global ones.
func (a *app) releaseFlags() []cli.Flag {
	timeout := healthTimeoutFlag()
	timeout.Local = true
	return []cli.Flag{
		&cli.BoolFlag{Name: "rollback", Usage: "go back to the state before the last deployment", Local: true},
		&cli.BoolFlag{Name: "reset-state", Usage: "forget an unfinished run; its state is archived", Local: true},
		&cli.BoolFlag{Name: "force-update", Aliases: []string{"f"}, Usage: "replace files that were edited by hand, after a backup", Local: true, Sources: twin("force-update")},
		&cli.BoolFlag{Name: "skip-health-check", Usage: "do not look whether the services came up", Local: true, Sources: twin("skip-health-check")},
		timeout,
	}
}

// root is the program without a command.
func (a *app) root(ctx context.Context, cmd *cli.Command) error {
	if cmd.Args().Present() {
		return noCommand(cmd, cmd.Args().First())
	}
	switch {
	case cmd.Bool("reset-state") && cmd.Bool("rollback"):
		return fault.New(fault.Usage, "--reset-state and --rollback exclude each other")
	case cmd.Bool("reset-state"):
		return a.resetState(ctx, cmd)
	case cmd.Bool("rollback"):
		return a.rollback(ctx, cmd)
	}
	var none *noProfileError
	if _, err := a.profilePath(); errors.As(err, &none) && a.mayAsk() && !a.opts.yes && !a.opts.dryRun && !a.opts.json {
		a.say("%v; starting quick-deploy init", err)
		return a.another(ctx, append(globals(cmd, ""), "init")...)
	}
	return a.deploy(ctx, cmd, deploy.Switch)
}

// another carries out another command line on the same terminal.
func (a *app) another(ctx context.Context, args ...string) error {
	other := newApp(a.stdin, a.stdout, a.stderr)
	other.now, other.aged, other.sleep = a.now, a.aged, a.sleep
	return other.run(ctx, args)
}

// noCommand refuses the name of a command that cmd does not have.
func noCommand(cmd *cli.Command, name string) error {
	var names []string
	for _, c := range cmd.Commands {
		names = append(names, c.Name)
	}
	e := fault.New(fault.Usage, "no command called %q", name)
	if near := profile.Nearest(name, names); near != "" {
		return e.Hint("did you mean %s", near)
	}
	return e.Hint("%s --help lists the commands", cmd.FullName())
}

func (a *app) deploy(ctx context.Context, cmd *cli.Command, verb deploy.Verb) error {
	goal, g, err := a.goal(ctx, cmd, deploy.Goal{Verb: verb})
	if err != nil {
		return err
	}
	s, err := a.session(ctx, cmd)
	if err != nil {
		return err
	}
	defer s.close()
	plan, err := s.deployer.Plan(ctx, goal)
	if err != nil {
		return err
	}
	if a.opts.dryRun {
		return a.printPlan(plan, g)
	}
	a.say("%s %s with the profile %s", verb, goal.Host, goal.ProfilePath)
	if plan.NoChange {
		return a.nothingToDo(plan, g)
	}
	if err := s.act(ctx, cmd); err != nil {
		return err
	}
	if a.opts.json {
		a.event(journal.Event{
			SchemaVersion: journal.EventSchema, Time: a.now(), Type: "inputs", Host: goal.Host, Data: g.inputs,
		})
	}
	record, err := s.deployer.Run(ctx, plan)
	if err = a.traced(s.finish(record, err), g, goal.Host, cmd.Bool("show-trace")); err != nil {
		return err
	}
	if verb == deploy.Build {
		s.showBuilt(ctx, goal.Host, record.System)
	}
	return nil
}

// flagged is a goal with what the flags add to it. Of a run that is taken up, its own flags stay.
func (a *app) flagged(cmd *cli.Command, goal deploy.Goal) (deploy.Goal, error) {
	on := func(field *bool, flag string) { *field = *field || cmd.Bool(flag) }
	on(&goal.SkipHealth, "skip-health-check")
	on(&goal.RetryBad, "retry-bad")
	on(&goal.LiveDisplay, "live-display")
	on(&goal.IgnoreInhibitors, "ignore-inhibitors")
	on(&goal.Offline, "offline")
	on(&goal.SkipHome, "no-home")
	on(&goal.NoGenerate, "no-generate")
	on(&goal.Force, "force-update")
	goal.Yes = a.opts.yes
	goal.SkipChecks = append(goal.SkipChecks, cmd.StringSlice("skip")...)
	goal.Accept = append(goal.Accept, cmd.StringSlice("accept")...)
	if cmd.IsSet("rollback-on-failure") {
		goal.KeepOnFailure = !cmd.Bool("rollback-on-failure")
	}
	if cmd.IsSet("health-timeout") {
		goal.HealthTimeout = cmd.Duration("health-timeout")
	}
	if cmd.Args().Present() {
		goal.NixArgs = cmd.Args().Slice()
	}
	if size := cmd.String("min-free"); cmd.IsSet("min-free") && size != "" {
		n, err := humanize.ParseBytes(size)
		if err != nil || n > math.MaxInt64 {
			return goal, fault.New(fault.Usage, "--min-free %q is not a size", size).Hint("20GiB, 500MB, or a number of bytes")
		}
		goal.MinFree = int64(n)
	}
	return goal, nil
}

// goal completes what a run is to reach by the profile and the flags.
func (a *app) goal(ctx context.Context, cmd *cli.Command, goal deploy.Goal) (deploy.Goal, *generated, error) {
	goal, err := a.flagged(cmd, goal)
	if err != nil {
		return goal, nil, err
	}
	g, err := a.plan(ctx)
	if err != nil {
		return goal, nil, err
	}
	name, err := a.hostName(g.loaded)
	if err != nil {
		return goal, nil, err
	}
	if g.inputs, err = a.inputs(g, goal.NoGenerate, goal.Force); err != nil {
		return goal, nil, err
	}
	goal.Target, goal.Checks = target(g, name, goal.Verb), healthChecks(g, name)
	goal.Target.NeedsBytes = goal.MinFree
	// What stands behind -- may name another nixpkgs than the lock file.
	overridden := slices.Contains(goal.NixArgs, "--override-input")
	if in := nixpkgsOf(g.host(name), g.inputs); in != nil && !overridden {
		a.sayAge(*in)
		goal.Target.Nixpkgs = in.preflight()
	}
	goal.Host, goal.FlakeDir, goal.Profile = name, g.tree.Dir(), g.hash()
	if goal.ProfilePath, err = g.path(); err != nil {
		return goal, nil, err
	}
	if !goal.NoGenerate {
		if conflicts := g.changes.InTheWay(); len(conflicts) > 0 && !goal.Force {
			a.say("%s edited by hand, kept and deployed so: quick-deploy diff shows the differences", count(len(conflicts), "file"))
		}
		a.sayOrphans(g)
		goal.Tree = &flakeTree{app: a, generated: g, force: goal.Force}
	}
	goal.Users = nil
	if !goal.SkipHome {
		goal.Users = homes(g.host(name))
	}
	return goal, g, nil
}

// sayOrphans says which settings of somebody's are not deployed, since nothing uses their file any more.
func (a *app) sayOrphans(g *generated) {
	var names []string
	for _, c := range g.changes.Orphans() {
		names = append(names, c.Path)
	}
	if len(names) == 0 {
		return
	}
	e := a.orphaned(g, names)
	a.say("note: %v", e)
	for _, hint := range e.Hints {
		a.say("hint: %s", hint)
	}
}

// nothingToDo says so, to a program by the plan.
func (a *app) nothingToDo(p deploy.Plan, g *generated) error {
	if a.opts.json {
		p.Inputs = g.inputs
		return p.WriteJSON(term.JSON(a.stdout))
	}
	a.say("nothing to do: %s", p.Reason)
	return nil
}

// printPlan prints what a run would do, and what it would change in the flake; g
// is nil for a run that does not generate.
func (a *app) printPlan(p deploy.Plan, g *generated) error {
	if a.opts.json {
		if g != nil {
			p.Inputs = g.inputs
		}
		return p.WriteJSON(term.JSON(a.stdout))
	}
	if err := p.WriteText(a.stdout); err != nil || g == nil {
		return err
	}
	return tree.Diff(g.changes, a.stdout.Styled(), a.colour(a.stdout))
}

// flakeTree is the generated flake as the executor sees it.
type flakeTree struct {
	app       *app
	generated *generated
	force     bool
}

// Changes implements deploy.Tree.
func (f *flakeTree) Changes(context.Context) ([]deploy.Change, error) {
	out := []deploy.Change{}
	for _, c := range f.generated.changes.Files {
		action := map[tree.Action]string{
			tree.Create: "create", tree.Update: "update", tree.Remove: "delete",
			tree.Conflict: "keep", tree.Foreign: "keep", tree.Released: "keep",
		}[c.Action]
		if f.force && slices.ContainsFunc(f.generated.changes.Forced(), func(o tree.Change) bool { return o.Path == c.Path }) {
			action = "update"
			if c.Action == tree.Released {
				action = "delete"
			}
		}
		if action != "" {
			out = append(out, deploy.Change{Path: c.Path, Action: action})
		}
	}
	return out, nil
}

// Apply implements deploy.Tree. It plans anew, since a run that is taken up
// finds the folder as the one before left it.
func (f *flakeTree) Apply(ctx context.Context) error {
	changes, err := f.generated.tree.Plan(f.generated.files, tree.Meta{Tool: version, Profile: f.generated.hash()})
	if err != nil {
		return err
	}
	f.generated.changes = changes
	_, err = f.app.write(ctx, f.generated, f.force)
	return err
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
