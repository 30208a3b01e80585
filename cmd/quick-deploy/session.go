package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/console"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/elevate"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// session is the executor, wired to this machine and this terminal.
type session struct {
	app      *app
	cfg      deploy.Config
	deployer *deploy.Deployer
	elevate  *elevate.Runner
	console  *console.Console // nil until the command acts
	unwatch  func() bool
}

func (a *app) session(_ context.Context, cmd *cli.Command) (*session, error) {
	me, err := username()
	if err != nil {
		return nil, err
	}
	runner, err := elevate.New(&run.Exec{Environ: os.Environ(), Log: a.log}, elevate.Config{
		Method: elevate.Method(cmd.String("elevate")), UID: os.Getuid(), Terminal: term.Is(a.stdin),
		AllowRoot: a.opts.allowRoot,
	})
	if err != nil {
		return nil, err
	}
	look := a.machine(runner, me)
	look.Elevation = string(runner.Method())
	cfg := deploy.Config{
		StateDir: filepath.Join(stateHome(), "quick-deploy"), Paths: a.paths(), Runner: runner,
		User: me, Path: os.Getenv("PATH"), HomeDir: os.Getenv("HOME"), StateHome: stateHome(), HostName: machine.Read(a.opts.root).Hostname, Tool: version,
		Retry: a.retry(), Jitter: rand.Float64, Sleep: a.sleep,
		BuildTimeout: a.opts.limits.build, ActivateTimeout: a.opts.limits.activation, LockTimeout: a.opts.limits.lock,
		Machine: look, Health: a.checker(runner, me, cmd.Duration("health-timeout")),
		ConfirmTimeout: cmd.Duration("confirm-timeout"),
		Graphical:      display() != "" || os.Getenv("SSH_CONNECTION") == "" && os.Getenv("WAYLAND_DISPLAY") != "",
	}
	return &session{app: a, cfg: cfg, deployer: deploy.New(cfg), elevate: runner}, nil
}

// act opens the log and takes hold of the terminal. A command that only looks does without.
func (s *session) act(ctx context.Context, cmd *cli.Command) error {
	a := s.app
	var nom run.Runner
	if cmd.Bool("nom") && term.Is(a.stderr) {
		if _, err := s.elevate.LookPath("nom"); err != nil {
			return fault.New(fault.Usage, "--nom: %w", err).Hint("nix-output-monitor is its package")
		}
		nom = s.elevate
	}
	if a.logFile == nil {
		return fmt.Errorf("open the log: %w", a.logErr)
	}
	con := console.Open(console.Options{
		In: a.stdin, Data: a.stdout, Talk: a.stderr, Ask: term.Is(a.stdin), Live: term.Is(a.stderr) && os.Getenv("TERM") != "dumb",
		Colour: a.colour(a.stderr), Width: func() int { w, _ := a.size(); return w },
		JSON: a.opts.json, Quiet: a.opts.quiet, Debug: a.opts.debug,
		Log: a.logFile, Nom: nom,
	})
	a.acting.Store(true)
	con.Attach(&s.cfg)
	s.console, s.unwatch = con, con.Watch(ctx)
	s.deployer = deploy.New(s.cfg)
	return nil
}

// username is who runs the program: $USER, by which home-manager goes too, else the account's name.
func username() (string, error) {
	if name := os.Getenv("USER"); name != "" {
		return name, nil
	}
	me, err := user.Current()
	if err != nil {
		return "", fmt.Errorf("find out who runs this: %w", err)
	}
	return me.Username, nil
}

// close ends what act began. A log that is not whole is told of, and no more: the run itself has ended.
func (s *session) close() {
	s.elevate.Close()
	if s.console == nil {
		return
	}
	s.unwatch()
	if err := s.console.Close(); err != nil {
		s.app.say("note: %v", err)
	}
	s.console = nil
}

