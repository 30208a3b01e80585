// Package run starts other programs. Everything the executor does to a
// machine is a Command handed to a Runner, so that a test can stand in for
// the machine, a plan can print a command without starting it, and one place
// decides about process groups, time limits, environment and redaction.
package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// Stream says where a line of output came from.
type Stream int

// The two streams of a child.
const (
	Stdout Stream = iota
	Stderr
)

// Command is one program to start. The zero values of the optional fields
// mean: no input, the runner's own directory, no extra environment, no limit.
type Command struct {
	Name string   // the program: a name looked up in PATH, or an absolute path
	Args []string // its arguments, without the program
	Dir  string   // working directory
	Env  []string // "KEY=value", on top of the runner's allow-listed environment
	// Input is written to the standard input. Without it the child reads
	// end-of-file at once, so that a program that asks does not hang.
	Input []byte
	// Stdin, Stdout and Stderr are for a program that is talked to while it runs, or whose
	// output may be longer than MaxCapture: what they get is neither in the Result nor given
	// to OnLine. A Runner that leads to another machine ignores them.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Network says that the network can break the command, and that running it
	// twice comes to the same as once. The retry package repeats it then.
	Network bool
	// Timeout limits the run; after it the process group gets SIGTERM and, 10 s later, SIGKILL.
	Timeout time.Duration
	// Elevate asks for root. The elevate package turns it into a plain command; a Runner that meets it refuses.
	Elevate bool
	// Terminal leaves the child in the terminal's foreground process group, with the terminal
	// as its standard input if it gets no other, so that it can ask for a password.
	Terminal bool
	// Quiet keeps a command that is repeated all the time out of the log. Fresh asks a runner that
	// shares a connection to take one of its own.
	Quiet, Fresh bool
	// Here has a runner that leads to another machine run the command on this one.
	Here bool
	// OnLine gets every line as it comes, without its line end. Lines longer
	// than 1 MiB come in pieces. It is called from one goroutine at a time.
	OnLine func(Stream, string)
}

// String returns the command as a person would type it, quoted for a POSIX shell
// and without the environment. Secrets travel in files and are not in Args by
// contract; what a user passes on to Nix may still hold one, and is redacted.
func (c Command) String() string {
	words := make([]string, 0, len(c.Args)+1)
	words = append(words, Quote(c.Name))
	for _, a := range RedactArgs(c.Args) {
		words = append(words, Quote(a))
	}
	return strings.Join(words, " ")
}

// Flakes turns on what commands of nix need on a machine whose nix.conf does not.
var Flakes = []string{"--extra-experimental-features", "nix-command flakes"}

// plain are the characters that mean nothing to a shell within a word.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,#"

// Quote quotes s for a POSIX shell where that is needed.
func Quote(s string) string {
	if s == "" {
		return "''"
	}
	if s[0] != '#' && strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Result is what a finished command left.
type Result struct {
	Stdout   string // at most the last MaxCapture bytes
	Stderr   string // likewise
	Code     int    // exit code, -1 if a signal ended it
	Duration time.Duration
}

// MaxCapture is how much of each stream a Result keeps, in bytes.
const MaxCapture = 1 << 20

// Runner starts commands.
type Runner interface {
	// Run starts the command and waits for it. A command that could not be
	// started, was stopped or returned other than 0 gives an *Error, and the
	// Result is filled as far as it got.
	Run(ctx context.Context, c Command) (Result, error)
	// LookPath says where the named program is; the error wraps exec.ErrNotFound.
	LookPath(name string) (string, error)
}

// Error is a command that failed.
type Error struct {
	Command string        // as String prints it
	Code    int           // exit code, -1 if a signal ended it or it never ran
	Signal  string        // name of the signal that ended it, if any
	Timeout time.Duration // the limit that was exceeded, 0 if none was
	Tail    string        // the last lines it wrote to stderr
	Err     error         // what the operating system said, if it never ran; ctx.Err() if cancelled
	At      uintptr       // who had it run, as runtime.Callers says; 0: unknown
}

// Origin returns the function of ours that had the command run.
func (e *Error) Origin() (fault.Origin, bool) {
	if e.At == 0 {
		return fault.Origin{}, false
	}
	return fault.At(e.At), true
}

// runnerPackages are the packages through which a command goes on its way to Exec.
var runnerPackages = []string{"internal/run.", "internal/elevate.", "internal/retry."}

// caller returns the function that had a command run: the first that is no runner.
func caller() uintptr {
	pcs := make([]uintptr, 24)
	pcs = pcs[:runtime.Callers(2, pcs)]
	for _, pc := range pcs {
		frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
		if !slices.ContainsFunc(runnerPackages, func(r string) bool { return strings.Contains(frame.Function, r) }) {
			return pc
		}
	}
	return 0
}

func (e *Error) Error() string {
	switch {
	case errors.Is(e.Err, context.Canceled):
		return fmt.Sprintf("%s: interrupted", e.Command)
	case e.Timeout > 0:
		return fmt.Sprintf("%s: no end after %s, stopped", e.Command, e.Timeout)
	case e.Signal != "":
		return fmt.Sprintf("%s: killed by %s", e.Command, e.Signal)
	case e.Err != nil:
		return fmt.Sprintf("%s: %v", e.Command, e.Err)
	}
	return fmt.Sprintf("%s: exit code %d", e.Command, e.Code)
}

func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the exit code of the command behind err, as its error or a fault tells: 0 if there is none.
func CodeOf(err error) int {
	code := 0
	if e, ok := errors.AsType[*Error](err); ok {
		code = e.Code
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		code = cmp.Or(code, f.Child)
	}
	return code
}

// CommandOf returns the command behind err as it was printed: "" if there is none.
func CommandOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Command
	}
	return ""
}
