package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator/encode"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// Every write of a run meets a full disk, one after the other. The machine is
// then as before or as wanted, and with room again the next run ends well.
func TestDiskFullAtEveryWrite(t *testing.T) {
	inTurn(t)
	writes := 0
	count := newWorld(t)
	d := count.deployer(func(c *Config) {
		c.Writer = atomic.Writer{Hook: func(s atomic.Stage, _ string) error {
			if s == atomic.BeforeTemp {
				writes++
			}
			return nil
		}}
	})
	if _, err := count.run(t, d, count.goal(Switch)); err != nil {
		t.Fatal(err)
	}
	want := count.now(t)
	if writes < 20 {
		t.Fatalf("only %d writes", writes)
	}
	for at := 1; at <= writes; at += nixtest.Step(6) {
		w := newWorld(t)
		before := w.now(t)
		n := 0
		full := w.deployer(func(c *Config) {
			c.Writer = atomic.Writer{Hook: func(s atomic.Stage, path string) error {
				if s == atomic.BeforeTemp {
					n++
				}
				if n >= at { // full stays full
					return fmt.Errorf("write %s: %w", path, syscall.ENOSPC)
				}
				return nil
			}}
		})
		_, err := w.run(t, full, w.goal(Switch))
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("write %d: %v", at, err)
		}
		now := w.now(t)
		if diff := cmp.Diff(before, now); diff != "" && cmp.Diff(want, now) != "" {
			t.Errorf("write %d: neither as before nor as wanted:\n%s", at, diff)
		}
		if _, err := w.run(t, w.deployer(), w.goal(Switch)); err != nil {
			t.Errorf("write %d: run again: %v", at, err)
		}
		// Putting back and trying again takes generation numbers; the paths are what counts.
		if diff := cmp.Diff(unnumbered(want), unnumbered(w.now(t))); diff != "" {
			t.Errorf("write %d (-want +got):\n%s", at, diff)
		}
	}
}

func unnumbered(m map[string]string) map[string]string {
	out := maps.Clone(m)
	for _, k := range []string{"system", "home"} {
		_, out[k], _ = strings.Cut(m[k], " ")
	}
	return out
}

// A real full disk: the state directory on a tmpfs of 200 kB.
func TestRealFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting a tmpfs needs root; TestDiskFullAtEveryWrite does without")
	}
	w := newWorld(t)
	state := w.path("home/ada/.local/state/quick-deploy")
	must(t, os.MkdirAll(state, 0o700))
	if err := syscall.Mount("tmpfs", state, "tmpfs", 0, "size=200k"); err != nil {
		t.Skipf("mount: %v", err)
	}
	t.Cleanup(func() { syscall.Unmount(state, syscall.MNT_DETACH) })
	before := w.now(t)
	ballast := filepath.Join(state, "ballast")
	must(t, os.WriteFile(ballast, make([]byte, 180<<10), 0o600))
	_, err := w.run(t, w.deployer(), w.goal(Switch))
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("%v", err)
	}
	if diff := cmp.Diff(before, w.now(t)); diff != "" {
		t.Errorf("not as before (-want +got):\n%s", diff)
	}
	must(t, os.Remove(ballast))
	if _, err := w.run(t, w.deployer(), w.goal(Switch)); err != nil {
		t.Error(err)
	}
}

func TestReadOnlyStateDirectoryTouchesNothing(t *testing.T) {
	w := newWorld(t)
	before := w.now(t)
	// A file in the place of the directory refuses root as well as a user.
	must(t, os.RemoveAll(w.path("home/ada/.local/state/quick-deploy")))
	must(t, os.WriteFile(w.path("home/ada/.local/state/quick-deploy"), nil, 0o400))
	_, err := w.deployer().Run(t.Context(), Plan{Goal: w.goal(Switch)})
	if fault.CodeOf(err) != fault.Preflight || len(fault.HintsOf(err)) == 0 {
		t.Errorf("%v", err)
	}
	if diff := cmp.Diff(before, w.now(t)); diff != "" || len(w.ran()) > 0 {
		t.Errorf("ran %q, changed:\n%s", w.ran(), diff)
	}
}

