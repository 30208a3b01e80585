package fleet

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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
			results, err := o.deploy(t, Options{})
			want := map[string]Verdict{"a": Deployed, "b": Deployed, "c": Deployed}
			if diff := cmp.Diff(want, verdicts(results)); diff != "" || err != nil {
				t.Fatal(diff, err)
			}
			for name, m := range o.world.machines {
				if m.running != system(name, 1) || m.boots != system(name, 1) {
					t.Errorf("%s runs %s and boots %s", name, m.running, m.boots)
				}
			}
			if e != generator.NixosRebuild {
				// One call a wave and verb: the engine does its own queueing.
				calls := o.world.count("colmena") + o.world.count("deploy")
				if want := map[generator.Engine]int{generator.Colmena: 4, generator.DeployRS: 2}[e]; calls != want {
					t.Errorf("%d calls of %s, want %d", calls, e, want)
				}
			}
			results, err = o.deploy(t, Options{})
			if diff := cmp.Diff(map[string]Verdict{"a": Unchanged, "b": Unchanged, "c": Unchanged}, verdicts(results)); diff != "" || err != nil {
				t.Fatal(diff, err)
			}
			if n := len(o.world.ran) - o.world.count("ssh"); n != 0 {
				t.Errorf("%d commands besides looking: %q", n, o.world.ran)
			}
			results, _ = o.deploy(t, Options{Again: true})
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
			results, err := o.deploy(t, Options{})
			want := map[string]Verdict{"away": Unreachable, "fine": Deployed, "sick": Unhealthy}
			if diff := cmp.Diff(want, verdicts(results)); diff != "" {
				t.Fatal(diff)
			}
			if fault.CodeOf(err) != fault.Partial {
				t.Errorf("the code is %d: %v", fault.CodeOf(err), err)
			}
			sick := o.world.machines["sick"]
			if sick.running != system("sick", 0) || sick.boots != system("sick", 0) || !results["sick"].PutBack {
				t.Errorf("sick runs %s and boots %s", sick.running, sick.boots)
			}
			status := map[string]Standing{}
			for _, s := range o.Status(t.Context(), o.waves, o.hosts) {
				status[s.Host] = s.Standing
			}
			if diff := cmp.Diff(map[string]Standing{"away": Away, "fine": Current, "sick": Failing}, status); diff != "" {
				t.Error(diff)
			}
			o.world.machines["away"].away = false
			sick.sick = ""
			fine := len(o.world.machines["fine"].log)
			results, err = o.deploy(t, Options{})
			if diff := cmp.Diff(map[string]Verdict{"away": Deployed, "fine": Unchanged, "sick": Deployed}, verdicts(results)); diff != "" || err != nil {
				t.Error(diff, err)
			}
			if len(o.world.machines["fine"].log) != fine || o.world.count("nix ") != 0 {
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
				results, err := o.deploy(t, Options{})
				if diff := cmp.Diff(map[string]Verdict{"a": want, "b": Left}, verdicts(results)); diff != "" || fault.CodeOf(err) != fault.Partial {
					t.Error(diff, err)
				}
				if len(o.world.machines["b"].log) > 0 {
					t.Errorf("b was touched: %q", o.world.machines["b"].log)
				}
				if m.running != system("a", 0) || m.boots != system("a", 0) {
					t.Errorf("a runs %s and boots %s", m.running, m.boots)
				}
			})
		}
	}
}

// The engine's words are told of the machine that they are about.
func TestTranscript(t *testing.T) {
	o := operate(t, generator.Colmena, Wave{LastWave, []string{"a", "b"}})
	o.world.machines["b"].refuses = "v1"
	results, _ := o.deploy(t, Options{})
	if b := results["b"]; b.Verdict != Failed || !strings.Contains(b.Error, "Activation failed") {
		t.Errorf("b: %+v", b)
	}
	// colmena ended with an error for both, and a is well.
	if a := results["a"]; a.Verdict != Deployed || o.world.machines["a"].boots != system("a", 1) {
		t.Errorf("a: %+v", a)
	}
}

