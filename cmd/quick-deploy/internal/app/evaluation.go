package app

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/diagnose"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/explain"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/generator"
)

// EvaluationError is a failed evaluation or build, with the lines that it goes back to.
type EvaluationError struct {
	err      error
	Findings []diagnose.Finding
}

// Error is the first finding, and how many more there are.
func (e *EvaluationError) Error() string {
	text := e.Findings[0].Error()
	if n := len(e.Findings) - 1; n > 0 {
		text += fmt.Sprintf(" (and %d more)", n)
	}
	return text
}
func (e *EvaluationError) Unwrap() error { return e.err }

// locateError puts an error of Nix into words of the profile, with the lines that it goes back to.
// Any other error is returned as it is. A nil g is a run that does not generate.
func locateError(a *App, err error, g *Generated, host string, wholeTrace bool) error {
	var nix *deploy.NixError
	if g == nil || !errors.As(err, &nix) {
		return err
	}
	if wholeTrace {
		fmt.Fprint(a.Err, nix.Said.Text)
	}
	if len(nix.Said.Errors) == 0 {
		return err
	}
	flake := g.Flake
	if !g.input.Explain { // Of thousands of hosts the origins of all lines are a lot.
		in := g.input
		in.Explain = true
		explained, again := generator.Generate(in)
		if again != nil {
			return errors.Join(err, again)
		}
		flake = explained
	}
	return &EvaluationError{err: err, Findings: findings(nix.Said.Errors, g.Tree.Dir(), g.Loaded, flake, host)}
}

// findings are the lines that errors of Nix go back to, for the flake in dir.
func findings(errs []nixlog.Error, dir string, l *Loaded, flake *generator.Tree, host string) []diagnose.Finding {
	return diagnose.Locate(errs, diagnose.Source{
		Host: host, Dir: dir, Profile: l.Profile, Tree: flake,
		ReadFile: func(path string) ([]byte, error) {
			return regular.Read(filepath.Join(dir, filepath.FromSlash(path)))
		},
	})
}

// WhyNot is why Nix could not evaluate the flake, in a line: of an error of Nix what it goes back to.
func WhyNot(a *App, err error, l *Loaded, flake *generator.Tree, host string) string {
	var said *explain.EvaluateError
	if !errors.As(err, &said) {
		return err.Error()
	}
	if len(said.Said.Errors) == 0 || said.Said.Cause.Kind.Temporary() {
		return said.Error()
	}
	e := &EvaluationError{err: err, Findings: findings(said.Said.Errors, a.Flake, l, flake, host)}
	return e.Error()
}
