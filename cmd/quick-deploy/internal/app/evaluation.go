package app

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/diagnose"
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
	findings := diagnose.Locate(nix.Said.Errors, diagnose.Source{
		Host: host, Dir: g.Tree.Dir(), Profile: g.Profile, Tree: flake,
		ReadFile: func(path string) ([]byte, error) {
			return regular.Read(filepath.Join(g.Tree.Dir(), filepath.FromSlash(path)))
		},
	})
	return &EvaluationError{err: err, Findings: findings}
}
