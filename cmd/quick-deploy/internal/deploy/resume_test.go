package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// cutOff runs until a point and ends there as a killed process does.
func cutOff(t *testing.T, w *world, at string, g Goal, change ...func(*Config)) {
	t.Helper()
	defer func() {
		if point := recover(); point != at {
			t.Fatalf("ended at %v, want %s", point, at)
		}
		w.quiet(t)
	}()
	_, err := w.run(t, w.deployer(append(change, func(c *Config) {
		c.Hook = func(point string) error {
			if point == at {
				panic(point)
			}
			return nil
		}
	})...), g)
	t.Fatalf("not cut off: %v", err)
}

// same completes the goal of a run that is taken up by nothing.
func same(g Goal) (Goal, error) { return g, nil }

// resume takes the last run up.
func resume(t testing.TB, d *Deployer, complete func(Goal) (Goal, error)) (journal.Record, error) {
	t.Helper()
	p, err := d.PlanResume(t.Context(), complete)
	if err != nil {
		return journal.Record{}, err
	}
	return d.Run(t.Context(), p)
}

// checked is a machine whose network and free space are those of the test.
func checked(w *world, network http.RoundTripper) func(*Config) {
	return func(c *Config) {
		c.Machine = &preflight.Machine{
			Runner: w, Root: w.dir, UID: os.Getuid(), AllowRoot: true, User: "ada", Environ: func(string) string { return "" },
			FreeBytes: func(string) (int64, error) { return 1 << 40, nil }, Client: &http.Client{Transport: network},
		}
	}
}

// answering is a network in which everybody answers.
type answering struct{}

func (answering) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("StoreDir: /nix/store\n"))}, nil
}

// A run that was cut off when all but the boot default was done needs no network,
// no free space and no question any more.
func TestResumeAsksOnlyWhatIsLeft(t *testing.T) {
	w := newWorld(t)
	g := w.goal(Switch)
	g.Target.Caches = []string{"https://cache.example.org"}
	for _, c := range preflight.Names() {
		if c != "network" && c != "nix-space" {
			g.SkipChecks = append(g.SkipChecks, c)
		}
	}
	cutOff(t, w, "before:boot-default", g, checked(w, answering{}))
	down := &noRoute{fails: 99}
	d := w.deployer(checked(w, down), func(c *Config) {
		c.Machine.FreeBytes = func(string) (int64, error) { return 0, nil }
	})
	w.forget()
	r, err := resume(t, d, func(g Goal) (Goal, error) {
		g.Target.Caches = []string{"https://cache.example.org"}
		return g, nil
	})
	if err != nil || r.Result != journal.Good || r.ID != 1 {
		t.Fatalf("run %d: %q, %v", r.ID, r.Result, err)
	}
	if now := w.now(t); now["boot"] != now["current"] || down.asked > 0 {
		t.Errorf("asked the network %d times: %v", down.asked, now)
	}
	if slices.ContainsFunc(w.ran(), func(c string) bool { return strings.Contains(c, "build") || strings.HasSuffix(c, "test") }) {
		t.Errorf("did again what was done: %q", w.ran())
	}
}

