package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe/probetest"
)

// terminal is a program that runs on a terminal, and somebody who looks at it and types.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	pty  *os.File
	done chan struct{}
	// drew holds a token when the terminal shows more than it did.
	drew chan struct{}
	vt   *vt.Emulator

	mu  sync.Mutex
	raw []byte
	// screens is what was to be seen, one after the other: a form draws only what changes.
	screens []string
	// seen is where looking goes on: what was there before is old, and so is what old shows.
	seen int
	old  string
}

// ample is how long a program may take for what it is waited for: far more than a busy machine needs, a build
// included, so that only what never comes fails.
const ample = 2 * time.Minute

// machineOf makes the root directory of a described machine on which ada works.
func machineOf(t *testing.T, name string) string {
	t.Helper()
	root := t.TempDir()
	probetest.Write(t, root, name)
	for file, text := range map[string]string{
		"etc/hostname":    "atlas\n",
		"etc/passwd":      "root:x:0:0::/root:/bin/sh\nada:x:1000:100:Ada Lovelace:/home/ada:/bin/zsh\n",
		"etc/group":       "wheel:x:1:ada\n",
		"etc/timezone":    "Europe/Berlin\n",
		"etc/locale.conf": "LANG=de_DE.UTF-8\n",
	} {
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// start runs the program in dir on a terminal of that size. Nothing answers what it asks the terminal.
func start(t *testing.T, dir, root string, cols, rows int, env []string, args ...string) *terminal {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "quick-deploy", args...)
	cmd.Dir = dir
	drop := []string{"CI", "NO_COLOR", "TERM", "ACCESSIBLE", "USER", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "HOME"}
	cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains(drop, name) || strings.HasPrefix(name, "QUICK_DEPLOY_")
	})
	cmd.Env = append(cmd.Env, "TERM=xterm-256color", "USER=ada", "HOME="+filepath.Join(dir, "home"), "QUICK_DEPLOY_ROOT="+root,
		"QUICK_DEPLOY_LOCK=built-in")
	cmd.Env = append(cmd.Env, env...)
	return begin(t, cmd, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)})
}

// begin starts cmd on a terminal.
func begin(t *testing.T, cmd *exec.Cmd, size *pty.Winsize) *terminal {
	t.Helper()
	f, err := pty.StartWithSize(cmd, size)
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, cmd: cmd, pty: f, done: make(chan struct{}), drew: make(chan struct{}, 1)}
	screen := vt.NewEmulator(int(size.Cols), int(size.Rows))
	term.vt = screen
	// What the screen would answer is read and thrown away.
	go func() { _, _ = io.Copy(io.Discard, screen) }()
	go func() {
		defer close(term.done)
		defer screen.Close()
		buf := make([]byte, 1<<16)
		for {
			n, err := f.Read(buf)
			term.mu.Lock()
			if _, err := screen.Write(buf[:n]); err != nil {
				t.Error(err)
			}
			term.raw = append(term.raw, buf[:n]...)
			if now := screen.String(); len(term.screens) == 0 || now != term.screens[len(term.screens)-1] {
				term.screens = append(term.screens, now)
			}
			term.mu.Unlock()
			select {
			case term.drew <- struct{}{}:
			default:
			}
			// On Linux the other side's end is an I/O error.
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { f.Close() })
	return term
}

// output is what the program wrote, as it wrote it.
func (x *terminal) output() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return string(x.raw)
}

// screen is what is to be seen now.
func (x *terminal) screen() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.screens) == 0 {
		return ""
	}
	return x.screens[len(x.screens)-1]
}

// text is all that could be read so far.
func (x *terminal) text() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return ansi.Strip(string(x.raw)) + "\n" + strings.Join(x.screens, "\n")
}

// see waits until the terminal shows text that it did not show before.
func (x *terminal) see(text string) {
	x.t.Helper()
	late := time.After(ample)
	for {
		ended := false
		select {
		case <-x.done:
			ended = true
		default:
		}
		if strings.Contains(ansi.Strip(x.output()[x.seen:]), text) ||
			strings.Contains(x.screen(), text) && !strings.Contains(x.old, text) {
			return
		}
		if ended {
			x.t.Fatalf("the program ended without %q:\n%s", text, x.screen())
		}
		select {
		case <-x.drew:
		case <-x.done:
		case <-late:
			x.t.Fatalf("the terminal never showed %q:\n%s", text, x.screen())
		}
	}
}

// typed types keys; what is shown from now on is new.
func (x *terminal) typed(keys string) {
	x.t.Helper()
	x.seen, x.old = len(x.output()), x.screen()
	if _, err := x.pty.WriteString(keys); err != nil {
		x.t.Fatal(err)
	}
}

// resize gives the terminal another size.
func (x *terminal) resize(cols, rows int) {
	x.t.Helper()
	x.seen, x.old = len(x.output()), x.screen()
	x.mu.Lock()
	x.vt.Resize(cols, rows)
	x.mu.Unlock()
	if err := pty.Setsize(x.pty, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}); err != nil {
		x.t.Fatal(err)
	}
}

// end waits for the program's end and returns its exit code.
func (x *terminal) end() int {
	x.t.Helper()
	select {
	case <-x.done:
	case <-time.After(ample):
		x.t.Fatalf("the program does not end:\n%s", ansi.Strip(x.output()))
	}
	err := x.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		x.t.Fatal(err)
	}
	return x.cmd.ProcessState.ExitCode()
}
