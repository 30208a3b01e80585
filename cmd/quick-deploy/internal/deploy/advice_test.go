package deploy

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// A reboot is advised only where something of what was booted is other than the new
// system's, by its content: not for a kernel that was built anew to the same bytes.
func TestRebootIsAdvisedOnlyForWhatIsBooted(t *testing.T) {
	inTurn(t)
	for name, c := range map[string]struct {
		kernel, params string // of the new system, of the old one "6.12" and "quiet"
		built          string // the name of the new kernel's file
		why            string
	}{
		"same":             {"6.12", "quiet", "6.12", ""},
		"rebuilt":          {"6.12", "quiet", "6.12-again", ""},
		"other kernel":     {"6.18", "quiet", "6.18", "the kernel changes, the initial ramdisk changes"},
		"other parameters": {"6.12", "quiet mitigations=off", "6.12", "the kernel's parameters change"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			kernels := w.path("store/kernels")
			must(t, os.MkdirAll(kernels, 0o755))
			link := func(system, kernel, text, params string) {
				must(t, os.WriteFile(filepath.Join(kernels, kernel), []byte(text), 0o644))
				must(t, os.WriteFile(filepath.Join(w.stored(system+"-nixos-system"), "kernel-params"), []byte(params), 0o644))
				for _, f := range []string{"kernel", "initrd"} {
					p := filepath.Join(w.stored(system+"-nixos-system"), f)
					must(t, os.MkdirAll(filepath.Dir(p), 0o755))
					must(t, w.setLink(p, filepath.Join(kernels, kernel)))
				}
			}
			link("first", "6.12", "6.12", "quiet")
			d := w.deployer(func(cfg *Config) {
				cfg.Hook = func(point string) error {
					if point == "after:build" {
						link(w.hash(w.flake()), c.built, c.kernel, c.params)
					}
					return nil
				}
			})
			r, err := w.run(t, d, w.goal(Switch))
			must(t, err)
			if (len(r.Advice) > 0) != (c.why != "") || !strings.Contains(Summary(r, false), c.why) {
				t.Errorf("advice %q, summary:\n%s", r.Advice, Summary(r, false))
			}
			// Advice is not something left to do: the next run has nothing to do.
			if p, err := d.Plan(t.Context(), w.goal(Switch)); err != nil || !p.NoChange {
				t.Errorf("no change: %t, %v", p.NoChange, err)
			}
		})
	}
}

// withTools is a world that has further programs.
type withTools struct {
	*world
	tools []string
}

func (w *withTools) LookPath(name string) (string, error) {
	if slices.Contains(w.tools, name) {
		return "/bin/" + name, nil
	}
	return w.world.LookPath(name)
}

func (w *withTools) Run(ctx context.Context, c run.Command) (run.Result, error) {
	if slices.Contains(w.tools, c.Name) {
		w.write(c.String())
		return run.Result{Stdout: "shown by " + c.Name + "\n"}, nil
	}
	return w.world.Run(ctx, c)
}

func TestDiffToolOfTheUserIsTaken(t *testing.T) {
	for _, c := range []struct {
		tools []string
		want  string
	}{{nil, "hello: 1 -> 2"}, {[]string{"nvd"}, "shown by nvd"}, {[]string{"nvd", "dix"}, "shown by dix"}} {
		w := newWorld(t)
		diff := ""
		d := w.deployer(func(cfg *Config) {
			cfg.Runner = &withTools{w, c.tools}
			cfg.Events = func(e journal.Event) {
				if e.Type == "diff" {
					diff = e.Message
				}
			}
		})
		if _, err := w.run(t, d, w.goal(Switch)); err != nil {
			t.Fatal(err)
		}
		if diff != c.want {
			t.Errorf("with %q: %q, want %q", c.tools, diff, c.want)
		}
	}
}

func TestTornStateIsSetAsideAndTheRunGoesOn(t *testing.T) {
	w := newWorld(t)
	d := w.deployer()
	if _, err := w.run(t, d, w.goal(Switch)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"state.json", "rollback-info.json", "bad-closures.json"} {
		must(t, os.WriteFile(d.store.Path(name), []byte(`{"version": 1, "id`), 0o600))
	}
	st, err := d.Status(t.Context())
	if err != nil || len(st.Problems) != 3 || st.Next != "quick-deploy --reset-state" {
		t.Errorf("problems %q, next %q, %v", st.Problems, st.Next, err)
	}
	w.writeFlake(t, "two")
	var warnings []string
	again := w.deployer(func(c *Config) {
		c.Events = func(e journal.Event) {
			if e.Type == "warning" {
				warnings = append(warnings, e.Message)
			}
		}
	})
	r, err := w.run(t, again, w.goal(Switch))
	if err != nil || r.ID != 2 {
		t.Fatalf("run %d, %v", r.ID, err)
	}
	if len(warnings) != 3 || !strings.Contains(warnings[0], "it was kept as") {
		t.Errorf("warnings %q", warnings)
	}
	for _, name := range []string{"state.json", "rollback-info.json", "bad-closures.json"} {
		if !exists(d.store.Path(name + ".unusable-1")) {
			t.Errorf("%s was not kept", name)
		}
	}
}

func TestHangingActivationIsPutBack(t *testing.T) {
	w := newWorld(t)
	before := w.now(t)
	must(t, os.WriteFile(w.path("slow"), []byte("60"), 0o644))
	d := w.deployer(func(c *Config) { c.ActivateTimeout = 3 * time.Second })
	r, err := w.run(t, d, w.goal(Switch))
	if fault.CodeOf(err) != fault.Timeout || !strings.Contains(err.Error(), "did not end within 3s") ||
		r.Result != journal.PutBack {
		t.Errorf("%q, %v", r.Result, err)
	}
	if now := w.now(t); now["current"] != before["current"] || now["system"] != before["system"] {
		t.Errorf("not put back: %v", now)
	}
}

func TestGoalsThatCannotBeReached(t *testing.T) {
	w := newWorld(t)
	for name, change := range map[string]func(*Goal){
		"verb":            func(g *Goal) { g.Verb = "explode" },
		"relative flake":  func(g *Goal) { g.FlakeDir = "nixos" },
		"flake with #":    func(g *Goal) { g.FlakeDir = "/home/a#b" },
		"flake with ?":    func(g *Goal) { g.FlakeDir = "/home/a?dir=b" },
		"no host":         func(g *Goal) { g.Host = "" },
		"host with quote": func(g *Goal) { g.Host = `a"b` },
		"user as flag":    func(g *Goal) { g.Users = []User{{Name: "-rf"}} },
		"user with at":    func(g *Goal) { g.Users = []User{{Name: "a@b"}} },
	} {
		g := w.goal(Switch)
		change(&g)
		if _, err := w.deployer().Plan(t.Context(), g); fault.CodeOf(err) != fault.Usage {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The question tells the number that nix-env will give, also where generations are missing.
func TestNextGeneration(t *testing.T) {
	profile := t.TempDir() + "/system"
	if n := nextGeneration(profile); n != 1 {
		t.Errorf("of none: %d", n)
	}
	for _, name := range []string{"-3-link", "-12-link", "-x-link", "-old-99-link"} {
		must(t, os.Symlink("/", profile+name))
	}
	if n := nextGeneration(profile); n != 13 {
		t.Errorf("after 12: %d", n)
	}
}
