package tree

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// killed is what a test panics with in place of a kill: no clean-up of the
// program's own runs that a real kill would not allow, only deferred unlocks.
type killed struct{}

// applyKilledAt applies files and stops dead at the nth hook. It reports
// whether the run came to its end before that.
func applyKilledAt(t *testing.T, dir string, files []File, n int) (finished bool) {
	t.Helper()
	i := 0
	tr, err := Open(dir, atomic.Writer{Hook: func(atomic.Stage, string) error {
		if i++; i == n {
			panic(killed{})
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
			finished = false
		}
	}()
	c, err := tr.Plan(files, meta)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Apply(t.Context(), c, Options{}); err != nil {
		t.Fatal(err)
	}
	return true
}

// A run is killed at every point of every write and removal. Whatever the next
// run wants, it gets there, takes no half-written file for a hand edit, and
// leaves nothing behind.
func TestKilledAnywhere(t *testing.T) {
	first := append(set("flake.nix", "1", "hosts/a/x", "1", "hosts/b/x", "1", "hosts/b/deep/y", "1"),
		File{Path: "hosts/b/local.nix", Data: []byte("{ }"), Once: true})
	second := append(set("flake.nix", "2", "hosts/a/x", "2", "hosts/c/x", "2"),
		File{Path: "hosts/c/local.nix", Data: []byte("{ }"), Once: true})
	for name, third := range map[string][]File{
		"the same again": second,
		"back":           first,
		"something else": append(set("flake.nix", "3", "hosts/c/x", "3"), File{Path: "hosts/c/local.nix", Data: []byte("{ new }"), Once: true}),
		"nothing":        nil,
	} {
		t.Run(name, func(t *testing.T) {
			for n := 1; ; n++ {
				dir := t.TempDir()
				apply(t, open(t, dir), first, Options{})
				finished := applyKilledAt(t, dir, second, n)
				recovers(t, dir, third, fmt.Sprintf("killed at %d", n))
				if finished {
					if n < 25 {
						t.Errorf("only %d points to be killed at", n)
					}
					return
				}
			}
		})
	}
}

// Two runs in a row are killed, with different wishes.
func TestKilledTwice(t *testing.T) {
	first := set("a", "1", "c", "1")
	second := set("a", "2", "d", "2")
	third := set("a", "3", "e", "3")
	for n := 1; ; n++ {
		done := false
		for m := 1; ; m++ {
			dir := t.TempDir()
			apply(t, open(t, dir), first, Options{})
			done = applyKilledAt(t, dir, second, n)
			finished := applyKilledAt(t, dir, third, m)
			recovers(t, dir, set("a", "4", "e", "4"), fmt.Sprintf("killed at %d, then at %d", n, m))
			if finished {
				break
			}
		}
		if done {
			return
		}
	}
}

// The first run ever is killed: what it wrote is not taken for the user's.
func TestFirstRunKilled(t *testing.T) {
	for n := 1; ; n++ {
		dir := filepath.Join(t.TempDir(), "nixos")
		finished := applyKilledAt(t, dir, set("a", "1", "hosts/b/x", "1"), n)
		recovers(t, dir, set("a", "2", "hosts/c/x", "2"), fmt.Sprintf("killed at %d", n))
		if finished {
			return
		}
	}
}

func recovers(t *testing.T, dir string, files []File, when string) {
	t.Helper()
	tr := open(t, dir)
	c := plan(t, tr, files)
	if n := c.Count(Conflict, Foreign, Released); n > 0 || c.Aside {
		t.Fatalf("%s: a half-applied run is taken for hand edits: %v, aside %v", when, actions(c), c.Aside)
	}
	apply(t, tr, files, Options{Backup: noBackup(t)})
	want := map[string]string{}
	for _, f := range files {
		want[f.Path] = string(f.Data)
	}
	for p, data := range contents(t, dir) {
		switch {
		case p == ".quick-deploy/", p == "./":
		case strings.HasSuffix(p, "local.nix"): // once there, it keeps its content
		case want[p] != data:
			t.Fatalf("%s: %s holds %q, want %q", when, p, data, want[p])
		}
		delete(want, p)
	}
	if len(want) > 0 {
		t.Fatalf("%s: missing %v", when, sortedKeys(want))
	}
	if c := plan(t, open(t, dir), files); c.Pending() || c.Interrupted() {
		t.Fatalf("%s: after the recovery: %s", when, c.Summary())
	}
	raw, err := os.ReadFile(filepath.Join(dir, ManifestPath))
	if err != nil || strings.Contains(string(raw), "pending") {
		t.Fatalf("%s: manifest %s %v", when, raw, err)
	}
}

// A write fails (the disk is full): the run says so and the next one goes on.
func TestWriteFailsAnywhere(t *testing.T) {
	first, second := set("a", "1", "hosts/b/x", "1"), set("a", "2", "hosts/c/x", "2")
	for n := 1; ; n++ {
		dir := t.TempDir()
		apply(t, open(t, dir), first, Options{})
		i := 0
		tr, err := Open(dir, atomic.Writer{Hook: func(s atomic.Stage, p string) error {
			if i++; i == n {
				return &os.PathError{Op: "write", Path: p, Err: os.ErrPermission}
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = tr.Apply(t.Context(), plan(t, tr, second), Options{})
		failed := i >= n
		if failed != (err != nil) {
			t.Fatalf("failed at %d: got %v", n, err)
		}
		for p := range contents(t, dir) {
			if strings.Contains(p, "quick-deploy-new") {
				t.Errorf("failed at %d: left %s", n, p)
			}
		}
		recovers(t, dir, second, fmt.Sprintf("failed at %d", n))
		if !failed {
			return
		}
	}
}

// The same with a process of its own and a real SIGKILL.
func TestKilledForReal(t *testing.T) {
	first := set("flake.nix", "1", "hosts/a/x", "1", "hosts/b/x", "1")
	second := set("flake.nix", "2", "hosts/a/x", "2", "hosts/c/x", "2")
	const at, in = "TREE_TEST_KILL_AT", "TREE_TEST_DIR"
	if dir := os.Getenv(in); dir != "" {
		n, err := strconv.Atoi(os.Getenv(at))
		if err != nil {
			t.Fatal(err)
		}
		i := 0
		tr, err := Open(dir, atomic.Writer{Hook: func(atomic.Stage, string) error {
			if i++; i == n {
				return syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		apply(t, tr, second, Options{})
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n++ {
		dir := t.TempDir()
		apply(t, open(t, dir), first, Options{})
		cmd := exec.CommandContext(t.Context(), self, "-test.run", "^TestKilledForReal$")
		cmd.Env = append(os.Environ(), at+"="+strconv.Itoa(n), in+"="+dir)
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != -1) {
			t.Fatalf("%v\n%s", err, out)
		}
		recovers(t, dir, set("flake.nix", "3", "hosts/c/x", "3"), fmt.Sprintf("killed at %d", n))
		if err == nil {
			if n < 18 {
				t.Errorf("only %d points to be killed at", n)
			}
			return
		}
	}
}
