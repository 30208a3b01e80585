package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/engine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fleet"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/ssh"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/flake"
)

func (a *app) fleetCommand() *cli.Command {
	return &cli.Command{
		Name:  "fleet",
		Usage: "deploy to many machines, in waves, and see how they stand",
		Commands: []*cli.Command{
			{
				Name: "deploy", Usage: "roll the selected hosts out, wave by wave", ArgsUsage: "[-- NIX-FLAGS...]",
				Description: "The engine is the profile's fleet.engine. A wave is begun when every machine of the one before\n" +
					"runs its system and is healthy; what fails gets its old system back. Machines that run what they\n" +
					"should are left alone, so the same command again goes on with what is left.",
				Flags: append([]cli.Flag{
					&cli.StringFlag{Name: "wave", Usage: "only the wave `NAME`, such as canary or rest", Sources: twin("wave")},
					forceUpdateFlag(),
					skipFlag("leave out the check `CHECK`: accounts, ssh or platform, as in preflight"),
					&cli.BoolFlag{Name: "again", Usage: "also deploy machines that run what they should", Sources: twin("again")},
					&cli.BoolFlag{Name: "no-generate", Usage: "take the flake as it lies there", Sources: twin("no-generate")},
				}, healthFlags()...),
				Action: a.fleetDeploy,
			},
			{
				Name: "status", Usage: "look at the machines: what they run, what they should, how the last run ended",
				Description: "Exits with 10 if a machine is not as the flake says, and with 11 if one cannot be reached or failed.",
				Action:      a.fleetStatus,
			},
			{
				Name: "install", Usage: "put NixOS on a new machine with nixos-anywhere; erases its disks", ArgsUsage: "HOST",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "target", Usage: "the machine as it runs now, `USER@ADDRESS` (default root at the host's address)", Sources: twin("target")},
					&cli.StringFlag{Name: "disk-key", Usage: "`FILE` with the passphrase of encrypted disks", Sources: twin("disk-key"), TakesFile: true},
					skipFlag("leave out the check `CHECK`: accounts or ssh, as in preflight"),
					&cli.StringFlag{Name: "extra-files", Usage: "`FOLDER` whose files are put onto the machine below /, such as secrets", Sources: twin("extra-files"), TakesFile: true},
					&cli.StringFlag{Name: "confirm", Usage: "the host's `NAME`, in place of typing it", Sources: twin("confirm")},
				},
				Action: a.fleetInstall,
			},
		},
	}
}

// fleetRunner starts the engines and ssh as the user: root is needed on the
// machines only, and comes by ssh.
func (a *app) fleetRunner() run.Runner { return &run.Exec{Environ: os.Environ(), Log: a.log} }

func (a *app) fleetNix() engine.Nix { return engine.Nix{Runner: a.retrier(a.fleetRunner())} }

// retry is how what the network broke is repeated.
func (a *app) retry() retry.Policy {
	p := retry.Default()
	p.Attempts = a.opts.retries + 1
	return p
}

// retrier repeats the commands of a Runner that the network broke, and tells of each wait.
func (a *app) retrier(r run.Runner) run.Runner {
	return retry.Runner{Runner: r, Policy: a.retry(), Jitter: rand.Float64, Sleep: a.sleep, Notify: a.retrying}
}

// retrying tells of a wait for the network.
func (a *app) retrying(n retry.Notice) {
	a.log.Warn(n.String())
	a.tell("%s", n)
}

// roll is a fleet with the waves that a command is about.
type roll struct {
	*fleet.Fleet
	generated *generated
	waves     []fleet.Wave
	hosts     map[string]*fleet.Host
}

// wavesOf are the waves of the selected hosts, or the only one of a name.
func (a *app) wavesOf(g *generated, only string) ([]fleet.Wave, error) {
	selected, err := a.selected(g.loaded)
	if err != nil {
		return nil, err
	}
	waves, err := fleet.Waves(g.profile, g.flake.Fleet, selected)
	if err != nil {
		return nil, err
	}
	if only == "" {
		return waves, nil
	}
	w, ok := fleet.Only(waves, only)
	if !ok {
		var names []string
		for _, w := range waves {
			names = append(names, w.Name)
		}
		return nil, fault.New(fault.Usage, "no wave called %q with the selected hosts", only).Hint("there are %s", strings.Join(names, ", "))
	}
	return []fleet.Wave{w}, nil
}

