package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/inputs"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Standing is whether profile, flake and machine agree.
type Standing struct {
	Profile string `json:"profile,omitempty"` // its absolute path, "" where there is none
	Flake   string `json:"flake,omitempty"`   // the folder, "" where there is no flake yet
	// Behind is how many files of the flake are not as the profile says, Edited how many were edited by hand.
	Behind int `json:"behind"`
	Edited int `json:"edited"`
	// Problem is why the flake cannot be compared with the profile.
	Problem string `json:"problem,omitempty"`
	// Agrees says that the machine runs what the flake was built to.
	Agrees bool `json:"agrees"`
	// Run is the deployment that built what the machine runs, 0: none from here did.
	Run int `json:"run,omitempty"`
	// Undone is the deployment that was rolled back and that the profile still asks for, 0: it does not.
	Undone int `json:"undone,omitempty"`
}

// Standing compares profile, flake and machine. The profile is that of the last run, unless one is named or it is gone.
func (s *Session) Standing(ctx context.Context, st deploy.Status) Standing {
	a, out := s.app, Standing{}
	o := a.Options
	if st.Built != nil {
		out.Run = st.Built.ID
	}
	last := lastRun(st)
	if o.Profile == "" && last != nil && (last.ProfilePath == builtinProfile || exists(last.ProfilePath)) {
		o.Profile = last.ProfilePath // wherever we stand
	}
	if last != nil && !hasFlake(o.Flake) {
		o.Flake = last.Flake
	}
	if hasFlake(o.Flake) {
		out.Flake = o.Flake
		out.Agrees = st.Built != nil && deploy.FlakeBuilt(*st.Built, o.Flake)
	}
	g, err := planFlake(ctx, a.With(o))
	var none *NoProfileError
	var problems profile.Problems
	switch {
	case errors.As(err, &none):
		return out
	case errors.As(err, &problems):
		out.Problem = term.Count(len(problems), "problem") + ": quick-deploy validate"
	case err != nil:
		out.Problem = err.Error()
	}
	if o.Profile == "" {
		o.Profile, _ = a.ProfilePath() // it was found
	}
	if out.Profile, err = filepath.Abs(o.Profile); err != nil || o.Profile == builtinProfile {
		out.Profile = o.Profile
	}
	if g == nil {
		return out
	}
	if u := st.Undone; u != nil && u.Profile == g.hash() {
		out.Undone = u.ID
	}
	if out.Flake != "" {
		out.Behind = g.Changes.Count(tree.Create, tree.Update, tree.Remove)
		out.Edited = len(g.Changes.InTheWay())
	}
	return out
}

// lastRun is the last run that was about a profile, nil if there was none.
func lastRun(st deploy.Status) *journal.Record {
	if st.State != nil && st.State.ProfilePath != "" {
		return &st.State.Record
	}
	for _, r := range []*journal.Record{st.Undone, st.Built, st.Last} {
		if r != nil && r.ProfilePath != "" {
			return r
		}
	}
	return nil
}

func hasFlake(dir string) bool { return exists(filepath.Join(dir, inputs.FlakeFile)) }

// ProfileText says how the profile stands.
func (s Standing) ProfileText() string {
	switch {
	case s.Problem != "":
		return fmt.Sprintf("%s (%s)", s.Profile, s.Problem)
	case s.Undone > 0:
		return fmt.Sprintf("%s, which still asks for what was rolled back (run %d)", s.Profile, s.Undone)
	}
	return s.Profile
}

// FlakeText says how the flake stands.
func (s Standing) FlakeText() string {
	edited := ""
	if s.Edited > 0 {
		edited = fmt.Sprintf("; %s edited by hand (quick-deploy diff)", term.Count(s.Edited, "file"))
	}
	switch {
	case s.Profile == "" || s.Problem != "":
		return s.Flake
	case s.Behind > 0:
		return fmt.Sprintf("%s, %s behind the profile (quick-deploy diff)", s.Flake, term.Count(s.Behind, "file")) + edited
	}
	return s.Flake + ", as the profile says" + edited
}

// MachineText says whether the machine runs what the flake was built to, "" where nothing is known.
func (s Standing) MachineText() string {
	switch {
	case s.Run == 0 || s.Flake == "":
		return ""
	case s.Agrees:
		return fmt.Sprintf("as the flake says (run %d)", s.Run)
	}
	return fmt.Sprintf("of run %d; the flake has changed since", s.Run)
}
