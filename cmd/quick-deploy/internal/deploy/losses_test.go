package deploy

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/losses"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// withSSH gives a system an SSH server, or only the folders of one.
func withSSH(t *testing.T, system string, on bool) {
	t.Helper()
	units := filepath.Join(system, "etc/systemd/system")
	must(t, os.MkdirAll(filepath.Join(units, "multi-user.target.wants"), 0o755))
	if !on {
		return
	}
	must(t, os.WriteFile(filepath.Join(units, "sshd.service"), []byte("[Unit]\n"), 0o644))
	must(t, os.WriteFile(filepath.Join(units, "multi-user.target.wants/sshd.service"), nil, 0o644))
	must(t, os.WriteFile(filepath.Join(system, "etc/vconsole.conf"), []byte("KEYMAP=uk\n"), 0o644))
}

// bareWorld is a machine whose running system has what no new one has.
func bareWorld(t *testing.T) (*world, *Deployer) {
	w := newWorld(t)
	withSSH(t, w.stored("first-nixos-system"), true)
	w.after = func(c run.Command) {
		if filepath.Base(c.Name) == "nixos-rebuild" {
			built, err := resolve(filepath.Join(c.Dir, "result"))
			must(t, err)
			withSSH(t, built, false)
		}
	}
	return w, w.deployer(func(cfg *Config) {
		cfg.Machine = &preflight.Machine{
			Runner: w, Root: w.dir, User: "ada", Environ: func(string) string { return "" },
			FreeBytes: func(string) (int64, error) { return 1 << 40, nil },
		}
	})
}

// everyCheck are the checks that a machine made of files does not pass.
func everyCheck(g Goal) Goal {
	g.SkipChecks = preflight.Names()
	return g
}

func TestFirstSwitchTakesNothingAwayUnasked(t *testing.T) {
	w, d := bareWorld(t)
	goal := everyCheck(w.goal(Switch))
	before := w.now(t)
	r, err := w.run(t, d, goal)
	if fault.CodeOf(err) != fault.Preflight || !strings.Contains(err.Error(), "ssh: the SSH server stops") {
		t.Fatalf("the first switch: %v", err)
	}
	if now := w.now(t); now["current"] != before["current"] || now["boot"] != before["boot"] {
		t.Errorf("switched although it was refused: %v", now)
	}
	if len(r.Losses) != 2 || r.Losses[1].What != "console keymap: uk → none" || r.Result != journal.Unchanged {
		t.Errorf("the record of the refusal: %+v", r.Losses)
	}

	goal.Accept = []string{"ssh"}
	if r, err = w.run(t, d, goal); err != nil {
		t.Fatal(err)
	}
	if i := slices.IndexFunc(r.Losses, func(l losses.Loss) bool { return l.Name == "ssh" }); i < 0 ||
		!r.Losses[i].Accepted {
		t.Errorf("the record does not say what was accepted: %+v", r.Losses)
	}

	// From now on the running system is one from here, whatever it loses.
	goal.Accept = nil
	withSSH(t, r.System, true)
	w.writeFlake(t, "two")
	if r, err = w.run(t, d, goal); err != nil || len(r.Losses) > 0 {
		t.Errorf("the second switch: %v %+v", err, r.Losses)
	}

	// A system that somebody else switched to is compared again.
	must(t, w.setLink(w.path("run/current-system"), w.stored("first-nixos-system")))
	w.writeFlake(t, "three")
	if _, err = w.run(t, d, goal); fault.CodeOf(err) != fault.Preflight {
		t.Errorf("after a switch by hand: %v", err)
	}
}

func TestPlanTellsOfTheComparison(t *testing.T) {
	w, d := bareWorld(t)
	says := func() bool {
		p, err := d.Plan(t.Context(), everyCheck(w.goal(Switch)))
		must(t, err)
		i := slices.IndexFunc(p.Steps, func(s Planned) bool { return s.Step == "compare" })
		return i >= 0 && strings.Contains(p.Steps[i].What, "quick-deploy did not deploy the running system")
	}
	if !says() {
		t.Error("the plan of a first switch says nothing of the comparison")
	}
	goal := everyCheck(w.goal(Switch))
	goal.Accept = []string{"ssh"}
	if _, err := w.run(t, d, goal); err != nil {
		t.Fatal(err)
	}
	w.writeFlake(t, "two")
	if says() {
		t.Error("the plan of a second switch still tells of it")
	}
	// A rollback leads to the system that was there before: not one from here.
	if _, err := d.Run(t.Context(), planBack(t, d, 0)); err != nil {
		t.Fatal(err)
	}
	if !says() {
		t.Error("after a rollback to a system of somebody else's, nothing is compared")
	}
}

// A run that was cut off behind the question goes on with what it was told.
func TestAcceptedSurvivesACrash(t *testing.T) {
	w, d := bareWorld(t)
	goal := everyCheck(w.goal(Switch))
	goal.Accept = []string{"ssh"}
	d.cfg.Hook = func(point string) error {
		if point == "before:activate-system" || point == "before:health" {
			panic(point)
		}
		return nil
	}
	for _, at := range []string{"before:activate-system", "before:health"} {
		func() {
			defer func() {
				if point := recover(); point != at {
					t.Fatalf("ended at %v, want %s", point, at)
				}
				goal.Accept = nil
				d.cfg.Hook = func(point string) error {
					if point == "before:health" {
						panic(point)
					}
					return nil
				}
			}()
			_, err := w.run(t, d, goal)
			t.Fatalf("not cut off: %v", err)
		}()
	}
	d.cfg.Hook = nil
	r, err := w.run(t, d, goal)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Losses) != 2 || !r.Losses[0].Accepted {
		t.Errorf("the record after the crash: %+v", r.Losses)
	}
}
