package guest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// inside runs commands in a machine as root, by its guest agent.
type inside struct {
	here  run.Runner
	agent *agent
}

// LookPath implements run.Runner: what the machine has is seen when it runs.
func (i inside) LookPath(name string) (string, error) { return name, nil }

// enter starts a command: the agent has the PATH of its unit, and with an environment of the command's own it would
// have none at all. NixOS has its programs in the first two folders.
const enter = `PATH=/run/wrappers/bin:/run/current-system/sw/bin:${PATH:-/usr/sbin:/usr/bin:/sbin:/bin}
export PATH; cd -- "$1" || exit; shift; while [ "$1" != -- ]; do export "$1"; shift; done; shift; exec "$@"`

// status is the answer to guest-exec-status.
type status struct {
	Exited       bool
	ExitCode     int
	Signal       int
	OutData      []byte `json:"out-data"`
	ErrData      []byte `json:"err-data"`
	OutTruncated bool   `json:"out-truncated"`
	ErrTruncated bool   `json:"err-truncated"`
}

// poll is how often a command is asked whether it has ended: at first soon, for most end at once.
const (
	firstPoll = 20 * time.Millisecond
	lastPoll  = 500 * time.Millisecond
)

// Run implements run.Runner. OnLine gets the lines when the command has ended; the agent tells none before.
func (i inside) Run(ctx context.Context, c run.Command) (run.Result, error) {
	if c.Here {
		return i.here.Run(ctx, c)
	}
	res := run.Result{Code: -1}
	if c.Terminal {
		return res, fmt.Errorf("run %s in the virtual machine: its guest agent has no terminal", c.Name)
	}
	fail := &run.Error{Command: c.String(), Code: -1}
	limited := ctx
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	start := time.Now()
	s, err := i.exec(limited, c)
	res.Duration = time.Since(start)
	if err != nil {
		if fail.Err = err; errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			fail.Timeout = c.Timeout
		}
		return res, fail
	}
	res.Stdout, res.Stderr = kept(s.OutData), kept(s.ErrData)
	if c.OnLine != nil {
		for stream, text := range map[run.Stream]string{run.Stdout: res.Stdout, run.Stderr: res.Stderr} {
			for line := range strings.Lines(text) {
				c.OnLine(stream, strings.TrimRight(line, "\r\n"))
			}
		}
	}
	lines := strings.SplitAfter(res.Stderr, "\n")
	fail.Tail = strings.Join(lines[max(0, len(lines)-20):], "")
	switch {
	case s.Signal != 0:
		fail.Signal = cmp.Or(unix.SignalName(unix.Signal(s.Signal)), fmt.Sprint("signal ", s.Signal))
		return res, fail
	case s.OutTruncated || s.ErrTruncated:
		fail.Err = errors.New("it wrote more than the guest agent keeps")
		return res, fail
	}
	res.Code, fail.Code = s.ExitCode, s.ExitCode
	if s.ExitCode != 0 {
		return res, fail
	}
	return res, nil
}

// exec starts a command and waits for its end. If ctx ends before, so does the command.
func (i inside) exec(ctx context.Context, c run.Command) (status, error) {
	words := []string{"-c", enter, "sh", cmp.Or(c.Dir, "/")}
	words = append(append(append(words, c.Env...), "--", c.Name), c.Args...)
	arguments := map[string]any{"path": "/bin/sh", "arg": words, "capture-output": true}
	if c.Input != nil {
		arguments["input-data"] = c.Input
	}
	var started struct{ PID int }
	if err := i.agent.call(ctx, "guest-exec", arguments, &started); err != nil {
		return status{}, err
	}
	pid := map[string]any{"pid": started.PID}
	for pause := firstPoll; ; pause = min(2*pause, lastPoll) {
		select {
		case <-ctx.Done():
			i.end(context.WithoutCancel(ctx), started.PID)
			return status{}, ctx.Err()
		case <-time.After(pause):
		}
		var s status
		if err := i.agent.call(ctx, "guest-exec-status", pid, &s); err != nil && ctx.Err() == nil {
			return s, err
		} else if s.Exited {
			return s, nil
		}
	}
}

// end ends a command in the machine, which may be gone.
func (i inside) end(ctx context.Context, pid int) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_ = i.agent.call(ctx, "guest-exec", map[string]any{"path": "/bin/sh", "arg": []string{
		"-c", `kill -TERM "$1"; sleep 10; kill -KILL "$1"`, "sh", fmt.Sprint(pid),
	}}, nil)
}

// kept is the end of what a command wrote.
func kept(data []byte) string { return string(data[max(0, len(data)-run.MaxCapture):]) }

// dial connects to an address as the machine sees it: what is written first is sent, and what comes back within
// seconds is read. That is enough for a request, and the agent can do no more.
func dial(ctx context.Context, r run.Runner, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	connect := func(then string, input []byte) (run.Result, error) {
		return r.Run(ctx, run.Command{
			Name: "bash", Args: []string{"-c", `exec 3<>"/dev/tcp/$1/$2"; ` + then, "bash", host, port}, Input: input,
			Timeout: 10 * time.Second,
		})
	}
	if res, err := connect("", nil); err != nil {
		if said := strings.TrimSpace(res.Stderr); said != "" {
			err = errors.New(said[strings.LastIndexByte(said, '\n')+1:])
		}
		return nil, err
	}
	near, far := net.Pipe()
	go func() {
		defer far.Close()
		first := make([]byte, 4096)
		n, err := far.Read(first)
		if err != nil {
			return
		}
		// What is missing shows in what comes over the connection.
		res, _ := connect(`cat >&3; exec timeout 8 head --bytes 65536 <&3`, first[:n])
		_, _ = far.Write([]byte(res.Stdout))
	}()
	return near, nil
}