// What is refused when a run is taken up leaves the machine as it is found, between
// two systems or not, and the run unfinished.
func TestARefusedResumeMovesNothing(t *testing.T) {
	inTurn(t)
	points := []string{"before:activate-system", "after:activate-system", "before:health", "before:boot-default"}
	for i := 0; i < len(points); i += nixtest.Step(3) {
		at := points[i]
		for name, refuse := range map[string]func(*world, *Config, *Goal) fault.Code{
			"preflight": func(w *world, c *Config, g *Goal) fault.Code {
				must(t, os.Remove(w.stored(w.hash(w.flake())+"-nixos-system")+"/init")) // it has to be built again
				checked(w, &noRoute{fails: 99})(c)
				g.Target.Caches = []string{"https://cache.example.org"}
				return fault.Preflight
			},
			"build": func(w *world, _ *Config, _ *Goal) fault.Code {
				w.writeFlake(t, "three")
				w.fail = map[string]int{"nixos-rebuild build": 1}
				return fault.Build
			},
			"no": func(w *world, c *Config, g *Goal) fault.Code {
				w.writeFlake(t, "three")
				g.Yes = false
				c.Confirm = func(context.Context, Question) (bool, error) { return false, nil }
				return fault.Pending
			},
			"disk": func(_ *world, c *Config, _ *Goal) fault.Code {
				c.Hook = func(point string) error {
					if point == "before:compare" {
						return errors.New("disk full")
					}
					return nil
				}
				return fault.Unexpected
			},
		} {
			t.Run(at+" "+name, func(t *testing.T) {
				w := newWorld(t)
				w.writeFlake(t, "two")
				cutOff(t, w, at, w.goal(Switch))
				before := w.now(t)
				goal := w.goal(Switch)
				for _, c := range preflight.Names() {
					if c != "network" {
						goal.SkipChecks = append(goal.SkipChecks, c)
					}
				}
				var want fault.Code
				d := w.deployer(func(c *Config) { want = refuse(w, c, &goal) })
				touched := at != "before:activate-system"
				_, err := resume(t, d, func(Goal) (Goal, error) { return goal, nil })
				if fault.CodeOf(err) != want {
					t.Fatalf("got %v", err)
				}
				for k, was := range before {
					if now := w.now(t)[k]; now != was && !strings.HasPrefix(k, "file ") {
						t.Errorf("%s was %s, is %s", k, was, now)
					}
				}
				st, serr := w.deployer().Status(t.Context())
				must(t, serr)
				if touched && (st.State.Status != journal.Running || !strings.Contains(st.Explanation, "was interrupted")) {
					t.Errorf("status %s: %s", st.State.Status, st.Explanation)
				}
				if touched && !strings.Contains(strings.Join(fault.HintsOf(err), "\n"),
					"this attempt changed nothing, and run 1 is still unfinished") {
					t.Errorf("hints %q", fault.HintsOf(err))
				}
				w.fail = nil
				r, err := resume(t, w.deployer(), func(Goal) (Goal, error) { return w.goal(Switch), nil })
				if err != nil || r.ID != 1 || r.Result != journal.Good {
					t.Errorf("then: run %d %q, %v", r.ID, r.Result, err)
				}
				if now := w.now(t); now["current"] != now["boot"] || !strings.Contains(now["current"], w.hash(w.flake())) {
					t.Errorf("then: %v", now)
				}
			})
		}
	}
}

// resume goes on with a run that failed: under its number, with the build and the backup of then.
func TestResumeOfAFailedRunGoesOn(t *testing.T) {
	for name, with := range map[string]string{"build of the home": "nix build",
		"activation": "switch-to-configuration test", "home": "/activate"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			fails := 0
			d := w.deployer(func(c *Config) {
				c.Runner = &failing{world: w, match: w.hash(w.flake()), with: with, code: 1, count: &fails}
				if with == "nix build" {
					c.Runner.(*failing).match = ""
				}
			})
			first, err := w.run(t, d, w.goal(Switch))
			if err == nil || fails == 0 {
				t.Fatal("nothing failed")
			}
			w.forget()
			r, err := resume(t, w.deployer(), same)
			if unasked := with == "nix build"; unasked != (fault.CodeOf(err) == fault.Usage) {
				t.Fatalf("without an answer: %q, %v", r.Result, err)
			} else if unasked {
				r, err = resume(t, w.deployer(), func(g Goal) (Goal, error) { g.Yes = true; return g, nil })
			}
			if err != nil || r.ID != first.ID || r.Result != journal.Good || r.Backup != first.Backup ||
				r.Before.System.Path != w.stored("first-nixos-system") {
				t.Errorf("run %d %q, backup %s after %s: %v", r.ID, r.Result, r.Backup, first.Backup, err)
			}
			if with != "nix build" && slices.ContainsFunc(w.ran(),
				func(c string) bool { return strings.Contains(c, " build ") }) {
				t.Errorf("it was built again: %q", w.ran())
			}
			if records, _ := d.Store().Records(); len(records) != 1 {
				t.Errorf("%d records", len(records))
			}
		})
	}
}

// The flags of a run are its flags when it is taken up, and a question that was answered stays answered.
func TestResumeHasTheRunsFlags(t *testing.T) {
	w := newWorld(t)
	g := w.goal(Switch)
	g.Yes = false
	g.SkipChecks, g.Accept, g.KeepOnFailure, g.HealthTimeout = []string{"network"}, []string{"ssh"}, true, 90*time.Second
	g.SkipHealth, g.IgnoreInhibitors, g.NixArgs, g.MinFree, g.NoGenerate, g.Offline = true, true, []string{"--cores",
		"2"}, 1<<20, true, true
	g.ProfilePath = "/home/ada/quick-deploy.yaml"
	asked := 0
	cutOff(t, w, "before:health", g, func(c *Config) {
		c.Confirm = func(context.Context, Question) (bool, error) { asked++; return true, nil }
	})
	r, err := resume(t, w.deployer(), func(got Goal) (Goal, error) {
		target := cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Target" }, cmp.Ignore()) // is not saved
		if diff := cmp.Diff(g, got, target); diff != "" {
			t.Errorf("the goal (-of the run +taken up):\n%s", diff)
		}
		return got, nil
	})
	if err != nil || r.Result != journal.Good || asked != 1 || !slices.Equal(r.SkippedChecks, []string{"health"}) {
		t.Errorf("%q after %d questions, skipped %q, %v", r.Result, asked, r.SkippedChecks, err)
	}
}

