package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/diagnose"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/generator/cleartext"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// evaluationError is a failed evaluation or build, with the lines that it goes back to.
type evaluationError struct {
	err      error
	findings []diagnose.Finding
}

func (e *evaluationError) Error() string { return e.err.Error() }
func (e *evaluationError) Unwrap() error { return e.err }

// problems are the findings as a message shows them.
func (e *evaluationError) problems() profile.Problems {
	out := make(profile.Problems, len(e.findings))
	for i, f := range e.findings {
		out[i] = f.Problem
	}
	return out
}

// traced adds to an error of Nix which lines of the profile it goes back to.
// Any other error is returned as it is.
func (a *app) traced(err error, g *generated, host string, wholeTrace bool) error {
	var nix *deploy.NixError
	if g == nil || !errors.As(err, &nix) {
		return err
	}
	if wholeTrace {
		fmt.Fprint(a.stderr, nix.Said.Text)
	}
	if len(nix.Said.Errors) == 0 {
		return err
	}
	findings := diagnose.Locate(nix.Said.Errors, diagnose.Source{
		Host: host, Dir: g.tree.Dir(), Profile: g.profile, Tree: g.flake,
		ReadFile: func(path string) ([]byte, error) {
			return regular.Read(filepath.Join(g.tree.Dir(), filepath.FromSlash(path)))
		},
	})
	return &evaluationError{err: err, findings: findings}
}

// shown reads a file of which a message shows a line: one of the profile, or
// one in Nix that an error of Nix names. Secrets are hidden in it.
func (a *app) shown(veil *cleartext.Veil) func(name string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		if a.source != nil {
			if data, err := a.source.content(name); err == nil {
				if !a.source.isYAML(name) {
					return nil, fs.ErrNotExist
				}
				return veil.Source(data), nil
			}
		}
		if !filepath.IsAbs(name) || filepath.Ext(name) != ".nix" {
			return nil, fs.ErrNotExist
		}
		data, err := regular.Read(name)
		if err != nil {
			return nil, err
		}
		return cleartext.Hide(data), nil
	}
}