func TestClockGoingBackwards(t *testing.T) {
	w := newWorld(t)
	clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	back := func(c *Config) {
		c.Now = func() time.Time { clock = clock.Add(-time.Hour); return clock }
	}
	for _, text := range []string{"one", "two", "three"} {
		w.writeFlake(t, text)
		r, err := w.run(t, w.deployer(back), w.goal(Switch))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range r.Steps {
			if s.Status != journal.Done && s.Status != journal.Skipped {
				t.Errorf("run %d: step %s is %s", r.ID, s.Name, s.Status)
			}
		}
	}
	records, bad := w.deployer(back).Store().Records()
	if len(records) != 3 || len(bad) > 0 || records[0].ID != 3 || records[2].ID != 1 {
		t.Errorf("%d records, %v", len(records), bad)
	}
	if p := planBack(t, w.deployer(back), 0); p.Goal.To.Record != 3 {
		t.Errorf("rollback undoes %d", p.Goal.To.Record)
	}
	backups, err := (&session{Deployer: w.deployer()}).backups().List()
	if err != nil || len(backups) != 3 || backups[0].Run != 3 {
		t.Errorf("backups %+v, %v", backups, err)
	}
}

func TestOfTwoRunsOneIsRefused(t *testing.T) {
	w := newWorld(t)
	started, finish := make(chan struct{}), make(chan struct{})
	var once sync.Once
	first := w.deployer(func(c *Config) {
		c.Hook = func(point string) error {
			if point == "before:build" {
				once.Do(func() { close(started) })
				<-finish
			}
			return nil
		}
	})
	done := make(chan error, 1)
	go func() {
		p, err := first.Plan(context.Background(), w.goal(Switch))
		if err == nil {
			_, err = first.Run(context.Background(), p)
		}
		done <- err
	}()
	<-started
	second, ran := &world{dir: w.dir}, len(w.ran())
	_, err := second.run(t, second.deployer(), second.goal(Switch))
	if fault.CodeOf(err) != fault.Locked || !strings.Contains(err.Error(), "switch, process 42 on atlas") {
		t.Errorf("the second run: %v", err)
	}
	if len(second.ran()) > ran {
		t.Errorf("the second run ran %q", second.ran())
	}
	st, err := second.deployer().Status(t.Context())
	if err != nil || st.AtWork == nil || !strings.Contains(st.Explanation, "is running") {
		t.Errorf("status: %+v, %v", st.Explanation, err)
	}
	close(finish)
	if err := <-done; err != nil {
		t.Errorf("the first run: %v", err)
	}
	if records, _ := first.Store().Records(); len(records) != 1 {
		t.Errorf("%d records", len(records))
	}
}

// flaky is a world whose network fails the first n builds.
type flaky struct {
	*world
	fails int
	says  string
}

func (f *flaky) Run(ctx context.Context, c run.Command) (run.Result, error) {
	if c.Name == "nixos-rebuild" && f.fails > 0 {
		f.fails--
		f.write(c.String())
		return run.Result{Code: 1, Stderr: f.says}, &run.Error{Command: c.String(), Code: 1, Tail: f.says}
	}
	return f.world.Run(ctx, c)
}

func TestNetworkFailures(t *testing.T) {
	const down = `@nix {"action":"msg","level":0,"msg":"\u001b[31;1merror:\u001b[0m unable to download 'https://cache.nixos.org/x': Couldn't resolve host name (6)"}` + "\n"
	for name, c := range map[string]struct {
		fails int
		says  string
		want  fault.Code
		calls int
		waits []time.Duration
	}{
		"four times": {4, down, fault.OK, 5, []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second,
			16 * time.Second}},
		"for good": {99, down, fault.Network, 5, []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second,
			16 * time.Second}},
		"evaluation that quotes": {99, "error: The option `a' does not exist. Definition values:\n       - In `/x.nix': \"503 Service Unavailable\"",
			fault.Build, 1, nil},
		"evaluation error": {99, `@nix {"action":"msg","level":0,"msg":"error: undefined variable 'x'"}`, fault.Build,
			1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			f := &flaky{world: w, fails: c.fails, says: c.says}
			var waits []time.Duration
			var events []journal.Event
			d := w.deployer(func(cfg *Config) {
				cfg.Runner = f
				cfg.Retry.Sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
				cfg.Events = func(e journal.Event) { events = append(events, e) }
			})
			r, err := w.run(t, d, w.goal(Switch))
			if fault.CodeOf(err) != c.want || !slices.Equal(waits, c.waits) {
				t.Errorf("%v, waits %v, want %v", err, waits, c.waits)
			}
			calls := 0
			for _, cmd := range w.ran() {
				if strings.HasPrefix(cmd, "nixos-rebuild") {
					calls++
				}
			}
			if calls != c.calls {
				t.Errorf("%d attempts, want %d", calls, c.calls)
			}
			if n := len(slices.Collect(func(yield func(journal.Event) bool) {
				for _, e := range events {
					if e.Type == "retry" && !yield(e) {
						return
					}
				}
			})); n != len(c.waits) {
				t.Errorf("%d retries were told of", n)
			}
			if c.want != fault.OK && r.Result != journal.Unchanged {
				t.Errorf("result %q", r.Result)
			}
		})
	}
}