// A secret behind -- is not in the state, and has to be said again.
func TestResumeKeepsNoSecret(t *testing.T) {
	w := newWorld(t)
	g := w.goal(Switch)
	g.NixArgs = []string{"--option", "access-tokens", "github.com=ghp_abcdefghijklmnopqrstuvwxyz0123456789"}
	cutOff(t, w, "before:compare", g)
	state, err := os.ReadFile(w.deployer().store.Path("state.json"))
	if err != nil || strings.Contains(string(state), "ghp_") {
		t.Errorf("%v\n%s", err, state)
	}
	if _, err := resume(t, w.deployer(), same); fault.CodeOf(err) != fault.Usage ||
		!strings.Contains(err.Error(), "with a secret") {
		t.Errorf("without it: %v", err)
	}
	if r, err := resume(t, w.deployer(), func(Goal) (Goal, error) { return g, nil }); err != nil || r.ID != 1 {
		t.Errorf("with it: run %d, %v", r.ID, err)
	}
}

// planted are paths that somebody has written into a record.
func planted(w *world) []string {
	evil := w.path("home/ada/evil")
	return []string{
		evil, w.path("store") + "/../home/ada/evil", w.path("store/x"), w.stored("x") + "/../../home/ada/evil", w.stored("x") + "/bin",
		w.stored("x") + "\n", "\n" + w.stored("x"), w.stored("x\nrm"), w.path("store"), w.path("store/." + noHash + "x"), "/",
		w.path("store/" + strings.Repeat("e", 32) + "-x"), w.dir + "/store//" + noHash + "x", "relative", w.stored(""),
		filepath.Join(w.path("home/ada"), noHash+"evil"),
	}
}

// State and history are files that the user can write. What they name as a closure is run as root
// only if it is one.
func TestWhatARecordNamesIsCheckedBeforeItIsObeyed(t *testing.T) {
	inTurn(t)
	where := map[string]struct{ file, old string }{
		"history: system":          {"history/1.json", "first-nixos-system"},
		"history: home":            {"history/1.json", "first-home-manager-generation"},
		"state: the new system":    {"state.json", "NEW-nixos-system"},
		"state: the new home":      {"state.json", "NEW-home-manager-generation"},
		"state: the old system":    {"state.json", "first-nixos-system"},
		"state: the old home":      {"state.json", "first-home-manager-generation"},
		"rollback-info: system":    {"rollback-info.json", "first-nixos-system"},
		"rollback of then: system": {"state.json rollback", "first-nixos-system"},
	}
	for name, c := range where {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			file, rollback := strings.CutSuffix(c.file, " rollback")
			if file == "state.json" && !rollback {
				cutOff(t, w, "before:health", w.goal(Switch))
			} else if _, err := w.run(t, w.deployer(), w.goal(Switch)); err != nil {
				t.Fatal(err)
			}
			if rollback {
				g, err := w.deployer().Back(t.Context(), 0)
				must(t, err)
				g.Yes = true
				cutOff(t, w, "before:activate-home", g)
			}
			d := w.deployer()
			if file == "rollback-info.json" {
				must(t, os.RemoveAll(d.store.Path("history")))
			}
			text, err := os.ReadFile(d.store.Path(file))
			must(t, err)
			old := fmt.Sprintf("%q", w.stored(strings.Replace(c.old, "NEW", w.hash(w.flake()), 1)))
			if !strings.Contains(string(text), old) {
				t.Fatalf("no %s in\n%s", old, text)
			}
			before := w.now(t)
			for _, path := range planted(w) {
				forged := strings.ReplaceAll(string(text), old, fmt.Sprintf("%q", path))
				must(t, os.WriteFile(d.store.Path(file), []byte(forged), 0o600))
				w.forget()
				if file == "state.json" {
					_, err = resume(t, d, func(g Goal) (Goal, error) { g.Yes = true; return g, nil })
				} else {
					_, err = d.Run(t.Context(), planBack(t, d, 0))
				}
				if want := fmt.Sprintf("names %q, which is not a store path", path); fault.CodeOf(err) != fault.Preflight ||
					!strings.Contains(err.Error(), want) {
					t.Errorf("%q: %v", path, err)
				}
				if i := slices.IndexFunc(w.ran(), func(c string) bool { return !strings.HasPrefix(c, "nix-store --check-validity") }); i >= 0 {
					t.Errorf("%q: ran %s", path, w.ran()[i])
				}
			}
			if diff := cmp.Diff(before, w.now(t)); diff != "" {
				t.Errorf("the machine changed (-before +now):\n%s", diff)
			}
		})
	}
}

