// Package elevate gives single commands the rights of root.
//
// Evaluation and building run as the caller; only what must be root is
// wrapped, by the one method that was decided on when the program started.
// What each tool can do was read in its manual:
//
//	sudo  caches a password per terminal, unless timestamp_timeout is 0; "sudo -v" asks, "sudo -n" never does
//	run0  asks through polkit on the terminal, keeps the answer for five minutes
//	doas  asks on the terminal only; "doas -n" never asks; caches only where the system's "persist" allows it
//	none  the program is root already
package elevate

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// Method is a way of becoming root.
type Method string

// The methods.
const (
	Auto Method = "auto"
	Sudo Method = "sudo"
	Run0 Method = "run0"
	Doas Method = "doas"
	None Method = "none"
)

// Methods lists what a user may choose.
func Methods() []string {
	return []string{string(Auto), string(Sudo), string(Run0), string(Doas), string(None)}
}

// tool is a program that makes a command root's.
type tool struct {
	method Method
	args   []string
	quiet  string // keeps it from asking where nobody is there to answer
}

// tools stand in the order of preference.
var tools = []tool{
	{Sudo, nil, "-n"},
	// Empty background: no tinted terminal; --pipe keeps input and output on our pipes.
	{Run0, []string{"--background=", "--pipe"}, "--no-ask-password"},
	{Doas, nil, "-n"},
}

// Config is what a Runner is made of.
type Config struct {
	Method   Method
	UID      int  // of this process
	Terminal bool // is there somebody to type a password
	// AllowRoot permits running as root, which is otherwise refused: files
	// would belong to root and evaluation would have its rights. The installer
	// image is the case where it is right.
	AllowRoot bool
	// Interval is how often sudo's ticket is renewed during a run; 0 means one minute.
	Interval time.Duration
}

// Runner is a run.Runner that carries out Command.Elevate by wrapping the command for the Runner below it.
type Runner struct {
	inner  run.Runner
	cfg    Config
	method Method

	mu     sync.Mutex
	primed bool
	stop   func()
	ask    func(asking bool)
}

// New decides the method. An error names what is missing; it has the exit code
// for a wrong flag or a refused run.
func New(inner run.Runner, cfg Config) (*Runner, error) {
	m := cmp.Or(cfg.Method, Auto)
	switch {
	case !slices.Contains(Methods(), string(m)):
		return nil, fault.New(fault.Usage, "unknown elevation %q", m).
			Hint("use one of %s", strings.Join(Methods(), ", "))
	case cfg.UID == 0 && !cfg.AllowRoot:
		return nil, fault.New(fault.Preflight,
			"refusing to run as root: files and flake.lock would belong to root, and evaluation does not need it").
			Hint("run it as your own user; it asks for root where a command needs it").
			Hint("on an installer image, where root is the only user, pass --allow-root")
	case cfg.UID == 0:
		m = None
	case m == Auto:
		m = None // commands that need root will say so; build and generate do not
		for _, tool := range slices.Backward(tools) {
			if _, err := inner.LookPath(string(tool.method)); err == nil {
				m = tool.method
			}
		}
	case m != None:
		if _, err := inner.LookPath(string(m)); err != nil {
			return nil, fault.New(fault.Preflight, "elevation with %s: %w", m, err).
				Hint("choose another with --elevate, or leave it at auto")
		}
	}
	return &Runner{inner: inner, cfg: cfg, method: m}, nil
}

// SetAsk is told when the terminal is about to be used for a password, and when no longer.
func (r *Runner) SetAsk(ask func(asking bool)) { r.ask = ask }

func (r *Runner) asking(now bool) {
	if r.ask != nil {
		r.ask(now)
	}
}

// Method returns how commands become root: never Auto.
func (r *Runner) Method() Method { return r.method }

// LookPath implements run.Runner.
func (r *Runner) LookPath(name string) (string, error) { return r.inner.LookPath(name) }

// Run implements run.Runner.
func (r *Runner) Run(ctx context.Context, c run.Command) (run.Result, error) {
	if c.Elevate {
		if err := r.Prime(ctx); err != nil {
			return run.Result{Code: -1}, err
		}
	}
	w, err := r.Wrap(c)
	if err != nil {
		return run.Result{Code: -1}, err
	}
	if w.Terminal && !c.Terminal {
		r.asking(true)
		defer r.asking(false)
	}
	return r.inner.Run(ctx, w)
}

// Wrap returns the command that is really started for c. It is what a plan prints.
func (r *Runner) Wrap(c run.Command) (run.Command, error) {
	if !c.Elevate {
		return c, nil
	}
	c.Elevate = false
	inner := append([]string{c.Name}, c.Args...)
	if len(c.Env) > 0 {
		// sudo, doas and run0 all start from a clean environment: what the
		// command needs is put back on the far side. The values are ours and public.
		inner = slices.Concat([]string{"env"}, c.Env, inner)
		c.Env = nil
	}
	if r.method == None {
		if r.cfg.UID != 0 {
			return c, fault.New(fault.Preflight, "%s needs root, and there is no way to become root", inner[0]).
				Hint("install sudo, run0 or doas, or choose one with --elevate")
		}
		c.Name, c.Args, c.Terminal = inner[0], inner[1:], false
		return c, nil
	}
	tool := tools[slices.IndexFunc(tools, func(t tool) bool { return t.method == r.method })]
	c.Name, c.Args, c.Terminal = string(tool.method), slices.Clone(tool.args), r.cfg.Terminal
	if c.Terminal {
		c.Timeout = 0 // somebody may have to look for a password
	} else {
		c.Args = append(c.Args, tool.quiet)
	}
	c.Args = slices.Concat(c.Args, []string{"--"}, inner)
	return c, nil
}

// Prime asks for the password, once, where the method can keep it, and keeps
// it fresh until Close. Without a terminal it only checks that none is needed.
func (r *Runner) Prime(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.primed || r.method != Sudo {
		return nil
	}
	// Not "sudo -n -v": that one asks unless all of a user's rules are without a password (sudoers(5), verifypw).
	if err := r.renew(ctx); err != nil {
		if !r.cfg.Terminal {
			return fault.New(fault.Preflight, "sudo needs a password and there is no terminal to ask on: %w", err).
				Hint("run it in a terminal, or allow the user to use sudo without a password")
		}
		r.asking(true)
		_, err := r.inner.Run(ctx, run.Command{Name: "sudo", Args: []string{"-v"}, Terminal: true})
		r.asking(false)
		if err != nil {
			if errors.Is(err, context.Canceled) {
				return err
			}
			return fault.New(fault.Preflight, "sudo refused: %w", err).Hint("is the user in the group wheel?")
		}
	}
	r.primed = true
	r.keep()
	return nil
}

// renew makes sudo's ticket last again, without asking.
func (r *Runner) renew(ctx context.Context) error {
	_, err := r.inner.Run(ctx, run.Command{Name: "sudo", Args: []string{"-n", "true"}, Timeout: 30 * time.Second})
	return err
}

// keep renews sudo's ticket, which lasts 5 to 15 minutes, while a build or a health check takes longer.
func (r *Runner) keep() {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	r.stop = func() { cancel(); wg.Wait() }
	wg.Go(func() {
		t := time.NewTicker(cmp.Or(r.cfg.Interval, time.Minute))
		defer t.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
			if r.renew(ctx) != nil {
				return // the next elevated command reports it with its own words
			}
		}
	})
}

// Close stops renewing the ticket.
func (r *Runner) Close() {
	r.mu.Lock()
	stop := r.stop
	r.stop, r.primed = nil, false
	r.mu.Unlock()
	if stop != nil {
		stop()
	}
}