// noRoute is an HTTP client of a machine without a network until it was asked a number of times.
type noRoute struct{ fails, asked int }

func (n *noRoute) RoundTrip(r *http.Request) (*http.Response, error) {
	n.asked++
	if n.asked <= n.fails {
		return nil, &net.DNSError{Err: "no such host", Name: r.URL.Host}
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("StoreDir: /nix/store\n")),
		Request: r}, nil
}

// A look-up that fails once does not refuse a run: the caches are asked again, with the waits of a build.
func TestPreflightAsksAgain(t *testing.T) {
	four := []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}
	for name, c := range map[string]struct {
		fails int
		skip  []string
		want  fault.Code
		asked int
		waits []time.Duration
	}{
		"once":     {1, nil, fault.OK, 2, four[:1]},
		"four":     {4, nil, fault.OK, 5, four},
		"for good": {99, nil, fault.Preflight, 5, four},
		"skipped":  {99, []string{"network"}, fault.OK, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			network := &noRoute{fails: c.fails}
			var waits []time.Duration
			d := w.deployer(func(cfg *Config) {
				cfg.Machine = &preflight.Machine{
					Runner: w, Root: w.dir, UID: os.Getuid(), AllowRoot: true,
					FreeBytes: func(string) (int64, error) { return 1 << 40, nil }, Client: &http.Client{Transport: network},
				}
				cfg.Retry.Sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
			})
			g := w.goal(Build)
			g.SkipChecks = c.skip
			g.Target.Caches = []string{"https://cache.example.org"}
			_, err := w.run(t, d, g)
			if fault.CodeOf(err) != c.want || network.asked != c.asked || !slices.Equal(waits, c.waits) {
				t.Errorf("%v: asked %d times, waits %v", err, network.asked, waits)
			}
			if c.want != fault.OK && !strings.Contains(err.Error(), "asked 5 times") {
				t.Errorf("the error does not say how often was asked: %v", err)
			}
		})
	}
}

// A command that is not there or does not end has a code of its own, and the machine is as before.
func TestMissingAndSlowCommands(t *testing.T) {
	missing := &run.Error{Command: "x", Code: -1, Err: &exec.Error{Name: "x", Err: exec.ErrNotFound}}
	slow := &run.Error{Command: "x", Code: -1, Timeout: time.Second, Err: context.DeadlineExceeded}
	for name, c := range map[string]struct {
		command string
		err     error
		want    fault.Code
		result  journal.Result
	}{
		"no nixos-rebuild": {"nixos-rebuild", missing, fault.NotFound, journal.Unchanged},
		"slow build":       {"nixos-rebuild", slow, fault.Timeout, journal.Unchanged},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.writeFlake(t, "second")
			once := false // putting back runs the same command
			w.before = func(cmd run.Command) error {
				if !once && strings.Contains(cmd.String(), c.command) {
					once = true
					return c.err
				}
				return nil
			}
			r, err := w.run(t, w.deployer(), w.goal(Switch))
			if f := r.Failure; f == nil || f.Step == "" || !strings.Contains(f.Command, c.command) || f.Child != -1 ||
				!strings.HasPrefix(f.Function, "deploy.") || f.Source == "" {
				t.Errorf("the record says of the failure %+v", f)
			}
			if fault.CodeOf(err) != c.want || r.Result != c.result || r.Code != int(c.want) {
				t.Errorf("code %d in %s, in the record %d: %v; %v", fault.CodeOf(err), r.Result, r.Code, err, w.ran())
			}
		})
	}
}