// roll reads the fleet from the flake as it lies on disk.
func (a *app) roll(g *generated, only string) (*roll, error) {
	waves, err := a.wavesOf(g, only)
	if err != nil {
		return nil, err
	}
	me, err := user.Current()
	if err != nil {
		return nil, fmt.Errorf("find out who runs this: %w", err)
	}
	dir := g.tree.Dir()
	if i := strings.IndexAny(dir, "#?%\n"); i >= 0 {
		return nil, fault.New(fault.Usage, "the flake directory %q has a %q in its name, which a flake reference cannot hold", dir, dir[i])
	}
	r := &roll{generated: g, waves: waves, hosts: map[string]*fleet.Host{}, Fleet: &fleet.Fleet{
		Config: deploy.Config{
			Runner: a.fleetRunner(), StateDir: fleet.StateDir(filepath.Join(stateHome(), "quick-deploy"), dir),
			User: me.Username, Tool: version,
			Now: time.Now, Sleep: a.sleep, Retry: a.retry(), Jitter: rand.Float64, Events: a.fleetEvent,
			BuildTimeout:    cmp.Or(a.opts.limits.build, 4*time.Hour),
			ActivateTimeout: cmp.Or(a.opts.limits.activation, 15*time.Minute),
			LockTimeout:     a.opts.limits.lock,
		},
		Flake: dir, Engine: g.flake.Fleet.Engine, Parallel: g.flake.Fleet.Parallel, SSH: strings.Fields(os.Getenv("NIX_SSHOPTS")),
	}}
	data, err := regular.Read(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, noFlake(dir, err)
	}
	locked, err := flake.ReadLock(data)
	if err != nil {
		return nil, err
	}
	generatedHosts := map[string]generator.Host{}
	for _, h := range g.flake.Hosts {
		generatedHosts[h.Name] = h
	}
	for _, w := range waves {
		for _, name := range w.Hosts {
			h := generatedHosts[name]
			fingerprint, err := fleet.Fingerprint(dir, h, locked)
			if err != nil {
				return nil, err
			}
			host := &fleet.Host{
				Name: name, Fingerprint: fingerprint, System: h.System, Homes: homes(h), BuildOnTarget: h.Deployment.BuildOnTarget,
				Target: ssh.Target{User: h.Deployment.User, Host: h.Deployment.Host, Port: h.Deployment.Port, Timeout: a.opts.limits.network},
			}
			for _, c := range healthChecks(g, name) {
				if fleet.Remotely(c) {
					host.Checks = append(host.Checks, c)
				}
			}
			r.hosts[name] = host
		}
	}
	return r, nil
}

// fleetEvent shows what happens, each line with the machine that it is about.
func (a *app) fleetEvent(e journal.Event) {
	level := slog.LevelInfo
	if e.Status == journal.Failed || e.Type == "retry" {
		level = slog.LevelWarn
	}
	a.log.Log(context.Background(), level, cmp.Or(e.Message, string(e.Status)), "type", e.Type, "host", e.Host, "step", e.Step)
	if a.opts.json {
		a.event(e)
		return
	}
	subject := cmp.Or(e.Host, e.Step, "fleet")
	switch {
	case (e.Type == "line" || e.Type == "diff" || e.Type == "health") && !a.opts.debug:
	case e.Type == "line" && e.Host+e.Step == "":
		a.tell("%s", e.Message)
	case e.Type == "step" && e.Status == journal.Running:
		a.tell("%s: %s ...", subject, e.Step)
	case e.Type == "step" && e.Status == journal.Failed:
		a.tell("%s: %s failed: %s", subject, e.Step, e.Message)
	case e.Message != "":
		a.tell("%s: %s", subject, e.Message)
	}
}