// Of a flake that does not evaluate for one host nothing is switched, and the
// host is named.
func TestEvaluationFails(t *testing.T) {
	o := operate(t, generator.NixosRebuild, Wave{"canary", []string{"a", "b"}}, Wave{LastWave, []string{"c"}})
	o.world.broken["b"] = true
	results, err := o.deploy(t, Options{})
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
	if _, err := o.deploy(t, Options{}); err != nil {
		t.Fatal(err)
	}
	o.world.version = 2
	o.hosts["b"].Fingerprint = "v2"
	results, err := o.deploy(t, Options{})
	if diff := cmp.Diff(map[string]Verdict{"a": Unchanged, "b": Deployed, "c": Unchanged}, verdicts(results)); diff != "" || err != nil {
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
	if _, err := o.deploy(t, Options{}); err != nil {
		t.Fatal(err)
	}
	o.world.machines["a"].running = system("a", 9)
	s := o.Status(t.Context(), o.waves, o.hosts)[0]
	if s.Standing != Drifted || len(s.Drift) != 1 || s.Wanted != system("a", 1) {
		t.Errorf("%+v", s)
	}
	if results, err := o.deploy(t, Options{}); results["a"].Verdict != Deployed || err != nil {
		t.Errorf("%+v %v", results["a"], err)
	}
	o.change()
	if s := o.Status(t.Context(), o.waves, o.hosts)[0]; s.Standing != Pending {
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
	results, err := o.Deploy(ctx, o.waves, o.hosts, Options{})
	if err == nil || results[0].Verdict.OK() || results[1].Verdict != Left {
		t.Errorf("%v %+v", err, results)
	}
	o.Runner = o.world
	if results, err := o.deploy(t, Options{}); err != nil || len(results) != 2 {
		t.Errorf("%v %+v", err, results)
	}
}

// A machine whose old system cannot be put back needs a person.
func TestStranded(t *testing.T) {
	o := operate(t, generator.NixosRebuild, Wave{LastWave, []string{"a"}})
	m := o.world.machines["a"]
	m.sick, m.refuses = "v1", "v0"
	results, err := o.deploy(t, Options{})
	if results["a"].Verdict != Stranded || fault.CodeOf(err) != fault.RollbackFailed {
		t.Errorf("%v %+v", err, results["a"])
	}
	m.sick, m.refuses = "", ""
	// It runs the right system by now, but nobody has seen it well.
	if results, err := o.deploy(t, Options{}); results["a"].Verdict != Deployed || err != nil {
		t.Errorf("%v %+v", err, results["a"])
	}
}

// Two runs do not work on one machine at once.
func TestLocked(t *testing.T) {
	o := operate(t, generator.NixosRebuild, Wave{LastWave, []string{"a"}})
	m, err := o.open("a")
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := m.begin(t.Context(), o.Fleet, "a")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	results, err := o.deploy(t, Options{})
	if results["a"].Verdict != Left || err == nil || len(o.world.machines["a"].log) != 0 {
		t.Errorf("%v %+v", err, results["a"])
	}
}

// The homes go with the system, after it, each as its user; deploy-rs carries
// them itself.
func TestHomes(t *testing.T) {
	for _, e := range engines {
		t.Run(string(e), func(t *testing.T) {
			o := operate(t, e, Wave{LastWave, []string{"a"}})
			o.hosts["a"].Homes = []string{"ops", "root"}
			o.hosts["a"].Target.Port = 2222
			results, err := o.deploy(t, Options{})
			if results["a"].Verdict != Deployed || err != nil {
				t.Fatal(results, err)
			}
			log := o.world.machines["a"].log
			if e == generator.DeployRS {
				if len(log) != 1 {
					t.Errorf("did %q", log)
				}
				return
			}
			want := []string{
				"test " + system("a", 1), "boot " + system("a", 1),
				"sudo -H -u ops -- env HOME_MANAGER_BACKUP_EXT=quick-deploy-backup /nix/store/home-ops@a/activate",
				"env HOME_MANAGER_BACKUP_EXT=quick-deploy-backup /nix/store/home-root@a/activate",
			}
			if diff := cmp.Diff(want, log); diff != "" {
				t.Error(diff)
			}
			if o.world.count("nix copy --to ") != 2 {
				t.Errorf("copied by %q", o.world.ran)
			}
			o.change()
			o.world.machines["a"].noHomes = true
			results, _ = o.deploy(t, Options{})
			if r := results["a"]; r.Verdict != Failed || !strings.Contains(r.Error, "home of ops") {
				t.Errorf("%+v", r)
			}
			// What is left is the home: the system that runs is not enough.
			o.world.machines["a"].noHomes = false
			if results, err := o.deploy(t, Options{}); results["a"].Verdict != Deployed || err != nil {
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
	o.hosts["a"].Checks = checks
	o.world.machines["a"].failed = []string{"old.service"}
	got, err := o.deploy(t, Options{})
	if err != nil || got["a"].Verdict != Deployed {
		t.Fatalf("%+v, %v", got["a"], err)
	}
	want := map[string]health.Outcome{"x: x.service": health.Passed, "system: old.service": health.Warning, "page": health.Starting}
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
	got, err = o.deploy(t, Options{})
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
		calls  int
		want   Verdict
	}{
		"evaluation":           {named("nix", "--apply"), "error: unable to download 'x': Timeout was reached (28)", 4, 5, Deployed},
		"evaluation, for good": {named("nix", "--apply"), "error: unable to download 'x': Timeout was reached (28)", 99, 5, NotBuilt},
		"first look":           {named("ssh", "readlink"), down, 4, 7, Deployed}, // two more after the activation
		"first look, for good": {named("ssh", "readlink"), down, 99, 5, Unreachable},
		"copy":                 {named("nixos-rebuild", "test"), down, 4, 5, Deployed},
		"copy, for good":       {named("nixos-rebuild", "test"), down, 99, 5, Failed},
		"a unit of the machine": {named("nixos-rebuild", "test"),
			"activating the configuration...\nx.service: connect to host db: Connection refused", 99, 1, Failed},
	} {
		t.Run(name, func(t *testing.T) {
			o := operate(t, generator.NixosRebuild, Wave{Name: "w", Hosts: []string{"one"}})
			u := &unsteady{world: o.world, breaks: c.breaks, says: c.says, fails: c.fails}
			var waits []time.Duration
			told := 0
			o.Runner, o.Retry = u, retry.Default()
			o.Sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
			o.Events = func(e journal.Event) {
				if e.Type == "retry" {
					told++
				}
			}
			results, _ := o.deploy(t, Options{})
			if got := results["one"].Verdict; got != c.want || u.calls != c.calls {
				t.Errorf("%s after %d calls, want %s after %d", got, u.calls, c.want, c.calls)
			}
			want := []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}[:min(4, c.calls-1)]
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
		if e.Type == "warning" && strings.HasPrefix(e.Message, "one: the running system is not from here") {
			told++
		}
	}
	for i, want := range []int{1, 1, 2} {
		if i == 2 {
			o.world.machines["one"].running = "/nix/store/by-hand"
		}
		if _, err := o.deploy(t, Options{Again: true}); err != nil {
			t.Fatal(err)
		}
		if told != want {
			t.Errorf("after deployment %d it was told of %d times, want %d", i+1, told, want)
		}
	}
}
