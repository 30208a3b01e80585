package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/engine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/ssh"
	"github.com/quick-deploy/quick-deploy/generator"
)

// evaluate says which system each host should run. Hosts whose fingerprint was
// evaluated before are not evaluated again. Evaluated is how many were.
func (f *Fleet) evaluate(
	ctx context.Context, hosts []*Host,
) (systems map[string]string, failed map[string]error, evaluated int) {
	systems = map[string]string{}
	var changed []string
	for _, h := range hosts {
		k, err := f.state(h.Name)
		if err == nil && k.Fingerprint == h.Fingerprint && k.System != "" {
			systems[h.Name] = k.System
			continue
		}
		changed = append(changed, h.Name)
	}
	now, failed := f.nix().Evaluate(ctx, f.Flake, changed, engine.Toplevel+".outPath")
	maps.Copy(systems, now)
	return systems, failed, len(changed)
}

// Deploy rolls the hosts out wave by wave and returns a result for each, in
// the order of the waves. The error has the code Partial if some machine does not run what it
// should, or that machine's own where there is only one.
func (f *Fleet) Deploy(ctx context.Context) ([]Result, error) {
	all := f.members(f.Waves...)
	systems, failed, evaluated := f.evaluate(ctx, all)
	f.tell(journal.Event{
		Type: "progress", Step: "evaluate",
		Message: fmt.Sprintf("%d of %d hosts changed and were evaluated", evaluated, len(all)),
	})
	var results []Result
	stopped := ""
	for _, w := range f.Waves {
		r := rollout{Fleet: f, wave: w.Name, systems: systems, notBuilt: failed}
		if stopped != "" {
			r.stop(stopped)
		} else if len(failed) > 0 {
			// Of a flake that does not evaluate for some host nothing is switched.
			r.stop("another host does not evaluate; to continue without it, leave it out with --on")
		} else {
			f.tell(journal.Event{
				Type: "progress", Step: "wave", Message: fmt.Sprintf("%s: %s", w.Name, strings.Join(w.Hosts, ", ")),
			})
		}
		done := r.run(ctx, f.members(w))
		results = append(results, done...)
		for _, d := range done {
			if !d.Verdict.OK() && stopped == "" {
				stopped = fmt.Sprintf("%s of wave %s is %s", d.Host, w.Name, d.Verdict)
			}
		}
	}
	return results, verdict(results)
}

// verdict is the fault of a whole run.
func verdict(results []Result) error {
	bad := map[Verdict][]Result{}
	number := 0
	for _, r := range results {
		if !r.Verdict.OK() {
			bad[r.Verdict] = append(bad[r.Verdict], r)
			number++
		}
	}
	if number == 0 {
		return nil
	}
	code := fault.Partial
	switch notBuilt := bad[NotBuilt]; {
	case len(results) == 1:
		code = cmp.Or(results[0].Code, codes[results[0].Verdict])
	case len(notBuilt) > 0 && len(notBuilt)+len(bad[Left]) == len(results):
		code = cmp.Or(notBuilt[0].Code, fault.Build)
	}
	var parts []string
	for _, v := range []Verdict{Stranded, Unhealthy, Failed, NotBuilt, Unreachable, Rebooting, Left} {
		if n := len(bad[v]); n == 1 {
			parts = append(parts, fmt.Sprintf("%s is %s", bad[v][0].Host, v))
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf("%d hosts are %s", n, v))
		}
	}
	e := fault.New(code, "%d of %d hosts do not run what they should: %s", number, len(results), strings.Join(parts, ", "))
	if stranded := bad[Stranded]; len(stranded) > 0 {
		e.Hint("look at %s yourself: whether its old system runs again is not sure", stranded[0].Host)
	}
	return e.Hint("to continue with the rest, run the same command again").
		Hint("quick-deploy fleet status shows every machine")
}

// rollout is one wave.
type rollout struct {
	*Fleet
	wave     string
	systems  map[string]string
	notBuilt map[string]error

	halted atomic.Value // why no further machine is begun, a string
}

