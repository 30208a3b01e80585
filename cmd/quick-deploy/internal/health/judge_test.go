package health

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

const (
	run_    = "ActiveState=active SubState=running Type=simple Result=success"
	dead    = "ActiveState=inactive SubState=dead Result=success ExecMainStatus=0 ConditionTimestampMonotonic=5 ConditionResult=yes"
	never   = "ActiveState=inactive SubState=dead Result=success ExecMainStatus=0 ConditionTimestampMonotonic=0 ConditionResult=no"
	listens = "ActiveState=active SubState=listening Result=success"
	crashed = "ActiveState=failed SubState=failed Result=exit-code ExecMainStatus=3"
)

// outcomes are the findings as a test compares them.
func outcomes(r Report) map[string]Outcome {
	out := map[string]Outcome{}
	for _, f := range r.Findings {
		out[f.Name] = f.Outcome
	}
	return out
}

// Which units there are, and which of them are wanted, is what the files say.
func TestUnitsOfASystem(t *testing.T) {
	c := checker(t, &systemd{})
	built(t, c,
		"multi-user.target: Requires=basic.target", "graphical.target: Requires=multi-user.target", "default.target -> multi-user.target",
		"basic.target: Wants=sockets.target timers.target", "sockets.target", "-.slice", "timers.target", "getty.target", "sleep.target",
		"multi-user.target/web.service", "web.service: Wants=helper.service", "helper.service",
		"sockets.target/cups.socket", "cups.socket", "cups.service",
		"timers.target/restic-backups-home.timer", "restic-backups-home.timer", "restic-backups-home.service",
		"graphical.target/display-manager.service", "display-manager.service",
		"sleep.target/nap.service", "nap.service",
		"multi-user.target/getty.target", "getty@.service: Wants=of-getty.service", "of-getty.service", "autovt@.service -> getty@.service",
		"dbus-org.bluez.service -> bluetooth.service", "bluetooth.service", "off.service -> /dev/null", "multi-user.target/off.service",
		"multi-user.target/db.target", "db.target: Requires=db.service",
		"db.service", "multi-user.target/alias.service", "alias.service -> real.service", "real.service",
	)
	// An instance is a link to its template; a drop-in adds dependencies.
	built(t, c, "getty.target/getty@tty1.service", "part.service")
	put(t, c, "run/current-system/etc/systemd/system/db.service.d/overrides.conf", "[Unit]\nWants=part.service\n")
	units, at, err := system.ReadUnitFiles(t.Context(), c.Runner, c.Root, c.path("run/current-system"))
	if err != nil {
		t.Fatal(err)
	}
	var wanted []string
	for name, u := range units {
		if u.Wanted && !strings.HasSuffix(name, ".target") {
			wanted = append(wanted, name)
		}
	}
	slices.Sort(wanted)
	if diff := cmp.Diff([]string{
		"cups.socket", "db.service", "getty@tty1.service", "helper.service", "of-getty.service", "off.service", "part.service", "real.service",
		"restic-backups-home.timer", "web.service",
	}, wanted); diff != "" {
		t.Error(diff)
	}
	if !units["off.service"].Masked || units["web.service"].Masked {
		t.Error("masked units are not told from others")
	}
	if at.Uptime != 24*time.Hour || !at.Wall.Equal(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("the clock says %+v", at)
	}
	for pattern, want := range map[string][]string{
		"cups": {"cups.socket"}, "restic-backups-*": {"restic-backups-home.timer"}, "bluetooth": {"bluetooth.service"}, "getty": {"getty@tty1.service"}, "cup": nil, "db": {"db.service"},
	} {
		if got := units.Named(pattern); !slices.Equal(got, want) {
			t.Errorf("%s means %q, not %q", pattern, got, want)
		}
	}
	if units, _, err := system.ReadUnitFiles(t.Context(), c.Runner, c.Root, c.path("nowhere")); units != nil || err != nil {
		t.Errorf("of no system: %v, %v", units, err)
	}
}

