package fleet

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator"
)

var engines = []generator.Engine{generator.NixosRebuild, generator.Colmena, generator.DeployRS}

func verdicts(results map[string]Result) map[string]Verdict {
	out := map[string]Verdict{}
	for name, r := range results {
		out[name] = r.Verdict
	}
	return out
}

// With every engine: what is well is deployed, once; then nothing is touched.
func TestDeploy(t *testing.T) {
	for _, e := range engines {
		t.Run(string(e), func(t *testing.T) {
			o := operate(t, e, Wave{"canary", []string{"a"}}, Wave{LastWave, []string{"b", "c"}})
			results, err := o.deploy(t)
			want := map[string]Verdict{"a": Deployed, "b": Deployed, "c": Deployed}
			if diff := cmp.Diff(want, verdicts(results)); diff != "" || err != nil {
				t.Fatal(diff, err)
			}
			for name, m := range o.world.machines {
				if m.running() != m.system("v1") || m.boots() != m.system("v1") {
					t.Errorf("%s runs %s and boots %s", name, m.running(), m.boots())
				}
			}
			if e != generator.NixosRebuild {
				// One call a wave: the engine does its own queueing.
				if calls := o.world.count("colmena") + o.world.count("deploy"); calls != 2 {
					t.Errorf("%d calls of %s, want 2", calls, e)
				}
			}
			results, err = o.deploy(t)
			if diff := cmp.Diff(map[string]Verdict{"a": Unchanged, "b": Unchanged, "c": Unchanged},
				verdicts(results)); diff != "" || err != nil {
				t.Fatal(diff, err)
			}
			if n := len(o.world.ran) - o.world.count("ssh"); n != 0 {
				t.Errorf("%d commands besides looking: %q", n, o.world.ran)
			}
			results, _ = o.deployAgain(t)
			if results["a"].Verdict != Deployed {
				t.Errorf("again: %+v", results["a"])
			}
		})
	}
}

// A machine that is away and one that is sick are told apart with every engine,
// the sick one has its old system back, also as its boot default, and the next
// run does what is left.
func TestAwayAndSick(t *testing.T) {
	for _, e := range engines {
		t.Run(string(e), func(t *testing.T) {
			o := operate(t, e, Wave{LastWave, []string{"away", "fine", "sick"}})
			o.world.machines["away"].away = true
			o.world.machines["sick"].sick = "v1"
			results, err := o.deploy(t)
			want := map[string]Verdict{"away": Unreachable, "fine": Deployed, "sick": Unhealthy}
			if diff := cmp.Diff(want, verdicts(results)); diff != "" {
				t.Fatal(diff)
			}
			if fault.CodeOf(err) != fault.Partial {
				t.Errorf("the code is %d: %v", fault.CodeOf(err), err)
			}
			sick := o.world.machines["sick"]
			if sick.running() != sick.system("v0") || sick.boots() != sick.system("v0") || !results["sick"].PutBack {
				t.Errorf("sick runs %s and boots %s", sick.running(), sick.boots())
			}
			status := map[string]Standing{}
			for _, s := range o.Status(t.Context()) {
				status[s.Host] = s.Standing
			}
			if diff := cmp.Diff(map[string]Standing{"away": Away, "fine": Current, "sick": Failing}, status); diff != "" {
				t.Error(diff)
			}
			o.world.machines["away"].away = false
			sick.sick = ""
			fine := len(o.world.machines["fine"].log())
			results, err = o.deploy(t)
			if diff := cmp.Diff(map[string]Verdict{"away": Deployed, "fine": Unchanged, "sick": Deployed},
				verdicts(results)); diff != "" || err != nil {
				t.Error(diff, err)
			}
			if len(o.world.machines["fine"].log()) != fine || o.world.count("nix ") != 0 {
				t.Errorf("fine was touched, or something was evaluated again: %q", o.world.ran)
			}
		})
	}
}