func (r *rollout) stop(why string) { r.halted.CompareAndSwap(nil, why) }

func (r *rollout) stopped() string {
	why, _ := r.halted.Load().(string)
	return why
}

// member is a machine of the wave at work.
type member struct {
	*Host
	deployer *deploy.Deployer
	plan     deploy.Plan
	start    time.Time
	result   Result
	done     bool
}

// finish ends the work on a machine. What is wrong with one keeps the others from being begun, unless it is that
// ssh does not get there or somebody else is at work on it.
func (r *rollout) finish(m *member, v Verdict, err error) {
	m.done, m.result.Verdict = true, v
	if !v.OK() && v != Unreachable && v != Left {
		r.stop(m.Name + " is " + string(v))
	}
	if err == nil {
		return
	}
	m.result.Error = err.Error()
	m.result.Child = run.CodeOf(err)
	switch code := fault.CodeOf(err); code {
	case fault.Network, fault.NotFound, fault.Timeout:
		m.result.Code = code
	}
}

// run works on the wave: looks at every machine, and then deploys to those that do not run what they should.
func (r *rollout) run(ctx context.Context, hosts []*Host) []Result {
	members := make([]*member, len(hosts))
	for i, h := range hosts {
		members[i] = &member{Host: h, start: r.Now(), result: Result{Host: h.Name, Wave: r.wave, System: r.systems[h.Name]}}
	}
	calls := &calls{Fleet: r.Fleet}
	each(r.Fleet, members, func(m *member) { r.begin(ctx, m, calls) })
	left := slices.DeleteFunc(slices.Clone(members), func(m *member) bool { return m.done })
	for _, m := range left {
		calls.hosts = append(calls.hosts, m.Host)
	}
	each(r.Fleet, left, func(m *member) { r.deploy(ctx, m) })
	results := make([]Result, len(members))
	for i, m := range members {
		m.result.Seconds = r.Now().Sub(m.start).Seconds()
		if err := r.saveResult(m); err != nil && m.result.Error == "" {
			m.result.Error = err.Error()
		}
		results[i] = m.result
		r.tell(journal.Event{
			Type: "host", Host: m.Name, Message: string(m.result.Verdict), Data: m.result, Seconds: m.result.Seconds,
		})
	}
	return results
}

// saveResult keeps how a run on a machine ended, if it was begun.
func (r *rollout) saveResult(m *member) error {
	if m.deployer == nil {
		return nil
	}
	return r.updateState(m.Name, func(k *hostState) {
		if m.result.Verdict.OK() {
			k.Deployed, k.DeployedSystem = m.Fingerprint, m.result.System
		}
		k.Last, k.At = &m.result, r.Now()
	})
}

// begin looks at a machine and finds out what is to be done.
func (r *rollout) begin(ctx context.Context, m *member, calls *calls) {
	if err := r.notBuilt[m.Name]; err != nil {
		r.finish(m, NotBuilt, err)
		return
	}
	if why := r.stopped(); why != "" {
		r.finish(m, Left, errors.New(why))
		return
	}
	first := false
	if err := r.updateState(m.Name, func(k *hostState) {
		k.Fingerprint, k.System, first = m.Fingerprint, m.result.System, k.Last == nil
	}); err != nil {
		r.finish(m, Left, err)
		return
	}
	var err error
	m.deployer = r.deployer(m.Host, m.result.System, calls)
	m.plan, err = m.deployer.Plan(ctx, r.goal(m.Host))
	m.result.Before = m.plan.Machine.Current
	switch away, gone := errors.AsType[*ssh.UnreachableError](err); {
	case gone:
		r.finish(m, Unreachable, away)
	case err != nil:
		r.finish(m, Failed, err)
	case m.plan.NoChange,
		// Never deployed from here: the homes are not known.
		!r.Again && !m.plan.Resumes && first && len(m.Homes) == 0 &&
			m.result.Before == m.result.System && r.boots(m.plan.Machine.System.Path, m.result.System):
		r.finish(m, Unchanged, nil)
	}
}