// paths are those of a NixOS machine below --root, unless the environment names
// a scratch profile, as tests do.
func (a *app) paths() system.Paths {
	p := system.PathsUnder(a.opts.root)
	if profile := os.Getenv("QUICK_DEPLOY_SYSTEM_PROFILE"); profile != "" {
		p.System = profile
	}
	return p
}

// nixArch are Nix' names for what Go calls a processor; of others nothing is compared.
var nixArch = map[string]string{"amd64": "x86_64", "arm64": "aarch64"}

func (a *app) machine(r run.Runner, name string) *preflight.Machine {
	arch := ""
	if a.opts.root == "/" {
		arch = nixArch[runtime.GOARCH]
	}
	return &preflight.Machine{
		Runner: r, Arch: arch, Root: a.opts.root, UID: os.Getuid(), User: name, AllowRoot: a.opts.allowRoot, Environ: os.Getenv,
		Client: &http.Client{}, Timeout: a.opts.limits.network, FreeBytes: preflight.FreeBytes, FlakeDir: a.opts.flake,
	}
}

func (a *app) checker(r run.Runner, name string, timeout time.Duration) *health.Checker {
	return &health.Checker{
		Runner: r, Root: a.opts.root, Display: display(), Now: time.Now, Sleep: a.sleep, Timeout: timeout,
		Dial: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, Client: &http.Client{Timeout: 10 * time.Second},
		Paths: a.paths(),
		StateHome: func(user string) string {
			if user == name {
				return stateHome()
			}
			return system.Of(os.DirFS(a.opts.root)).StateHome(user)
		},
	}
}

// display is the X display of this machine: one that ssh forwards is another's.
func display() string {
	if os.Getenv("SSH_CONNECTION") != "" {
		return ""
	}
	return os.Getenv("DISPLAY")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// event shows what the executor does: plain lines, or one JSON object a line.
func (a *app) event(e journal.Event) {
	if a.opts.json {
		// An error about writing to stdout shows when the summary is written.
		_ = json.NewEncoder(term.JSON(a.stdout)).Encode(e)
		return
	}
	switch {
	case e.Type == "summary" || e.Type == "run":
	case e.Message != "":
		a.say("%s: %s", stepName(e), e.Message)
	case e.Type == "step" && e.Status == journal.Running:
		a.say("%s ...", stepName(e))
	}
}

func stepName(e journal.Event) string {
	if e.Step == "" {
		return e.Type
	}
	return e.Step
}

// confirm asks on the terminal; nil where there is nobody to ask.
func (a *app) confirm() func(context.Context, deploy.Question) (bool, error) {
	if !term.Is(a.stdin) {
		return nil
	}
	return func(ctx context.Context, q deploy.Question) (bool, error) {
		for _, line := range q.Details {
			fmt.Fprintln(a.stderr, line)
		}
		fmt.Fprintf(a.stderr, "%s [y/N] ", q.Text)
		answer, err := a.readLine(ctx)
		if err != nil {
			return false, err
		}
		switch strings.ToLower(answer) {
		case "y", "yes":
			return true, nil
		}
		return false, nil
	}
}

// readLine is the next line of stdin, without blanks around it. An interrupt
// ends the wait, and the program with it: the read itself cannot be called off.
func (a *app) readLine(ctx context.Context) (string, error) {
	type read struct {
		line string
		err  error
	}
	done := make(chan read, 1)
	go func() {
		line, err := bufio.NewReader(a.stdin).ReadString('\n')
		done <- read{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", fault.New(fault.Interrupted, "interrupted")
	case r := <-done:
		if r.err != nil && !errors.Is(r.err, io.EOF) {
			return "", fmt.Errorf("read the answer: %w", r.err)
		}
		return strings.TrimSpace(r.line), nil
	}
}

// finish prints how a run ended.
func (s *session) finish(r journal.Record, err error) error {
	s.close()
	if !s.app.opts.json && r.ID != 0 {
		s.app.say("%s", strings.TrimSuffix(deploy.Summary(r), "\n"))
	}
	return err
}
