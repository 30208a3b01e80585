// Package progress follows Nix at work and shows it: a counter may shrink, an
// activity may end that never began.
package progress

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// Types of activities and of the other results, from Nix' src/libutil/logging.hh.
const (
	actCopyPath   = 100
	actTransfer   = 101
	actCopyPaths  = 103
	actBuilds     = 104
	actBuild      = 105
	actSubstitute = 108
	actQueryInfo  = 109
	actFetchTree  = 112

	resPhase    = 104
	resProgress = 105
	resExpected = 106
)

// Tracker follows one run of Nix by its messages.
type Tracker struct {
	Now func() time.Time

	acts map[uint64]*activity
	// Bytes to download as Nix expects them, and those of finished transfers: Nix forgets them when an activity stops.
	expected, received int64
}

type activity struct {
	kind  int
	name  string
	phase string
	start time.Time
	done  int64
	want  int64
}

// Job is one build at work.
type Job struct {
	Name  string
	Phase string
	For   time.Duration
}

// Snapshot is what Nix is at.
type Snapshot struct {
	Built, ToBuild   int64
	Copied, ToCopy   int64 // store paths
	Bytes, BytesWant int64 // downloaded, and known to be wanted
	Jobs             []Job // oldest first
	Doing            string
}

// maxActivities bounds what is remembered, should stops get lost.
const maxActivities = 20000

// Feed takes one line and returns what of it a person should see, if anything.
func (t *Tracker) Feed(line nixlog.Line) (text string, show bool) {
	if !line.Read {
		return line.Plain()
	}
	m := line.Message
	if t.acts == nil {
		t.acts = map[uint64]*activity{}
	}
	a := t.acts[m.ID]
	switch {
	case m.Action == "start" && len(t.acts) < maxActivities:
		t.acts[m.ID] = &activity{kind: m.Type, name: activityName(m), start: t.Now()}
	case m.Action == "stop" && a != nil:
		if a.kind == actTransfer {
			t.received += a.done
		}
		delete(t.acts, m.ID)
	case m.Action == "result" && a != nil:
		t.result(m, a)
	}
	text, show = line.Plain()
	if m.Action == "result" && a != nil {
		text = a.name + text
	}
	return text, show && m.Level <= 3
}

func (t *Tracker) result(m nixlog.Message, a *activity) {
	switch m.Type {
	case resPhase:
		a.phase = m.Str(0)
	case resProgress:
		a.done, a.want = m.Num(0), m.Num(1)
	case resExpected:
		if m.Num(0) == actTransfer {
			t.expected = m.Num(1)
		}
	}
}

// activityName is the short name of what an activity works on.
func activityName(m nixlog.Message) string {
	switch m.Type {
	case actBuild, actSubstitute, actCopyPath, actQueryInfo:
		return nixlog.ShortName(m.Str(0))
	case actTransfer:
		return m.Str(0)
	}
	return term.Strip(m.Text)
}

// Snapshot says what Nix is at now.
func (t *Tracker) Snapshot() Snapshot {
	s := Snapshot{Bytes: t.received}
	now := t.Now()
	for _, a := range t.acts {
		switch a.kind {
		case actBuilds:
			s.Built, s.ToBuild = s.Built+a.done, s.ToBuild+a.want
		case actCopyPaths:
			s.Copied, s.ToCopy = s.Copied+a.done, s.ToCopy+a.want
		case actTransfer:
			s.Bytes += a.done
		case actBuild:
			s.Jobs = append(s.Jobs, Job{Name: a.name, Phase: a.phase, For: max(0, now.Sub(a.start))})
		case 0, actFetchTree:
			verb, _, _ := strings.Cut(a.name, " ")
			if verb == "evaluating" || verb == "fetching" || verb == "copying" {
				s.Doing = a.name
			}
		}
	}
	s.BytesWant = max(s.Bytes, t.expected)
	slices.SortFunc(s.Jobs, func(a, b Job) int {
		return cmp.Or(cmp.Compare(b.For, a.For), strings.Compare(a.Name, b.Name))
	})
	return s
}
