package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// Evaluate says which system each host should run. Hosts whose fingerprint was
// evaluated before are not evaluated again. Evaluated is how many were.
func (f *Fleet) Evaluate(ctx context.Context, hosts []*Host) (systems map[string]string, failed map[string]error, evaluated int) {
	systems = map[string]string{}
	var changed []string
	for _, h := range hosts {
		known, err := f.peek(h.Name)
		if err == nil && known.Fingerprint == h.Fingerprint && known.System != "" {
			systems[h.Name] = known.System
			continue
		}
		changed = append(changed, h.Name)
	}
	now, failed := f.nix().Evaluate(ctx, f.Flake, changed, toplevel+".outPath")
	for name, system := range now {
		systems[name] = system
	}
	return systems, failed, len(changed)
}

// Deploy rolls the hosts out wave by wave and returns a result for each, in
// the order of the waves. The error has the code Partial if some machine does not run what it
// should, or that machine's own where there is only one.
func (f *Fleet) Deploy(ctx context.Context, waves []Wave, hosts map[string]*Host, o Options) ([]Result, error) {
	var all []*Host
	for _, w := range waves {
		for _, name := range w.Hosts {
			all = append(all, hosts[name])
		}
	}
	systems, failed, evaluated := f.Evaluate(ctx, all)
	f.tell(journal.Event{Type: "progress", Step: "evaluate", Message: fmt.Sprintf("%d of %d hosts changed and were evaluated", evaluated, len(all))})
	var results []Result
	stopped := ""
	for _, w := range waves {
		var members []*Host
		for _, name := range w.Hosts {
			members = append(members, hosts[name])
		}
		r := rollout{Fleet: f, wave: w.Name, options: o, systems: systems, notBuilt: failed}
		if stopped != "" {
			r.stop(stopped)
		} else if len(failed) > 0 {
			// Of a flake that does not evaluate for some host nothing is switched.
			r.stop("another host does not evaluate; leave it out with --on to go on without it")
		} else {
			f.tell(journal.Event{Type: "progress", Step: "wave", Message: fmt.Sprintf("%s: %s", w.Name, strings.Join(w.Hosts, ", "))})
		}
		done := r.run(ctx, members)
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
	var bad []Result
	first := map[Verdict]string{}
	number := map[Verdict]int{}
	for _, r := range results {
		if r.Verdict.OK() {
			continue
		}
		bad = append(bad, r)
		if number[r.Verdict] == 0 {
			first[r.Verdict] = r.Host
		}
		number[r.Verdict]++
	}
	if len(bad) == 0 {
		return nil
	}
	code := fault.Partial
	switch {
	case len(results) == 1:
		code = bad[0].code()
	case number[NotBuilt] > 0 && number[NotBuilt]+number[Left] == len(results):
		code = bad[slices.IndexFunc(bad, func(r Result) bool { return r.Verdict == NotBuilt })].code()
	}
	var parts []string
	for _, v := range []Verdict{Stranded, Unhealthy, Failed, NotBuilt, Unreachable, Left} {
		if n := number[v]; n == 1 {
			parts = append(parts, fmt.Sprintf("%s is %s", first[v], v))
		} else if n > 1 {
			parts = append(parts, fmt.Sprintf("%d hosts are %s", n, v))
		}
	}
	e := fault.New(code, "%d of %d hosts do not run what they should: %s", len(bad), len(results), strings.Join(parts, ", "))
	if number[Stranded] > 0 {
		e = e.Hint("look at %s yourself: its old system could not be put back", first[Stranded])
	}
	return e.Hint("the same command again goes on with what is left").Hint("quick-deploy fleet status shows every machine")
}

// rollout is one wave.
type rollout struct {
	*Fleet
	wave     string
	options  Options
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
	memory *memory
	unlock func()
	before Machine
	failed []string // units that had failed before
	start  time.Time
	result Result
	done   bool
}

func (m *member) remote(f *Fleet) Remote {
	return Remote{Runner: f.network(m.Name), Target: m.Target, SSH: f.SSH, Connections: f.Connections}
}

// settle ends the work on a machine.
func (m *member) finish(v Verdict, err error) {
	if m.done {
		return
	}
	m.done, m.result.Verdict = true, v
	if err != nil {
		m.result.Error = err.Error()
		m.result.Child = run.CodeOf(err)
		switch code := fault.CodeOf(err); code {
		case fault.Network, fault.NotFound, fault.Timeout:
			m.result.Code = code
		}
		var e *fault.Error
		if errors.As(err, &e) {
			m.result.Child = cmp.Or(e.Child, m.result.Child)
		}
	}
}

// run works on the wave: look at every machine, activate, check, settle.
func (r *rollout) run(ctx context.Context, hosts []*Host) []Result {
	members := make([]*member, len(hosts))
	for i, h := range hosts {
		members[i] = &member{Host: h, start: r.Now(), result: Result{Host: h.Name, Wave: r.wave, System: r.systems[h.Name]}}
	}
	r.each(members, func(m *member) { r.begin(ctx, m) })
	r.activate(ctx, open(members))
	r.each(open(members), func(m *member) { r.check(ctx, m) })
	r.settle(ctx, open(members))
	results := make([]Result, len(members))
	for i, m := range members {
		m.finish(Deployed, nil)
		m.result.Seconds = r.Now().Sub(m.start).Seconds()
		if m.memory != nil {
			if err := m.memory.end(r.Fleet, m.Host, m.result); err != nil && m.result.Error == "" {
				m.result.Error = err.Error()
			}
			m.unlock()
		}
		results[i] = m.result
		r.tell(journal.Event{
			Type: "host", Host: m.Name, Message: string(m.result.Verdict), Data: m.result, Seconds: m.result.Seconds,
		})
	}
	return results
}

// open are the members whose work goes on.
func open(members []*member) []*member {
	return slices.DeleteFunc(slices.Clone(members), func(m *member) bool { return m.done })
}

// each works on several machines at once.
func (r *rollout) each(members []*member, do func(*member)) {
	slots := make(chan struct{}, max(1, r.Parallel))
	var wg sync.WaitGroup
	for _, m := range members {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			do(m)
		})
	}
	wg.Wait()
}

