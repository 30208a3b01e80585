package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/diagnose"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/storepath"
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
	errors.As(err, &problems)
	veil := a.Seen.Veil(problems)
	e := newExitError(err, readable(veil.Problems(problems)), veil)
	if a.JSON {
		// An error about writing to stderr has nowhere to go.
		_ = json.NewEncoder(term.JSON(a.Err)).Encode(e)
		return e.Code
	}
	shown := e.Problems
	for _, f := range e.Findings {
		shown = append(shown, f.Problem)
	}
	if len(shown) > 0 && readable(shown).Render(a.Err.Styled(), a.Seen.Shown(veil), a.ColourErr) != nil {
		return e.Code
	}
	var refusal *preflight.Refusal
	if errors.As(err, &refusal) {
		writeRefusal(a, refusal, veil)
		return e.Code
	}
	if n := len(e.Problems); n > 0 {
		fmt.Fprintf(a.Err, "quick-deploy: %s in the profile\n", term.Count(n, "problem"))
		return e.Code
	}
	if len(e.Findings) == 0 { // else they are what there is to say
		fmt.Fprintf(a.Err, "quick-deploy: %s\n", shorten(a, e.Message))
	}
	for _, h := range e.Hints {
		fmt.Fprintf(a.Err, "hint: %s\n", h)
	}
	for _, n := range e.Notes {
		fmt.Fprintln(a.Err, n)
	}
	return e.Code
}

// writeRefusal shows what refuses a run, each blocker with its fix below it, and at last how many they are.
func writeRefusal(a *app.App, r *preflight.Refusal, veil *cleartext.Veil) {
	for _, b := range r.Blockers {
		check := term.Paint(a.ColourErr, term.Red, b.Check)
		what, fix := term.Clean(veil.Text(b.What)), term.Clean(veil.Text(r.Fix(b)))
		fmt.Fprintf(a.Err.Styled(), "%s: %s\n    fix: %s\n", check, what, fix)
	}
	fmt.Fprintf(a.Err, "quick-deploy: %s\n", r.Came())
}

// shorten leaves of store paths the names, but with --debug.
func shorten(a *app.App, text string) string {
	if a.Debug {
		return text
	}
	return storepath.Shorten(text)
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
	Notes       []string   `json:"notes,omitempty"` // what came of it, and where the log is
	ChildExit   int        `json:"child_exit,omitempty"`
	Command     string     `json:"command,omitempty"`
	// Function and source are the place in the program where the error arose.
	fault.Origin
	Problems profile.Problems `json:"problems,omitempty"`
	// Findings are the errors of Nix with the lines that they go back to.
	Findings []diagnose.Finding `json:"findings,omitempty"`
}

// newExitError says all that there is to say of err, without the secrets that veil hides.
func newExitError(err error, problems profile.Problems, veil *cleartext.Veil) exitError {
	e := exitError{
		MessageType: "exit_error", Code: fault.CodeOf(err), Message: veil.Text(err.Error()),
		Command: veil.Text(run.CommandOf(err)), Problems: problems,
	}
	if len(problems) > 0 && e.Code == fault.Unexpected {
		e.Code = fault.Profile
	}
	for _, h := range fault.HintsOf(err) {
		e.Hints = append(e.Hints, veil.Text(h))
	}
	for _, n := range fault.NotesOf(err) {
		e.Notes = append(e.Notes, veil.Text(n))
	}
	e.Origin, _ = fault.OriginOf(err)
	var evaluation *app.EvaluationError
	if errors.As(err, &evaluation) {
		e.Findings = slices.Clone(evaluation.Findings)
		for i := range e.Findings {
			f := &e.Findings[i]
			f.Problem, f.Message = veil.Problems(profile.Problems{f.Problem})[0], veil.Text(f.Message)
		}
	}
	var f *fault.Error
	if errors.As(err, &f) {
		e.ChildExit = f.Child
	}
	return e
}
