package run

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Exec is the Runner that really starts programs.
type Exec struct {
	// Environ is the environment to choose from, as os.Environ gives it; only
	// the names that are allowed reach a child.
	Environ []string
	// Log gets each command with its duration at debug level; nil: nothing.
	Log *slog.Logger
	// Grace is how long a child may take to end after SIGTERM before it is
	// killed; 0 means 10 s.
	Grace time.Duration
}

// drain is how long the pipes of an ended or unreachable child are still read.
const drain = 2 * time.Second

// LookPath implements Runner on the PATH of Environ.
func (x *Exec) LookPath(name string) (string, error) {
	if strings.Contains(name, "/") {
		return exec.LookPath(name)
	}
	for _, dir := range strings.Split(lookup(x.Environ, "PATH"), ":") {
		if dir == "" || !strings.HasPrefix(dir, "/") {
			continue // a relative PATH entry would run what lies in the working directory
		}
		p := dir + "/" + name
		if fi, err := os.Stat(p); err == nil && !fi.IsDir() && fi.Mode()&0o111 != 0 {
			return p, nil
		}
	}
	return "", &exec.Error{Name: name, Err: exec.ErrNotFound}
}

// Run implements Runner.
func (x *Exec) Run(ctx context.Context, c Command) (Result, error) {
	res, fail := x.run(ctx, c)
	if fail == nil {
		return res, nil
	}
	fail.Command, fail.At = c.String(), caller()
	return res, fail
}

// run is Run; of the error it leaves out what takes a while to say, and no command that ends well needs.
func (x *Exec) run(ctx context.Context, c Command) (Result, *Error) {
	fail := &Error{Code: -1}
	if c.Elevate {
		fail.Err = errors.New("needs root, and no elevation is set up")
		return Result{Code: -1}, fail
	}
	path, err := x.LookPath(c.Name)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		fail.Err = err
		return Result{Code: -1}, fail
	}

	cmd := exec.Command(path, c.Args...)
	cmd.Args[0] = c.Name
	cmd.Dir = c.Dir
	cmd.Env = slices.Concat(allowed(x.Environ), GitEnv, c.Env)
	// A group of its own: Ctrl-C reaches the child only through this program,
	// which may be in a step that must not be cut in two.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: !c.Terminal}
	switch {
	case c.Input != nil: // who asks for a password opens the terminal itself
		cmd.Stdin = bytes.NewReader(c.Input)
	case c.Stdin != nil:
		cmd.Stdin = c.Stdin
	case c.Terminal:
		cmd.Stdin = os.Stdin
	}
	var lock sync.Mutex
	out := &lines{stream: Stdout, lock: &lock, each: c.OnLine}
	errs := &lines{stream: Stderr, lock: &lock, each: c.OnLine}
	cmd.Stdout, cmd.Stderr = c.Stdout, c.Stderr
	if c.Stdout == nil {
		cmd.Stdout = out
	}
	if c.Stderr == nil {
		cmd.Stderr = errs
	}
	cmd.WaitDelay = drain

	start := time.Now()
	if err := cmd.Start(); err != nil {
		fail.Err = err
		return Result{Code: -1}, fail
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	waitErr, why := x.wait(ctx, c, cmd, done)
	out.flush()
	errs.flush()

	res := Result{Stdout: out.kept(), Stderr: errs.kept(), Duration: time.Since(start), Code: -1}
	if cmd.ProcessState != nil {
		res.Code = cmd.ProcessState.ExitCode()
	}
	fail.Code, fail.Tail = res.Code, tail(res.Stderr, 20)
	if x.Log != nil && !c.Quiet {
		level := slog.LevelDebug
		if c.Network {
			level = slog.LevelInfo // evaluations, builds and downloads: what a run waits for
		}
		if x.Log.Enabled(ctx, level) {
			x.Log.Log(ctx, level, "command ended", "command", c.String(), "dir", c.Dir, "env", Redact(c.Env),
				"exit", res.Code, "duration", res.Duration.Round(time.Millisecond))
		}
	}
	switch {
	case why != nil:
		fail.Err = why
		if errors.Is(why, context.DeadlineExceeded) {
			fail.Timeout = c.Timeout
		}
		return res, fail
	case waitErr == nil:
		return res, nil
	}
	if _, ended := errors.AsType[*exec.ExitError](waitErr); !ended && !errors.Is(waitErr, exec.ErrWaitDelay) {
		fail.Err = waitErr
		return res, fail
	}
	if errors.Is(waitErr, exec.ErrWaitDelay) && res.Code == 0 {
		return res, nil // it ended well; a grandchild (a daemon it started) still holds the pipe
	}
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		fail.Signal = cmp.Or(unix.SignalName(ws.Signal()), ws.Signal().String())
	}
	return res, fail
}

// wait waits for the child, its time limit and the context, whichever comes
// first, and ends the process group in the latter two cases. The second result
// says why it was ended: context.Canceled or context.DeadlineExceeded.
func (x *Exec) wait(ctx context.Context, c Command, cmd *exec.Cmd, done <-chan error) (error, error) {
	var limit <-chan time.Time
	if c.Timeout > 0 {
		t := time.NewTimer(c.Timeout)
		defer t.Stop()
		limit = t.C
	}
	var why error
	select {
	case err := <-done:
		return err, nil
	case <-ctx.Done():
		why = ctx.Err()
	case <-limit:
		why = context.DeadlineExceeded
	}
	x.signal(cmd, c.Terminal, syscall.SIGTERM)
	select {
	case err := <-done:
		return err, why
	case <-time.After(cmp.Or(x.Grace, 10*time.Second)):
	}
	x.signal(cmd, c.Terminal, syscall.SIGKILL)
	select {
	case err := <-done:
		return err, why
	case <-time.After(drain + time.Second):
		return nil, why // it cannot be signalled (it runs as root) or sleeps in the kernel; go on without it
	}
}

func (x *Exec) signal(cmd *exec.Cmd, terminal bool, s syscall.Signal) {
	id := cmd.Process.Pid
	if !terminal {
		id = -id
	}
	// One that runs as root is left alone: it may not be signalled from here, and the caller reports the time-out.
	_ = syscall.Kill(id, s)
}

// lines is an io.Writer that keeps the end of what is written and hands on
// whole lines. Its methods are called from exec's copying goroutine and, after
// that has ended or was abandoned, from Run: hence the lock.
type lines struct {
	stream  Stream
	lock    *sync.Mutex
	each    func(Stream, string)
	all     []byte
	partial []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.all = append(l.all, p...)
	if n := len(l.all) - MaxCapture; n > MaxCapture {
		l.all = slices.Delete(l.all, 0, n)
	}
	if l.each == nil {
		return len(p), nil
	}
	l.partial = append(l.partial, p...)
	for {
		i := bytes.IndexByte(l.partial, '\n')
		if i < 0 {
			if len(l.partial) < MaxCapture {
				return len(p), nil
			}
			i = len(l.partial)
		}
		l.each(l.stream, strings.TrimSuffix(string(l.partial[:i]), "\r"))
		l.partial = l.partial[min(i+1, len(l.partial)):]
	}
}

func (l *lines) flush() {
	l.lock.Lock()
	defer l.lock.Unlock()
	if len(l.partial) > 0 && l.each != nil {
		l.each(l.stream, string(l.partial))
	}
	l.partial = nil
}

func (l *lines) kept() string {
	l.lock.Lock()
	defer l.lock.Unlock()
	return string(l.all[max(0, len(l.all)-MaxCapture):])
}

func tail(s string, n int) string {
	all := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-n):], "\n")
}