// begin opens a machine's journal and looks at the machine.
func (r *rollout) begin(ctx context.Context, m *member) {
	if err := r.notBuilt[m.Name]; err != nil {
		m.finish(NotBuilt, err)
		r.stop(m.Name + " does not evaluate")
		return
	}
	if why := r.stopped(); why != "" {
		m.finish(Left, errors.New(why))
		return
	}
	memory, err := r.open(m.Name)
	if err == nil {
		m.unlock, err = memory.begin(ctx, r.Fleet, m.Name)
	}
	if err != nil {
		m.finish(Left, err)
		return
	}
	m.memory = memory
	memory.known.Fingerprint, memory.known.System = m.Fingerprint, m.result.System
	err = memory.step(r.Fleet, "look", func() error {
		var err error
		m.before, err = m.remote(r.Fleet).Look(ctx)
		return err
	})
	m.result.Before = m.before.Running
	var away *UnreachableError
	switch {
	case errors.As(err, &away):
		m.finish(Unreachable, err)
	case err != nil:
		m.finish(Failed, err)
		r.stop(m.Name + " cannot be looked at")
	case !r.options.Again && r.asItShould(m):
		m.finish(Unchanged, nil)
	case !r.options.SkipHealth:
		m.failed, _ = health.FailedUnitNames(ctx, m.remote(r.Fleet)) // of a machine that does not say, all count
	}
	// The engines build and activate in one go: there is no new system yet that the old one could be compared with.
	if !m.done && m.before.Running != "" && m.before.Running != m.result.System && m.before.Running != memory.known.DeployedSystem {
		r.tell(journal.Event{
			Type: "warning", Host: m.Name, Message: m.Name + ": the running system is not from here, and what the new one takes away is not looked at",
		})
	}
}

// asItShould reports whether a machine runs and boots its system, and the last
// run that gave it to the machine found it well.
func (r *rollout) asItShould(m *member) bool {
	known := m.memory.known
	if m.before.Running != m.result.System {
		return false
	}
	if known.Deployed == m.Fingerprint {
		return known.Last == nil || known.Last.Verdict.OK() || known.Last.Verdict == Unreachable
	}
	// Never deployed from here: the homes are not known, and after a failure nothing is.
	return known.Last == nil && r.boots(m.before, m.result.System) && len(m.Homes) == 0
}