// One unit after the other, at the first look and with nothing to wait for.
func TestVerdicts(t *testing.T) {
	s := &systemd{}
	checker(t, s)
	for name, k := range map[string]struct {
		files string // beside the unit a.service, which multi-user.target wants
		units map[string]string
		want  Outcome
		says  string
	}{
		"runs":     {"", map[string]string{"a.service": run_}, Passed, "active (running)"},
		"failed":   {"", map[string]string{"a.service": crashed}, Failed, "is failed (failed), result exit-code, exit status 3"},
		"missing":  {"", nil, Failed, "does not exist"},
		"masked":   {"", map[string]string{"a.service": "LoadState=masked ActiveState=inactive"}, Failed, "is masked"},
		"bad file": {"", map[string]string{"a.service": "LoadState=bad-setting ActiveState=inactive"}, Failed, "cannot be loaded"},
		"auto-restart": {"", map[string]string{
			"a.service": "ActiveState=activating SubState=auto-restart Result=exit-code ExecMainStatus=3 NRestarts=4",
		}, Failed, "keeps failing and restarting"},
		"auto-restart that queues": {"", map[string]string{"a.service": "ActiveState=activating SubState=auto-restart-queued Result=signal"}, Failed, "restarting"},

		"inactive":               {"", map[string]string{"a.service": dead + " Type=simple"}, Failed, "inactive (dead), result success, exit status 0"},
		"never started":          {"", map[string]string{"a.service": never + " Type=simple"}, Failed, "inactive"},
		"condition":              {"", map[string]string{"a.service": "ActiveState=inactive ConditionResult=no ConditionTimestampMonotonic=7 Type=simple"}, Passed, "condition"},
		"oneshot":                {"", map[string]string{"a.service": dead + " Type=oneshot"}, Passed, "has run"},
		"oneshot that is kept":   {"", map[string]string{"a.service": "ActiveState=active SubState=exited Type=oneshot"}, Passed, "exited"},
		"by D-Bus":               {"", map[string]string{"a.service": dead + " Type=dbus"}, Passed, "bus"},
		"by its socket":          {"sockets.target/a.socket a.socket", map[string]string{"a.service": dead + " Type=notify TriggeredBy=a.socket", "a.socket": listens}, Passed, "a.socket is active (listening)"},
		"by another's socket":    {"b.socket", map[string]string{"a.service": dead + " Type=notify TriggeredBy=c.path~b.socket", "b.socket": listens, "c.path": dead}, Passed, "b.socket"},
		"socket that is down":    {"", map[string]string{"a.service": dead + " Type=notify TriggeredBy=b.socket", "b.socket": dead}, Failed, "nothing starts it: b.socket is inactive"},
		"starting":               {"", map[string]string{"a.service": "ActiveState=activating SubState=start Type=notify TimeoutStartUSec=1min~30s InactiveExitTimestamp=" + s.ago(30*time.Second)}, Starting, "for 30s"},
		"starting for too long":  {"", map[string]string{"a.service": "ActiveState=activating SubState=start Type=notify InactiveExitTimestamp=" + s.ago(10*time.Minute)}, Failed, "starting for 10m0s, longer than its limit of 1m30s"},
		"oneshot that takes":     {"", map[string]string{"a.service": "ActiveState=activating SubState=start Type=oneshot TimeoutStartUSec=infinity InactiveExitTimestamp=" + s.ago(time.Hour)}, Starting, "for 1h0m0s"},
		"oneshot beyond its own": {"", map[string]string{"a.service": "ActiveState=activating SubState=start Type=oneshot TimeoutStartUSec=2min InactiveExitTimestamp=" + s.ago(time.Hour)}, Failed, "longer than its limit of 2m0s"},
		"just restarted":         {"", map[string]string{"a.service": run_ + " NRestarts=2 ActiveEnterTimestamp=" + s.ago(time.Second)}, Failed, "restarted 1s ago"},
		"restarted long ago":     {"", map[string]string{"a.service": run_ + " NRestarts=2 ActiveEnterTimestamp=" + s.ago(time.Hour)}, Passed, "running"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &systemd{units: k.units}
			c := checker(t, s)
			built(t, c, append([]string{"multi-user.target/a.service", "a.service"}, strings.Fields(k.files)...)...)
			// The clock stands still: what is seen is what is at the first look.
			c.Timeout = time.Nanosecond
			r := c.Run(t.Context(), []Check{{Name: "a", Kind: Unit, Target: "a.service", Required: true}})
			f := r.Findings[0]
			if f.Outcome != k.want || !strings.Contains(f.Evidence, k.says) {
				t.Errorf("%s: %s; want %s with %q", f.Outcome, f.Evidence, k.want, k.says)
			}
			if r.Healthy() != (k.want != Failed) {
				t.Errorf("healthy: %t", r.Healthy())
			}
		})
	}
}

