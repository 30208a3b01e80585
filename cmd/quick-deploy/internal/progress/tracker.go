// Package progress follows Nix at work and shows it: a counter may shrink, an
// activity may end that never began.
package progress

import (
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
	// Totals by activity type, as Nix expects and reports them.
	done, expected map[int]int64
	// finished transfers, bytes; Nix forgets them when an activity stops
	received int64
}

type activity struct {
	kind    int
	name    string
	phase   string
	start   time.Time
	done    int64
	want    int64
	running int64
	last    string
}

// Job is one build at work.
type Job struct {
	Name  string
	Phase string
	For   time.Duration
	Last  string // last line of its log
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
func (t *Tracker) Feed(line string) (text string, show bool) {
	m, ok := nixlog.Parse(line)
	if !ok {
		return nixlog.PlainLine(line)
	}
	if t.acts == nil {
		t.acts, t.done, t.expected = map[uint64]*activity{}, map[int]int64{}, map[int]int64{}
	}
	switch m.Action {
	case "start":
		if len(t.acts) < maxActivities {
			t.acts[m.ID] = &activity{kind: m.Type, name: activityName(m), start: t.Now()}
		}
		return "", false
	case "stop":
		if a := t.acts[m.ID]; a != nil {
			if a.kind == actTransfer {
				t.received += a.done
			}
			delete(t.acts, m.ID)
		}
		return "", false
	case "result":
		t.result(m)
		if m.Type == nixlog.BuildLog || m.Type == nixlog.PostBuild {
			name := ""
			if a := t.acts[m.ID]; a != nil {
				name = a.name
			}
			return name + "> " + term.Strip(m.Str(0)), true
		}
		return "", false
	case "msg":
		text, show := m.Plain()
		return text, show && m.Level <= 3
	}
	return "", false
}

func (t *Tracker) result(m nixlog.Message) {
	a := t.acts[m.ID]
	if a == nil {
		return
	}
	switch m.Type {
	case nixlog.BuildLog:
		a.last = term.Strip(m.Str(0))
	case resPhase:
		a.phase = m.Str(0)
	case resProgress:
		a.done, a.want, a.running = m.Num(0), m.Num(1), m.Num(2)
	case resExpected:
		t.expected[int(m.Num(0))] = m.Num(1)
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
	now := t.now()
	for _, a := range t.acts {
		switch a.kind {
		case actBuilds:
			s.Built, s.ToBuild = s.Built+a.done, s.ToBuild+a.want
		case actCopyPaths:
			s.Copied, s.ToCopy = s.Copied+a.done, s.ToCopy+a.want
		case actTransfer:
			s.Bytes += a.done
		case actBuild:
			s.Jobs = append(s.Jobs, Job{Name: a.name, Phase: a.phase, For: max(0, now.Sub(a.start)), Last: a.last})
		case 0, actFetchTree:
			if strings.HasPrefix(a.name, "evaluating") || strings.HasPrefix(a.name, "fetching") || strings.HasPrefix(a.name, "copying") {
				s.Doing = a.name
			}
		}
	}
	s.BytesWant = max(s.Bytes, t.expected[actTransfer])
	slices.SortFunc(s.Jobs, func(a, b Job) int {
		if a.For != b.For {
			return int(b.For - a.For)
		}
		return strings.Compare(a.Name, b.Name)
	})
	return s
}

func (t *Tracker) now() time.Time {
	if t.Now == nil {
		return time.Time{}
	}
	return t.Now()
}
