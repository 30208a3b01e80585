package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/flake"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// oldPin is from which age of nixpkgs on the user is told of it. A release
// branch takes security fixes every day, and Firefox and Chromium make a new
// release every four weeks: what is older lacks fixes that are known to all.
const oldPin = 30 * 24 * time.Hour

// Who chose the revision of an input.
const (
	byProgram = "built-in"   // nobody: it is the one that the program brings
	byLock    = "flake.lock" // quick-deploy update, nix flake update, or a hand
	byProfile = "profile"    // the profile's pins
)

// lockedInput is an input of the flake, with who chose its revision.
type lockedInput struct {
	Input string `json:"input"`
	Ref   string `json:"ref,omitempty"` // branch or tag that flake.nix names
	*locking
	By string `json:"by"`

	at profile.Pos // the profile's pin
}

// lockedInputs are the inputs that flake.nix names, as lock pins them. A
// revision that is not as in builtin, which is what the program writes where
// nobody chooses, was chosen by somebody.
func (a *app) lockedInputs(lock, builtin []byte, pinned map[string]profile.Pos) ([]lockedInput, error) {
	all, err := flake.ReadLock(lock)
	if err != nil {
		return nil, err
	}
	ours, err := flake.ReadLock(builtin)
	if err != nil {
		return nil, err
	}
	revs := map[string]string{}
	for _, in := range ours {
		revs[in.Path] = in.Rev
	}
	out := []lockedInput{}
	for _, in := range all {
		if strings.Contains(in.Path, "/") {
			continue
		}
		l := lockedInput{Input: in.Path, Ref: in.Ref, locking: lockingOf(&in, a.now()), By: byLock}
		if pos, ok := pinned[in.Path]; ok {
			l.By, l.at = byProfile, pos
		} else if rev, ok := revs[in.Path]; ok && rev == in.Rev {
			l.By = byProgram
		}
		out = append(out, l)
	}
	return out, nil
}

// inputs are the flake's inputs as a run builds from them: by the lock file
// that lies there, or by the one that the run writes before.
func (a *app) inputs(g *generated, keep, force bool) ([]lockedInput, error) {
	lock, err := regular.Read(filepath.Join(g.tree.Dir(), lockFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the lock file: %w", err)
	}
	for _, c := range g.changes.Files {
		writes := c.Action == tree.Create || c.Action == tree.Update ||
			force && (c.Action == tree.Conflict || c.Action == tree.Foreign)
		if c.Path == lockFile && writes && !keep {
			lock = c.New
		}
	}
	if lock == nil {
		return nil, nil // a flake that is taken as it lies there, and has no lock file
	}
	return a.lockedInputs(lock, g.flake.File(lockFile), g.flake.Pinned)
}

// isNixpkgs tells nixpkgs and its variants, such as nixpkgs-canary, from other inputs.
func isNixpkgs(name string) bool { return name == "nixpkgs" || strings.HasPrefix(name, "nixpkgs-") }

// nixpkgsOf is the nixpkgs that a host is built from; nil if it is not known.
func nixpkgsOf(h generator.Host, inputs []lockedInput) *lockedInput {
	i := slices.IndexFunc(inputs, func(in lockedInput) bool {
		return isNixpkgs(in.Input) && slices.Contains(h.Inputs, in.Input)
	})
	if i < 0 {
		return nil
	}
	return &inputs[i]
}

// sayAge tells once, and in one line, of the oldest nixpkgs among inputs, if it
// is so old that it matters.
func (a *app) sayAge(inputs ...lockedInput) {
	if a.aged {
		return
	}
	var oldest *lockedInput
	for i, in := range inputs {
		if isNixpkgs(in.Input) && in.LastModified > 0 && (oldest == nil || in.LastModified < oldest.LastModified) {
			oldest = &inputs[i]
		}
	}
	if oldest == nil || a.now().Sub(oldest.date()) < oldPin {
		return
	}
	a.aged = true
	a.say("note: %s is %s: %s", oldest.Input, oldest.age(), oldest.remedy())
}

// sayAges tells of the oldest nixpkgs of the hosts that --host and --on name.
func (a *app) sayAges(g *generated) error {
	hosts, err := a.selected(g.loaded)
	if err != nil {
		return err
	}
	var theirs []lockedInput
	for _, h := range hosts {
		if in := nixpkgsOf(g.host(h.Name), g.inputs); in != nil {
			theirs = append(theirs, *in)
		}
	}
	a.sayAge(theirs...)
	return nil
}

func (in lockedInput) date() time.Time { return time.Unix(in.LastModified, 0).UTC() }

// age is "of 14 July 2026 (137 days old)".
func (in lockedInput) age() string {
	return fmt.Sprintf("of %s (%s old)", in.date().Format(preflight.DateLayout), count(in.AgeDays, "day"))
}

// remedy is how to come to a newer revision.
func (in lockedInput) remedy() string {
	if in.By == byProfile {
		return fmt.Sprintf("the profile pins it, at %s", in.at)
	}
	if in.Ref == "" {
		return "quick-deploy update takes the newest"
	}
	return "quick-deploy update takes the newest of " + in.Ref
}

// preflight is what the checks need to know of it; in may be nil.
func (in *lockedInput) preflight() preflight.Nixpkgs {
	if in == nil || in.LastModified == 0 {
		return preflight.Nixpkgs{}
	}
	n := preflight.Nixpkgs{Rev: in.Rev, Date: in.date(), BuiltIn: in.By == byProgram, Origin: in.By, Fix: in.remedy()}
	switch in.By {
	case byProgram:
		n.Origin = "built into quick-deploy"
	case byProfile:
		n.Origin = in.at.String()
	}
	return n
}

// printWith writes v, which is an object, with more fields as the data of a command.
func (a *app) printWith(v any, more map[string]any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(data, &out); err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	for key, value := range more {
		out[key] = value
	}
	return a.printJSON(out)
}