// activate gives the machines their systems.
func (r *rollout) activate(ctx context.Context, members []*member) {
	r.command(ctx, try, "activate", members, func(m *member, err error) {
		// The new system may let nobody in any more.
		remote := m.remote(r.Fleet)
		remote.Fresh = true
		after, lookErr := remote.Look(context.WithoutCancel(ctx))
		var away *UnreachableError
		switch {
		case lookErr == nil && after.Running == m.result.System && (err == nil || r.together()):
			// The error of a call for many machines is about another one, or about
			// units that did not start: the health checks tell.
		case errors.As(lookErr, &away):
			m.finish(Stranded, fmt.Errorf("after the activation: %w", lookErr))
		case lookErr == nil && after.Running == m.before.Running && after.Default == m.before.Default:
			// The engine failed before anything happened, or undid it.
			m.result.PutBack = true
			m.finish(Failed, orDefault(err, "the engine ended without an error and the machine runs its old system"))
		default:
			r.putBack(ctx, m, Failed, orDefault(err, fmt.Sprintf("the machine runs %s", after.Running)))
		}
	})
}

func orDefault(err error, text string) error {
	if err != nil {
		return err
	}
	return errors.New(text)
}

// command gives an engine its orders and tells for each machine how it went.
func (r *rollout) command(ctx context.Context, v verb, step string, members []*member, after func(*member, error)) {
	byName := map[string]*member{}
	var hosts []*Host
	for _, m := range members {
		byName[m.Name] = m
		hosts = append(hosts, m.Host)
	}
	if len(hosts) == 0 {
		return
	}
	orders := r.orders(v, hosts)
	slots := make(chan struct{}, max(1, r.Parallel))
	var wg sync.WaitGroup
	for _, o := range orders {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if why := r.stopped(); why != "" && v == try {
				for _, h := range o.hosts {
					byName[h.Name].finish(Left, errors.New(why))
				}
				return
			}
			said := &transcript{fleet: r.Fleet, hosts: o.hosts}
			o.command.OnLine = said.line
			var unwritten error
			for _, h := range o.hosts {
				unwritten = errors.Join(unwritten, byName[h.Name].memory.begun(r.Fleet, step))
			}
			if unwritten != nil { // what cannot be written down is not done
				for _, h := range o.hosts {
					byName[h.Name].finish(Left, unwritten)
				}
				r.stop("the journal cannot be written")
				return
			}
			err := r.engine(ctx, o.command, said)
			for _, h := range o.hosts {
				m := byName[h.Name]
				failure := said.failure(h.Name, err)
				if m.memory.ended(r.Fleet, r.own(failure)) != nil && failure == nil {
					failure = errors.New("the journal cannot be written")
				}
				after(m, failure)
				if m.done && !m.result.Verdict.OK() {
					r.stop(m.Name + " " + string(m.result.Verdict))
				}
			}
		})
	}
	wg.Wait()
}

// engine runs an engine, and repeats it where the network broke it before a
// machine began to change. What is said from then on comes from the machine too:
// a unit of it that gets no connection says nothing about ours.
func (r *rollout) engine(ctx context.Context, c run.Command, said *transcript) error {
	host := ""
	if len(said.hosts) == 1 {
		host = said.hosts[0].Name
	}
	return r.Retry.Do(ctx, r.Jitter, r.Sleep, r.waiting(host), func(int) *retry.Failure {
		said.lines = nil
		res, err := r.Runner.Run(ctx, c)
		if err == nil {
			return nil
		}
		f := &retry.Failure{Err: err}
		if !said.activating {
			f.Cause = nixlog.Read(res.Stderr).Cause
		}
		return f
	})
}

// own is the engine's error if it is known to be about the machine.
func (r *rollout) own(err error) error {
	if r.together() {
		return nil
	}
	return err
}