// A failed build that is repaired is the same run's work taken over: what was built is not built again.
func TestTheNextRunTakesTheBuildOver(t *testing.T) {
	w := newWorld(t)
	fails := 0
	d := w.deployer(func(c *Config) {
		c.Runner = &failing{world: w, match: w.hash(w.flake()), with: "switch-to-configuration test", code: 4, count: &fails}
	})
	if _, err := w.run(t, d, w.goal(Switch)); fault.CodeOf(err) != fault.Activation {
		t.Fatal(err)
	}
	w.forget()
	r, err := w.run(t, w.deployer(), w.goal(Switch))
	if err != nil || r.ID != 2 {
		t.Fatalf("run %d, %v", r.ID, err)
	}
	if slices.ContainsFunc(w.ran(), func(c string) bool { return strings.HasPrefix(c, "nixos-rebuild") }) {
		t.Error("it was built again")
	}
	w.writeFlake(t, "changed")
	w.forget()
	if _, err := w.run(t, w.deployer(), w.goal(Switch)); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(w.ran(), func(c string) bool { return strings.HasPrefix(c, "nixos-rebuild") }) {
		t.Error("a changed flake was not built")
	}
}

func TestInhibitorsAndDisplayManager(t *testing.T) {
	inTurn(t)
	const unit = "etc/systemd/system/display-manager.service"
	for name, c := range map[string]struct {
		old, new  map[string]string
		graphical bool
		change    func(*Goal)
		boots     string // why only the boot default moves, "" if the system is switched
	}{
		"same inhibitors": {map[string]string{"switch-inhibitors": `{"dbus":"a"}`},
			map[string]string{"switch-inhibitors": `{"dbus":"a"}`}, false, nil, ""},
		"dbus changes": {map[string]string{"switch-inhibitors": `{"dbus":"a"}`},
			map[string]string{"switch-inhibitors": `{"dbus":"b"}`}, false, nil, "changes dbus"},
		"at the user's wish": {map[string]string{"switch-inhibitors": `{"dbus":"a"}`},
			map[string]string{"switch-inhibitors": `{"dbus":"b"}`}, false, func(g *Goal) { g.IgnoreInhibitors = true }, ""},
		"old system has none": {nil, map[string]string{"switch-inhibitors": `{"dbus":"b"}`}, false, nil, ""},
		"display in a session": {map[string]string{unit: "sddm"}, map[string]string{unit: "gdm"}, true, nil,
			"the display manager changes"},
		"display over ssh": {map[string]string{unit: "sddm"}, map[string]string{unit: "gdm"}, false, nil, ""},
		"live all the same": {map[string]string{unit: "sddm"}, map[string]string{unit: "gdm"}, true,
			func(g *Goal) { g.LiveDisplay = true }, ""},
		"same display": {map[string]string{unit: "gdm"}, map[string]string{unit: "gdm"}, true, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			put := func(system string, files map[string]string) {
				for f, text := range files {
					p := filepath.Join(w.stored(system+"-nixos-system"), f)
					must(t, os.MkdirAll(filepath.Dir(p), 0o755))
					must(t, os.WriteFile(p, []byte(text), 0o644))
				}
			}
			put("first", c.old)
			put(w.hash(w.flake()), c.new)
			g := w.goal(Switch)
			if c.change != nil {
				c.change(&g)
			}
			r, err := w.run(t, w.deployer(func(cfg *Config) { cfg.Graphical = c.graphical }), g)
			must(t, err)
			now := w.now(t)
			booted := now["current"] == "/store/first-nixos-system"
			if booted != (c.boots != "") || now["boot"] == "/store/first-nixos-system" {
				t.Errorf("runs %s, boots %s", now["current"], now["boot"])
			}
			if c.boots == "" {
				return
			}
			if !slices.Contains(r.Pending, "reboot") || now["home"][:2] != "1 " {
				t.Errorf("pending %q, home %s", r.Pending, now["home"])
			}
			if !strings.Contains(fmt.Sprint(r.Steps), c.boots) {
				t.Errorf("the record does not say why: %+v", r.Steps)
			}
			// After the reboot the same command does the rest.
			must(t, w.setLink(w.path("run/current-system"), w.stored(w.hash(w.flake())+"-nixos-system")))
			if _, err := w.run(t, w.deployer(func(cfg *Config) { cfg.Graphical = c.graphical }), g); err != nil {
				t.Fatal(err)
			}
			if now := w.now(t); now["home"][:2] != "2 " {
				t.Errorf("the home did not follow: %s", now["home"])
			}
		})
	}
}

