package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
)

func TestSwitchMovesTheBootDefaultLast(t *testing.T) {
	w := newWorld(t)
	d := w.deployer()
	r, err := w.run(t, d, w.goal(Switch))
	if err != nil {
		t.Fatal(err)
	}
	if r.Result != journal.Good || r.ID != 1 {
		t.Errorf("record %d is %q", r.ID, r.Result)
	}
	order := []string{
		"nixos-rebuild build", "nix build", "# /bin/sh", "switch-to-configuration test", "/activate", "--set",
		"switch-to-configuration boot",
	}
	at := 0
	for _, c := range w.ran() {
		if at < len(order) && strings.Contains(c, order[at]) {
			at++
		}
	}
	if at != len(order) {
		t.Errorf("no command with %q in its place:\n%s", order[at], strings.Join(w.ran(), "\n"))
	}
	var elevated []string
	for _, c := range w.ran() {
		if strings.HasPrefix(c, "# ") {
			elevated = append(elevated, c)
		}
	}
	if len(elevated) != 1 {
		t.Errorf("%d commands were elevated: %q", len(elevated), elevated)
	}
	now := w.now(t)
	if now["system"][:2] != "2 " || now["home"][:2] != "2 " || now["boot"] != now["current"] {
		t.Errorf("after the switch: %v", now)
	}
}

func TestNoChangeIsFoundWithoutACommand(t *testing.T) {
	inTurn(t)
	w := newWorld(t)
	d := w.deployer()
	if _, err := w.run(t, d, w.goal(Switch)); err != nil {
		t.Fatal(err)
	}
	w.forget()
	p, err := d.Plan(t.Context(), w.goal(Switch))
	if err != nil || !p.NoChange {
		t.Fatalf("no change not found: %v %q", err, p.Reason)
	}
	if _, err := d.Run(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if len(w.ran()) != 0 {
		t.Errorf("commands ran: %v", w.ran())
	}
	for name, change := range map[string]func(){
		"a file":         func() { must(t, os.WriteFile(filepath.Join(w.flake(), "local.nix"), []byte("{ }"), 0o644)) },
		"the lock":       func() { must(t, os.WriteFile(filepath.Join(w.flake(), "flake.lock"), []byte("new"), 0o644)) },
		"the generation": func() { must(t, w.profileSet(w.path("profiles/system"), w.stored("first-nixos-system"))) },
		"the running system": func() {
			must(t, w.setLink(w.path("run/current-system"), w.stored("first-nixos-system")))
		},
	} {
		if _, err := w.run(t, d, w.goal(Switch)); err != nil {
			t.Fatal(err)
		}
		change()
		if p, err := d.Plan(t.Context(), w.goal(Switch)); err != nil || p.NoChange {
			t.Errorf("%s changed, and it was not seen (%v)", name, err)
		}
	}
}

func TestRollbackRestoresTheRecordedGenerations(t *testing.T) {
	inTurn(t)
	w := newWorld(t)
	d := w.deployer()
	run := func(text string) journal.Record {
		t.Helper()
		w.writeFlake(t, text)
		r, err := w.run(t, d, w.goal(Switch))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	run("one")
	one := w.now(t)
	run("two")
	two := w.now(t)
	run("three")

	back := func(before int) journal.Record {
		t.Helper()
		r, err := d.Run(t.Context(), planBack(t, d, before, func(g *Goal) {
			g.Owned = func(string) ([]string, error) { return []string{"flake.nix"}, nil }
		}))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	// What is deployed carries the files of the next deployment's start: compare machine parts only.
	machine := func(m map[string]string) map[string]string {
		out := map[string]string{}
		for k, v := range m {
			if !strings.HasPrefix(k, "file") {
				out[k] = v
			}
		}
		return out
	}
	back(0)
	if diff := cmp.Diff(machine(two), machine(w.now(t))); diff != "" {
		t.Errorf("one rollback (-want +got):\n%s", diff)
	}
	r := back(0)
	if diff := cmp.Diff(machine(one), machine(w.now(t))); diff != "" {
		t.Errorf("two rollbacks (-want +got):\n%s", diff)
	}
	if r.Verb != "rollback" || r.Target != 2 {
		t.Errorf("record of the second rollback: %s, undoes %d", r.Verb, r.Target)
	}
	back(2)
	if diff := cmp.Diff(machine(two), machine(w.now(t))); diff != "" {
		t.Errorf("rollback to before run 3 (-want +got):\n%s", diff)
	}
}

func TestRollbackRefusesACollectedGeneration(t *testing.T) {
	w := newWorld(t)
	d := w.deployer()
	if _, err := w.run(t, d, w.goal(Switch)); err != nil {
		t.Fatal(err)
	}
	before := w.now(t)
	must(t, os.RemoveAll(w.stored("first-home-manager-generation")))
	_, err := d.Run(t.Context(), planBack(t, d, 0))
	if fault.CodeOf(err) != fault.Preflight || !strings.Contains(err.Error(), "home of ada generation 1") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, w.now(t)); diff != "" {
		t.Errorf("something was changed (-want +got):\n%s", diff)
	}
}

func TestFailuresPutTheMachineBack(t *testing.T) {
	inTurn(t)
	for name, c := range map[string]struct {
		fail string
		code int
		want fault.Code
	}{
		"activation script":  {"switch-to-configuration test", 2, fault.Activation},
		"failed units":       {"switch-to-configuration test", 4, fault.Activation},
		"pre-switch check":   {"switch-to-configuration test", 1, fault.Activation},
		"home":               {"/activate", 1, fault.Activation},
		"profile":            {"--set", 1, fault.Activation},
		"boot loader":        {"switch-to-configuration boot", 1, fault.Activation},
		"system build":       {"nixos-rebuild build", 1, fault.Build},
		"home build":         {"nix build", 1, fault.Build},
		"unknown exit code":  {"switch-to-configuration test", 77, fault.Activation},
		"another activation": {"switch-to-configuration test", 11, fault.Activation},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			before := w.now(t)
			// Only the new system and home fail: the old ones must work for going back.
			new := w.hash(w.flake())
			key := c.fail
			if strings.HasPrefix(key, "switch") || strings.HasPrefix(key, "/act") {
				key = new
			}
			w.fail = map[string]int{}
			fails := 0
			w.before = nil
			d := w.deployer(func(cfg *Config) {
				cfg.Runner = &failing{world: w, match: key, with: c.fail, code: c.code, count: &fails}
			})
			r, err := w.run(t, d, w.goal(Switch))
			if fault.CodeOf(err) != c.want {
				t.Fatalf("exit code %d (%v), want %d", fault.CodeOf(err), err, c.want)
			}
			if fails == 0 {
				t.Fatal("nothing failed")
			}
			got := w.now(t)
			// The generation that failed stays in the profile's list as evidence; current is the old one.
			if diff := cmp.Diff(before, got); diff != "" {
				t.Errorf("not as before (-want +got):\n%s", diff)
			}
			want := journal.PutBack
			if c.want == fault.Build {
				want = journal.Unchanged
			}
			if r.Result != want {
				t.Errorf("result %q, want %q", r.Result, want)
			}
			if c.want == fault.Activation && r.Child != c.code {
				t.Errorf("child exit %d, want %d", r.Child, c.code)
			}
		})
	}
}

