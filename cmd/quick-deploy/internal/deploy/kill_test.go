package deploy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// The process is killed, with SIGKILL, at every step boundary, at every stage of every file
// write, and before and after every command. Each time the program is
// run again, and the machine, the files and the history must be what an undisturbed run makes.

// ticker counts the points and kills the process at one of them.
type ticker struct{ n, at int }

func (k *ticker) tick() {
	k.n++
	if k.n == k.at {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way
	}
}

// fakeTree writes three files through the atomic writer, and one that the user has edited it keeps.
type fakeTree struct {
	dir   string
	files map[string]string
	w     atomic.Writer
}

func (f *fakeTree) Changes(context.Context) ([]Change, error) {
	var out []Change
	for _, name := range sortedKeys(f.files) {
		old, err := os.ReadFile(filepath.Join(f.dir, name))
		switch {
		case errors.Is(err, os.ErrNotExist):
			out = append(out, Change{name, Create})
		case err != nil:
			return nil, err
		case string(old) != f.files[name]:
			out = append(out, Change{name, Update})
		}
	}
	return out, nil
}

func (f *fakeTree) Apply(context.Context) error {
	if err := atomic.Clean(f.dir, ""); err != nil {
		return err
	}
	for _, name := range sortedKeys(f.files) {
		if err := f.w.WriteFile(filepath.Join(f.dir, name), []byte(f.files[name]), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// killCase is one kind of run that is killed.
type killCase struct {
	name string
	// run does the run; it is called in the child and, to run again, in the test.
	run func(w *world, k *ticker, again bool) error
	// want is the exit code of an undisturbed run.
	want fault.Code
}

func (w *world) armed(k *ticker) *Deployer {
	hook := atomic.Writer{Hook: func(atomic.Stage, string) error { k.tick(); return nil }}
	w.before = func(run.Command) error { k.tick(); return nil }
	w.after = func(run.Command) { k.tick() }
	return w.deployer(func(c *Config) {
		c.Writer = hook
		c.Hook = func(string) error { k.tick(); return nil }
	})
}

// killSwitch deploys a changed profile. The second run is simply the same command again.
func killSwitch(w *world, k *ticker, _ bool) error {
	return w.killable(k, nil)
}

// killUnhealthy deploys a system that fails its health check.
func killUnhealthy(w *world, k *ticker, _ bool) error {
	return w.killable(k, []health.Check{{Name: "marker", Kind: health.File, Target: "/etc/marker", Required: true}})
}

func (w *world) killable(k *ticker, checks []health.Check) error {
	d := w.armed(k)
	g := w.goal(Switch)
	g.Checks = checks
	g.Tree = &fakeTree{dir: w.flake(), w: d.cfg.Writer, files: map[string]string{
		"flake.nix": "two", "flake.lock": "lock of two", "extra.nix": "extra",
	}}
	p, err := d.Plan(context.Background(), g)
	if err != nil {
		return err
	}
	_, err = d.Run(context.Background(), p)
	return err
}

// killRollback undoes the second deployment. The second run resumes, if the first one had begun.
func killRollback(w *world, k *ticker, again bool) error {
	d := w.armed(k)
	if again {
		st, err := d.store.State()
		if err != nil {
			return err
		}
		if st.ID > 2 {
			p, err := d.PlanResume(context.Background(), func(g Goal) (Goal, error) { g.Yes = true; return g, nil })
			if err == nil {
				_, err = d.Run(context.Background(), p)
			}
			if errors.Is(err, ErrNothingToResume) {
				return nil // the first one had come to its end
			}
			return err
		}
	}
	g, err := d.Back(context.Background(), 1)
	if err != nil {
		return err
	}
	g.Yes, g.Owned = true, func(string) ([]string, error) { return []string{"flake.nix", "extra.nix"}, nil }
	p, err := d.Plan(context.Background(), g)
	if err != nil {
		return err
	}
	_, err = d.Run(context.Background(), p)
	return err
}

var killCases = []killCase{
	{"switch", killSwitch, fault.OK},
	{"unhealthy", killUnhealthy, fault.Health},
	{"rollback", killRollback, fault.OK},
}

// killWorld is the machine before the run: one good deployment, and for a rollback a second. It can be
// brought back there, which is cheaper than deploying again.
type killWorld struct {
	world
	before string // copy of its folder
}

func newKillWorld(t testing.TB, c killCase) *killWorld {
	base, err := os.MkdirTemp(shm(), "kill-")
	must(t, err)
	t.Cleanup(func() { endWorld(base) })
	w := &killWorld{world: world{dir: filepath.Join(base, "world")}, before: filepath.Join(base, "before")}
	w.build(t)
	must(t, os.WriteFile(filepath.Join(w.flake(), "local.nix"), []byte("mine"), 0o644))
	if _, err := w.run(t, w.deployer(), w.goal(Switch)); err != nil {
		t.Fatal(err)
	}
	if c.name == "rollback" {
		if err := killSwitch(&w.world, &ticker{}, false); err != nil {
			t.Fatal(err)
		}
	}
	w.quiet(t)
	must(t, exec.Command("cp", "-a", w.dir, w.before).Run())
	return w
}

// restore makes the machine what it was before the run: its hooks are gone, and so are units that still wait for a word.
func (w *killWorld) restore(t testing.TB) {
	endWorld(w.dir)
	must(t, exec.Command("cp", "-a", w.before, w.dir).Run())
	w.world = world{dir: w.dir}
}

// shm is a directory in memory, where fsync costs nothing, or "" for the usual one.
func shm() string {
	if fi, err := os.Stat("/dev/shm"); err == nil && fi.IsDir() {
		return "/dev/shm"
	}
	return ""
}

// killChild is the process that is killed.
func killChild(dir string) int {
	at, _ := strconv.Atoi(os.Getenv("QUICK_DEPLOY_TEST_KILL_AT"))
	for _, c := range killCases {
		if c.name != os.Getenv("QUICK_DEPLOY_TEST_KILL_CASE") {
			continue
		}
		k := &ticker{at: at}
		err := c.run(&world{dir: dir}, k, false)
		fmt.Println("points:", k.n)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		return int(fault.CodeOf(err))
	}
	return 99
}

func TestKilledAnywhereEndsAsUndisturbed(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: kills hundreds of runs")
	}
	total := 0
	for _, c := range killCases {
		// As many machines as tests run at a time. Each gets the undisturbed run, so that none is unlike the others.
		machines := make(chan *killWorld, runtime.GOMAXPROCS(0))
		count := &ticker{}
		var want map[string]string
		var wantRecords []string
		for range cap(machines) {
			w := newKillWorld(t, c)
			count = &ticker{}
			if err := c.run(&w.world, count, false); fault.CodeOf(err) != c.want {
				t.Fatalf("%s undisturbed: %v", c.name, err)
			}
			want, wantRecords = w.now(t), w.history(t)
			machines <- w
		}
		step := nixtest.Step(9)
		t.Logf("%s: %d kill points, one of %d", c.name, count.n, step)
		total += count.n
		t.Run(c.name, func(t *testing.T) {
			for at := 1; at <= count.n; at += step {
				t.Run(strconv.Itoa(at), func(t *testing.T) {
					t.Parallel()
					w := <-machines
					defer func() { machines <- w }()
					w.restore(t)
					killAt(t, c, at, &w.world, want, wantRecords)
				})
			}
		})
	}
	if total < 200 {
		t.Errorf("only %d kill points", total)
	}
}

func killAt(t *testing.T, c killCase, at int, w *world, want map[string]string, wantRecords []string) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "QUICK_DEPLOY_TEST_KILL="+w.dir, "QUICK_DEPLOY_TEST_KILL_CASE="+c.name,
		"QUICK_DEPLOY_TEST_KILL_AT="+strconv.Itoa(at))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var ee *exec.ExitError
	if !errors.As(err, &ee) || ee.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the process was not killed: %v\n%s", err, &out)
	}

	st, err := w.deployer().Status(context.Background())
	if err != nil || st.Explanation == "" || st.AtWork != nil || len(st.Problems) > 0 {
		t.Errorf("status after the kill: %q, at work %v, problems %q, %v", st.Explanation, st.AtWork, st.Problems, err)
	}
	if st.State.ID == 1 || st.State.Status == journal.Running || c.want == fault.OK {
		if err := c.run(w, &ticker{}, true); fault.CodeOf(err) != c.want {
			t.Fatalf("run again: %v (status said: %s)", err, st.Explanation)
		}
	} // else the run had failed and said so before it was killed: there is nothing to go on with
	if diff := cmp.Diff(want, w.now(t)); diff != "" {
		t.Errorf("the machine is other than after an undisturbed run (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantRecords, w.history(t)); diff != "" {
		t.Errorf("the history is other than after an undisturbed run (-want +got):\n%s", diff)
	}
	if mine, err := os.ReadFile(filepath.Join(w.flake(), "local.nix")); err != nil || string(mine) != "mine" {
		t.Errorf("the user's file: %q, %v", mine, err)
	}
	if left, _ := filepath.Glob(filepath.Join(w.flake(), ".*")); len(left) > 0 {
		t.Errorf("temporary files are left: %q", left)
	}
}

// history is what the records say, without times and places.
func (w *world) history(t testing.TB) []string {
	t.Helper()
	records, bad := w.deployer().Store().Records()
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	var out []string
	for _, r := range records {
		out = append(out, fmt.Sprintf("%d %s %s: %s -> %s, point %s of run %d", r.ID, r.Verb, r.Result,
			w.rel(r.Before.System.Path), w.rel(r.After.System.Path),
			w.rel(r.Point.Machine.System.Path), r.Point.Record))
	}
	return out
}
