package health

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// Checker runs checks. Root is where the machine's files are read from.
type Checker struct {
	Runner run.Runner
	Root   string // "/" or a fixture
	Paths  system.Paths
	// StateHome is a user's state folder (XDG_STATE_HOME), where home-manager has its profile.
	StateHome func(user string) string
	// Display is the X display of this machine that the program can draw on, "" if there is none.
	Display string
	Dial    func(ctx context.Context, network, address string) (net.Conn, error)
	Client  *http.Client
	Now     func() time.Time
	Sleep   func(ctx context.Context, d time.Duration) error
	// System is the toplevel whose units are looked at, empty: the one that runs.
	System string
	// Timeout is how long is waited for what is not up, 0: DefaultTimeout. Wait goes
	// on while something is Starting.
	Timeout time.Duration
	Wait    bool
	// Pending is told once of each finding that is waited for; nil: nobody is.
	Pending func(Finding)
	// Failed are units that had failed before: they do not count against the new system.
	Failed []string
}

// DefaultTimeout is how long is waited for what is not up.
const DefaultTimeout = 20 * time.Second

const (
	every    = time.Second // passes between two looks
	parallel = 8           // checks at work at once
)

// errUnknown marks evidence that could not be gathered.
var errUnknown = errors.New("cannot be checked")

// Run looks at everything side by side, again and again, until all is well or
// the time is over, and returns the findings in order. It ends early only when
// ctx does; what had no answer yet is Unknown then.
func (c *Checker) Run(ctx context.Context, checks []Check) Report {
	timeout := cmp.Or(c.Timeout, DefaultTimeout)
	w := c.watch(ctx, checks)
	told := map[string]bool{}
	start, slept := c.Now(), time.Duration(0)
	for {
		// The pauses count as well: a clock that stands still or is set back must not make the wait endless.
		w.waited = max(c.Now().Sub(start), slept)
		findings := w.look(ctx)
		r := Report{Findings: findings}
		r.count()
		open := slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool {
			return f.final || f.Outcome == Passed || f.Outcome == Unknown
		})
		left := timeout - w.waited
		if c.Wait && r.Starting > 0 && r.Healthy() {
			left = max(left, every)
		}
		if len(open) == 0 || left <= 0 || ctx.Err() != nil {
			return r
		}
		for _, f := range open {
			if c.Pending != nil && !told[f.Name] {
				told[f.Name] = true
				c.Pending(f)
			}
		}
		pause := min(every, left)
		slept += pause
		// An error is that ctx has ended, which the next look finds.
		_ = c.Sleep(ctx, pause)
	}
}

// watch is one run of the checks.
type watch struct {
	*Checker
	checks []Check
	facts
	surveyed error
	passed   map[int]Finding // findings of checks that have passed, those of units excepted
}

// watch reads what does not change while it is waited.
func (c *Checker) watch(ctx context.Context, checks []Check) *watch {
	w := &watch{Checker: c, checks: checks, facts: facts{failed: c.Failed}, passed: map[int]Finding{}}
	if slices.ContainsFunc(checks, aboutUnits) {
		toplevel := cmp.Or(c.System, c.path("/run/current-system"))
		w.units, w.now, w.surveyed = system.ReadUnitFiles(ctx, c.Runner, c.Root, toplevel)
	}
	return w
}

// names returns the units that a check's pattern means.
func (w *watch) names(pattern string) []string {
	switch {
	case system.IsUnit(pattern):
		return []string{pattern}
	case w.units != nil:
		return w.units.Named(pattern)
	case isPattern(pattern):
		return nil
	}
	return slices.DeleteFunc(guesses(pattern), func(name string) bool {
		s := w.states[name]
		return s == nil || s["LoadState"] == "not-found"
	})
}

// guesses returns what a unit might be called, where the system's files cannot be read.
func guesses(pattern string) []string {
	return []string{pattern + ".service", pattern + ".socket", pattern + ".timer"}
}

// answered reports whether systemd knew anything about what a unit might be called.
func (w *watch) answered(pattern string) bool {
	return slices.ContainsFunc(guesses(pattern), func(name string) bool { return w.states[name] != nil })
}

func isPattern(name string) bool { return strings.ContainsAny(name, "*?[") }

// aboutUnits reports whether systemd has to be asked for a check.
func aboutUnits(k Check) bool { return k.Kind == Unit || k.Kind == Rest || len(k.Units) > 0 }