func TestFailedHealthIsPutBackAndRemembered(t *testing.T) {
	w := newWorld(t)
	before := w.now(t)
	d := w.deployer()
	g := w.goal(Switch)
	g.Checks = []health.Check{{Name: "marker", Kind: health.File, Target: "/etc/marker", Required: true, Hint: "make it"}}
	r, err := w.run(t, d, g)
	if fault.CodeOf(err) != fault.Health {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff(before, w.now(t)); diff != "" {
		t.Errorf("not as before (-want +got):\n%s", diff)
	}
	if r.Result != journal.PutBack || r.Health == nil {
		t.Errorf("result %q", r.Result)
	}
	if !slices.Contains(fault.HintsOf(err), "marker: make it") {
		t.Errorf("hints %q", fault.HintsOf(err))
	}

	must(t, os.WriteFile(w.path("etc/marker"), nil, 0o644))
	w.forget()
	_, err = w.run(t, d, g)
	if fault.CodeOf(err) != fault.Health || !strings.Contains(err.Error(), "this very system failed in run 1: ") {
		t.Fatalf("the bad closure was not refused: %v", err)
	}
	if slices.ContainsFunc(w.ran(), func(c string) bool { return strings.HasPrefix(c, "# ") || strings.Contains(c, "nixos-rebuild") }) {
		t.Errorf("it was built or activated again: %v", w.ran())
	}

	g.RetryBad = true
	if _, err = w.run(t, d, g); err != nil {
		t.Fatal(err)
	}
	bad, err := d.store.Bad()
	if err != nil || len(bad) != 0 {
		t.Errorf("still bad: %v %v", bad, err)
	}
}

// What is known of a bad closure holds for the boot and the checks that it was tried with, and while it is in the store.
func TestWhatWasBadIsTriedAgainWhenThingsHaveChanged(t *testing.T) {
	for name, k := range map[string]struct {
		change func(t *testing.T, w *world, g *Goal, system string)
		tried  bool
	}{
		"nothing": {func(*testing.T, *world, *Goal, string) {}, false},
		"a reboot": {func(t *testing.T, w *world, _ *Goal, _ string) {
			must(t, os.WriteFile(w.path("boot_id"), []byte("second\n"), 0o644))
		}, true},
		"other checks":  {func(_ *testing.T, _ *world, g *Goal, _ string) { g.Checks = g.Checks[:1] }, true},
		"more patience": {func(_ *testing.T, _ *world, g *Goal, _ string) { g.HealthTimeout = time.Minute }, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			must(t, os.WriteFile(w.path("boot_id"), []byte("first\n"), 0o644))
			d := w.deployer()
			g := w.goal(Switch)
			for _, file := range []string{"/etc/marker", "/etc/other"} {
				g.Checks = append(g.Checks, health.Check{Name: file, Kind: health.File, Target: file, Required: true})
			}
			r, err := w.run(t, d, g)
			if fault.CodeOf(err) != fault.Health {
				t.Fatalf("got %v", err)
			}
			for _, file := range []string{"etc/marker", "etc/other"} { // the cause is gone
				must(t, os.WriteFile(w.path(file), nil, 0o644))
			}
			k.change(t, w, &g, r.System)
			if st, err := d.Status(t.Context()); err != nil || (name == "a reboot") == (len(st.Bad) > 0) {
				t.Errorf("status: bad %v, %v", st.Bad, err)
			}
			_, err = w.run(t, d, g)
			if !k.tried && fault.CodeOf(err) != fault.Health || k.tried && err != nil {
				t.Fatalf("the second run: %v", err)
			}
			if bad, err := d.store.Bad(); err != nil || len(bad) > 0 == k.tried {
				t.Errorf("bad: %v, %v", bad, err)
			}
		})
	}
}