// check looks whether a machine came up as its profile says.
func (r *rollout) check(ctx context.Context, m *member) {
	if r.options.SkipHealth || len(m.Checks) == 0 {
		return
	}
	err := m.memory.step(r.Fleet, "health", func() error {
		report := r.checker(m).Run(ctx, m.Checks)
		m.result.Health = &report
		if report.Healthy() {
			return nil
		}
		var failed []string
		for _, finding := range report.Findings {
			if finding.Outcome == health.Failed {
				failed = append(failed, finding.Name+": "+finding.Evidence)
			}
		}
		return errors.New(strings.Join(failed, "; "))
	})
	if err == nil {
		return
	}
	r.stop(m.Name + " is unhealthy")
	if r.options.Keep {
		m.finish(Unhealthy, err)
		return
	}
	r.putBack(ctx, m, Unhealthy, err)
}

// checker looks at a machine through ssh.
func (r *rollout) checker(m *member) *health.Checker {
	remote := m.remote(r.Fleet)
	return &health.Checker{
		Runner: remote, System: m.result.System, Failed: m.failed,
		Now: r.Now, Sleep: r.Sleep, Timeout: r.HealthTimeout, Dial: remote.Dial,
		Pending: func(f health.Finding) {
			r.tell(journal.Event{
				Type: "progress", Host: m.Name, Message: fmt.Sprintf("waiting for %s: %s", f.Name, f.Evidence), Data: f,
			})
		},
		Client: &http.Client{
			Transport:     &http.Transport{DialContext: func(ctx context.Context, n, a string) (net.Conn, error) { return remote.Dial(ctx, n, a) }, DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// Remotely reports whether a check can be made through ssh: those that read
// the machine's files cannot.
func Remotely(c health.Check) bool {
	switch c.Kind {
	case health.Unit, health.Rest, health.Port, health.HTTP:
		return true
	}
	return false
}

// putBack gives a machine its old system again: also as the boot default,
// which an engine may have moved.
func (r *rollout) putBack(ctx context.Context, m *member, v Verdict, why error) {
	ctx = context.WithoutCancel(ctx) // half-way is the worst place to be
	if m.before.Running == "" {
		m.finish(v, fmt.Errorf("%w (it ran no system before)", why))
		return
	}
	remote := m.remote(r.Fleet)
	err := m.memory.step(r.Fleet, "put back", func() error {
		now, err := remote.Look(ctx)
		if err != nil {
			return err
		}
		if now.Default != m.before.Default && m.before.Default != "" {
			if _, err := remote.Run(ctx, run.Command{
				Name: "nix-env", Args: []string{"-p", systemProfile, "--set", m.before.Default}, Elevate: true, Timeout: 2 * time.Minute,
			}); err != nil {
				return err
			}
			if _, err := remote.Run(ctx, run.Command{
				Name: m.before.Default + "/bin/switch-to-configuration", Args: []string{"boot"}, Elevate: true, Timeout: r.ActivateTimeout,
			}); err != nil {
				return err
			}
		}
		if _, err := remote.Run(ctx, run.Command{
			Name: m.before.Running + "/bin/switch-to-configuration", Args: []string{"test"}, Elevate: true, Timeout: r.ActivateTimeout,
		}); err != nil {
			return err
		}
		after, err := remote.Look(ctx)
		if err == nil && after.Running != m.before.Running {
			err = fmt.Errorf("it runs %s", after.Running)
		}
		return err
	})
	if err != nil {
		m.finish(Stranded, fmt.Errorf("%w; putting back: %w", why, err))
		return
	}
	m.result.PutBack = true
	m.finish(v, why)
}

// settle makes the systems what the machines boot, and activates the homes.
func (r *rollout) settle(ctx context.Context, members []*member) {
	r.command(ctx, settle, "boot", members, func(m *member, err error) {
		after, lookErr := m.remote(r.Fleet).Look(context.WithoutCancel(ctx))
		switch {
		case lookErr != nil:
		case after.Default != m.result.System:
			err = orDefault(err, "it would boot "+after.Default)
		case r.together():
			err = nil
		}
		if err := errors.Join(err, lookErr); err != nil {
			m.finish(Failed, fmt.Errorf("it runs the new system, which is not its boot default: %w", err))
		}
	})
	r.each(open(members), func(m *member) { r.homes(ctx, m) })
}
