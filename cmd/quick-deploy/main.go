// Command quick-deploy turns one YAML profile into a NixOS flake and applies it.
package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// version is set by the linker (-X main.version=…).
var version = "dev"

func main() {
	os.Exit(int(quickDeploy(os.Args, os.Stdin, os.Stdout, os.Stderr)))
}

// quickDeploy is the program: it never exits and returns the code to exit with.
func quickDeploy(args []string, stdin io.Reader, stdout, stderr io.Writer) fault.Code {
	return newApp(stdin, stdout, stderr).execute(args)
}

func (a *app) execute(args []string) fault.Code {
	// SIGQUIT, by which Go programs stop where they are, would leave a machine between two systems.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT)
	defer stop()
	// A second interrupt ends the program at once, unless the machine is being
	// changed: then a step at work must come to its end.
	defer context.AfterFunc(ctx, func() {
		if !a.acting.Load() {
			stop()
		}
	})()
	ended := make(chan error, 1)
	go func() { ended <- a.run(ctx, args) }()
	err := a.wait(ctx, ended)
	if err != nil && errors.Is(ctx.Err(), context.Canceled) && fault.CodeOf(err) == fault.Unexpected {
		err = fault.New(fault.Interrupted, "interrupted")
	}
	return a.report(err)
}

// patience is how long the program may take to end after an interrupt.
const patience = 5 * time.Second

// wait waits for the end of the command. One that an interrupt does not end, as
// where a file system does not answer, is left, unless it is changing the machine.
func (a *app) wait(ctx context.Context, ended <-chan error) error {
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
			if !a.acting.Load() {
				return ctx.Err()
			}
		}
	}
}

// app is the program with its surroundings.
type app struct {
	stdin          io.Reader
	stdout, stderr *term.Gate
	opts           options
	// acting says that a run is at work on the machine.
	acting atomic.Bool
	// log is the command's log, and discards where there is none; logFile is nil then.
	log      *slog.Logger
	logFile  *logfile.File
	logErr   error
	logLevel slog.Level
	// unknown refuses a command that help was asked for.
	unknown error
	// begun says that flags and variables were understood.
	begun bool
	// sleep waits for the network to come back; tests do not.
	sleep func(ctx context.Context, d time.Duration) error
	// source is what the profile was read from, for the lines in messages.
	source *fileSource
	// loaded is the profile, read when it is first asked for.
	loaded func() (*loaded, error)
	// now is the clock by which revisions have an age.
	now func() time.Time
	// aged says that the age of nixpkgs has been told.
	aged bool
}

func newApp(stdin io.Reader, stdout, stderr io.Writer) *app {
	return &app{
		stdin: stdin, stdout: term.New(stdout), stderr: term.New(stderr), now: time.Now,
		sleep: retry.Sleep, log: slog.New(slog.DiscardHandler),
	}
}

// run carries out a command line. What goes wrong before the command has begun is
// wrong with the line, or with a variable that stands for a flag of it.
func (a *app) run(ctx context.Context, args []string) error {
	err := a.command().Run(ctx, args)
	if a.unknown != nil {
		return a.unknown
	}
	if err != nil && !a.begun && fault.CodeOf(err) == fault.Unexpected {
		return fault.New(fault.Usage, "%w", err)
	}
	return err
}

func (a *app) command() *cli.Command {
	root := &cli.Command{
		Name:    "quick-deploy",
		Usage:   "from one YAML profile to a running, reproducible, reversible NixOS",
		Version: version,
		Description: "Without a command it does what switch does: it writes the flake, builds it, shows what\n" +
			"changes, asks, and activates the system and the homes. Where no profile is found it starts init.",
		Flags:                           append(a.globalFlags(), a.releaseFlags()...),
		Commands:                        a.commands(),
		Action:                          a.root,
		EnableShellCompletion:           true,
		ConfigureShellCompletionCommand: a.completionCommand,
		Suggest:                         true,
		DisableSliceFlagSeparator:       true,
		Reader:                          a.stdin,
		Writer:                          a.stdout,
		ErrWriter:                       a.stderr,
		ExitErrHandler:                  func(context.Context, *cli.Command, error) {},
		Before:                          a.before,
	}
	root.CommandNotFound = func(_ context.Context, cmd *cli.Command, name string) { a.unknown = noCommand(cmd, name) }
	strict(root)
	a.logged(root)
	a.completions(root)
	addExamples(root, "")
	return root
}

// strict makes wrong flags, unknown commands and stray arguments errors with
// the exit code for usage, which the library does not do by itself.
func strict(c *cli.Command) {
	c.OnUsageError = func(_ context.Context, cmd *cli.Command, err error, _ bool) error {
		return fault.New(fault.Usage, "%w", err).Hint("%s --help lists the flags", cmd.FullName())
	}
	for _, sub := range c.Commands {
		strict(sub)
	}
}

// noArgs refuses arguments that a command does not take.
func noArgs(cmd *cli.Command) error {
	if cmd.Args().Present() {
		return fault.New(fault.Usage, "unexpected argument %q", cmd.Args().First()).
			Hint("%s --help shows what it takes", cmd.FullName())
	}
	return nil
}

// nixArgs refuses a first argument that is no flag of Nix, such as a host's name, which a flag of ours chooses.
func nixArgs(cmd *cli.Command, flag string) error {
	first := cmd.Args().First()
	if first == "" || strings.HasPrefix(first, "-") {
		return nil
	}
	return fault.New(fault.Usage, "unexpected argument %q", first).
		Hint("%s %s chooses a host; flags of Nix stand behind --", flag, first)
}