func TestAnotherInitInterfaceMeansReboot(t *testing.T) {
	w := newWorld(t)
	must(t, os.WriteFile(w.stored("first-nixos-system")+"/init-interface-version", []byte("systemd 1"), 0o644))
	_, err := w.makeSystem(w.hash(w.flake()))
	must(t, err)
	must(t, os.WriteFile(w.stored(w.hash(w.flake())+"-nixos-system")+"/init-interface-version",
		[]byte("systemd 2"), 0o644))
	r, err := w.run(t, w.deployer(), w.goal(Switch))
	must(t, err)
	now := w.now(t)
	if now["current"] != "/store/first-nixos-system" || now["boot"] == now["current"] ||
		!slices.Contains(r.Pending, "reboot") {
		t.Errorf("%v, pending %q", now, r.Pending)
	}
}

func TestVerbs(t *testing.T) {
	for verb, want := range map[Verb]map[string]bool{ // what moves
		Build:  {},
		Test:   {"current": true},
		Boot:   {"system": true, "boot": true},
		Switch: {"current": true, "system": true, "boot": true, "home": true},
	} {
		t.Run(string(verb), func(t *testing.T) {
			w := newWorld(t)
			before := w.now(t)
			g := w.goal(verb)
			g.Yes = verb != Build
			r, err := w.run(t, w.deployer(), g)
			must(t, err)
			now := w.now(t)
			for _, k := range []string{"current", "system", "boot", "home"} {
				if (before[k] != now[k]) != want[k] {
					t.Errorf("%s moved: %t", k, before[k] != now[k])
				}
			}
			if r.System == "" || r.Homes["ada"] == "" {
				t.Errorf("nothing was built: %+v", r)
			}
			if records, _ := w.deployer().Store().Records(); len(records) != map[bool]int{true: 1, false: 0}[verb != Build] {
				t.Errorf("%d records", len(records))
			}
		})
	}
}

