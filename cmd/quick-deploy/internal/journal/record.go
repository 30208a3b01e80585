package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/losses"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// Generation is one generation of a Nix profile.
type Generation = system.Generation

// Machine is what a rollback restores.
type Machine struct {
	Current string                `json:"current"`         // store path of the running system
	System  Generation            `json:"system"`          // the boot default
	Homes   map[string]Generation `json:"homes,omitempty"` // by user name
}

// Same reports whether two machines run and boot the same. Generation numbers
// count: a profile that was switched by hand to another number of the same
// path is still the same machine, so they do not.
func (m Machine) Same(o Machine) bool {
	if m.Current != o.Current || m.System.Path != o.System.Path || len(m.Homes) != len(o.Homes) {
		return false
	}
	for u, g := range m.Homes {
		if o.Homes[u].Path != g.Path {
			return false
		}
	}
	return true
}

// Point is where a rollback goes: the machine and the files of a moment that was good.
type Point struct {
	Version int       `json:"version"`
	Record  int       `json:"record"` // the deployment before which it was taken
	Taken   time.Time `json:"taken"`
	Machine Machine   `json:"machine"`
	Flake   string    `json:"flake"`            // the directory that Files restores
	Backup  string    `json:"backup,omitempty"` // id of the backup of the tree and the lock file
}

// Failure is where a run failed.
type Failure struct {
	Step    string `json:"step"`
	Command string `json:"command,omitempty"`    // the command that failed, if one did
	Child   int    `json:"child_exit,omitempty"` // its exit code
	// Told is what was said of it beside the error: hints, why, where the log is.
	Told []string `json:"told,omitempty"`
	// Refused are the checks that refused the run, each with its fix below it.
	Refused []string `json:"refused,omitempty"`
	// Origin is the place in the program's own source, for a report of the fault.
	fault.Origin
}

// Result is how a deployment ended.
type Result string

// The results.
const (
	Good       Result = "good"         // done, healthy or not checked
	PutBack    Result = "rolled back"  // failed, the machine is as before
	Broken     Result = "failed"       // failed and the machine is not as before
	Unchanged  Result = "not switched" // failed or stopped before anything was switched
	Declined   Result = "declined"     // the question was answered with no
	Superseded Result = "superseded"   // left unfinished, another run took its place
)

// Record is one deployment, in history/<id>.json.
type Record struct {
	Version      int       `json:"version"`
	ID           int       `json:"id"`
	Verb         string    `json:"verb"`
	Host         string    `json:"host"`
	Users        []string  `json:"users,omitempty"`
	By           string    `json:"by"`
	Machine      string    `json:"machine_id,omitempty"`
	Tool         string    `json:"tool,omitempty"`          // version of the program
	StateVersion string    `json:"state_version,omitempty"` // system.stateVersion that was deployed
	Flake        string    `json:"flake"`
	Started      time.Time `json:"started"`
	Ended        time.Time `json:"ended,omitzero"`
	Result       Result    `json:"result"`
	Code         int       `json:"code"`
	Child        int       `json:"child_exit"`
	Failure      *Failure  `json:"failure,omitempty"` // nil if it ended well
	Error        string    `json:"error,omitempty"`
	Before       Machine   `json:"before"`
	After        Machine   `json:"after"`
	Point        Point     `json:"rollback_point"` // where rolling this one back leads
	Profile      string    `json:"profile_hash,omitempty"`
	ProfilePath  string    `json:"profile,omitempty"`   // absolute path of the profile, as it was then
	Tree         string    `json:"tree_hash,omitempty"` // NAR hash of the flake directory that was deployed
	Lock         string    `json:"lock_hash,omitempty"` // hash of flake.lock
	// Fingerprint identifies goal, tree and lock; a later run with the same one on an
	// unchanged machine has nothing to do. Empty unless everything was done.
	Fingerprint   string            `json:"fingerprint,omitempty"`
	System        string            `json:"system,omitempty"` // store path that was built
	Built         string            `json:"built,omitempty"`  // store path of what was built of the host instead
	Homes         map[string]string `json:"homes,omitempty"`
	Tools         []string          `json:"tools,omitempty"`   // with what it was activated
	Pending       []string          `json:"pending,omitempty"` // what is left to do, such as "reboot"
	Advice        []string          `json:"advice,omitempty"`  // what to do when it suits
	SkippedChecks []string          `json:"skipped_checks,omitempty"`
	Losses        []losses.Loss     `json:"losses,omitempty"` // what a first switch took away, and what of it was accepted
	Health        *health.Report    `json:"health,omitempty"`
	Backup        string            `json:"backup,omitempty"`
	Log           string            `json:"log,omitempty"`
	Steps         []Step            `json:"steps"`
	Target        int               `json:"target,omitempty"` // of a rollback: the record that was undone
}