// ask asks systemd for every unit that a check is about, for what starts them,
// and for what is in trouble.
func (w *watch) ask(ctx context.Context) (trouble []string, err error) {
	if trouble, err = system.UnitsIn(ctx, w.Runner, "failed,activating,auto-restart"); err != nil {
		return nil, err
	}
	names := slices.DeleteFunc(slices.Clone(trouble), system.IsTemplate)
	names = append(names, w.units.Timers()...)
	for name := range w.states { // what the look before found out
		names = append(names, name)
	}
	for _, check := range w.checks {
		patterns := check.Units
		if check.Kind == Unit {
			patterns = append(slices.Clone(patterns), check.Target)
		}
		for _, p := range patterns {
			if w.units == nil && !system.IsUnit(p) && !isPattern(p) {
				names = append(names, guesses(p)...)
				continue
			}
			names = append(names, w.names(p)...)
		}
	}
	if len(names) == 0 {
		return trouble, nil
	}
	w.before = w.states
	// What starts a unit, or is started by it, is known only from the answer.
	for {
		slices.Sort(names)
		names = slices.Compact(names)
		w.states, err = system.UnitStates[state](ctx, w.Runner, properties, names)
		if err != nil {
			return nil, err
		}
		var more []string
		for _, name := range names {
			s := w.states[name]
			for _, other := range strings.Fields(s["TriggeredBy"] + " " + s["Triggers"] + " " + s["Unit"]) {
				if !slices.Contains(names, other) {
					more = append(more, other)
				}
			}
		}
		if len(more) == 0 {
			return trouble, nil
		}
		names = append(names, more...)
	}
}

// look looks once at everything that has not passed yet, and at all units.
func (w *watch) look(ctx context.Context) []Finding {
	var trouble []string
	var err error
	if slices.ContainsFunc(w.checks, aboutUnits) {
		trouble, err = w.ask(ctx)
	}
	all := make([][]Finding, len(w.checks))
	slots := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for i, check := range w.checks {
		if f, ok := w.passed[i]; ok {
			all[i] = []Finding{f}
			continue
		}
		if check.Kind == Unit || check.Kind == Rest {
			continue
		}
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			all[i] = []Finding{w.one(ctx, check)}
		})
	}
	wg.Wait()
	looked := map[string]bool{}
	for i, check := range w.checks {
		if check.Kind == Unit {
			all[i] = w.unit(check, err, looked)
		} else if check.Kind != Rest && all[i][0].Outcome == Passed {
			w.passed[i] = all[i][0]
		}
	}
	for i, check := range w.checks {
		if check.Kind == Rest {
			all[i] = w.others(check, err, trouble, looked)
		}
	}
	return slices.Concat(all...)
}

// finding completes what was found by the check that it is of.
func (w *watch) finding(check Check, f Finding) Finding {
	f.Check, f.Seconds = check, w.waited.Seconds()
	if f.Outcome == Failed && !check.Required {
		f.Outcome = Warning
	}
	return f
}

func (w *watch) unknown(check Check, why error) Finding {
	return w.finding(check, Finding{Outcome: Unknown, Evidence: fmt.Sprintf("%v: %v", errUnknown, why)})
}

// unit makes the findings of a check of units, and notes what they were about.
func (w *watch) unit(check Check, err error, looked map[string]bool) []Finding {
	names := w.names(check.Target)
	switch {
	case err != nil:
		return []Finding{w.unknown(check, err)}
	case len(names) == 0 && w.units == nil && !w.answered(check.Target):
		why := cmp.Or(w.surveyed, errors.New("cannot read the units of the system"))
		return []Finding{w.unknown(check, why)}
	case len(names) == 0 && isPattern(check.Target):
		return nil // as many as the profile says: none
	case len(names) == 0:
		return []Finding{w.finding(check, broken("the system has no unit %s", check.Target))}
	}
	var out []Finding
	for _, name := range names {
		k := check
		if name != check.Target {
			k.Name, k.Target = check.Name+": "+name, name
		}
		if k.Hint == "" {
			k.Hint = "journalctl -b -u " + name
		}
		looked[name] = true
		if path.Ext(name) == ".timer" {
			looked[w.states[name]["Unit"]] = true
		}
		out = append(out, w.finding(k, w.judge(name, check.Grace)))
	}
	return out
}

// others makes the findings about the units that no other check is about.
func (w *watch) others(check Check, err error, trouble []string, looked map[string]bool) []Finding {
	if err != nil {
		return []Finding{w.unknown(check, err)}
	}
	if bad := w.judgeOthers(trouble, looked); len(bad) > 0 {
		return bad
	}
	return []Finding{w.finding(check, passed("no other unit has failed"))}
}

// one looks once at what is no unit.
func (w *watch) one(ctx context.Context, check Check) Finding {
	look := kinds[check.Kind]
	if look == nil {
		return w.unknown(check, fmt.Errorf("unknown kind of check %q", check.Kind))
	}
	evidence, err := look(ctx, w.Checker, check)
	switch {
	case err == nil:
		return w.finding(check, passed("%s", evidence))
	case errors.Is(err, errUnknown), ctx.Err() != nil:
		return w.finding(check, Finding{Outcome: Unknown, Evidence: err.Error()})
	}
	var units []string
	for _, pattern := range check.Units {
		units = append(units, w.names(pattern)...)
	}
	return w.finding(check, w.judgeService(units, err.Error(), check.Grace))
}

func (c *Checker) path(p string) string { return filepath.Join("/", c.Root, p) }

// machine returns the machine as package system reads it.
func (c *Checker) machine() system.Machine { return system.Of(os.DirFS(c.path("/"))) }