// What is started by its socket is well when the socket listens, whatever name
// the catalogue calls it by.
func TestSocketActivatedServicesAreWellWhenTheSocketListens(t *testing.T) {
	s := &systemd{units: map[string]string{
		"libvirtd.service": dead + " Type=notify TriggeredBy=libvirtd.socket~libvirtd-ro.socket", "libvirtd.socket": listens, "libvirtd-ro.socket": listens,
		"sshd.socket": listens, "podman.socket": listens, "podman.service": never + " TriggeredBy=podman.socket", "cups.socket": listens,
		"docker.service": run_, "docker.socket": listens, "bluetooth.service": never + " Type=dbus",
	}}
	c := checker(t, s)
	built(t, c, "multi-user.target/libvirtd.service", "libvirtd.service", "sockets.target/libvirtd.socket", "libvirtd.socket",
		"sockets.target/sshd.socket", "sshd.socket", "sshd@.service", "sockets.target/podman.socket", "podman.socket", "podman.service",
		"sockets.target/cups.socket", "cups.socket", "cups.service", "multi-user.target/docker.service", "docker.service",
		"sockets.target/docker.socket", "docker.socket", "bluetooth.target/bluetooth.service", "bluetooth.service", "bluetooth.target")
	var checks []Check
	for _, name := range []string{"libvirtd", "sshd", "podman", "cups", "docker", "bluetooth", "restic-backups-*"} {
		checks = append(checks, Check{Name: name, Kind: Unit, Target: name, Required: true})
	}
	checks = append(checks, Check{Name: "units", Kind: Rest})
	want := map[string]Outcome{
		"libvirtd: libvirtd.service": Passed, "libvirtd: libvirtd.socket": Passed, "sshd: sshd.socket": Passed, "podman: podman.socket": Passed,
		"cups: cups.socket": Passed, "docker: docker.service": Passed, "docker: docker.socket": Passed, "bluetooth: bluetooth.service": Passed, "units": Passed,
	}
	if diff := cmp.Diff(want, outcomes(c.Run(t.Context(), checks))); diff != "" || s.now != s.start {
		t.Errorf("after %s:\n%s", s.now.Sub(s.start), diff)
	}
	s.units["sshd.socket"] = dead
	s.units["cups.socket"] = "ActiveState=failed SubState=failed Result=resources"
	r := outcomes(c.Run(t.Context(), checks))
	if r["sshd: sshd.socket"] != Failed || r["cups: cups.socket"] != Failed {
		t.Errorf("sockets that are down: %v", r)
	}
	if r := c.Run(t.Context(), []Check{{Name: "x", Kind: Unit, Target: "redis-default", Required: true}}); r.Failed != 1 || !strings.Contains(r.Findings[0].Evidence, "no unit redis-default") {
		t.Errorf("a unit that the system does not have: %+v", r.Findings)
	}
}

