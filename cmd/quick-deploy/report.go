package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/diagnose"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator/cleartext"
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
	veil := a.veil(problems)
	problems = readable(veil.Problems(problems))
	if a.opts.json {
		a.reportJSON(err, code, problems, veil)
		return code
	}
	if hasProblems {
		if err := problems.Render(a.stderr.Styled(), a.shown(veil), a.colour(a.stderr)); err != nil {
			return code
		}
		fmt.Fprintf(a.stderr, "quick-deploy: %s in the profile\n", count(len(problems), "problem"))
		return code
	}
	var evaluation *evaluationError
	if errors.As(err, &evaluation) {
		if err := readable(veil.Problems(evaluation.problems())).Render(a.stderr.Styled(), a.shown(veil), a.colour(a.stderr)); err != nil {
			return code
		}
	}
	fmt.Fprintf(a.stderr, "quick-deploy: %s\n", veil.Text(err.Error()))
	for _, h := range fault.HintsOf(err) {
		fmt.Fprintf(a.stderr, "hint: %s\n", veil.Text(h))
	}
	return code
}

// readable are ps with texts that can be shown: Nix quotes what others wrote.
func readable(ps profile.Problems) profile.Problems {
	for i := range ps {
		p := &ps[i]
		p.Path, p.What, p.Why, p.Hint = term.Line(p.Path), term.Clean(p.What), term.Clean(p.Why), term.Clean(p.Hint)
	}
	return ps
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

func (a *app) reportJSON(err error, code fault.Code, problems profile.Problems, veil *cleartext.Veil) {
	e := exitError{MessageType: "exit_error", Code: code, Message: veil.Text(err.Error()), Problems: problems}
	for _, h := range fault.HintsOf(err) {
		e.Hints = append(e.Hints, veil.Text(h))
	}
	e.Origin, _ = fault.OriginOf(err)
	e.Command = veil.Text(run.CommandOf(err))
	var evaluation *evaluationError
	if errors.As(err, &evaluation) {
		e.Findings = slices.Clone(evaluation.findings)
		for i, p := range veil.Problems(evaluation.problems()) {
			e.Findings[i].Problem, e.Findings[i].Message = p, veil.Text(e.Findings[i].Message)
		}
	}
	var f *fault.Error
	if errors.As(err, &f) {
		e.ChildExit = f.Child
	}
	// An error about writing to stderr has nowhere to go.
	_ = json.NewEncoder(term.JSON(a.stderr)).Encode(e)
}

// printJSON writes v as the data of a command.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(term.JSON(a.stdout))
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
	return term.Is(w) && os.Getenv("TERM") != "dumb"
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
