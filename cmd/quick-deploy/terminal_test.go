package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
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

	mu  sync.Mutex
	raw []byte
	// seen is where looking goes on: what was there before is old.
	seen int
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
	go func() {
		defer close(term.done)
		buf := make([]byte, 1<<16)
		for {
			n, err := f.Read(buf)
			term.mu.Lock()
			term.raw = append(term.raw, buf[:n]...)
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

func (x *terminal) output() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return string(x.raw)
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
		if fresh := x.output()[x.seen:]; strings.Contains(ansi.Strip(fresh), text) {
			return
		}
		if ended {
			x.t.Fatalf("the program ended without %q:\n%s", text, ansi.Strip(x.output()))
		}
		select {
		case <-x.drew:
		case <-x.done:
		case <-late:
			x.t.Fatalf("the terminal never showed %q:\n%s", text, ansi.Strip(x.output()[x.seen:]))
		}
	}
}

// typed types keys; what is shown from now on is new.
func (x *terminal) typed(keys string) {
	x.t.Helper()
	x.seen = len(x.output())
	if _, err := x.pty.WriteString(keys); err != nil {
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

// moves are the control sequences after which drawing goes on somewhere else.
var moves = regexp.MustCompile("\\x1b\\[[0-9;]*[A-HJKf]|\r")

// lines are the lines that were drawn, without colours.
func (x *terminal) lines() []string {
	return strings.Split(ansi.Strip(moves.ReplaceAllString(x.output(), "\n")), "\n")
}