// A failing canary keeps the next wave from beginning, with every engine.
func TestGate(t *testing.T) {
	for _, e := range engines {
		for _, kind := range []string{"sick", "refuses", "away"} {
			t.Run(string(e)+"/"+kind, func(t *testing.T) {
				o := operate(t, e, Wave{"canary", []string{"a"}}, Wave{LastWave, []string{"b"}})
				m := o.world.machines["a"]
				var want Verdict
				switch kind {
				case "sick":
					m.sick, want = "v1", Unhealthy
				case "refuses":
					m.refuses, want = "v1", Failed
				case "away":
					m.away, want = true, Unreachable
				}
				results, err := o.deploy(t)
				if diff := cmp.Diff(map[string]Verdict{"a": want, "b": Left}, verdicts(results)); diff != "" ||
					fault.CodeOf(err) != fault.Partial {
					t.Error(diff, err)
				}
				if log := o.world.machines["b"].log(); len(log) > 0 {
					t.Errorf("b was touched: %q", log)
				}
				if m.running() != m.system("v0") || m.boots() != m.system("v0") {
					t.Errorf("a runs %s and boots %s", m.running(), m.boots())
				}
			})
		}
	}
}

// The engine's words are told of the machine that they are about.
func TestTranscript(t *testing.T) {
	o := operate(t, generator.Colmena, Wave{LastWave, []string{"a", "b"}})
	o.world.machines["b"].full = true
	results, _ := o.deploy(t)
	if b := results["b"]; b.Verdict != NotBuilt || !strings.Contains(b.Error, "No space left on device") {
		t.Errorf("b: %+v", b)
	}
	// colmena ended with an error for both, and a is well.
	if a := results["a"]; a.Verdict != Deployed || o.world.machines["a"].boots() != o.world.machines["a"].system("v1") {
		t.Errorf("a: %+v", a)
	}
}

// Of a flake that does not evaluate for one host nothing is switched, and the
// host is named.
func TestEvaluationFails(t *testing.T) {
	o := operate(t, generator.NixosRebuild, Wave{"canary", []string{"a", "b"}}, Wave{LastWave, []string{"c"}})
	o.world.broken["b"] = true
	results, err := o.deploy(t)
	if diff := cmp.Diff(map[string]Verdict{"a": Left, "b": NotBuilt, "c": Left}, verdicts(results)); diff != "" {
		t.Error(diff)
	}
	if fault.CodeOf(err) != fault.Build || o.world.count("ssh")+o.world.count("nixos-rebuild") != 0 {
		t.Errorf("%v after %q", err, o.world.ran)
	}
}

// Only hosts whose fingerprint changed are evaluated.
func TestOnlyChangedAreEvaluated(t *testing.T) {
	o := operate(t, generator.NixosRebuild, Wave{LastWave, []string{"a", "b", "c"}})
	if _, err := o.deploy(t); err != nil {
		t.Fatal(err)
	}
	o.world.version = 2
	o.Hosts["b"].Fingerprint = "v2"
	results, err := o.deploy(t)
	if diff := cmp.Diff(map[string]Verdict{"a": Unchanged, "b": Deployed, "c": Unchanged},
		verdicts(results)); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, c := range o.world.ran {
		if strings.HasPrefix(c, "nix ") && (strings.Contains(c, `"a"`) || !strings.Contains(c, `"b"`)) {
			t.Errorf("evaluated more than b: %s", c)
		}
	}
}

// A machine that somebody switched by hand has drifted, and is deployed again.
func TestDrift(t *testing.T) {
	o := operate(t, generator.NixosRebuild, Wave{LastWave, []string{"a"}})
	if _, err := o.deploy(t); err != nil {
		t.Fatal(err)
	}
	a := o.world.machines["a"]
	a.switchTo(a.build("v9"))
	s := o.Status(t.Context())[0]
	if s.Standing != Drifted || len(s.Drift) != 1 || s.Wanted != a.system("v1") {
		t.Errorf("%+v", s)
	}
	if results, err := o.deploy(t); results["a"].Verdict != Deployed || err != nil {
		t.Errorf("%+v %v", results["a"], err)
	}
	o.change()
	if s := o.Status(t.Context())[0]; s.Standing != Pending {
		t.Errorf("after a change: %+v", s)
	}
}