// Without the system's files systemd is asked by the likely names.
func TestUnitsOfASystemThatCannotBeRead(t *testing.T) {
	s := &systemd{units: map[string]string{"sshd.socket": listens, "web.service": run_, "bad.service": crashed + " FragmentPath=/etc/systemd/system/bad.service"}}
	c := checker(t, s)
	checks := []Check{
		{Name: "ssh", Kind: Unit, Target: "sshd", Required: true}, {Name: "web", Kind: Unit, Target: "web", Required: true},
		{Name: "backups", Kind: Unit, Target: "restic-backups-*", Required: true}, {Name: "gone", Kind: Unit, Target: "gone", Required: true}, {Name: "rest", Kind: Rest},
	}
	if diff := cmp.Diff(map[string]Outcome{
		"ssh: sshd.socket": Passed, "web: web.service": Passed, "backups": Unknown, "gone": Failed, "system: bad.service": Failed,
	}, outcomes(c.Run(t.Context(), checks))); diff != "" {
		t.Error(diff)
	}
	s.noBus = true
	if r := c.Run(t.Context(), checks); r.Unknown != len(checks) || !r.Healthy() {
		t.Errorf("without a bus: %+v", r)
	}
}

// A unit that no service of the catalogue owns counts too, unless it had failed
// before or is none of the system's.
func TestUnitsThatNobodyAskedFor(t *testing.T) {
	s := &systemd{units: map[string]string{
		"web.service": run_, "foreign.service": crashed, "loop@a.service": "ActiveState=activating SubState=auto-restart Result=exit-code ExecMainStatus=1",
		"old.service": crashed, "run-r1.service": crashed + " FragmentPath=/run/systemd/transient/run-r1.service",
		"srv.mount": crashed + " FragmentPath=/run/systemd/generator/srv.mount", "job.service": "ActiveState=activating SubState=start Type=oneshot",
	}}
	c := checker(t, s)
	built(t, c, "multi-user.target/web.service", "web.service", "foreign.service", "loop@.service", "old.service", "job.service")
	c.Failed = []string{"old.service"}
	checks := []Check{{Name: "rest", Kind: Rest}, {Name: "web", Kind: Unit, Target: "web", Required: true}}
	r := c.Run(t.Context(), checks)
	if diff := cmp.Diff(map[string]Outcome{
		"web: web.service": Passed, "system: foreign.service": Failed, "system: loop@a.service": Failed, "system: old.service": Warning,
		"system: run-r1.service": Warning, "system: srv.mount": Warning,
	}, outcomes(r)); diff != "" || r.Healthy() || s.now != s.start {
		t.Errorf("after %s:\n%s", s.now.Sub(s.start), diff)
	}
}

// A backup that never ran is found, whoever wrote its timer.
func TestTimersThatNobodyAskedFor(t *testing.T) {
	s := &systemd{}
	c := checker(t, s)
	const waits = "ActiveState=active SubState=waiting LastTriggerUSec= TimersCalendar={~OnCalendar=*-*-*~00:00:00~} "
	s.units = map[string]string{
		"mine.timer": waits + "Unit=mine.service ActiveEnterTimestamp=" + s.ago(72*time.Hour), "mine.service": never + " Type=oneshot",
		"new.timer": waits + "Unit=new.service ActiveEnterTimestamp=" + s.ago(time.Hour), "new.service": never + " Type=oneshot",
		"once.timer": "ActiveState=active SubState=elapsed Unit=once.service", "once.service": dead + " Type=oneshot",
		"bad.timer": waits + "Unit=bad.service", "bad.service": crashed + " Type=oneshot",
	}
	var files []string
	for _, name := range []string{"mine", "new", "once", "bad"} {
		files = append(files, "timers.target/"+name+".timer", name+".timer", name+".service")
	}
	built(t, c, files...)
	want := map[string]Outcome{"system: mine.timer": Failed, "system: bad.service": Failed}
	if diff := cmp.Diff(want, outcomes(c.Run(t.Context(), []Check{{Name: "rest", Kind: Rest}}))); diff != "" {
		t.Error(diff)
	}
}

