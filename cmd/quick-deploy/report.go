package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/diagnose"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// report prints err and returns the exit code. It is the only place that
// prints errors: "quick-deploy: <what>: <why>" and then the hints, on stderr;
// with --json one object that carries the code.
func (a *app) report(err error) fault.Code {
	if err == nil {
		return fault.OK
	}
	var problems profile.Problems
	hasProblems := errors.As(err, &problems)
	code := fault.CodeOf(err)
	if hasProblems && code == fault.Unexpected {
		code = fault.Profile
	}
	if a.opts.json {
		a.reportJSON(err, code, problems)
		return code
	}
	if hasProblems {
		if err := problems.Render(a.stderr, a.readSource, a.colour(a.stderr)); err != nil {
			return code
		}
		fmt.Fprintf(a.stderr, "quick-deploy: %s in the profile\n", count(len(problems), "problem"))
		return code
	}
	var evaluation *evaluationError
	if errors.As(err, &evaluation) {
		if err := evaluation.problems().Render(a.stderr, a.readShown, a.colour(a.stderr)); err != nil {
			return code
		}
	}
	fmt.Fprintf(a.stderr, "quick-deploy: %v\n", err)
	for _, h := range fault.HintsOf(err) {
		fmt.Fprintf(a.stderr, "hint: %s\n", h)
	}
	return code
}

// exitError is the last line on stderr with --json.
type exitError struct {
	MessageType string     `json:"message_type"`
	Code        fault.Code `json:"code"`
	Message     string     `json:"message"`
	Hints       []string   `json:"hints,omitempty"`
	ChildExit   int        `json:"child_exit,omitempty"`
	Command     string     `json:"command,omitempty"`
	// Function and source are the place in the program where the error arose.
	fault.Origin
	Problems profile.Problems `json:"problems,omitempty"`
	// Findings are the errors of Nix with the lines that they go back to.
	Findings []diagnose.Finding `json:"findings,omitempty"`
}

func (a *app) reportJSON(err error, code fault.Code, problems profile.Problems) {
	e := exitError{MessageType: "exit_error", Code: code, Message: err.Error(), Hints: fault.HintsOf(err), Problems: problems}
	e.Origin, _ = fault.OriginOf(err)
	e.Command = run.CommandOf(err)
	var evaluation *evaluationError
	if errors.As(err, &evaluation) {
		e.Findings = evaluation.findings
	}
	var f *fault.Error
	if errors.As(err, &f) {
		e.ChildExit = f.Child
	}
	// An error about writing to stderr has nowhere to go.
	_ = json.NewEncoder(a.stderr).Encode(e)
}

// printJSON writes v as the data of a command.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// printFile prints a file that a dry run does not write.
func (a *app) printFile(path string, text []byte) error {
	if a.opts.json {
		return a.printJSON(map[string]string{"path": path, "text": string(text)})
	}
	_, err := a.stdout.Write(text)
	return err
}

// say tells the user something that is no data, and the log.
func (a *app) say(format string, args ...any) {
	logfile.At(a.log, slog.LevelInfo, 1, fmt.Sprintf(format, args...))
	a.tell(format, args...)
}

// tell tells the user what the log has already.
func (a *app) tell(format string, args ...any) {
	if !a.opts.quiet {
		fmt.Fprintf(a.stderr, format+"\n", args...)
	}
}

// colour reports whether w is a terminal that wants colours (no-color.org, bixense.com/clicolors).
func (a *app) colour(w io.Writer) bool {
	if os.Getenv("NO_COLOR") != "" {
		return false
	}
	if force := os.Getenv("CLICOLOR_FORCE"); force != "" && force != "0" {
		return true
	}
	return isTerminal(w) && os.Getenv("TERM") != "dumb"
}

func isTerminal(f any) bool {
	file, ok := f.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
