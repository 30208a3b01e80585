// Package fault is what goes wrong, as data: an exit code, a sentence and
// what the user can do about it. Every command returns its errors through it;
// only main prints them.
package fault

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Code is an exit code of the program. docs/exit-codes.md documents them; they never change meaning.
type Code int

// The exit codes. What is said of each is what the README and the manual page say.
const (
	OK             Code = 0   // done
	Unexpected     Code = 1   // a fault of the program or of the machine
	Usage          Code = 2   // wrong flags or arguments, or a question that nobody can answer
	Profile        Code = 3   // the profile is invalid, or none was found; nothing was written
	Preflight      Code = 4   // a check refused the run; nothing was switched
	Network        Code = 5   // the network failed, and the retries are spent
	Build          Code = 6   // evaluation or build failed; nothing was switched
	Activation     Code = 7   // activation failed, and the machine was rolled back
	Health         Code = 8   // a required health check failed
	Locked         Code = 9   // another run holds the lock
	Pending        Code = 10  // changes are pending, or a hand edit is in the way
	Partial        Code = 11  // part of a fleet failed
	RollbackFailed Code = 12  // rolling back failed, and a person is needed
	NotFound       Code = 13  // a command that is needed was not found; nothing was switched
	Timeout        Code = 14  // a command ran out of its time; nothing was switched, or the machine was rolled back
	Interrupted    Code = 130 // interrupted
)

// Error is an error with an exit code and hints. Its text follows the form
// "<what>: <why>": lower case, no final period.
type Error struct {
	Code  Code
	Err   error
	Hints []string
	// Notes are what came of it and where more is found, a line each: "nothing was switched", "log: FILE".
	Notes []string
	// Child is the exit code of the command that failed, -1 if it was killed, 0 if none was run.
	Child int

	pc uintptr // where New was called
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// New returns an Error whose text is formatted as by fmt.Errorf.
func New(code Code, format string, args ...any) *Error {
	var pcs [1]uintptr
	runtime.Callers(2, pcs[:])
	return &Error{Code: code, Err: fmt.Errorf(format, args...), pc: pcs[0]}
}

// Origin is a place in our own source where an error arose.
type Origin struct {
	Function string  `json:"function"` // deploy.(*session).nix
	Source   string  `json:"source"`   // step_build.go:145
	PC       uintptr `json:"-"`        // as runtime.Callers gives it
}

// At is the origin at a program counter as runtime.Callers gives it.
func At(pc uintptr) Origin {
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	// The package's last part is enough.
	return Origin{
		Function: frame.Function[strings.LastIndexByte(frame.Function, '/')+1:],
		Source:   fmt.Sprintf("%s:%d", filepath.Base(frame.File), frame.Line),
		PC:       pc,
	}
}

func (e *Error) origin() (Origin, bool) { return At(e.pc), e.pc != 0 }

// OriginOf is the innermost place that an error's chain names: an Error made by New,
// or an error with a method Origin, such as that of a command.
func OriginOf(err error) (o Origin, known bool) {
	var visit func(error)
	visit = func(err error) {
		switch e := err.(type) {
		case *Error:
			if at, ok := e.origin(); ok {
				o, known = at, true
			}
		case interface{ Origin() (Origin, bool) }:
			if at, ok := e.Origin(); ok {
				o, known = at, true
			}
		}
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			visit(e.Unwrap())
		case interface{ Unwrap() []error }:
			if all := e.Unwrap(); len(all) > 0 {
				visit(all[0]) // the first is the cause, others came on the way
			}
		}
	}
	if err != nil {
		visit(err)
	}
	return o, known
}

// Hint adds a hint and returns e.
func (e *Error) Hint(format string, args ...any) *Error {
	e.Hints = append(e.Hints, fmt.Sprintf(format, args...))
	return e
}

// Note adds a note and returns e.
func (e *Error) Note(format string, args ...any) *Error {
	e.Notes = append(e.Notes, fmt.Sprintf(format, args...))
	return e
}

// CodeOf is the exit code that err asks for: that of the outermost Error in
// its chain, Unexpected for any other error, OK for nil. Where that says no more
// than which part failed, a command that is missing or ran out of its time tells
// more, and has codes of its own.
func CodeOf(err error) Code {
	if err == nil {
		return OK
	}
	code := Unexpected
	var e *Error
	if errors.As(err, &e) {
		code = e.Code
	}
	switch code {
	case Unexpected, Preflight, Build, Activation:
		if errors.Is(err, exec.ErrNotFound) {
			return NotFound
		}
		if errors.Is(err, context.DeadlineExceeded) {
			return Timeout
		}
	}
	return code
}

// HintsOf collects the hints of every Error in err's chain, outermost first.
func HintsOf(err error) []string { return collect(err, func(e *Error) []string { return e.Hints }) }

// NotesOf collects the notes of every Error in err's chain, outermost first.
func NotesOf(err error) []string { return collect(err, func(e *Error) []string { return e.Notes }) }

func collect(err error, of func(*Error) []string) []string {
	var out []string
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			break
		}
		out = append(out, of(e)...)
		err = e.Err
	}
	return out
}