// deploy has a machine run its system.
func (r *rollout) deploy(ctx context.Context, m *member) {
	if why := r.stopped(); why != "" {
		r.finish(m, Left, errors.New(why))
		return
	}
	rec, err := m.deployer.Run(ctx, m.plan)
	m.result.PutBack, m.result.Health = rec.Result == journal.PutBack, rec.Health
	away, gone := errors.AsType[*ssh.UnreachableError](err)
	code := fault.CodeOf(err)
	switch untouched := rec.Result == journal.Unchanged; {
	case err == nil && len(rec.Pending) > 0:
		r.finish(m, Rebooting, errors.New(strings.Join(rec.Pending, ", ")))
	case err == nil:
		r.finish(m, Deployed, nil)
	// another run is at work there, or its journal cannot be written
	case rec.ID == 0 || code == fault.Interrupted && untouched:
		r.finish(m, Left, err)
	case code == fault.RollbackFailed:
		r.finish(m, Stranded, err)
	case untouched && gone:
		r.finish(m, Unreachable, away)
	case untouched && (code == fault.Build || code == fault.Network):
		r.finish(m, NotBuilt, err)
	case code == fault.Health:
		r.finish(m, Unhealthy, err)
	default:
		r.finish(m, Failed, err)
	}
}

// deployer is what deploys to a machine. Calls are those of engines that take the machines of a wave together.
func (f *Fleet) deployer(h *Host, system string, calls *calls) *deploy.Deployer {
	remote := f.to(f.network(h.Name), h.Target)
	c := f.Config
	c.StateDir, c.Paths, c.Runner = filepath.Join(f.StateDir, h.Name), h.Paths, remote
	c.HomeDir, c.Login, c.HostName, c.Health = deploy.HomeOf(f.User), h.Target.User, h.Name, f.checker(remote)
	c.Retention = journal.Retention{Count: 50, Age: 90 * 24 * time.Hour}
	c.Output = func(_ string, _ run.Stream, line string) {
		f.tell(journal.Event{Type: "line", Host: h.Name, Message: line})
	}
	c.Events = func(e journal.Event) {
		if e.Type != "summary" { // the machine's result is told behind it
			e.Host = h.Name
			f.tell(e)
		}
	}
	c.Remote = &deploy.Remote{
		System: system, Fingerprint: h.Fingerprint,
		Build: func() run.Command { return f.builder().NixosRebuild(remote, h.Name, h.BuildOnTarget) },
		Copy:  func(path string) run.Command { return f.builder().Copy(remote, path) },
		// Relative to the login's home, and apart from those of other flakes.
		Roots: filepath.Join(".local/state/quick-deploy/fleet", filepath.Base(f.StateDir)),
	}
	if f.together() {
		c.Remote.Build = func() run.Command { return f.shared([]*Host{h}) }
		c.Remote.Call = func(ctx context.Context) error { return calls.run(ctx, h) }
	}
	if f.Engine == generator.DeployRS {
		c.Remote.HandOver = string(f.Engine)
	}
	return deploy.New(c)
}

// goal is what a machine is to be. A system that failed before is tried again: the same command goes on.
func (f *Fleet) goal(h *Host) deploy.Goal {
	g := deploy.Goal{
		Verb: deploy.Switch, Host: h.Name, FlakeDir: f.Flake, Checks: h.Checks, Yes: true, Flags: f.Flags,
	}
	g.SkipHealth = g.SkipHealth || len(h.Checks) == 0
	g.Force, g.RetryBad = f.Again, true
	if f.Engine != generator.DeployRS { // which carries them itself
		g.Users = h.Homes
	}
	return g
}

// checker looks at a machine through ssh.
func (f *Fleet) checker(remote ssh.Remote) *health.Checker {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		return remote.Dial(ctx, network, address)
	}
	return &health.Checker{
		Runner: remote, Now: f.Now, Sleep: f.Retry.Sleep, Timeout: f.HealthTimeout, Dial: dial,
		Client: &http.Client{
			Transport:     &http.Transport{DialContext: dial, DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}
