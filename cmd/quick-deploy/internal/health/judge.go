package health

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// facts are all that a verdict on units goes by.
type facts struct {
	units  system.UnitFiles // nil: the system's files cannot be read
	states map[string]state // by every name of a unit
	now    system.Clock     // zero where it cannot be read
	waited time.Duration    // since the first look
	failed []string         // units that had failed before
	before map[string]state // at the look before; nil at the first
}

func passed(format string, args ...any) Finding {
	return Finding{Outcome: Passed, Evidence: fmt.Sprintf(format, args...)}
}

func failed(format string, args ...any) Finding {
	return Finding{Outcome: Failed, Evidence: fmt.Sprintf(format, args...)}
}

func broken(format string, args ...any) Finding {
	v := failed(format, args...)
	v.final = true
	return v
}

// steady is how long a unit that was restarted has to run to be called well.
const steady = 5 * time.Second

// judge says whether a unit is as it should be. grace is how long the
// catalogue lets it start.
func (f facts) judge(name string, grace time.Duration) Finding {
	s, known := f.states[name]
	if !known {
		return Finding{Outcome: Unknown, Evidence: name + " cannot be checked: systemd reported nothing about it"}
	}
	switch load := s["LoadState"]; load {
	case "not-found":
		return broken("%s does not exist", name)
	case "masked":
		return broken("%s is masked", name)
	case "error", "bad-setting":
		return broken("%s cannot be loaded: %s", name, load)
	}
	v := f.judgeActive(name, s, grace)
	if v.Outcome == Passed && path.Ext(name) == ".timer" && s.up() {
		v = f.judgeTimer(name, s)
	}
	if v.Outcome == Failed && slices.Contains(f.failed, name) {
		return asBefore(v)
	}
	return v
}

// asBefore returns a failure that is not the new system's.
func asBefore(v Finding) Finding {
	return Finding{Outcome: Warning, Evidence: v.Evidence + ", as before this run", final: true}
}

func (f facts) judgeActive(name string, s state, grace time.Duration) Finding {
	switch {
	case s["ActiveState"] == "failed":
		return broken("%s is %s", name, s)
	case s.restarting():
		return broken("%s keeps failing and restarting: it is %s", name, s)
	case f.before[name] != nil && s.number("NRestarts") > f.before[name].number("NRestarts"):
		return broken("%s keeps exiting and was restarted %s: it is %s", name, restarts(s), s)
	case s["ActiveState"] == "activating":
		return f.judgeStart(name, s, grace)
	case s.up():
		if age, ok := f.since(s, "ActiveEnterTimestamp"); ok && s.number("NRestarts") > 0 && age < steady {
			return failed("%s was restarted %s ago, %s in all", name, describe(age), restarts(s))
		}
		return passed("%s is %s", name, s)
	case s["ActiveState"] == "inactive":
		return f.judgeInactive(name, s)
	}
	return failed("%s is %s", name, s)
}

func restarts(s state) string {
	if s["NRestarts"] == "1" {
		return "once"
	}
	return s["NRestarts"] + " times"
}

// judgeStart judges a unit at its start: beyond its time it has failed.
func (f facts) judgeStart(name string, s state, grace time.Duration) Finding {
	age, known := f.since(s, "InactiveExitTimestamp")
	if !known {
		age = f.waited
	}
	if s["Type"] == "oneshot" && strings.Contains(s["TriggeredBy"], ".timer") {
		return passed("%s has been running for %s", name, describe(age))
	}
	limit, limited := s.startLimit()
	if !limited && s["Type"] != "oneshot" {
		limit, limited = grace, grace > 0 // systemd waits for ever, the catalogue does not
	}
	if limited && age >= max(limit, grace) {
		return broken("%s has been starting for %s, longer than its limit of %s", name, describe(age),
			describe(max(limit, grace)))
	}
	return Finding{Outcome: Starting, Evidence: fmt.Sprintf("%s has been %s for %s", name, s, describe(age))}
}

// judgeInactive judges a unit that does not run: a fault only of what should run all the time.
func (f facts) judgeInactive(name string, s state) Finding {
	var by []string
	for _, trigger := range strings.Fields(s["TriggeredBy"]) {
		t := f.states[trigger]
		if t.up() {
			return passed("%s starts on demand: %s is %s", name, trigger, t)
		}
		by = append(by, fmt.Sprintf("%s is %s", trigger, t))
	}
	switch {
	case s.unmet():
		return passed("%s was not started: a condition of the unit is not met", name)
	case f.units != nil && !f.units[name].Wanted:
		return passed("%s starts when something asks for it", name)
	case s["Type"] == "oneshot" && s["ConditionTimestampMonotonic"] == "0":
		return passed("%s runs once, when something asks for it", name)
	case s["Type"] == "oneshot" && s["Result"] == "success":
		return passed("%s has run", name)
	case s["Type"] == "dbus" && s["Result"] == "success":
		return passed("%s starts when its bus name is requested", name)
	}
	why := ""
	if len(by) > 0 {
		why = "; nothing starts it: " + strings.Join(by, ", ")
	}
	return failed("%s is %s%s", name, s, why)
}

// overdue is how late a timer may be, in addition to what AccuracySec allows (1 min by default).
const overdue = 10 * time.Minute