func (a *app) fleetDeploy(ctx context.Context, cmd *cli.Command) error {
	if err := nixArgs(cmd, "--on"); err != nil {
		return err
	}
	g, err := a.plan(ctx)
	if err != nil {
		return err
	}
	if g.inputs, err = a.inputs(g, cmd.Bool("no-generate"), cmd.Bool("force-update")); err != nil {
		return err
	}
	if err := a.sayAges(g); err != nil {
		return err
	}
	waves, err := a.wavesOf(g, cmd.String("wave"))
	if err != nil {
		return err
	}
	var hosts []string
	for _, w := range waves {
		hosts = append(hosts, w.Hosts...)
	}
	if err := a.keepWays(hosts, g, cmd.StringSlice("skip"), deployable); err != nil {
		return err
	}
	if a.opts.dryRun {
		return a.fleetPlan(ctx, cmd, g)
	}
	if !cmd.Bool("no-generate") {
		a.sayOrphans(g)
		result, err := a.write(ctx, g, cmd.Bool("force-update"))
		if err != nil {
			return err
		}
		if len(result.Kept) > 0 {
			a.say("%s edited by hand, kept and deployed so: quick-deploy diff shows the differences", count(len(result.Kept), "file"))
		}
	}
	r, err := a.roll(g, cmd.String("wave"))
	if err != nil {
		return err
	}
	r.NixArgs, r.HealthTimeout = cmd.Args().Slice(), cmd.Duration("health-timeout")
	r.ConfirmTimeout = cmd.Duration("confirm-timeout")
	found, err := a.buildable(ctx, cmd, r)
	if err != nil {
		return err
	}
	if err := deploy.Refuse(found); err != nil {
		return err
	}
	if err := a.permitted(ctx, r); err != nil {
		return err
	}
	r.Connections = ssh.NewConnections(r.Runner, os.Getenv("XDG_RUNTIME_DIR"), os.TempDir(), "/tmp")
	defer r.Connections.Close()
	a.acting.Store(true)
	results, verdict := r.Deploy(ctx, r.waves, r.hosts, fleetOptions(cmd))
	if ctx.Err() != nil {
		verdict = fault.New(fault.Interrupted, "interrupted: %w", verdict)
	}
	if a.opts.json {
		return errors.Join(a.printJSON(map[string]any{"message_type": "summary", "hosts": results, "inputs": g.inputs}), verdict)
	}
	return errors.Join(a.fleetTable(results), verdict)
}

func fleetOptions(cmd *cli.Command) fleet.Options {
	return fleet.Options{
		SkipHealth: cmd.Bool("skip-health-check"), Keep: !cmd.Bool("rollback-on-failure"), Again: cmd.Bool("again"),
	}
}

// buildable is the preflight of a roll-out: whether Nix builds here for the hosts that are to
// be built here. Of each platform Nix is asked once.
func (a *app) buildable(ctx context.Context, cmd *cli.Command, r *roll) (preflight.Report, error) {
	names := map[string][]string{}
	for name, h := range r.hosts {
		if !h.BuildOnTarget && (cmd.Bool("again") || !r.UpToDate(h)) {
			names[h.System] = append(names[h.System], name)
		}
	}
	m := a.machine(a.fleetRunner(), r.User)
	m.Arch = nixArch[runtime.GOARCH] // what is built is built here, whatever --root is
	var all preflight.Report
	for _, system := range sortedKeys(names) {
		slices.Sort(names[system])
		t := preflight.Target{Host: strings.Join(names[system], ", "), System: system, Remote: true}
		report, err := preflight.Run(ctx, m, t, preflight.Options{Skip: cmd.StringSlice("skip"), Only: []string{"platform"}})
		if err != nil {
			return all, fault.New(fault.Usage, "%w", err)
		}
		all.Findings = append(all.Findings, report.Findings...)
	}
	return all, nil
}

// permitted asks before many machines change.
func (a *app) permitted(ctx context.Context, r *roll) error {
	if a.opts.yes {
		return nil
	}
	number := len(r.hosts)
	ask := a.confirm()
	if ask == nil {
		return fault.New(fault.Usage, "deploying to %s needs an answer, and nobody can be asked", count(number, "host")).Hint("pass --yes")
	}
	var lines []string
	for _, w := range r.waves {
		lines = append(lines, "wave "+w.Name+": "+strings.Join(w.Hosts, ", "))
	}
	yes, err := ask(ctx, deploy.Question{
		Text: fmt.Sprintf("Deploy to %s with %s?", count(number, "host"), r.Engine), Details: lines,
	})
	if err != nil {
		return err
	}
	if !yes {
		return fault.New(fault.Usage, "declined; nothing was deployed")
	}
	return nil
}