// The units that count are those of the system that was built.
func TestUnitsOfTheBuiltSystemAreChecked(t *testing.T) {
	well := "LoadState=loaded ActiveState=active SubState=running Type=simple"
	failed := "LoadState=loaded ActiveState=failed SubState=failed Result=exit-code ExecMainStatus=3"
	for name, k := range map[string]struct {
		before, after string // of foreign.service, which no check names
		code          fault.Code
	}{
		"well":              {well, well, fault.OK},
		"fails":             {well, failed, fault.Activation},
		"had failed before": {failed, failed, fault.OK},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.units = map[string]string{"web.service": well, "foreign.service": k.before}
			w.unitsAfter = map[string]string{"web.service": well, "foreign.service": k.after}
			g := w.goal(Switch)
			g.Checks = []health.Check{
				{Name: "web", Kind: health.Unit, Target: "web", Required: true}, {Name: "other units", Kind: health.Rest},
			}
			r, err := w.run(t, w.deployer(), g)
			if fault.CodeOf(err) != k.code {
				t.Fatalf("exit code %d: %v", fault.CodeOf(err), err)
			}
			if k.code != fault.OK {
				if r.Result != journal.PutBack || !strings.Contains(err.Error(), "foreign.service failed") {
					t.Errorf("%s: %v", r.Result, err)
				}
				return
			}
			h := r.Health
			if h.Findings[len(h.Findings)-1].Target == "web" || h.Unknown > 0 || (h.Failed > 0) != (k.code != fault.OK) {
				t.Errorf("%+v", h)
			}
			if k.code != fault.OK && (r.Result != journal.PutBack ||
				!strings.Contains(err.Error(), "foreign.service is failed")) {
				t.Errorf("%s: %v", r.Result, err)
			}
		})
	}
}

