package app

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/console"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/elevate"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// Session is the executor, wired to this machine and this terminal.
type Session struct {
	app      *App
	cfg      deploy.Config
	Deployer *deploy.Deployer
	// Runner starts commands here, as root where they say so.
	Runner  *elevate.Runner
	view    *console.Run // nil until the command acts
	unwatch func() bool
}

func NewSession(a *App, o RunOptions) (*Session, error) {
	me, err := Username()
	if err != nil {
		return nil, err
	}
	runner, err := elevate.New(a.Runner(), elevate.Config{
		Method: elevate.Method(o.Elevate), UID: os.Getuid(), Terminal: a.Asks, AllowRoot: a.AllowRoot,
	})
	if err != nil {
		return nil, err
	}
	look := preflightMachine(a, runner, me)
	look.Elevation = string(runner.Method())
	cfg := deploy.Config{
		StateDir: StateDir(), Paths: systemPaths(a), Runner: runner,
		User: me, Path: os.Getenv("PATH"), HomeDir: os.Getenv("HOME"), StateHome: StateHome(),
		HostName: machine.Read(a.Root).Hostname, Tool: a.Version,
		Retry:        a.Retry(),
		BuildTimeout: a.Limits.Build, ActivateTimeout: a.Limits.Activation, LockTimeout: a.Limits.Lock,
		Machine: look, Health: HealthChecker(a, runner, me, o.HealthTimeout), ConfirmTimeout: o.ConfirmTimeout,
		Graphical: display() != "" || os.Getenv("SSH_CONNECTION") == "" && os.Getenv("WAYLAND_DISPLAY") != "",
	}
	return &Session{app: a, cfg: cfg, Deployer: deploy.New(cfg), Runner: runner}, nil
}

// act opens the log and takes hold of the terminal. A command that only looks does without.
func (s *Session) act(ctx context.Context, withNom bool) error {
	a := s.app
	var nom run.Runner
	if withNom && term.Is(a.Err) {
		if _, err := s.Runner.LookPath("nom"); err != nil {
			return fault.New(fault.Usage, "--nom: %w", err).Hint("nix-output-monitor is its package")
		}
		nom = s.Runner
	}
	if a.LogFile == nil {
		return fmt.Errorf("open the log: %w", a.LogErr)
	}
	s.view = a.Open(a.LogFile, nom)
	a.Acting.Store(true)
	s.view.Attach(&s.cfg)
	s.Runner.SetAsk(s.view.Asking)
	s.unwatch = s.view.Watch(ctx)
	s.Deployer = deploy.New(s.cfg)
	return nil
}

// Close ends what act began. A log that is not whole is told of, and no more: the run itself has ended.
func (s *Session) Close() {
	s.Runner.Close()
	if s.view == nil {
		return
	}
	s.unwatch()
	if err := s.view.Close(); err != nil {
		s.app.Say("note: %v", err)
	}
	s.view = nil
}

// run carries a plan out, and prints how that ended. An error of Nix is led back to the lines of g; nil is for a run
// that does not generate.
func (s *Session) run(ctx context.Context, p deploy.Plan, g *Generated, o RunOptions) (journal.Record, error) {
	s.cfg.Explain = func(err error) error { return locateError(s.app, err, g, p.Goal.Host, o.ShowTrace) }
	if err := s.act(ctx, o.Nom); err != nil {
		return journal.Record{}, err
	}
	record, err := s.Deployer.Run(ctx, p)
	s.Close()
	if !s.app.JSON && err == nil {
		s.app.Say("%s", strings.TrimSuffix(deploy.Summary(record, s.app.Debug || p.Goal.Verb == deploy.Build), "\n"))
	}
	return record, err
}