// SaveRecord writes history/<id>.json; writing the same record again replaces it.
func (s *Store) SaveRecord(r Record) error {
	r.Version = Version
	return s.Write(recordName(r.ID), r)
}

func recordName(id int) string { return filepath.Join("history", strconv.Itoa(id)+".json") }

// Record reads one record. The error wraps fs.ErrNotExist if there is none.
func (s *Store) Record(id int) (Record, error) {
	var r Record
	ok, err := s.Read(recordName(id), &r)
	if err == nil && !ok {
		err = fmt.Errorf("record %d: %w", id, fs.ErrNotExist)
	}
	return r, err
}

// Records reads all records, newest first, and the problems with those that
// cannot be read: one torn file does not hide the others.
func (s *Store) Records() ([]Record, []error) {
	ids, err := s.recordIDs()
	if err != nil {
		return nil, []error{err}
	}
	var out []Record
	var bad []error
	for _, id := range slices.Backward(ids) {
		r, err := s.Record(id)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		out = append(out, r)
	}
	return out, bad
}

func (s *Store) recordIDs() ([]int, error) {
	entries, err := os.ReadDir(s.Path("history"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	var ids []int
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".json")
		if id, err := strconv.Atoi(name); ok && err == nil && id > 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids, nil
}

// NextID is a number that no record and no run has had. It does not depend on
// the clock, so the order of records survives a clock that goes backwards.
func (s *Store) NextID(current *State) (int, error) {
	ids, err := s.recordIDs()
	if err != nil {
		return 0, err
	}
	last := 0
	if len(ids) > 0 {
		last = ids[len(ids)-1]
	}
	if current != nil {
		last = max(last, current.ID)
	}
	return last + 1, nil
}

// Retention is how many records are kept.
type Retention struct {
	Count int           // newest records kept whatever their age
	Age   time.Duration // records younger than this are kept too
}

// Prune removes old records. Never removed: the newest good
// one, those whose generation is booted, running or the boot default (paths in
// live), those that the rollback record names, and the newest Count.
func (s *Store) Prune(keep Retention, live []string) error {
	all, _ := s.Records()
	point, err := s.Point()
	if err != nil {
		return err
	}
	good := false
	for i, r := range all {
		newestGood := r.Result == Good && !good
		good = good || r.Result == Good
		switch {
		case i < keep.Count, newestGood,
			s.Now().Sub(r.Ended) < keep.Age,
			point != nil && point.Record == r.ID,
			slices.Contains(live, r.After.System.Path), slices.Contains(live, r.After.Current),
			slices.Contains(live, r.Point.Machine.System.Path):
			continue
		}
		if err := os.Remove(s.Path(recordName(r.ID))); err != nil {
			return fmt.Errorf("prune history: %w", err)
		}
	}
	return nil
}

// Point reads rollback-info.json; nil if there is none.
func (s *Store) Point() (*Point, error) { return read[Point](s, pointFile) }

// SavePoint writes rollback-info.json.
func (s *Store) SavePoint(p Point) error {
	p.Version = Version
	return s.Write(pointFile, p)
}

// Closure is a system or home that was tried and found bad.
type Closure struct {
	Path   string    `json:"path"`
	Record int       `json:"record"`
	Why    string    `json:"why"`
	At     time.Time `json:"at"`
	// Boot and Checks are what it was tried in and with: for another boot, or other checks, the verdict says nothing.
	Boot   string `json:"boot,omitempty"`
	Checks string `json:"checks,omitempty"`
}

type closures struct {
	Version int       `json:"version"`
	Bad     []Closure `json:"bad"`
}

// Bad reads bad-closures.json.
func (s *Store) Bad() ([]Closure, error) {
	var c closures
	_, err := s.Read(badFile, &c)
	return c.Bad, err
}

// MarkBad remembers a closure as bad. The newest 200 are kept.
func (s *Store) MarkBad(c Closure) error {
	bad, err := s.Bad()
	if err != nil {
		return err
	}
	return s.writeBad(append(slices.DeleteFunc(bad, func(b Closure) bool { return b.Path == c.Path }), c))
}

// ClearBad forgets the bad closures of which gone says so.
func (s *Store) ClearBad(gone func(Closure) bool) error {
	bad, err := s.Bad()
	if err != nil || !slices.ContainsFunc(bad, gone) {
		return err
	}
	return s.writeBad(slices.DeleteFunc(bad, gone))
}

func (s *Store) writeBad(bad []Closure) error {
	return s.Write(badFile, closures{Version: Version, Bad: bad[max(0, len(bad)-200):]})
}