// A unit of the profile that had failed before does not count against the new system either.
func TestWhatHadFailedBeforeIsAWarning(t *testing.T) {
	s := &systemd{units: map[string]string{
		"restic-backups-home.timer":   "ActiveState=active SubState=waiting Unit=restic-backups-home.service",
		"restic-backups-home.service": crashed, "web.service": crashed,
	}}
	c := checker(t, s)
	built(t, c, "timers.target/restic-backups-home.timer", "restic-backups-home.timer", "restic-backups-home.service", "multi-user.target/web.service", "web.service")
	page(c, s, 0)
	checks := []Check{
		{Name: "restic", Kind: Unit, Target: "restic-backups-*", Required: true}, {Name: "web", Kind: Unit, Target: "web", Required: true},
		{Name: "page", Kind: Port, Target: "127.0.0.1:1", Units: []string{"web"}, Required: true}, {Name: "rest", Kind: Rest},
	}
	if r := c.Run(t.Context(), checks); r.Failed != 3 || r.Passed != 1 || s.now != s.start {
		t.Errorf("%v", outcomes(r))
	}
	c.Failed = []string{"restic-backups-home.service", "web.service"}
	if r := c.Run(t.Context(), checks); r.Warnings != 3 || !r.Healthy() {
		t.Errorf("%+v", r)
	}
}

func TestUnitsThatStartAgainAndAgainAreSeen(t *testing.T) {
	s := &systemd{units: map[string]string{}}
	c := checker(t, s)
	built(t, c, "multi-user.target/a.service", "a.service")
	page(c, s, 10*time.Second)
	// Between two looks it crashed and was started again; each look finds it running.
	s.change = func(waited time.Duration) {
		s.units["a.service"] = run_ + " NRestarts=" + string('0'+rune(waited/time.Second/3)) + " ActiveEnterTimestamp=" + s.ago(time.Hour)
	}
	checks := []Check{{Name: "a", Kind: Unit, Target: "a", Required: true}, {Name: "page", Kind: Port, Target: "x:1", Units: []string{"a"}, Required: true, Grace: time.Hour}}
	r := c.Run(t.Context(), checks)
	if r.Failed != 2 || !strings.Contains(r.Findings[1].Evidence, "keeps exiting") || s.now.Sub(s.start) > 4*time.Second {
		t.Errorf("after %s: %+v", s.now.Sub(s.start), r.Findings)
	}
	// One restart that holds is none.
	s.change = func(waited time.Duration) {
		s.units["a.service"] = run_ + " NRestarts=1 ActiveEnterTimestamp=" + s.at(-time.Second)
	}
	s.now = s.start
	if r := c.Run(t.Context(), checks[:1]); r.Passed != 1 || s.now.Sub(s.start) < 3*time.Second {
		t.Errorf("after %s: %+v", s.now.Sub(s.start), r.Findings)
	}
}