// judgeTimer judges an active timer by when it ran, when it will, and how its
// service ended. One that should have run and never did is at fault.
func (f facts) judgeTimer(name string, s state) Finding {
	service := s["Unit"]
	if service == "" {
		service = s["Triggers"]
	}
	of := f.states[service]
	next, last := s.elapse(f.now), s.time("LastTriggerUSec")
	ran := !last.IsZero() || of.number("InactiveExitTimestampMonotonic") > 0
	when := ""
	if !next.IsZero() {
		when = next.Local().Format(time.DateTime)
	}
	now := f.now.Wall.Add(f.waited)
	age, aged := f.since(s, "ActiveEnterTimestamp")
	gap, regular := s.longestGap()
	switch {
	case of["ActiveState"] == "failed":
		v := broken("%s starts %s, which is %s", name, service, of)
		if slices.Contains(f.failed, service) {
			return asBefore(v)
		}
		return v
	case of["ActiveState"] == "activating" || of.up():
		return passed("%s: %s is running", name, service)
	case s["SubState"] == "elapsed":
		return broken("%s has no next run", name)
	case !next.IsZero() && !f.now.Wall.IsZero() && now.After(next.Add(overdue)): // systemd would have started it
		return broken("%s should have started %s at %s", name, service, when)
	case !ran && regular && aged && age > gap+overdue:
		return broken("%s has never started %s in the %s it has been active", name, service, describe(age))
	case !ran:
		return passed("%s has not started %s yet; first run at %s", name, service, orUnknown(when))
	case !last.IsZero():
		at := last.Local().Format(time.DateTime)
		return passed("%s started %s at %s; next run at %s", name, service, at, orUnknown(when))
	}
	return passed("%s has started %s; next run at %s", name, service, orUnknown(when))
}

func orUnknown(text string) string {
	if text == "" {
		return "a time that systemd does not report"
	}
	return text
}

// since returns how long ago a …Timestamp of a unit was, now.
func (f facts) since(s state, property string) (time.Duration, bool) {
	now := f.now
	now.Wall = now.Wall.Add(f.waited)
	if f.now.Wall.IsZero() {
		now = system.Clock{}
	}
	if now.Uptime > 0 {
		now.Uptime += f.waited
	}
	return s.since(property, now)
}

// running returns how long the service of units has been up or starting: the time
// since the last of them was started. Not ok: none of them says.
func (f facts) running(units []string) (time.Duration, bool) {
	var ages []time.Duration
	for _, name := range units {
		s := f.states[name]
		property := "ActiveEnterTimestamp"
		if s["ActiveState"] == "activating" {
			property = "InactiveExitTimestamp"
		} else if !s.up() {
			continue
		}
		if age, ok := f.since(s, property); ok && path.Ext(name) == ".service" && s["Type"] != "oneshot" {
			ages = append(ages, age)
		}
	}
	if len(ages) == 0 {
		return 0, false
	}
	return slices.Min(ages), true
}

// judgeService says what it means that a port or page is not there: its units may have
// failed, or it may be within the time that the catalogue gives it.
func (f facts) judgeService(units []string, evidence string, grace time.Duration) Finding {
	for _, name := range units {
		switch v := f.judge(name, grace); {
		case v.Outcome == Warning:
			return asBefore(failed("%s: %s", evidence, v.Evidence))
		case v.Outcome == Failed && v.final:
			return broken("%s: %s", evidence, v.Evidence)
		}
	}
	since := "it has been running for"
	age, known := f.running(units)
	if !known {
		since, age = "it has had", f.waited
	}
	if age < grace {
		evidence = fmt.Sprintf("%s; %s %s and may take %s", evidence, since, describe(age), describe(grace))
		return Finding{Outcome: Starting, Evidence: evidence}
	}
	return failed("%s", evidence)
}

// judgeOthers returns the units that no check has been about and that are in trouble, and
// the timers that should have run. Those of the system fail it, others (mounts
// of fstab, transient units) are warnings.
func (f facts) judgeOthers(troubled []string, looked map[string]bool) []Finding {
	var out []Finding
	for _, name := range slices.Concat(troubled, f.units.Timers()) {
		s, known := f.states[name]
		if looked[name] || !known || system.IsTemplate(name) {
			continue
		}
		if path.Ext(name) == ".timer" && (s["SubState"] != "waiting" || f.states[s["Unit"]]["ActiveState"] == "failed") {
			continue // one that runs once has no next run, and what it starts speaks for itself
		}
		v := f.judge(name, 0)
		if v.Outcome != Failed && v.Outcome != Warning {
			continue // what starts within its own time is left alone
		}
		unit, brought := f.units[name]
		if template, ok := system.TemplateOf(name); ok && !brought {
			_, brought = f.units[template]
		}
		// A unit file of NixOS lies in /etc; systemd.unit(5) has those that were made at run time in /run.
		brought = brought && !unit.Masked || f.units == nil && !strings.HasPrefix(s["FragmentPath"], "/run/")
		if v.Outcome == Failed && !brought {
			v.Outcome = Warning
		}
		v.Check = Check{
			Name: "system: " + name, Kind: Unit, Target: name, Required: brought, Hint: "journalctl -b -u " + name,
		}
		out = append(out, v)
	}
	return out
}