// What is still within the time that its start may take neither fails the run
// nor is it forgotten.
func TestWhatIsStartingDoesNotHoldTheRunUp(t *testing.T) {
	w := newWorld(t)
	w.units = map[string]string{"vllm.service": "LoadState=loaded ActiveState=active SubState=running Type=notify"}
	var waiting []string
	d := w.deployer(func(c *Config) {
		c.Health.Timeout = 10 * time.Second
		c.Events = func(e journal.Event) {
			if strings.HasPrefix(e.Message, "waiting for ") {
				waiting = append(waiting, e.Message)
			}
		}
	})
	g := w.goal(Switch)
	g.Checks = []health.Check{{
		Name: "vllm: page", Kind: health.File, Target: "/run/page", Units: []string{"vllm"}, Required: true, Grace: time.Hour,
	}}
	r, err := w.run(t, d, g)
	if err != nil || r.Result != journal.Good {
		t.Fatalf("%s: %v", r.Result, err)
	}
	h := r.Health
	if h.Starting != 1 || h.Findings[0].Outcome != health.Starting {
		t.Errorf("%+v", h)
	}
	if s := Summary(r, false); !strings.Contains(s, "1 starting") ||
		!strings.Contains(s, "still starting: vllm: page; quick-deploy health --wait") {
		t.Errorf("summary:\n%s", s)
	}
	if len(waiting) != 1 {
		t.Errorf("told %q", waiting)
	}
	// The next run finds it up.
	must(t, os.WriteFile(w.path("run/page"), nil, 0o644))
	g.Force = true
	if r, err = w.run(t, d, g); err != nil || strings.Contains(Summary(r, false), "starting: ") {
		t.Errorf("%v\n%s", err, Summary(r, false))
	}
}

