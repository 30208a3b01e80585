package ssh

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// Connections are the ssh connections that the commands of a run share: one a machine, opened by the first command
// that goes there (ssh_config(5), ControlMaster). nil: every command opens its own.
type Connections struct {
	runner run.Runner
	dir    string // of their sockets

	mu sync.Mutex
	to map[Target]func() []string // the options of ssh; none where the user has it share connections already
}

const (
	// longestSocketDir leaves room below the 108 bytes of sun_path (unix(7)) for a slash, the 40 of %C, the 17 that
	// ssh adds while it makes a socket (mux.c, muxserver_listen), and the NUL.
	longestSocketDir = 108 - 1 - 40 - 17 - 1
	// persist is how long a connection outlives its last command: a wave may have thousands of machines, and a
	// program that is killed ends none.
	persist = "1m"
	// local is how long ssh may take for what it asks this machine only.
	local = 10 * time.Second
)

// NewConnections keeps the sockets in a folder of its own below the first of the parents in which there can be one.
// Without such a folder there are no connections to share.
func NewConnections(runner run.Runner, parents ...string) *Connections {
	for _, parent := range parents {
		if !filepath.IsAbs(parent) || strings.ContainsAny(parent, " \t\n%$~\"'\\") {
			continue // ssh would take it for more than a path, or a program that splits NIX_SSHOPTS for two
		}
		dir, err := os.MkdirTemp(parent, "qd-")
		if err != nil {
			continue
		}
		if len(dir) <= longestSocketDir {
			return &Connections{runner: runner, dir: dir, to: map[Target]func() []string{}}
		}
		os.Remove(dir)
	}
	return nil
}

// share are the options with which ssh, called with other options and the machine, uses the shared connection, and
// opens it where there is none.
func (c *Connections) share(ctx context.Context, t Target, options []string) []string {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	to, ok := c.to[t]
	if !ok {
		to = sync.OnceValue(func() []string {
			// What ~/.ssh/config and the options say of sharing holds.
			res, err := c.runner.Run(ctx, run.Command{
				Name: "ssh", Args: slices.Concat([]string{"-G"}, options, []string{t.Login()}), Timeout: local,
			})
			if err != nil || strings.Contains("\n"+res.Stdout, "\ncontrolpath ") {
				return nil
			}
			return []string{"-o", "ControlPath=" + c.socket(), "-o", "ControlMaster=auto", "-o", "ControlPersist=" + persist}
		})
		c.to[t] = to
	}
	c.mu.Unlock()
	return to()
}

func (c *Connections) socket() string { return filepath.Join(c.dir, "%C") }

// shares reports whether a command went to a machine over a connection of ours.
func (c *Connections) shares(t Target) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	to, ok := c.to[t]
	c.mu.Unlock()
	return ok && to() != nil
}

// join are the options with which a program's ssh uses the connection that a command has opened. It opens none: Nix
// takes what the first command of a connection prints for a reply of its own (src/libstore/ssh.cc, isMasterRunning).
func (c *Connections) join(t Target) []string {
	if !c.shares(t) {
		return nil
	}
	return []string{"-o", "ControlPath=" + c.socket(), "-o", "ControlMaster=no"}
}

// leave has the next command open a new connection: this one may be dead, which ssh notices after 20 s. What is
// at work on it goes on.
func (c *Connections) leave(ctx context.Context, t Target, options []string) {
	if !c.shares(t) {
		return
	}
	// An error is that there is no connection.
	_, _ = c.runner.Run(context.WithoutCancel(ctx), run.Command{
		Name: "ssh", Args: slices.Concat([]string{"-O", "stop"}, options, []string{t.Login()}), Timeout: local,
	})
}

// Close ends the connections.
func (c *Connections) Close() {
	if c == nil {
		return
	}
	// The pattern is correct: the folder has no special characters.
	sockets, _ := filepath.Glob(filepath.Join(c.dir, "*"))
	for _, s := range sockets {
		// An error is that it has ended. The socket alone says which; a host must be named.
		_, _ = c.runner.Run(context.Background(), run.Command{
			Name: "ssh", Args: []string{"-F", "none", "-o", "ControlPath=" + s, "-O", "exit", "host"}, Timeout: local,
		})
	}
	os.RemoveAll(c.dir)
}
