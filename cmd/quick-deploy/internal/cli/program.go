// Package cli is the command line: one file a command, with its flags, its help, its examples and
// what a shell completes in one literal, and below it what the command does. What they share is package app.
//
// The README's table, the manual pages, the completion and the tests that run every
// command are made of these literals.
package cli

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/console"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/source"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// Program is the program with its surroundings. It may carry out several command lines.
type Program struct {
	Version string
	// Now is the clock by which revisions have an age.
	Now func() time.Time
	// Sleep waits for the network to come back; tests do not.
	Sleep func(ctx context.Context, d time.Duration) error

	in              io.Reader
	out, err        *term.Gate
	seen            *source.Seen
	acting, ageTold *atomic.Bool
}

// New is the program at three streams.
func New(version string, in io.Reader, out, err io.Writer) *Program {
	return &Program{
		Version: version, Now: time.Now, Sleep: retry.Sleep,
		in: in, out: term.New(out), err: term.New(err), seen: &source.Seen{},
		acting: new(atomic.Bool), ageTold: new(atomic.Bool),
	}
}

// Execute carries out a command line, prints what went wrong, and returns the code to exit with.
func (p *Program) Execute(args []string) fault.Code {
	// SIGQUIT, by which Go programs stop where they are, would leave a machine between two systems.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	defer stop()
	// A second interrupt ends the program at once, unless the machine is being
	// changed: then a step at work must come to its end.
	defer context.AfterFunc(ctx, func() {
		if !p.acting.Load() {
			stop()
		}
	})()
	l := p.newLine()
	ended := make(chan error, 1)
	go func() { ended <- l.run(ctx, args) }()
	err := p.wait(ctx, ended)
	if err != nil && errors.Is(ctx.Err(), context.Canceled) && fault.CodeOf(err) == fault.Unexpected {
		err = fault.New(fault.Interrupted, "interrupted")
	}
	return report(l.app, err)
}

// patience is how long the program may take to end after an interrupt.
const patience = 5 * time.Second

// wait waits for the end of the command. One that an interrupt does not end, as
// where a file system does not answer, is left, unless it is changing the machine.
func (p *Program) wait(ctx context.Context, ended <-chan error) error {
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	for {
		select {
		case err := <-ended:
			return err
		case <-time.After(patience):
			if !p.acting.Load() {
				return ctx.Err()
			}
		}
	}
}

// another carries out another command line on the same terminal.
func (p *Program) another(ctx context.Context, args ...string) error {
	return p.newLine().run(ctx, append([]string{name}, args...))
}

// line is one command line.
type line struct {
	program *Program
	app     *app.App
	// unknown refuses a command that help was asked for.
	unknown error
	// begun says that flags and variables were understood.
	begun    bool
	logLevel slog.Level
}

func (p *Program) newLine() *line {
	t := console.New(p.in, p.out, p.err)
	t.Now = p.Now
	return &line{program: p, app: &app.App{
		Terminal: t, Version: p.Version, Sleep: p.Sleep, Acting: p.acting, AgeTold: p.ageTold, Seen: p.seen,
		Another: p.another,
	}}
}

// run carries it out. What goes wrong before the command has begun is
// wrong with the line, or with a variable that stands for a flag of it.
func (l *line) run(ctx context.Context, args []string) error {
	root := l.command()
	args, bare := arranged(root, args)
	if bare {
		orInit(l.app, root.Command(string(deploy.Switch)))
	}
	err := root.Run(ctx, args)
	if l.unknown != nil {
		return l.unknown
	}
	if err != nil && !l.begun && fault.CodeOf(err) == fault.Unexpected {
		return usageFault(root, err)
	}
	return err
}

// before completes the flags that were left out.
func (l *line) before(ctx context.Context, _ *cli.Command) (context.Context, error) {
	// By it everything is found that is kept between runs.
	if home := os.Getenv("HOME"); !filepath.IsAbs(home) {
		return ctx, fault.New(fault.Usage, "HOME is %q, which is not an absolute path", home).
			Hint("set it to your home directory")
	}
	var err error
	if l.logLevel, err = logfile.ParseLevel(os.Getenv("LOG_LEVEL")); err != nil {
		return ctx, fault.New(fault.Usage, "%w", err)
	}
	if l.app.Debug {
		l.logLevel = slog.LevelDebug
	}
	l.begun = true
	return ctx, l.app.Complete()
}