// A page that comes after 60 s is starting, and then healthy; after its grace it has failed.
func TestStarting(t *testing.T) {
	web := func(s *systemd, since time.Duration) {
		s.units = map[string]string{"loki.service": run_ + " ActiveEnterTimestamp=" + s.ago(since) + " ActiveEnterTimestampMonotonic=1"}
	}
	checks := []Check{
		{Name: "loki", Kind: Unit, Target: "loki", Required: true, Grace: 90 * time.Second},
		{Name: "page", Kind: Port, Target: "127.0.0.1:1", Units: []string{"loki"}, Required: true, Grace: 90 * time.Second},
	}
	machine := func(t *testing.T) (*Checker, *systemd) {
		s := &systemd{}
		c := checker(t, s)
		web(s, 0)
		built(t, c, "multi-user.target/loki.service", "loki.service")
		page(c, s, 60*time.Second)
		return c, s
	}
	t.Run("within its time", func(t *testing.T) {
		c, s := machine(t)
		var told []string
		c.Pending = func(f Finding) { told = append(told, f.Name+" "+string(f.Outcome)) }
		r := c.Run(t.Context(), checks)
		if r.Starting != 1 || r.Passed != 1 || !r.Healthy() || s.now.Sub(s.start) != DefaultTimeout {
			t.Errorf("after %s: %+v", s.now.Sub(s.start), r)
		}
		if !strings.Contains(r.Findings[1].Evidence, "running for 20s and may take 1m30s") {
			t.Errorf("evidence %q", r.Findings[1].Evidence)
		}
		if !slices.Equal(told, []string{"page starting"}) {
			t.Errorf("told %q", told)
		}
		// A later look finds it there, and a still later one would have found it at fault.
		s.now = s.start.Add(65 * time.Second)
		if r := c.Run(t.Context(), checks); r.Passed != 2 {
			t.Errorf("after 65 s: %+v", r)
		}
	})
	t.Run("waited for", func(t *testing.T) {
		c, s := machine(t)
		c.Wait = true
		if r := c.Run(t.Context(), checks); r.Passed != 2 || s.now.Sub(s.start) != 60*time.Second {
			t.Errorf("after %s: %+v", s.now.Sub(s.start), r)
		}
	})
	t.Run("beyond its time", func(t *testing.T) {
		c, s := machine(t)
		c.Wait = true
		page(c, s, 0)
		if r := c.Run(t.Context(), checks); r.Failed != 1 || s.now.Sub(s.start) != 90*time.Second {
			t.Errorf("after %s: %+v", s.now.Sub(s.start), r)
		}
		// A later call measures from the start of the unit, not from its own.
		c, s = machine(t)
		web(s, 2*time.Minute)
		page(c, s, 0)
		if r := c.Run(t.Context(), checks); r.Failed != 1 || s.now.Sub(s.start) != DefaultTimeout {
			t.Errorf("after %s: %+v", s.now.Sub(s.start), r)
		}
	})
	t.Run("a unit that fails meanwhile", func(t *testing.T) {
		c, s := machine(t)
		c.Wait = true
		s.change = func(waited time.Duration) {
			if waited >= 5*time.Second {
				s.units["loki.service"] = crashed
			}
		}
		if r := c.Run(t.Context(), checks); r.Failed != 2 || s.now.Sub(s.start) != 5*time.Second {
			t.Errorf("after %s: %+v", s.now.Sub(s.start), r)
		}
	})
	t.Run("an unmet page without a time of its own", func(t *testing.T) {
		c, s := machine(t)
		checks := slices.Clone(checks)
		checks[1].Grace = 0
		if r := c.Run(t.Context(), checks); r.Failed != 1 || s.now.Sub(s.start) != DefaultTimeout {
			t.Errorf("after %s: %+v", s.now.Sub(s.start), r)
		}
	})
}

// A machine that slept, or whose clock was set, does not make a unit older than it is.
func TestAgesSurviveSleepAndClocks(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now := system.Clock{Wall: start, Uptime: 100 * time.Hour}
	for name, k := range map[string]struct {
		s    state
		want time.Duration
		ok   bool
	}{
		"plain":        {state{"X": "Sun 2026-03-01 11:59:00 UTC", "XMonotonic": "359940000000"}, time.Minute, true},
		"slept before": {state{"X": "Sun 2026-03-01 11:59:00 UTC", "XMonotonic": "3000000000"}, time.Minute, true},
		"clock set":    {state{"X": "Thu 1970-01-01 00:01:00 UTC", "XMonotonic": "359940000000"}, time.Minute, true},
		"only wall":    {state{"X": "@1772366340"}, time.Minute, true},
		"never":        {state{"X": "", "XMonotonic": "0"}, 0, false},
	} {
		if got, ok := k.s.since("X", now); got != k.want || ok != k.ok {
			t.Errorf("%s: %s, %t", name, got, ok)
		}
	}
}

