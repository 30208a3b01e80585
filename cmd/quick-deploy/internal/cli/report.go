package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/diagnose"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator/cleartext"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// report prints err and returns the exit code. It is the only place that
// prints errors: "quick-deploy: <what>: <why>" and then the hints, on stderr;
// with --json one object that carries the code.
func report(a *app.App, err error) fault.Code {
	if err == nil {
		return fault.OK
	}
	var problems profile.Problems
	hasProblems := errors.As(err, &problems)
	code := fault.CodeOf(err)
	if hasProblems && code == fault.Unexpected {
		code = fault.Profile
	}
	veil := a.Seen.Veil(problems)
	problems = readable(veil.Problems(problems))
	if a.JSON {
		reportJSON(a, err, code, problems, veil)
		return code
	}
	if hasProblems {
		if err := problems.Render(a.Err.Styled(), a.Seen.Shown(veil), a.ColourErr); err != nil {
			return code
		}
		fmt.Fprintf(a.Err, "quick-deploy: %s in the profile\n", term.Count(len(problems), "problem"))
		return code
	}
	var evaluation *app.EvaluationError
	if errors.As(err, &evaluation) {
		found := readable(veil.Problems(evaluation.Problems()))
		if err := found.Render(a.Err.Styled(), a.Seen.Shown(veil), a.ColourErr); err != nil {
			return code
		}
	}
	fmt.Fprintf(a.Err, "quick-deploy: %s\n", veil.Text(err.Error()))
	for _, h := range fault.HintsOf(err) {
		fmt.Fprintf(a.Err, "hint: %s\n", veil.Text(h))
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

func reportJSON(a *app.App, err error, code fault.Code, problems profile.Problems, veil *cleartext.Veil) {
	e := exitError{MessageType: "exit_error", Code: code, Message: veil.Text(err.Error()), Problems: problems}
	for _, h := range fault.HintsOf(err) {
		e.Hints = append(e.Hints, veil.Text(h))
	}
	e.Origin, _ = fault.OriginOf(err)
	e.Command = veil.Text(run.CommandOf(err))
	var evaluation *app.EvaluationError
	if errors.As(err, &evaluation) {
		e.Findings = slices.Clone(evaluation.Findings)
		for i, p := range veil.Problems(evaluation.Problems()) {
			e.Findings[i].Problem, e.Findings[i].Message = p, veil.Text(e.Findings[i].Message)
		}
	}
	var f *fault.Error
	if errors.As(err, &f) {
		e.ChildExit = f.Child
	}
	// An error about writing to stderr has nowhere to go.
	_ = json.NewEncoder(term.JSON(a.Err)).Encode(e)
}
