package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe/probetest"
)

const (
	enter    = "\r"
	down     = "\x1b[B"
	pageDown = "\x1b[6~"
	escape   = "\x1b"
	ctrlC    = "\x03"
)

// files are the names of what lies in dir.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func readText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Three machines, a wide and a narrow terminal, and plain lines in three ways:
// the same answers, the same profile.
func TestInitOnATerminal(t *testing.T) {
	for _, m := range []struct{ machine, preset, found string }{
		{"laptop-thinkpad-p14s-gen2-amd", "workstation", "Graphics: Radeon"},
		{"arm-server-altra", "server", "Disks: "},
		{"vm-kvm-virtio", "minimal", "Disks: vda"},
	} {
		if testing.Short() && m.preset != "workstation" {
			continue
		}
		root := machineOf(t, m.machine)
		var want string
		for _, mode := range []struct {
			name       string
			cols, rows int
			plain      bool
			env        []string
		}{
			{"wide", 140, 45, false, nil},
			{"narrow", 60, 24, false, nil},
			{"no colour", 80, 24, true, []string{"NO_COLOR=1"}},
			{"dumb", 80, 24, true, []string{"TERM=dumb"}},
			{"screen reader", 80, 24, true, []string{"ACCESSIBLE=1"}},
		} {
			t.Run(m.machine+"/"+mode.name, func(t *testing.T) {
				dir := t.TempDir()
				x := start(t, dir, root, mode.cols, mode.rows, mode.env, "--host", "atlas", "init")
				x.see("Is this right?")
				if out := x.text(); !strings.Contains(out, m.found) || !strings.Contains(out, "Europe/Berlin") {
					t.Errorf("what was found is not shown:\n%s", out)
				}
				next := func(keys, see string) {
					t.Helper()
					x.typed(keys)
					x.see(see)
				}
				next(enter, "What is this machine for?")
				if !mode.plain && !strings.Contains(x.text(), "preset:"+m.preset) {
					t.Error("the preset that fits the machine is not proposed")
				}
				if m.preset == "workstation" {
					next(enter, "Which desktop?")
				}
				if mode.plain {
					next(enter, "Services, by name")
					next("grafana postgres"+enter, "postgresql")
					next("grafana"+enter, "e-mail")
				} else {
					next(enter, "Which services?")
					next("/", "set filter")
					next("grafana", "> [ ] grafana")
					next(enter, "show all")
					next("x", "grafana: {}")
					next(enter, "e-mail")
				}
				next("ada at example.org"+enter, "email cannot be")
				if !mode.plain {
					x.typed(strings.Repeat("\x7f", 20))
				}
				if m.preset != "workstation" { // which has no ssh server
					next("ada@example.org"+enter, "ssh key")
					next(enter, "Write quick-deploy.yaml?")
				} else {
					next("ada@example.org"+enter, "Write quick-deploy.yaml?")
				}
				if mode.plain && !strings.Contains(x.text(), `networking.hostName = "atlas"`) {
					t.Error("the Nix is not shown before the last question")
				}
				next(enter, "quick-deploy.yaml: written")
				if code := x.end(); code != 0 {
					t.Fatalf("exit code %d\n%s", code, x.text())
				}
				got := readText(t, filepath.Join(dir, "quick-deploy.yaml"))
				if want == "" {
					want = got
					for _, line := range []string{"preset:" + m.preset, "grafana: {}", "ada@example.org", "locale: de_DE.UTF-8"} {
						if !strings.Contains(got, line) {
							t.Errorf("%q is missing in\n%s", line, got)
						}
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
				drawn(t, x, mode.cols, mode.plain)
			})
		}
	}
}

// drawn checks what was on the terminal: plain lines without any control
// sequence, or frames that fit.
func drawn(t *testing.T, x *terminal, cols int, plain bool) {
	t.Helper()
	if plain {
		if i := strings.Index(x.output(), "\x1b"); i >= 0 {
			t.Errorf("a control sequence in plain mode: %q", x.output()[max(0, i-40):min(len(x.output()), i+20)])
		}
		return
	}
	beside, below := false, false
	form, _, _ := strings.Cut(strings.Join(x.screens, "\n"), ": written")
	for line := range strings.SplitSeq(form, "\n") {
		question, preview := strings.Contains(line, "What is this machine for?"), strings.Contains(line, "── quick-deploy.yaml ─")
		beside = beside || question && preview
		below = below || preview && strings.HasPrefix(line, "──")
	}
	if beside != (cols >= 100) || below == beside {
		t.Errorf("the preview stands beside: %v, below: %v", beside, below)
	}
}

// Whatever is left half-way leaves nothing behind.
func TestInitIsLeft(t *testing.T) {
	root := machineOf(t, "vm-kvm-virtio")
	for _, c := range []struct {
		name string
		env  []string
		end  func(x *terminal)
	}{
		{"escape", nil, func(x *terminal) { x.typed(escape) }},
		{"ctrl-c", nil, func(x *terminal) { x.typed(ctrlC) }},
		{"escape later", nil, func(x *terminal) {
			x.typed(enter)
			x.see("What is this machine for?")
			x.typed(escape)
		}},
		{"discarded", nil, func(x *terminal) {
			for _, see := range []string{"What is this machine for?", "Which services?", "e-mail", "ssh key", "Write quick-deploy.yaml?"} {
				x.typed(enter)
				x.see(see)
			}
			x.typed(down + enter)
		}},
		{"terminated", nil, func(x *terminal) {
			if err := x.cmd.Process.Signal(syscall.SIGTERM); err != nil {
				x.t.Error(err)
			}
		}},
		{"plain ctrl-c", []string{"TERM=dumb"}, func(x *terminal) { x.typed(ctrlC) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			x := start(t, dir, root, 80, 24, c.env, "init", "--save-answers", "answers.yaml")
			x.see("Is this right?")
			c.end(x)
			if code := x.end(); code != 130 {
				t.Errorf("exit code %d\n%s", code, x.text())
			}
			// The home has the log of the command, and nothing else is left.
			if diff := cmp.Diff([]string{"home"}, files(t, dir)); diff != "" {
				t.Error(diff)
			}
			// The cursor that the form hides comes back.
			hide, show := strings.LastIndex(x.output(), "\x1b[?25l"), strings.LastIndex(x.output(), "\x1b[?25h")
			if hide > show {
				t.Error("the cursor stays hidden")
			}
			if !strings.Contains(x.text(), "nothing was written") {
				t.Errorf("it does not say that nothing was written:\n%s", x.text())
			}
		})
	}
}

// Escape ends a search before it ends the session.
func TestEscapeEndsTheSearch(t *testing.T) {
	dir := t.TempDir()
	x := start(t, dir, machineOf(t, "vm-kvm-virtio"), 80, 24, nil, "init", "--preset", "minimal", "--desktop", "none")
	x.see("Is this right?")
	x.typed(enter)
	x.see("Which services?")
	x.typed("/")
	x.see("set filter")
	x.typed("red")
	x.see("> [ ] redis")
	x.typed(escape)
	x.see("show all")
	x.typed("\x7f")
	x.see("alloy")
	x.typed(escape)
	if code := x.end(); code != 130 {
		t.Errorf("exit code %d", code)
	}
}

// The answers of a session, saved, give its profile on another machine.
func TestSavedSession(t *testing.T) {
	dir := t.TempDir()
	x := start(t, dir, machineOf(t, "laptop-thinkpad-p14s-gen2-amd"), 120, 40, nil, "init", "--save-answers", "answers.yaml")
	x.see("Is this right?")
	for _, see := range []string{"What is this machine for?", "Which desktop?"} {
		x.typed(enter)
		x.see(see)
	}
	x.typed(down + down)
	x.see("desktop: gnome")
	for _, see := range []string{"Which services?", "e-mail", "Write", "written"} {
		x.typed(enter)
		x.see(see)
	}
	if code := x.end(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	first := readText(t, filepath.Join(dir, "quick-deploy.yaml"))
	y := start(t, dir, machineOf(t, "server-md-lvm-bios"), 80, 24, nil, "--profile", "again.yaml", "init", "--answers", "answers.yaml")
	if code := y.end(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, y.output())
	}
	if diff := cmp.Diff(first, readText(t, filepath.Join(dir, "again.yaml"))); diff != "" {
		t.Error(diff)
	}
}

// No command asks the terminal for its colours: there would be a question on it, and some seconds' wait for a reply.
func TestStartAsksNothing(t *testing.T) {
	x := start(t, t.TempDir(), t.TempDir(), 80, 24, nil, "--version")
	if code := x.end(); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	if strings.Contains(x.output(), "\x1b") {
		t.Errorf("%q", x.output())
	}
}

// A new user: one command, and at most 8 answers, all of them enter but for the yes to what changes the machine.
// In the end a generation of the system runs.
func TestFromNothingToAGeneration(t *testing.T) {
	c := newComputer(t)
	probetest.Write(t, c.Root, "vm-kvm-virtio")
	c.put(filepath.Join(c.Root, "etc/timezone"), "Europe/Berlin\n")
	c.put(filepath.Join(c.Root, "proc/meminfo"), "MemTotal: 28000000 kB\nMemAvailable: 16000000 kB\n")
	c.put(filepath.Join(c.Root, "etc/passwd"), "ada:x:1000:100:Ada Lovelace:/home/ada:/run/current-system/sw/bin/bash\n")
	// There is no systemd here to look at.
	env := append(c.env.Environ(), c.Vars()...)
	env = append(env, "TERM=xterm-256color", "USER=ada", "QUICK_DEPLOY_ALLOW_ROOT=true", "QUICK_DEPLOY_ELEVATE=none", "QUICK_DEPLOY_SKIP=network", "QUICK_DEPLOY_SKIP_HEALTH_CHECK=true")
	x := start(t, c.work, c.Root, 120, 40, env, "init")
	answers, keys := 0, 0
	for _, q := range []struct{ see, typed string }{
		{"Is this right?", enter}, {"What is this machine for?", enter}, {"Which services?", enter}, {"e-mail", enter},
		{"ssh key", enter}, {"Write quick-deploy.yaml?", enter}, {"[y/N]", "y" + enter},
	} {
		x.see(q.see)
		x.typed(q.typed)
		answers, keys = answers+1, keys+len(q.typed)
	}
	if code := x.end(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, x.text())
	}
	if n, path := c.Generation(t); n != 1 || c.Running() != path || c.Default() != path {
		t.Errorf("generation %d, %s runs", n, c.Running())
	}
	if answers > 8 {
		t.Errorf("%d answers", answers)
	}
	t.Logf("1 command, %d answers, %d keys", answers, keys)
}

// A terminal that changes its size is drawn anew, and nothing of before stays.
func TestInitOnAnotherSize(t *testing.T) {
	x := start(t, t.TempDir(), newcomer(t), 70, 20, nil, "init")
	x.see("Is this right?")
	x.typed(enter)
	x.see("What is this machine for?")
	x.resize(120, 40)
	x.see("What is this machine for?                                 ── quick-deploy.yaml")
	screen := x.settled()
	if n := strings.Count(screen, "── quick-deploy.yaml"); n != 1 || strings.Count(screen, "What is this") != 1 {
		t.Errorf("something is there more than once:\n%s", screen)
	}
	x.typed(escape)
	if code := x.end(); code != 130 {
		t.Errorf("exit code %d", code)
	}
}

// The name alone, where there is no profile yet, is init; with one it is switch.
func TestBareNameStartsInit(t *testing.T) {
	dir := t.TempDir()
	x := start(t, dir, machineOf(t, "vm-kvm-virtio"), 80, 24, nil)
	x.see("no profile found: looked for " + filepath.Join(dir, "quick-deploy.yaml"))
	x.see("Is this right?")
	x.typed(escape)
	if code := x.end(); code != 130 {
		t.Errorf("exit code %d\n%s", code, x.text())
	}
	if diff := cmp.Diff([]string{"home"}, files(t, dir)); diff != "" {
		t.Error(diff)
	}
	if err := os.WriteFile(filepath.Join(dir, "quick-deploy.yaml"), []byte("version: 1\nhost: {name: atlas}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	y := start(t, dir, machineOf(t, "vm-kvm-virtio"), 80, 24, nil)
	if code := y.end(); code != 3 || strings.Contains(y.text(), "Is this right?") {
		t.Errorf("exit code %d\n%s", code, y.text())
	}
}