func TestTimers(t *testing.T) {
	s := &systemd{}
	checker(t, s)
	const waits = "ActiveState=active SubState=waiting Result=success Unit=b.service Triggers=b.service"
	daily := " TimersCalendar={~OnCalendar=*-*-*~00:00:00~;~next_elapse=@1~}"
	weekly := " TimersCalendar={~OnCalendar=Mon~*-*-*~00:00:00~;~next_elapse=@1~}"
	next := " NextElapseUSecMonotonic=0 NextElapseUSecRealtime=" + s.at(12*time.Hour)
	idle := never + " Type=oneshot InactiveExitTimestampMonotonic=0"
	for name, k := range map[string]struct {
		timer, service string
		want           Outcome
		says           string
	}{
		"not yet due":            {waits + daily + next + " LastTriggerUSec= ActiveEnterTimestamp=" + s.ago(time.Hour), idle, Passed, "first run at "},
		"has run":                {waits + daily + next + " LastTriggerUSec=" + s.ago(6*time.Hour), dead + " Type=oneshot", Passed, "next run at "},
		"is at work":             {"ActiveState=active SubState=running Unit=b.service", "ActiveState=activating SubState=start Type=oneshot InactiveExitTimestamp=" + s.ago(3*time.Hour), Passed, "is running"},
		"its service failed":     {waits + daily + next + " LastTriggerUSec=" + s.ago(6*time.Hour), crashed + " Type=oneshot", Failed, "b.service, which is failed"},
		"never ran":              {waits + daily + next + " LastTriggerUSec= ActiveEnterTimestamp=" + s.ago(72*time.Hour), idle, Failed, "never started b.service in the 3 days"},
		"never ran, weekly":      {waits + weekly + next + " LastTriggerUSec= ActiveEnterTimestamp=" + s.ago(72*time.Hour), idle, Passed, "first run at "},
		"never ran, weekly, old": {waits + weekly + next + " LastTriggerUSec= ActiveEnterTimestamp=" + s.ago(10*24*time.Hour), idle, Failed, "in the 10 days"},
		"should have run":        {waits + daily + " LastTriggerUSec= NextElapseUSecRealtime=" + s.ago(time.Hour), idle, Failed, "should have started b.service at"},
		"is late within reason":  {waits + daily + " LastTriggerUSec= NextElapseUSecRealtime=" + s.ago(time.Minute), idle, Passed, "first run at"},
		"every hour since boot":  {waits + " NextElapseUSecRealtime= NextElapseUSecMonotonic=1d~30min LastTriggerUSec=" + s.ago(time.Hour), dead + " Type=oneshot", Passed, "2026-03-01 12:30:00"},
		"since boot, and slept":  {waits + " NextElapseUSecRealtime= NextElapseUSecMonotonic=3h LastTriggerUSec=" + s.ago(time.Hour), dead + " Type=oneshot", Passed, "a time that systemd does not report"},
		"no next run":            {"ActiveState=active SubState=elapsed Unit=b.service NextElapseUSecRealtime= NextElapseUSecMonotonic=infinity", idle, Failed, "no next run"},
		"off":                    {dead, idle, Failed, "b.timer is inactive"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &systemd{units: map[string]string{"b.timer": k.timer, "b.service": k.service}}
			c := checker(t, s)
			c.Timeout = time.Nanosecond
			built(t, c, "timers.target/b.timer", "b.timer", "b.service")
			r := c.Run(t.Context(), []Check{{Name: "b", Kind: Unit, Target: "b*", Required: true}, {Name: "rest", Kind: Rest}})
			f := r.Findings[0]
			says := k.says
			if at, err := time.Parse(time.DateTime, says); err == nil {
				says = at.Local().Format(time.DateTime)
			}
			if f.Outcome != k.want || !strings.Contains(f.Evidence, says) {
				t.Errorf("%s: %s; want %s with %q", f.Outcome, f.Evidence, k.want, says)
			}
			if len(r.Findings) != 2 || r.Findings[1].Outcome != Passed {
				t.Errorf("told twice: %+v", r.Findings[1:])
			}
		})
	}
}