// What was interrupted is not said to be well, and the next run ends it.
func TestInterrupted(t *testing.T) {
	o := operate(t, generator.NixosRebuild, Wave{"canary", []string{"a"}}, Wave{LastWave, []string{"b"}})
	ctx, cancel := context.WithCancel(t.Context())
	o.Runner = runnerFunc{o.world, func(name string) {
		if name == "nixos-rebuild" {
			cancel()
		}
	}}
	results, err := o.Deploy(ctx)
	if err == nil || results[0].Verdict.OK() || results[1].Verdict != Left {
		t.Errorf("%v %+v", err, results)
	}
	o.Runner = o.world
	if results, err := o.deploy(t); err != nil || len(results) != 2 {
		t.Errorf("%v %+v", err, results)
	}
}

// A machine whose old system cannot be put back needs a person.
func TestStranded(t *testing.T) {
	o := operate(t, generator.NixosRebuild, Wave{LastWave, []string{"a"}})
	m := o.world.machines["a"]
	m.sick, m.refuses = "v1", "v0"
	results, err := o.deploy(t)
	if results["a"].Verdict != Stranded || fault.CodeOf(err) != fault.RollbackFailed {
		t.Errorf("%v %+v", err, results["a"])
	}
	m.sick, m.refuses = "", ""
	// It runs the right system by now, but nobody has seen it well.
	if results, err := o.deploy(t); results["a"].Verdict != Deployed || err != nil {
		t.Errorf("%v %+v", err, results["a"])
	}
}

