package fleet

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/ssh"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// Standing is where a machine stands.
type Standing string

// The standings.
const (
	Current Standing = "current"     // runs and boots what the files say
	Pending Standing = "pending"     // the files say something else since it was deployed
	Drifted Standing = "drifted"     // runs or boots something that was not deployed from here
	Failing Standing = "failing"     // its last deployment failed
	Never   Standing = "never"       // was never deployed from here
	Away    Standing = "unreachable" // ssh does not get there
)

// Status is a machine, as fleet status shows it.
type Status struct {
	Host     string   `json:"host"`
	Wave     string   `json:"wave"`
	Standing Standing `json:"standing"`
	// Wanted is the system that the files say, as far as it was evaluated.
	Wanted string `json:"wanted,omitempty"`
	// Running is the store path of the system that runs, Default of the one that boots.
	Running string `json:"running"`
	Default string `json:"default"`
	// Generation is the number of the system profile, 0 if it has none.
	Generation int `json:"generation"`
	// Drift says what is not as deployed.
	Drift []string `json:"drift,omitempty"`
	// Last is the last result with its time, zero if there was none.
	Last  Verdict   `json:"last,omitempty"`
	At    time.Time `json:"at,omitzero"`
	Error string    `json:"error,omitempty"`
	// Check is a command that shows why a machine cannot be reached.
	Check string `json:"check,omitempty"`
}

// OK reports whether nothing is to be done.
func (s Status) OK() bool { return s.Standing == Current }

// Status looks at every machine, some at once. It changes nothing and evaluates nothing.
func (f *Fleet) Status(ctx context.Context) []*Status {
	var out []*Status
	for _, w := range f.Waves {
		for _, name := range w.Hosts {
			out = append(out, &Status{Host: name, Wave: w.Name})
		}
	}
	each(f, out, func(s *Status) { f.status(ctx, f.Hosts[s.Host], s) })
	return out
}

func (f *Fleet) status(ctx context.Context, h *Host, s *Status) {
	known, err := f.state(h.Name)
	if err != nil {
		s.Error = err.Error()
	}
	if known.Fingerprint == h.Fingerprint {
		s.Wanted = known.System
	}
	if known.Last != nil {
		s.Last, s.At = known.Last.Verdict, known.At
		if s.Error == "" {
			s.Error = known.Last.Error
		}
	}
	paths := h.Paths
	if paths == (system.Paths{}) {
		paths = system.PathsUnder("/")
	}
	now, err := system.Look(ctx, f.to(f.Runner, h.Target), paths, nil)
	s.Running, s.Default, s.Generation = now.Current, now.System.Path, now.System.Number
	switch away, gone := errors.AsType[*ssh.UnreachableError](err); {
	case gone:
		s.Standing, s.Error, s.Check = Away, away.Error(), h.Target.Command("true").String()
		return
	case err != nil:
		s.Standing, s.Error = Failing, err.Error()
		return
	}
	if known.DeployedSystem != "" && known.Last != nil && known.Last.Verdict.OK() {
		if s.Running != known.DeployedSystem {
			s.Drift = append(s.Drift, "runs "+s.Running+", deployed was "+known.DeployedSystem)
		} else if !f.boots(s.Default, known.DeployedSystem) {
			s.Drift = append(s.Drift, "would boot "+s.Default+", deployed was "+known.DeployedSystem)
		}
	}
	switch {
	case known.Last != nil && !known.Last.Verdict.OK() &&
		!slices.Contains([]Verdict{Unreachable, Left, Rebooting}, known.Last.Verdict):
		s.Standing = Failing
	case len(s.Drift) > 0:
		s.Standing = Drifted
	case known.Deployed == "":
		s.Standing = Never
	case known.Deployed != h.Fingerprint:
		s.Standing = Pending
	default:
		s.Standing, s.Error = Current, ""
	}
}