func (a *app) fleetTable(results []fleet.Result) error {
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tWAVE\tVERDICT\tSECONDS\tWHY")
	for _, r := range results {
		verdict := string(r.Verdict)
		if r.PutBack {
			verdict += ", put back"
		}
		why := oneLine(r.Error)
		if why == "" && r.Health != nil {
			why = r.Health.StillStarting()
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.1f\t%s\n", r.Host, r.Wave, verdict, r.Seconds, why)
	}
	return w.Flush()
}

func oneLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}

// fleetPlan shows what deploy would do.
func (a *app) fleetPlan(ctx context.Context, cmd *cli.Command, g *generated) error {
	if g.changes.Pending() {
		a.say("%s: %s; what follows is about the flake as it lies there", g.tree.Dir(), g.changes.Summary())
	}
	r, err := a.roll(g, cmd.String("wave"))
	if err != nil {
		return err
	}
	found, err := a.buildable(ctx, cmd, r)
	if err != nil {
		return err
	}
	for _, f := range found.Findings {
		skipped := ""
		if f.Skipped {
			skipped = " (skipped)"
		}
		a.say("%s: %s: %s%s", f.Severity, f.Check, f.What, skipped)
		a.say("    fix: %s", f.Fix)
	}
	plan := r.Plan(ctx, r.waves, r.hosts, fleetOptions(cmd))
	if a.opts.json {
		return a.printJSON(plan)
	}
	for _, w := range plan {
		fmt.Fprintf(a.stdout, "wave %s\n", w.Name)
		for _, h := range w.Hosts {
			fmt.Fprintf(a.stdout, "  %s (%s): %s\n", h.Host, h.Target, h.State)
			if err := deploy.WriteSteps(a.stdout, "  ", h.Steps); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *app) fleetStatus(ctx context.Context, cmd *cli.Command) error {
	if err := noArgs(cmd); err != nil {
		return err
	}
	g, err := a.plan(ctx)
	if err != nil {
		return err
	}
	if g.changes.Pending() {
		a.say("%s is not as %s says: %s; the machines are compared with the flake", g.tree.Dir(), g.name, g.changes.Summary())
	}
	r, err := a.roll(g, "")
	if err != nil {
		return err
	}
	all := r.Status(ctx, r.waves, r.hosts)
	if a.opts.json {
		return errors.Join(a.printJSON(all), statusFault(all))
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "HOST\tWAVE\tSTANDING\tGENERATION\tRUNNING\tWANTED\tLAST\tWHEN\tWHY")
	for _, s := range all {
		when := ""
		if !s.At.IsZero() {
			when = s.At.Local().Format(time.DateTime)
		}
		generation := ""
		if s.Generation > 0 {
			generation = fmt.Sprint(s.Generation)
		}
		why := s.Error
		if len(s.Drift) > 0 {
			why = strings.Join(s.Drift, "; ")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			s.Host, s.Wave, s.Standing, generation, storeName(s.Running), storeName(s.Wanted), s.Last, when, oneLine(why))
	}
	return errors.Join(w.Flush(), statusFault(all))
}

// storeName is a store path short enough for a table: the first letters of its
// hash tell two systems of one name apart.
func storeName(path string) string {
	name := filepath.Base(path)
	if path == "" || len(name) < 8 {
		return "-"
	}
	return name[:8]
}

func statusFault(all []*fleet.Status) error {
	number := map[fleet.Standing]int{}
	for _, s := range all {
		number[s.Standing]++
	}
	var parts []string
	for _, s := range []fleet.Standing{fleet.Failing, fleet.Away, fleet.Drifted, fleet.Pending, fleet.Never} {
		if n := number[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	code := fault.Pending
	if number[fleet.Failing]+number[fleet.Away] > 0 {
		code = fault.Partial
	}
	return fault.New(code, "of %s %s", count(len(all), "host"), strings.Join(parts, ", ")).
		Hint("quick-deploy fleet deploy brings them up to date")
}
