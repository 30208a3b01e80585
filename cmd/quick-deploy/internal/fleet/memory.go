package fleet

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/flake"
)

// Fingerprint is a hash of all that a host is built from: its own files, the
// modules that it imports, the inputs that it uses as flake.lock pins them, and
// how the flake puts them together. It reads the files as they lie on disk,
// so that hand edits and a new lock file count.
func Fingerprint(dir string, h generator.Host, locked []flake.LockedInput) (string, error) {
	sum := sha256.New()
	add := func(name string, data []byte) { fmt.Fprintf(sum, "%d:%s%d:%s", len(name), name, len(data), data) }
	add("system", []byte(h.System+" "+h.Release))
	for _, input := range h.Inputs {
		for _, in := range locked {
			if in.Path == input || strings.HasPrefix(in.Path, input+"/") {
				add("input "+in.Path, []byte(in.NarHash))
			}
		}
	}
	for _, module := range h.Modules {
		data, err := regular.Read(filepath.Join(dir, filepath.FromSlash(module)))
		if err != nil {
			return "", fmt.Errorf("read the files of %s: %w", h.Name, err)
		}
		add(module, data)
	}
	own := filepath.Join(dir, "hosts", h.Name)
	err := filepath.WalkDir(own, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := regular.Read(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		add(filepath.ToSlash(rel), data)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("read the files of %s: %w", h.Name, err)
	}
	return "sha256-" + base64.StdEncoding.EncodeToString(sum.Sum(nil)), nil
}

// StateDir is where the journals of a flake's machines lie below the state
// directory: a folder for each flake, so that two fleets may have hosts of one name.
func StateDir(state, flakeDir string) string {
	sum := sha256.Sum256([]byte(flakeDir))
	return filepath.Join(state, "fleet", filepath.Base(flakeDir)+"-"+hex.EncodeToString(sum[:4]))
}

// Memory is what is known about a machine from earlier runs.
type Memory struct {
	// Fingerprint and System belong together: what the files with this
	// fingerprint evaluate to.
	Fingerprint string `json:"fingerprint"`
	System      string `json:"system"`
	// Deployed is the fingerprint that was deployed and found well last, with
	// its system.
	Deployed       string `json:"deployed,omitempty"`
	DeployedSystem string `json:"deployed_system,omitempty"`
	// Last is the last result with its time.
	Last *Result   `json:"last,omitempty"`
	At   time.Time `json:"at"`
}

// memory is the journal of one machine.
type memory struct {
	store journal.Store
	state journal.State
	known Memory
}

func (f *Fleet) open(host string) (*memory, error) {
	m := &memory{store: journal.Store{Dir: filepath.Join(f.State, host), Writer: atomic.Writer{}, Now: f.Now, Wait: f.LockTimeout}}
	if err := m.store.Open(); err != nil {
		return nil, err
	}
	state, err := m.store.State()
	if err != nil {
		return nil, err
	}
	if state != nil {
		m.state = *state
		// Another program's data is of no use; what it says is found out anew.
		_ = json.Unmarshal(state.Data, &m.known)
	}
	return m, nil
}

// peek reads what is known about a machine and writes nothing.
func (f *Fleet) peek(host string) (Memory, error) {
	s := journal.Store{Dir: filepath.Join(f.State, host), Writer: atomic.Writer{}, Now: f.Now}
	state, err := s.Peek()
	if err != nil || state == nil {
		return Memory{}, err
	}
	var known Memory
	if err := json.Unmarshal(state.Data, &known); err != nil {
		return Memory{}, fmt.Errorf("read the journal of %s: %w", host, err)
	}
	return known, nil
}

// begin writes down that a run works on the machine.
func (m *memory) begin(ctx context.Context, f *Fleet, host string) (unlock func(), err error) {
	unlock, err = m.store.Lock(ctx, journal.Holder{PID: os.Getpid(), Host: host, Verb: "fleet deploy", Started: f.Now()})
	if err != nil {
		return nil, err
	}
	id, err := m.store.NextID(&m.state)
	if err != nil {
		unlock()
		return nil, err
	}
	m.state = journal.State{
		ID: id, Verb: "fleet deploy", Host: host, Flake: f.Flake, By: f.By, PID: os.Getpid(), Started: f.Now(), Status: journal.Running,
	}
	if err := m.save(); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

func (m *memory) save() error {
	data, err := json.Marshal(m.known)
	if err != nil {
		return fmt.Errorf("encode the journal: %w", err)
	}
	m.state.Data = data
	return m.store.SaveState(&m.state)
}

// step writes down a step before it begins, and how it ended.
func (m *memory) step(f *Fleet, name string, do func() error) error {
	if err := m.begun(f, name); err != nil {
		return err
	}
	return m.ended(f, do())
}

// begun writes down that a step begins, so that a crash shows where it was.
func (m *memory) begun(f *Fleet, name string) error {
	start := f.Now()
	m.state.Steps = append(m.state.Steps, journal.Step{Name: name, Status: journal.Running, Start: &start})
	if err := m.save(); err != nil {
		return err
	}
	f.event(m, journal.Event{Type: "step", Step: name, Status: journal.Running})
	return nil
}

// ended writes down how the last step ended, and returns why it failed.
func (m *memory) ended(f *Fleet, failed error) error {
	end := f.Now()
	s := &m.state.Steps[len(m.state.Steps)-1]
	s.Status, s.End = journal.Done, &end
	e := journal.Event{Type: "step", Step: s.Name, Status: journal.Done, Seconds: end.Sub(*s.Start).Seconds()}
	if failed != nil {
		s.Status, s.Error = journal.Failed, failed.Error()
		e.Status, e.Message = journal.Failed, failed.Error()
	}
	f.event(m, e)
	return errors.Join(failed, m.save())
}

// end writes down how the run on the machine ended.
func (m *memory) end(f *Fleet, h *Host, r Result) error {
	now := f.Now()
	m.state.Ended, m.state.Status, m.state.Error, m.state.Child = &now, journal.Done, r.Error, r.Child
	result := journal.Good
	switch {
	case r.Verdict.OK():
		m.known.Deployed, m.known.DeployedSystem = h.Fingerprint, r.System
	default:
		m.state.Status, m.state.Code = journal.Failed, int(r.code())
		result = map[bool]journal.Result{true: journal.PutBack, false: journal.Broken}[r.PutBack]
		if r.Verdict == NotBuilt || r.Verdict == Unreachable {
			result = journal.Unchanged
		}
	}
	m.known.Last, m.known.At = &r, now
	if err := m.save(); err != nil {
		return err
	}
	if r.Verdict == Unchanged {
		return nil
	}
	record := journal.Record{
		ID: m.state.ID, Verb: m.state.Verb, Host: h.Name, Users: h.Homes, By: f.By, Tool: f.Tool, Flake: f.Flake,
		Started: m.state.Started, Ended: now, Result: result, Code: m.state.Code, Child: r.Child, Error: r.Error,
		Before: journal.Machine{Current: r.Before}, After: journal.Machine{Current: r.System},
		System: r.System, Steps: m.state.Steps,
	}
	if r.PutBack {
		record.After.Current = r.Before
	}
	if r.Verdict.OK() {
		record.Fingerprint = h.Fingerprint
	}
	if r.Health != nil {
		data, err := json.Marshal(r.Health)
		if err != nil {
			return fmt.Errorf("encode the health of %s: %w", h.Name, err)
		}
		record.Health = data
	}
	if err := m.store.SaveRecord(record); err != nil {
		return err
	}
	_, err := m.store.Prune(journal.Retention{Count: 50, Age: 90 * 24 * time.Hour}, nil)
	return err
}

// code is the exit code that tells of a machine alone.
func (r Result) code() fault.Code {
	switch r.Verdict {
	case Unreachable:
		return fault.Network
	case NotBuilt:
		return cmp.Or(r.Code, fault.Build)
	case Failed:
		return cmp.Or(r.Code, fault.Activation)
	case Unhealthy:
		return fault.Health
	case Stranded:
		return fault.RollbackFailed
	case Left:
		return fault.Partial
	}
	return fault.OK
}