// A system that was collected is named, by the plan and by status, and nothing is begun.
func TestStatusNamesAPointThatCannotBeGoneBackTo(t *testing.T) {
	w := newWorld(t)
	d := w.deployer()
	if _, err := w.run(t, d, w.goal(Switch)); err != nil {
		t.Fatal(err)
	}
	must(t, os.RemoveAll(w.stored("first-home-manager-generation")))
	st, err := d.Status(t.Context())
	if err != nil || len(st.Problems) != 1 ||
		!strings.Contains(st.Problems[0], "the rollback point of run 1: "+w.stored("first-home-manager-generation")+" was garbage-collected") {
		t.Errorf("problems %q, %v", st.Problems, err)
	}
}

// The plan of a rollback is a Plan: the commands with the closures of then, and what would refuse it.
func TestPlanOfARollback(t *testing.T) {
	w := newWorld(t)
	d := w.deployer()
	if _, err := w.run(t, d, w.goal(Switch)); err != nil {
		t.Fatal(err)
	}
	before := listAll(t, w.dir)
	w.forget()
	p := planBack(t, d, 0)
	if diff := cmp.Diff(before, listAll(t, w.dir)); diff != "" ||
		slices.ContainsFunc(w.ran(), func(c string) bool { return !strings.HasPrefix(c, "nix-store --check-validity") }) {
		t.Errorf("a plan wrote or ran something: %q\n%s", w.ran(), diff)
	}
	var b strings.Builder
	must(t, p.WriteText(&b))
	for _, want := range []string{
		"rolls back to before run 1\n", "system: generation 1, " + w.stored("first-nixos-system") + " (now 2)\n",
		"# " + w.stored("first-nixos-system") + "/bin/switch-to-configuration test\n",
		w.stored("first-home-manager-generation") + "/activate\n", "--switch-generation 1\n", "switch-to-configuration boot\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in the plan:\n%s", want, &b)
		}
	}
	r, err := d.Run(t.Context(), p)
	must(t, err)
	var planned, done []string
	for _, s := range p.Steps {
		planned = append(planned, s.Step)
	}
	for _, s := range r.Steps {
		done = append(done, s.Name)
	}
	if diff := cmp.Diff(planned, done); diff != "" {
		t.Errorf("planned and done differ (-planned +done):\n%s", diff)
	}
}

// Before the first run there may have been no system and no home that a profile knew of.
func TestRollbackToNothing(t *testing.T) {
	w := newWorld(t)
	must(t, os.Remove(w.path("profiles/system")))
	must(t, os.Remove(w.path("profiles/system-1-link")))
	must(t, os.Remove(w.homeProfile()))
	d := w.deployer()
	if _, err := w.run(t, d, w.goal(Switch)); err != nil {
		t.Fatal(err)
	}
	before := w.now(t)
	_, err := d.Run(t.Context(), planBack(t, d, 0))
	if fault.CodeOf(err) != fault.Preflight ||
		!strings.Contains(err.Error(), "no system of this machine was recorded before run 1") {
		t.Errorf("%v", err)
	}
	p := planBack(t, d, 0, func(g *Goal) { g.SkipSystem = true })
	var b strings.Builder
	must(t, p.WriteText(&b))
	if !strings.Contains(b.String(), "home of ada: there was none; the one there is now stays\n") {
		t.Errorf("%s", &b)
	}
	if _, err := d.Run(t.Context(), p); err != nil {
		t.Errorf("without the system: %v", err)
	}
	if now := w.now(t); now["system"] != before["system"] || now["home"] != before["home"] ||
		now["current"] != before["current"] {
		t.Errorf("%v", now)
	}
}
