// Package inputs tells what the inputs of a flake are locked to, who chose that and how old
// it is, and locks them anew.
package inputs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator/flake"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// The flake's two files that say where everything comes from.
const (
	FlakeFile = "flake.nix"
	LockFile  = "flake.lock"
)

// tooOld is from which age of nixpkgs on the user is told of it. A release
// branch takes security fixes every day, and Firefox and Chromium make a new
// release every four weeks: what is older lacks fixes that are known to all.
const tooOld = 30 * 24 * time.Hour

// Who chose the revision of an input.
const (
	ByProgram = "built-in"   // nobody: it is the one that the program brings
	ByLock    = "flake.lock" // quick-deploy update, nix flake update, or a hand
	ByProfile = "profile"    // the profile's pins
)

// Input is an input of the flake, with who chose its revision.
type Input struct {
	Input string `json:"input"`
	Ref   string `json:"ref,omitempty"` // branch or tag that flake.nix names
	*Revision
	By string `json:"by"`

	at profile.Pos // the profile's pin
}

// Revision is what an input is locked to.
type Revision struct {
	Rev          string `json:"rev,omitempty"`
	NarHash      string `json:"narHash"`
	LastModified int64  `json:"lastModified,omitempty"`
	AgeDays      int    `json:"age_days"`
}

// Read returns the inputs that flake.nix names, as lock pins them. A
// revision that is not as in builtin, which is what the program writes where
// nobody chooses, was chosen by somebody.
func Read(lock, builtin []byte, pinned map[string]profile.Pos, now time.Time) ([]Input, error) {
	all, err := flake.ReadLock(lock)
	if err != nil {
		return nil, err
	}
	ours, err := flake.ReadLock(builtin)
	if err != nil {
		return nil, err
	}
	out := []Input{}
	for _, name := range flake.Direct(all) {
		in := Input{Input: name, Ref: all[name].Ref, Revision: revisionOf(all, name, now), By: ByLock}
		if pos, ok := pinned[name]; ok {
			in.By, in.at = ByProfile, pos
		} else if was, ok := ours[name]; ok && was.Rev == in.Rev {
			in.By = ByProgram
		}
		out = append(out, in)
	}
	return out, nil
}

// IsNixpkgs tells nixpkgs and its variants, such as nixpkgs-canary, from other inputs.
func IsNixpkgs(name string) bool { return name == "nixpkgs" || strings.HasPrefix(name, "nixpkgs-") }

// Nixpkgs is the nixpkgs among the inputs that a host is built from; nil if it is not known.
func Nixpkgs(all []Input, ofHost []string) *Input {
	i := slices.IndexFunc(all, func(in Input) bool {
		return IsNixpkgs(in.Input) && slices.Contains(ofHost, in.Input)
	})
	if i < 0 {
		return nil
	}
	return &all[i]
}

// Warning says in one line how old the oldest nixpkgs among the inputs is; "" if that does not matter.
func Warning(all []Input, now time.Time) string {
	var oldest *Input
	for i, in := range all {
		if IsNixpkgs(in.Input) && in.LastModified > 0 && (oldest == nil || in.LastModified < oldest.LastModified) {
			oldest = &all[i]
		}
	}
	if oldest == nil || now.Sub(oldest.date()) < tooOld {
		return ""
	}
	return fmt.Sprintf("%s is %s: %s", oldest.Input, oldest.Age(), oldest.remedy())
}

func (in Input) date() time.Time { return time.Unix(in.LastModified, 0).UTC() }

// Age is "of 14 July 2026 (137 days old)".
func (in Input) Age() string {
	return fmt.Sprintf("from %s (%s old)", in.date().Format(preflight.DateLayout), term.Count(in.AgeDays, "day"))
}

// remedy is how to come to a newer revision.
func (in Input) remedy() string {
	if in.By == ByProfile {
		return fmt.Sprintf("the profile pins it, at %s", in.at)
	}
	if in.Ref == "" {
		return "quick-deploy update gets the newest"
	}
	return "quick-deploy update gets the newest of " + in.Ref
}

// Preflight is what the checks need to know of it; in may be nil.
func (in *Input) Preflight() preflight.Nixpkgs {
	if in == nil || in.LastModified == 0 {
		return preflight.Nixpkgs{}
	}
	n := preflight.Nixpkgs{Rev: in.Rev, Date: in.date(), BuiltIn: in.By == ByProgram, Origin: in.By, Fix: in.remedy()}
	switch in.By {
	case ByProgram:
		n.Origin = "built into quick-deploy"
	case ByProfile:
		n.Origin = in.at.String()
	}
	return n
}

// Change is an input before and after.
type Change struct {
	Input string    `json:"input"`
	Old   *Revision `json:"old"`
	New   *Revision `json:"new"`
}

// Changes are the differences of two lock files.
func Changes(before, after []byte, now time.Time) ([]Change, error) {
	was, err := flake.ReadLock(before)
	if err != nil {
		return nil, err
	}
	is, err := flake.ReadLock(after)
	if err != nil {
		return nil, err
	}
	out := []Change{}
	both := maps.Clone(was)
	maps.Copy(both, is)
	for _, at := range slices.Sorted(maps.Keys(both)) {
		if was[at] != is[at] {
			out = append(out, Change{Input: at, Old: revisionOf(was, at, now), New: revisionOf(is, at, now)})
		}
	}
	return out, nil
}

// revisionOf is the revision of the input at a path, nil if there is none.
func revisionOf(locked map[string]flake.Locked, at string, now time.Time) *Revision {
	in, ok := locked[at]
	if !ok {
		return nil
	}
	r := &Revision{Rev: in.Rev, NarHash: in.NarHash, LastModified: in.LastModified}
	if in.LastModified > 0 {
		r.AgeDays = max(0, int(now.Sub(time.Unix(in.LastModified, 0)).Hours()/24))
	}
	return r
}

// String is the first twelve characters of what identifies it, with date and age.
func (r *Revision) String() string {
	if r == nil {
		return "none"
	}
	id := cmp.Or(r.Rev, r.NarHash)
	id = id[:min(12, len(id))]
	if r.LastModified == 0 {
		return id
	}
	date := time.Unix(r.LastModified, 0).UTC().Format(time.DateOnly)
	return fmt.Sprintf("%s (%s, %s old)", id, date, term.Count(r.AgeDays, "day"))
}