func TestKeepOnFailureLeavesTheNewSystemAndRollbackGoesToTheLastGood(t *testing.T) {
	w := newWorld(t)
	before := w.now(t)
	d := w.deployer()
	g := w.goal(Switch)
	g.KeepOnFailure = true
	g.Checks = []health.Check{{Name: "marker", Kind: health.File, Target: "/etc/marker", Required: true}}
	for i, text := range []string{"two", "three"} {
		w.writeFlake(t, text)
		r, err := w.run(t, d, g)
		if fault.CodeOf(err) != fault.Health || r.Result != journal.Broken {
			t.Fatalf("run %d: %q, %v", i+1, r.Result, err)
		}
	}
	// Something else does not have it forgotten, and rolls nothing back.
	g = w.goal(VM)
	g.Extend = &Extension{Args: []string{"build-vm"}}
	if _, err := w.run(t, d, g); fault.CodeOf(err) != fault.Preflight || !strings.Contains(err.Error(), "run 2 (switch") {
		t.Errorf("a virtual machine of a machine in between: %v", err)
	}
	if st, err := d.Status(t.Context()); err != nil || st.State.Verb != string(Switch) || st.Next != "quick-deploy resume" {
		t.Errorf("next: %q, %v", st.Next, err)
	}
	p := planBack(t, d, 0)
	if p.Goal.To.Record != 1 {
		t.Errorf("the rollback point is that of run %d: a failed run replaced the last good one", p.Goal.To.Record)
	}
	if _, err := d.Run(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	now := w.now(t)
	for _, k := range []string{"current", "system", "home"} {
		if before[k] != now[k] {
			t.Errorf("%s is %s, was %s", k, now[k], before[k])
		}
	}
}

func TestNobodyToAsk(t *testing.T) {
	w := newWorld(t)
	g := w.goal(Switch)
	g.Yes = false
	_, err := w.run(t, w.deployer(), g)
	if fault.CodeOf(err) != fault.Usage {
		t.Errorf("got %v", err)
	}
	if len(w.ran()) > 0 {
		t.Errorf("ran %v before it refused", w.ran())
	}
}

func TestDeclinedSwitchesNothing(t *testing.T) {
	w := newWorld(t)
	before := w.now(t)
	var asked Question
	d := w.deployer(func(c *Config) {
		c.Confirm = func(_ context.Context, q Question) (bool, error) { asked = q; return false, nil }
	})
	g := w.goal(Switch)
	g.Yes = false
	r, err := w.run(t, d, g)
	if fault.CodeOf(err) != fault.Pending || r.Result != journal.Declined {
		t.Errorf("%q, %v", r.Result, err)
	}
	if diff := cmp.Diff(before, w.now(t)); diff != "" {
		t.Errorf("something was switched (-want +got):\n%s", diff)
	}
	if !slices.Contains(asked.Details, "hello: 1 -> 2") {
		t.Errorf("the question shows %q", asked.Details)
	}
}

func TestInterruptDuringActivationPutsBack(t *testing.T) {
	w := newWorld(t)
	before := w.now(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.writeFlake(t, "two")
	before["file flake.nix"], before["file flake.lock"] = "two", "lock of two"
	d := w.deployer(func(c *Config) {
		c.Hook = func(point string) error {
			if point == "after:activate-system" {
				cancel()
			}
			return nil
		}
	})
	p, err := d.Plan(ctx, w.goal(Switch))
	must(t, err)
	r, err := d.Run(ctx, p)
	if fault.CodeOf(err) != fault.Interrupted || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if r.Result != journal.PutBack {
		t.Errorf("result %q", r.Result)
	}
	if diff := cmp.Diff(before, w.now(t)); diff != "" {
		t.Errorf("not as before (-want +got):\n%s", diff)
	}
}

// A run names its profile, and stops where the last one came from another that
// is still there. A rollback in between changes nothing about that.
func TestAnotherProfileStops(t *testing.T) {
	w := newWorld(t)
	profile := func(name string) string {
		must(t, os.WriteFile(w.path(name), []byte(name), 0o644))
		return w.path(name)
	}
	d := w.deployer(func(c *Config) {
		c.Machine = &preflight.Machine{
			Runner: w, Root: w.dir, FreeBytes: func(string) (int64, error) { return 1 << 40, nil },
			Environ: func(string) string { return "" },
		}
	})
	goal := func(path string, skip ...string) Goal {
		g := w.goal(Switch)
		g.ProfilePath, g.Profile, g.Force = path, "hash of "+path, true
		for _, c := range preflight.Names() {
			if c != "profile" {
				g.SkipChecks = append(g.SkipChecks, c)
			}
		}
		g.SkipChecks = append(g.SkipChecks, skip...)
		return g
	}
	mine, other := profile("mine.yaml"), profile("other.yaml")
	r, err := w.run(t, d, goal(mine))
	if err != nil || r.ProfilePath != mine {
		t.Fatalf("%q, %v", r.ProfilePath, err)
	}
	if _, err = w.run(t, d, goal(other)); fault.CodeOf(err) != fault.Preflight || !strings.Contains(err.Error(), mine) ||
		!strings.Contains(err.Error(), other) {
		t.Errorf("another profile: %v", err)
	}
	plan, err := d.Plan(t.Context(), goal(other))
	var text strings.Builder
	must(t, plan.WriteText(&text))
	if err != nil || len(plan.Preflight.Blockers()) != 1 || !strings.Contains(text.String(), "\nprofile: "+other+"\n") {
		t.Errorf("%v: %+v\n%s", err, plan.Preflight, &text)
	}
	if r, err = w.run(t, d, goal(other, "profile")); err != nil || !slices.Contains(r.SkippedChecks, "profile") {
		t.Fatalf("told so: %v", err)
	}
	if _, err = w.run(t, d, goal(other)); err != nil {
		t.Errorf("from then on it is the one: %v", err)
	}
	if _, err = w.run(t, d, goal(mine)); fault.CodeOf(err) != fault.Preflight {
		t.Errorf("the first one is another now: %v", err)
	}
}

// What is in the user's own profile as well as in the built home is found before
// anything is switched: home-manager would stop half-way.
func TestPackageInProfileAndHome(t *testing.T) {
	w := newWorld(t)
	d := w.deployer(func(c *Config) {
		c.Machine = &preflight.Machine{
			Runner: w, Root: "/", FreeBytes: func(string) (int64, error) { return 1 << 40, nil },
			Environ: func(string) string { return "" },
		}
	})
	put := func(name, text string) {
		must(t, os.MkdirAll(filepath.Dir(w.path(name)), 0o755))
		must(t, os.WriteFile(w.path(name), []byte(text), 0o644))
	}
	put("rg/bin/rg", "")
	put("home/ada/.nix-profile/manifest.json", fmt.Sprintf(`{"version": 3, "elements": {"ripgrep": {"active": true, "storePaths": [%q]}}}`, w.path("rg")))
	put("home/ada/.bashrc", "mine")
	w.homeFiles = []string{"home-path/bin/rg", "home-files/.bashrc"}
	before := w.now(t)
	g := w.goal(Switch)
	for _, c := range preflight.Names() {
		if c != "home-packages" {
			g.SkipChecks = append(g.SkipChecks, c)
		}
	}
	_, err := w.run(t, d, g)
	if fault.CodeOf(err) != fault.Preflight ||
		!strings.Contains(err.Error(), "home-packages: bin/rg is in the Nix profile of ada") {
		t.Errorf("%v", err)
	}
	if diff := cmp.Diff(before, w.now(t)); diff != "" {
		t.Errorf("the machine changed: %s", diff)
	}
	g.SkipChecks = append(g.SkipChecks, "home-packages")
	if _, err := w.run(t, d, g); err != nil {
		t.Errorf("told so: %v", err)
	}
}