func TestPlanWritesNothingAndNamesEveryCommand(t *testing.T) {
	w := newWorld(t)
	before := listAll(t, w.dir)
	d := w.deployer()
	p, err := d.Plan(t.Context(), w.goal(Switch))
	must(t, err)
	if diff := cmp.Diff(before, listAll(t, w.dir)); diff != "" || len(w.ran()) > 0 {
		t.Errorf("a plan wrote or ran something: %q\n%s", w.ran(), diff)
	}
	var b strings.Builder
	must(t, p.WriteText(&b))
	for _, c := range []string{"nixos-rebuild build --flake", "nix build", "# <system>/bin/switch-to-configuration test",
		"<home>/home-path/bin/home-manager switch --flake path:<flake>#ada@atlas -b <suffix>", "--set <system>", "switch-to-configuration boot"} {
		if !strings.Contains(b.String(), c) {
			t.Errorf("no %q in the plan:\n%s", c, b.String())
		}
	}
	var j strings.Builder
	must(t, encode.JSON(&j, p))
	if !strings.Contains(j.String(), `"schema_version": 1`) {
		t.Error(j.String())
	}
	// What the plan lists is what the run does.
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

func listAll(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	must(t, filepath.WalkDir(dir, func(p string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := e.Info()
		if err == nil && p != dir && e.Name() != "ran" { // the world's own list
			out = append(out, fmt.Sprint(p, fi.Mode(), fi.Size(), fi.ModTime()))
		}
		return err
	}))
	return out
}

func TestResume(t *testing.T) {
	w := newWorld(t)
	d := w.deployer()
	goal := func(g Goal) (Goal, error) {
		if g.Verb != Switch || g.Host != "atlas" || g.FlakeDir != w.flake() || g.Yes {
			t.Errorf("asked for %+v", g)
		}
		return w.goal(Switch), nil
	}
	if _, err := resume(t, d, goal); !errors.Is(err, ErrNothingToResume) || fault.CodeOf(err) != fault.Usage {
		t.Errorf("of nothing: %v", err)
	}
	w.fail = map[string]int{"nixos-rebuild": 1}
	if _, err := w.run(t, d, w.goal(Switch)); err == nil {
		t.Fatal("no failure")
	}
	st, err := d.Status(t.Context())
	if err != nil || st.Fix == "" || st.Next != "quick-deploy switch" || !strings.Contains(st.Explanation, `failed in step "build"`) {
		t.Errorf("status: %q, next %q, %v", st.Explanation, st.Next, err)
	}
	w.fail = nil
	r, err := resume(t, d, goal)
	if err != nil || r.Result != journal.Good {
		t.Errorf("%q, %v", r.Result, err)
	}
	if _, err := resume(t, d, goal); !errors.Is(err, ErrNothingToResume) {
		t.Errorf("of a run that is done: %v", err)
	}
}

// What is next fits how the run ended: only what nothing has to be done about first is simply gone on with.
func TestWhatIsNextAfterARun(t *testing.T) {
	for name, k := range map[string]struct {
		verb      Verb
		result    journal.Result
		code      fault.Code
		fix, next string
	}{
		"build":            {Switch, journal.Unchanged, fault.Build, "fix that", "quick-deploy switch"},
		"refused":          {Boot, journal.Unchanged, fault.Preflight, "fix that", "quick-deploy boot"},
		"network":          {Switch, journal.Unchanged, fault.Network, "", "quick-deploy resume"},
		"interrupted":      {Switch, journal.Unchanged, fault.Interrupted, "", "quick-deploy resume"},
		"rolled back":      {Switch, journal.PutBack, fault.Activation, "fix that", "quick-deploy switch"},
		"bad":              {Switch, journal.PutBack, fault.Health, "fix that, or add --retry-bad to try the same system again", "quick-deploy switch"},
		"left":             {Switch, journal.Broken, fault.Activation, "", "quick-deploy resume"},
		"stuck":            {Switch, journal.Broken, fault.RollbackFailed, "", "quick-deploy help recovery"},
		"declined":         {Test, journal.Declined, fault.Pending, "", "quick-deploy test"},
		"a rollback fails": {Rollback, journal.Unchanged, fault.Preflight, "fix that", "quick-deploy resume"},
	} {
		st := Status{State: &journal.State{Status: journal.Failed, Record: journal.Record{
			ID: 3, Verb: string(k.verb), Host: "atlas", Result: k.result, Code: int(k.code), Error: "x failed",
			Failure: &journal.Failure{Told: []string{"why: y"}},
		}}}
		st.explain()
		if st.Fix != k.fix || st.Next != k.next || !strings.Contains(st.Explanation, "run 3 (") {
			t.Errorf("%s: %q: fix %q, next %q", name, st.Explanation, st.Fix, st.Next)
		}
		if told := len(st.Told) > 0; told == (k.result == journal.Declined) {
			t.Errorf("%s: told %q", name, st.Told)
		}
	}
}

// A rollback leaves what it undid in the records: it is the one that the profile may still ask for.
func TestWhatWasUndone(t *testing.T) {
	record := func(id int, verb Verb, result journal.Result, system string) journal.Record {
		return journal.Record{ID: id, Verb: string(verb), Result: result, System: system}
	}
	for name, k := range map[string]struct {
		records       []journal.Record // the newest first
		built, undone int
	}{
		"nothing":  {nil, 0, 0},
		"a switch": {[]journal.Record{record(1, Switch, journal.Good, "a")}, 1, 0},
		"rolled back": {[]journal.Record{
			record(4, Switch, journal.Unchanged, ""), record(3, Rollback, journal.Good, "a"), record(2, Switch, journal.Good, "b"),
			record(1, Switch, journal.Good, "a"),
		}, 1, 2},
		"two rolled back": {[]journal.Record{
			record(4, Rollback, journal.Good, "a"), record(3, Switch, journal.Good, "c"), record(2, Switch, journal.Good, "b"),
			record(1, Switch, journal.Good, "a"),
		}, 1, 3},
		"to what was not from here": {[]journal.Record{record(2, Rollback, journal.Good, "a"), record(1, Switch, journal.Good, "b")}, 0, 1},
		"switched again": {[]journal.Record{
			record(3, Switch, journal.Good, "a"), record(2, Rollback, journal.Good, "x"), record(1, Switch, journal.Good, "a"),
		}, 3, 0},
	} {
		built, undone := standing(k.records, "a")
		id := func(r *journal.Record) int {
			if r == nil {
				return 0
			}
			return r.ID
		}
		if id(built) != k.built || id(undone) != k.undone {
			t.Errorf("%s: built by run %d, undone run %d", name, id(built), id(undone))
		}
	}
}

func TestStatusSeesDrift(t *testing.T) {
	w := newWorld(t)
	d := w.deployer()
	if st, err := d.Status(t.Context()); err != nil || st.Next != "quick-deploy switch" {
		t.Errorf("of a fresh machine: %q, %v", st.Explanation, err)
	}
	if _, err := w.run(t, d, w.goal(Switch)); err != nil {
		t.Fatal(err)
	}
	must(t, w.setLink(w.path("run/current-system"), w.stored("first-nixos-system")))
	st, err := d.Status(t.Context())
	if err != nil || len(st.Drift) != 1 || !strings.Contains(st.Drift[0], "the running system is") {
		t.Errorf("drift %q, %v", st.Drift, err)
	}
}

func TestRollbackOfFilesKeepsTheUsers(t *testing.T) {
	w := newWorld(t)
	d := w.deployer()
	file := func(name, text string) { must(t, os.WriteFile(filepath.Join(w.flake(), name), []byte(text), 0o644)) }
	file("local.nix", "old mine")
	if _, err := w.run(t, d, w.goal(Switch)); err != nil {
		t.Fatal(err)
	}
	w.writeFlake(t, "two")
	g := w.goal(Switch)
	g.Tree = &fakeTree{
		dir: w.flake(), files: map[string]string{"flake.nix": "generated two", "flake.lock": "new lock", "added.nix": "x"},
	}
	if _, err := w.run(t, d, g); err != nil {
		t.Fatal(err)
	}
	file("local.nix", "new mine")
	file("notes.md", "my notes")
	before := len(w.ran())
	p := planBack(t, d, 0, func(g *Goal) {
		g.SkipSystem, g.SkipHome = true, true
		g.Owned = func(string) ([]string, error) { return []string{"flake.nix", "added.nix"}, nil }
	})
	wantFiles := []Change{{"added.nix", Delete}, {"flake.lock", Update}, {"flake.nix", Update}, {"local.nix", Keep}}
	if diff := cmp.Diff(wantFiles, p.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	system := w.now(t)["system"]
	if _, err := d.Run(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(w.ran()[before:], func(c string) bool { return strings.HasPrefix(c, "# ") }) {
		t.Errorf("files alone need no root: %q", w.ran()[before:])
	}
	now := w.now(t)
	for name, want := range map[string]string{"flake.nix": "two", "flake.lock": "lock of two", "local.nix": "new mine",
		"notes.md": "my notes", "added.nix": ""} {
		if now["file "+name] != want {
			t.Errorf("%s is %q, want %q", name, now["file "+name], want)
		}
	}
	if now["system"] != system {
		t.Errorf("--files moved the system to %s", now["system"])
	}
}

func TestResetState(t *testing.T) {
	w := newWorld(t)
	d := w.deployer()
	if to, err := d.ResetState(t.Context()); to != "" || err != nil || exists(d.cfg.StateDir) {
		t.Errorf("of nothing: %q, %v", to, err)
	}
	if _, err := w.run(t, d, w.goal(Switch)); err != nil {
		t.Fatal(err)
	}
	to, err := d.ResetState(t.Context())
	if err != nil || !exists(to) {
		t.Errorf("%q, %v", to, err)
	}
	if records, _ := d.Store().Records(); len(records) != 1 {
		t.Errorf("%d records", len(records))
	}
}

// primed is a world whose sudo asks first.
type primed struct {
	*world
	err   error
	times int
}

func (p *primed) Prime(context.Context) error { p.times++; return p.err }

func TestARefusedPasswordTouchesNothing(t *testing.T) {
	w := newWorld(t)
	before := w.now(t)
	p := &primed{world: w, err: fault.New(fault.Preflight, "sudo refused")}
	d := w.deployer(func(c *Config) { c.Runner = p })
	r, err := w.run(t, d, w.goal(Switch))
	if fault.CodeOf(err) != fault.Preflight || r.Result != journal.Unchanged || p.times != 1 {
		t.Errorf("%q after %d questions, %v", r.Result, p.times, err)
	}
	if diff := cmp.Diff(before, w.now(t)); diff != "" {
		t.Errorf("something was touched (-want +got):\n%s", diff)
	}
	p.err = nil
	if _, err := w.run(t, d, w.goal(Switch)); err != nil {
		t.Fatal(err)
	}
	p.err = fault.New(fault.Preflight, "sudo refused")
	after := w.now(t)
	if _, err := d.Run(t.Context(), planBack(t, d, 0)); fault.CodeOf(err) != fault.Preflight {
		t.Errorf("rollback: %v", err)
	}
	if diff := cmp.Diff(after, w.now(t)); diff != "" {
		t.Errorf("the rollback touched something (-want +got):\n%s", diff)
	}
}