// Two runs do not work on one machine at once.
func TestLocked(t *testing.T) {
	o := operate(t, generator.NixosRebuild, Wave{LastWave, []string{"a"}})
	other := journal.Store{Dir: filepath.Join(o.StateDir, "a"), Now: time.Now}
	if err := other.Open(); err != nil {
		t.Fatal(err)
	}
	unlock, err := other.Lock(t.Context(), journal.Holder{PID: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	results, err := o.deploy(t)
	if results["a"].Verdict != Left || err == nil || len(o.world.machines["a"].log()) != 0 {
		t.Errorf("%v %+v", err, results["a"])
	}
}

// The homes go with the system, after it, each as its user; deploy-rs carries
// them itself.
func TestHomes(t *testing.T) {
	for _, e := range engines {
		t.Run(string(e), func(t *testing.T) {
			o := operate(t, e, Wave{LastWave, []string{"a"}})
			a := o.world.machines["a"]
			o.Hosts["a"].Homes = []deploy.User{
				{Name: "ops", Home: a.path("home/ops")}, {Name: "root", Home: a.path("home/root")},
			}
			o.Hosts["a"].Target.Port = 2222
			results, err := o.deploy(t)
			if results["a"].Verdict != Deployed || err != nil {
				t.Fatal(results, err)
			}
			log := a.log()
			if e == generator.DeployRS {
				if len(log) != 1 {
					t.Errorf("did %q", log)
				}
				return
			}
			want := []string{
				"test " + a.system("v1"), "activate ops " + a.stored("home-ops-v1"), "activate root " + a.stored("home-root-v1"),
				"boot " + a.system("v1"),
			}
			if diff := cmp.Diff(want, log); diff != "" {
				t.Error(diff)
			}
			if o.world.count("nix copy --to ") != 2 {
				t.Errorf("copied by %q", o.world.ran)
			}
			o.change()
			a.noHomes = true
			results, _ = o.deploy(t)
			if r := results["a"]; r.Verdict != Failed || !strings.Contains(r.Error, "home of ops") || !r.PutBack {
				t.Errorf("%+v", r)
			}
			// What is left is the home: the system that runs is not enough.
			a.noHomes = false
			if results, err := o.deploy(t); results["a"].Verdict != Deployed || err != nil {
				t.Error(results, err)
			}
		})
	}
}

// Units that had failed before do not count against the new system, those that
// fail with it do; what is starting holds nobody up.
func TestHealthOfAMachine(t *testing.T) {
	checks := []health.Check{
		{Name: "x", Kind: health.Unit, Target: "x", Required: true}, {Name: "other units", Kind: health.Rest},
		{Name: "page", Kind: health.Port, Target: "bad address", Units: []string{"x"}, Required: true, Grace: time.Hour},
	}
	o := operate(t, generator.NixosRebuild, Wave{"all", []string{"a"}})
	o.Hosts["a"].Checks = checks
	o.world.machines["a"].failed = []string{"old.service"}
	got, err := o.deploy(t)
	if err != nil || got["a"].Verdict != Deployed {
		t.Fatalf("%+v, %v", got["a"], err)
	}
	want := map[string]health.Outcome{
		"x: x.service": health.Passed, "system: old.service": health.Warning, "page": health.Starting,
	}
	found := map[string]health.Outcome{}
	for _, f := range got["a"].Health.Findings {
		found[f.Name] = f.Outcome
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
	o.change()
	o.world.machines["a"].failed = nil
	o.Runner = runnerFunc{o.world, func(name string) {
		if name == "nixos-rebuild" {
			o.world.machines["a"].failed = []string{"x.service"}
		}
	}}
	got, err = o.deploy(t)
	if err == nil || got["a"].Verdict != Unhealthy || !got["a"].PutBack {
		t.Errorf("%+v, %v", got["a"], err)
	}
}

// unsteady is a world whose network fails at first.
type unsteady struct {
	*world
	breaks func(c run.Command) bool
	says   string
	fails  int
	calls  int
}

func (u *unsteady) Run(ctx context.Context, c run.Command) (run.Result, error) {
	if u.breaks(c) {
		u.calls++
		if u.calls <= u.fails {
			if c.OnLine != nil {
				c.OnLine(run.Stderr, u.says)
			}
			return run.Result{Code: 255, Stderr: u.says}, &run.Error{Command: c.Name, Code: 255, Tail: u.says}
		}
	}
	return u.world.Run(ctx, c)
}

// What the network breaks is done again, until a machine has begun to change.
func TestNetworkFailures(t *testing.T) {
	named := func(name, arg string) func(run.Command) bool {
		return func(c run.Command) bool { return c.Name == name && strings.Contains(strings.Join(c.Args, " "), arg) }
	}
	const down = "ssh: connect to host one port 22: Connection timed out"
	for name, c := range map[string]struct {
		breaks func(run.Command) bool
		says   string
		fails  int
		calls  int // 0: as many as it takes
		want   Verdict
	}{
		"evaluation": {named("nix", "--apply"), "error: unable to download 'x': Timeout was reached (28)", 4, 5,
			Deployed},
		"evaluation, for good": {named("nix", "--apply"), "error: unable to download 'x': Timeout was reached (28)", 99, 5,
			NotBuilt},
		"first look":           {named("ssh", "readlink"), down, 4, 0, Deployed},
		"first look, for good": {named("ssh", "readlink"), down, 99, 5, Unreachable},
		"copy":                 {named("nixos-rebuild", "build"), down, 4, 5, Deployed},
		"copy, for good":       {named("nixos-rebuild", "build"), down, 99, 5, NotBuilt},
		"a unit of the machine": {named("deploy", "--targets"),
			"activating the configuration...\nx.service: connect to host db: Connection refused", 99, 1, Failed},
	} {
		t.Run(name, func(t *testing.T) {
			engine := generator.NixosRebuild
			if name == "a unit of the machine" {
				engine = generator.DeployRS
			}
			o := operate(t, engine, Wave{Name: "w", Hosts: []string{"one"}})
			u := &unsteady{world: o.world, breaks: c.breaks, says: c.says, fails: c.fails}
			var waits []time.Duration
			told := 0
			o.Runner, o.Retry = u, retry.Default()
			o.Retry.Sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
			o.Events = func(e journal.Event) {
				if e.Type == "retry" {
					told++
				}
			}
			results, _ := o.deploy(t)
			if got := results["one"].Verdict; got != c.want || c.calls > 0 && u.calls != c.calls {
				t.Errorf("%s after %d calls, want %s after %d", got, u.calls, c.want, c.calls)
			}
			want := []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second,
				16 * time.Second}[:min(4, c.fails, u.calls-1)]
			if !slices.Equal(waits, want) || told != len(want) {
				t.Errorf("waits %v, of %d was told", waits, told)
			}
		})
	}
}

// A machine that runs a system which is not from here is told of once: what it
// loses is not compared.
func TestAForeignSystemIsToldOf(t *testing.T) {
	o := operate(t, generator.NixosRebuild, Wave{Name: "w", Hosts: []string{"one"}})
	told := 0
	o.Events = func(e journal.Event) {
		if e.Type == "warning" && e.Host == "one" && strings.HasPrefix(e.Message, "quick-deploy did not deploy the running system") {
			told++
		}
	}
	for i, want := range []int{1, 1, 2} {
		if i == 2 {
			m := o.world.machines["one"]
			m.switchTo(m.build("v9"))
		}
		if _, err := o.deployAgain(t); err != nil {
			t.Fatal(err)
		}
		if told != want {
			t.Errorf("after deployment %d it was told of %d times, want %d", i+1, told, want)
		}
	}
}

// dying ends the goroutine of a machine's run, as the end of the process would, at a command.
type dying struct {
	*world
	at func(c run.Command) bool
}

func (d dying) Run(ctx context.Context, c run.Command) (run.Result, error) {
	if d.at(c) {
		runtime.Goexit()
	}
	return d.world.Run(ctx, c)
}

// A run that was cut off while the new system was on trial is taken up by the next, which does what is left.
func TestCutOff(t *testing.T) {
	o := operate(t, generator.NixosRebuild, Wave{LastWave, []string{"a"}})
	o.Runner = dying{
		o.world, func(c run.Command) bool { return c.Name == "ssh" && strings.HasSuffix(c.Args[len(c.Args)-1], " keep") },
	}
	_, _ = o.deploy(t)
	a := o.world.machines["a"]
	if a.running() != a.system("v1") || a.boots() != a.system("v0") {
		t.Fatalf("cut off, it runs %s and boots %s", a.running(), a.boots())
	}
	o.Runner = o.world
	results, err := o.deploy(t)
	if results["a"].Verdict != Deployed || err != nil {
		t.Errorf("%+v %v", results["a"], err)
	}
	if diff := cmp.Diff([]string{"test " + a.system("v1"), "boot " + a.system("v1")}, a.log()); diff != "" {
		t.Error(diff)
	}
}

// A machine that the new system cut off goes back by itself, and is heard of again then.
func TestSilence(t *testing.T) {
	o := operate(t, generator.NixosRebuild, Wave{LastWave, []string{"a"}})
	// Few and long ticks: on a slow machine each takes longer than it says, and the silence that is borne does not.
	o.ConfirmTimeout, o.Tick = 4*time.Second, time.Second
	a := o.world.machines["a"]
	o.Runner = silent{o.world, func() bool {
		log := a.log()
		return len(log) > 0 && a.running() != a.system("v0")
	}}
	results, err := o.deploy(t)
	if r := results["a"]; r.Verdict != Failed || !r.PutBack || err == nil || a.running() != a.system("v0") ||
		a.boots() != a.system("v0") {
		t.Errorf("%+v %v; it runs %s", r, err, a.running())
	}
}

// silent is a world whose network is gone for a while.
type silent struct {
	*world
	gone func() bool
}

func (s silent) Run(ctx context.Context, c run.Command) (run.Result, error) {
	if c.Name == "ssh" && s.gone() {
		return run.Result{Code: 255}, &run.Error{Command: "ssh", Code: 255, Tail: "No route to host"}
	}
	return s.world.Run(ctx, c)
}

// The plan names what runs on each machine, and what is handed over.
func TestPlan(t *testing.T) {
	for e, want := range map[generator.Engine][]string{
		generator.NixosRebuild: {"rollback-point", "build", "compare", "activate-system", "health", "boot-default", "verify",
			"record"},
		generator.Colmena: {"rollback-point", "build", "compare", "activate-system", "health", "boot-default", "verify",
			"record"},
		generator.DeployRS: {"rollback-point", "build", "health", "verify", "record"},
	} {
		o := operate(t, e, Wave{LastWave, []string{"a"}})
		var steps, commands []string
		for _, s := range o.Plan(t.Context())[0].Hosts[0].Steps {
			steps, commands = append(steps, s.Step), append(commands, s.Commands...)
		}
		if diff := cmp.Diff(want, steps); diff != "" {
			t.Errorf("%s: %s", e, diff)
		}
		all := strings.Join(commands, "\n")
		if launches := strings.Contains(all, "quick-deploy launch"); launches == (e == generator.DeployRS) {
			t.Errorf("%s: %s", e, all)
		}
		if asked := 1; e == generator.DeployRS && len(o.world.ran) > 0 || e != generator.DeployRS &&
			o.world.count("ssh ") != asked {
			t.Errorf("%s: a plan ran %q", e, o.world.ran)
		}
		if log := o.world.machines["a"].log(); len(log) > 0 {
			t.Errorf("%s: a plan did %q", e, log)
		}
	}
}

// What is known of a machine and cannot be read is kept, told of, and keeps nobody from deploying.
func TestTornState(t *testing.T) {
	o := operate(t, generator.NixosRebuild, Wave{LastWave, []string{"a"}})
	var told []string
	o.Events = func(e journal.Event) {
		if e.Type == "warning" {
			told = append(told, e.Message)
		}
	}
	path := filepath.Join(o.StateDir, "a", stateFile)
	a := o.world.machines["a"]
	a.must(os.MkdirAll(filepath.Dir(path), 0o700))
	a.must(os.WriteFile(path, []byte(`{"finger`), 0o600))
	if s := o.Status(t.Context())[0]; !strings.Contains(s.Error, "cut short or not JSON") {
		t.Errorf("status says %q", s.Error)
	}
	if results, err := o.deploy(t); err != nil || results["a"].Verdict != Deployed {
		t.Fatalf("%+v, %v", results["a"], err)
	}
	if kept, err := os.ReadFile(path + ".unusable-1"); err != nil || string(kept) != `{"finger` ||
		!strings.Contains(strings.Join(told, "\n"), "it was kept as") {
		t.Errorf("kept %q, %v, told %q", kept, err, told)
	}
}

// A plan shows the commands that the machine has, and those that every machine has where it does not answer.
func TestPlanByTools(t *testing.T) {
	o := operate(t, generator.NixosRebuild, Wave{LastWave, []string{"a", "away"}})
	o.world.machines["away"].away = true
	a := o.world.machines["a"]
	a.script(a.path("bin/nixos-rebuild"), `echo usage: --store-path`)
	hosts := o.Plan(t.Context())[0].Hosts
	for i, want := range []string{a.path("bin/nixos-rebuild") + " test --store-path", "switch-to-configuration test"} {
		var all []string
		for _, s := range hosts[i].Steps {
			all = append(all, s.Commands...)
		}
		if !strings.Contains(strings.Join(all, "\n"), want) {
			t.Errorf("%s: no %q in %q", hosts[i].Host, want, all)
		}
	}
	if state := hosts[1].State; !strings.Contains(state, "its tools are not known: ") {
		t.Errorf("the one that is away: %s", state)
	}
}

// A system that cannot run before a reboot becomes what the machine boots, which is neither well nor failed.
func TestReboot(t *testing.T) {
	o := operate(t, generator.NixosRebuild, Wave{LastWave, []string{"a"}})
	a := o.world.machines["a"]
	for version, text := range map[string]string{"v0": "systemd 1", "v1": "systemd 2"} {
		a.must(os.WriteFile(a.build(version)+"/init-interface-version", []byte(text), 0o600))
	}
	results, err := o.deploy(t)
	if r := results["a"]; r.Verdict != Rebooting || fault.CodeOf(err) != fault.Pending || a.running() != a.system("v0") ||
		a.boots() != a.system("v1") {
		t.Errorf("%+v %v", r, err)
	}
	a.switchTo(a.system("v1"))
	if results, err := o.deploy(t); results["a"].Verdict != Deployed || err != nil {
		t.Errorf("after the reboot: %+v %v", results["a"], err)
	}
}
