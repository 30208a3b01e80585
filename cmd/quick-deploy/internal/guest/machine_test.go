package guest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/guest/guesttest"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// log keeps what a machine says, to be shown where a test fails.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// processes lists the processes whose command line holds a word.
func processes(t *testing.T, word string) []string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(name string) bool {
		text, err := os.ReadFile(name)
		return err != nil || !strings.Contains(string(text), word)
	})
}

// A real machine: QEMU with an emulated processor, a kernel, systemd and the guest agent, started by a script with the
// interface of NixOS's. Everything is asked of one, since its boot takes half a minute.
func TestMachine(t *testing.T) {
	script := guesttest.RunScript(t, "systemd.wants=redis.service")
	dir := filepath.Join(t.TempDir(), "with a space and a name that is longer than a socket's may be "+strings.Repeat("x", 60))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	ports, err := FreePorts([]Port{{Name: "grafana", Guest: 21000, Host: 3000}})
	if err != nil {
		t.Fatal(err)
	}
	disk, said := filepath.Join(t.TempDir(), "disk.qcow2"), &log{}
	m, err := Start(t.Context(), &run.Exec{Environ: os.Environ()}, Options{
		Script: script, Dir: dir, Disk: disk, Ports: ports, Out: said, Slow: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	t.Cleanup(func() {
		if !stopped {
			m.Stop(t.Context())
		}
		if t.Failed() {
			t.Log(said)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	start := time.Now()
	if err := m.Ready(ctx); err != nil {
		t.Fatal(err)
	}
	t.Logf("it was up after %s", time.Since(start).Round(time.Second))

	t.Run("commands", func(t *testing.T) { testCommands(t, m.Runner()) })
	t.Run("port", func(t *testing.T) {
		resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/api/health", ports[0].Host))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if text, err := io.ReadAll(resp.Body); err != nil || string(text) != "{\"database\": \"ok\"}\n" {
			t.Errorf("%q, %v", text, err)
		}
	})
	t.Run("health", func(t *testing.T) {
		checker := m.Checker()
		checker.Timeout = 2 * time.Second // enough for a machine that is up: the rest of it stays as it is
		report := checker.Run(ctx, Checks([]health.Check{
			{Name: "other units", Kind: health.Rest},
			{Name: "grafana", Kind: health.Unit, Target: "grafana", Required: true},
			{Name: "grafana: page", Kind: health.HTTP, Target: "http://127.0.0.1:3000/api/health", Required: true},
			{Name: "grafana: wrong page", Kind: health.HTTP, Target: "http://127.0.0.1:3000/api/none"},
			{Name: "grafana: port", Kind: health.Port, Target: "127.0.0.1:3000", Required: true},
			{Name: "nobody's port", Kind: health.Port, Target: "127.0.0.1:3001"},
			{Name: "redis", Kind: health.Unit, Target: "redis.service", Required: true},
			{Name: "gpu: nvidia", Kind: health.GPU, Target: "nvidia"},
			{Name: "mount: /data", Kind: health.Mount, Target: "/data"},
			{Name: "home of ada", Kind: health.Home, User: "ada"},
		}, false))
		got := map[string]health.Outcome{}
		for _, f := range report.Findings {
			got[f.Name] = f.Outcome
			t.Logf("%-8s %s: %s", f.Outcome, f.Name, f.Evidence)
		}
		want := map[string]health.Outcome{
			"other units": health.Passed, "grafana: grafana.service": health.Passed, "grafana: page": health.Passed,
			"grafana: wrong page": health.Warning, "grafana: port": health.Passed, "nobody's port": health.Warning,
			"redis": health.Failed, "home of ada": health.Warning,
		}
		for name, outcome := range want {
			if got[name] != outcome {
				t.Errorf("%s: %q, want %q", name, got[name], outcome)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d findings, want %d", len(got), len(want))
		}
	})

	// What a boot that is not over waits for is said.
	if _, err := m.Runner().Run(ctx, run.Command{Name: "systemd-run", Args: []string{
		"--quiet", "--no-block", "--unit=slow", "--property=ExecStartPre=/bin/sleep 100", "/bin/true",
	}}); err != nil {
		t.Fatal(err)
	}
	if err := m.starting(ctx); err == nil || err.Error() != "it is still starting slow.service" {
		t.Errorf("%v", err)
	}

	// A disk that is kept has all that was written, and nothing else is left.
	if _, err := m.Runner().Run(ctx, run.Command{Name: "sh", Args: []string{"-c", "echo kept > /root/mark"}}); err != nil {
		t.Fatal(err)
	}
	stopped = true
	start = time.Now()
	if err := m.Stop(ctx); err != nil {
		t.Error(err)
	}
	t.Logf("it was down after %s", time.Since(start).Round(time.Second))
	if err := m.Wait(ctx); err != nil {
		t.Errorf("it has ended with %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if left := processes(t, filepath.Dir(disk)); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	raw := filepath.Join(t.TempDir(), "raw")
	out, err := exec.Command("sh", "-c", `qemu-img convert -O raw "$1" "$2" && debugfs -R 'cat /root/mark' "$2"`, "sh", disk, raw).Output()
	if err != nil || string(out) != "kept\n" {
		t.Errorf("the disk has %q, %v", out, err)
	}
}

func testCommands(t *testing.T, r run.Runner) {
	shell := func(script string) run.Command { return run.Command{Name: "sh", Args: []string{"-c", script, "sh"}} }
	with := func(c run.Command, change func(*run.Command)) run.Command {
		change(&c)
		return c
	}
	for _, tt := range []struct {
		name    string
		command run.Command
		stdout  string
		code    int
		fail    string
	}{
		{"words", run.Command{Name: "printf", Args: []string{"%s|", "a b", "$HOME", "'", "--", ""}}, "a b|$HOME|'|--||", 0, ""},
		{"root", run.Command{Name: "id", Args: []string{"-u"}, Elevate: true}, "0\n", 0, ""},
		{"exit code", shell("echo out; echo err >&2; exit 4"), "out\n", 4, "exit code 4"},
		{"signal", shell("kill -KILL $$"), "", -1, "killed by SIGKILL"},
		{"missing", run.Command{Name: "no-such-program"}, "", 127, "exit code 127"},
		{"environment", with(shell(`echo "$A"`), func(c *run.Command) { c.Env = []string{"A=b c;d"} }), "b c;d\n", 0, ""},
		{"folder", with(shell("pwd"), func(c *run.Command) { c.Dir = "/srv" }), "/srv\n", 0, ""},
		{"no folder", with(shell("pwd"), func(c *run.Command) { c.Dir = "/none" }), "", 2, "exit code 2"},
		{"input", with(shell("tr a-z A-Z"), func(c *run.Command) { c.Input = []byte("typed\x00\xff") }), "TYPED\x00\xff", 0, ""},
		{"no input", shell("cat"), "", 0, ""},
		{"limit", with(shell("echo on; sleep 1000"), func(c *run.Command) { c.Timeout = time.Second }), "", -1, "no end after 1s"},
		{"terminal", run.Command{Name: "true", Terminal: true}, "", -1, "no terminal"},
		{"here", run.Command{Name: "test", Args: []string{"-d", "/srv/grafana"}, Here: true}, "", 1, "exit code 1"},
	} {
		res, err := r.Run(t.Context(), tt.command)
		if res.Stdout != tt.stdout || res.Code != tt.code {
			t.Errorf("%s: %q, %d; want %q, %d", tt.name, res.Stdout, res.Code, tt.stdout, tt.code)
		}
		if (err != nil) != (tt.fail != "") || err != nil && !strings.Contains(err.Error(), tt.fail) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.fail)
		}
	}

	big, err := r.Run(t.Context(), shell("head -c 2000000 /dev/zero | tr '\\0' a; echo end"))
	if err != nil || len(big.Stdout) != run.MaxCapture || !strings.HasSuffix(big.Stdout, "end\n") {
		t.Errorf("%d bytes are kept, %v", len(big.Stdout), err)
	}
	var lines []string
	if _, err := r.Run(t.Context(), with(shell("echo one; echo two; printf three"), func(c *run.Command) {
		c.OnLine = func(_ run.Stream, line string) { lines = append(lines, line) }
	})); err != nil || !slices.Equal(lines, []string{"one", "two", "three"}) {
		t.Errorf("%q, %v", lines, err)
	}

	// Side by side, each gets its own answer.
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			res, err := r.Run(t.Context(), run.Command{Name: "sh", Args: []string{"-c", "sleep 0.1; echo $1", "sh", fmt.Sprint(i)}})
			if err != nil || res.Stdout != fmt.Sprintln(i) {
				t.Errorf("%d: %q, %v", i, res.Stdout, err)
			}
		})
	}
	wg.Wait()

	// What is cancelled ends in the machine, too.
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Second, cancel)
	if _, err := r.Run(ctx, run.Command{Name: "sleep", Args: []string{"4711"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	gone := func() bool {
		res, err := r.Run(t.Context(), shell("cat /proc/[0-9]*/cmdline | tr '\\0' ' '"))
		return err == nil && !strings.Contains(res.Stdout, "sleep 4711")
	}
	for end := time.Now().Add(20 * time.Second); !gone(); time.Sleep(time.Second) {
		if time.Now().After(end) {
			t.Fatal("a cancelled command runs on")
		}
	}
}
