// Package journal keeps what the program knows about its own runs, so that a
// crash, a Ctrl-C or a power cut at any point leaves something that status can
// explain and resume can go on from.
//
// Under the state directory (mode 0700; files 0600):
//
//	state.json           the current or last run and its steps; the truth for resume
//	journal.jsonl        every transition, appended and synced; for people, never read back for decisions
//	history/<id>.json    one record a deployment
//	rollback-info.json   the last good generations: where rollback goes
//	bad-closures.json    closures that failed their health check
//	lock, lock.json      the advisory lock, and who holds it
//
// Every file carries a version. A file of a newer version, of another program
// or cut short is put aside with a message, never guessed at.
package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// Version is the version of every file that this package writes. Since 2 the state of a run is its record.
const Version = 2

// The files that are read back.
const (
	stateFile = "state.json"
	pointFile = "rollback-info.json"
	badFile   = "bad-closures.json"
)

// Store is the state directory.
type Store struct {
	Dir    string
	Writer atomic.Writer
	Now    func() time.Time
	// Warn is told about every file that was put aside; nil: nobody is.
	Warn func(format string, args ...any)
	// Wait is how long Lock waits for another run; 0: not at all.
	Wait time.Duration
}

// Open makes the directories and returns the store. A directory that cannot be
// written gives an error with the exit code of a refused run.
func (s *Store) Open() error {
	for _, d := range []string{"", "history", "logs", "backups", "gcroots", "work"} {
		if err := os.MkdirAll(s.Path(d), 0o700); err != nil {
			return fault.New(fault.Preflight, "state directory: %w", err).
				Hint("choose another with XDG_STATE_HOME, or make %s writable", s.Dir)
		}
	}
	return nil
}

// Clean removes the temporary files that a killed run left, and puts files aside that cannot be used: what
// is about the next run starts afresh. It is called under the lock.
func (s *Store) Clean() error {
	for _, d := range []string{s.Dir, s.Path("history")} {
		if err := atomic.Clean(d, ""); err != nil {
			return err
		}
	}
	for name, v := range map[string]any{stateFile: &State{}, pointFile: &Point{}, badFile: &closures{}} {
		if err := s.SetAside(name, v); err != nil {
			return err
		}
	}
	return nil
}

// Path is the absolute path of a file or directory below the state directory.
func (s *Store) Path(elem ...string) string {
	return filepath.Join(append([]string{s.Dir}, elem...)...)
}

// Status of a step or of a run.
type Status string

// The states of a step. A run has Running, Done, Failed and Interrupted.
const (
	Pending     Status = "pending"
	Running     Status = "running"
	Done        Status = "done"
	Skipped     Status = "skipped"
	Failed      Status = "failed"
	Interrupted Status = "interrupted"
)

// State is the current or last run: its record as far as it has come, and what it takes to go on.
type State struct {
	Record
	PID     int             `json:"pid"`
	Status  Status          `json:"status"`
	Resumed int             `json:"resumed"`        // how often the run was taken up again
	Data    json.RawMessage `json:"data,omitempty"` // what the steps hand on to each other; the executor's own
}

// Step is one step of a run.
type Step struct {
	Name      string     `json:"name"`
	Status    Status     `json:"status"`
	Input     string     `json:"input,omitempty"` // hash of what the step's result depends on
	Start     *time.Time `json:"start,omitempty"`
	End       *time.Time `json:"end,omitempty"`
	Child     int        `json:"child_exit,omitempty"`
	LogOffset int64      `json:"log_offset,omitempty"` // where the step begins in the log file, bytes
	Note      string     `json:"note,omitempty"`       // why it was skipped, what it found
	Error     string     `json:"error,omitempty"`
}

// Unfinished says whether the run can be taken up again.
func (s *State) Unfinished() bool { return s != nil && s.Status != Done }

// Find is the step of that name, nil if there is none.
func (s *State) Find(name string) *Step {
	for i := range s.Steps {
		if s.Steps[i].Name == name {
			return &s.Steps[i]
		}
	}
	return nil
}

// State reads state.json, nil if there is none. What an older program left unfinished cannot be taken up:
// where that run came from stood elsewhere.
func (s *Store) State() (*State, error) {
	st, err := read[State](s, stateFile)
	if err == nil && st.Unfinished() && st.Version < Version {
		return nil, fault.New(fault.Preflight, "%s: an unfinished run of an older quick-deploy", s.Path(stateFile)).
			Hint("end it with the quick-deploy that began it, or start afresh with --reset-state")
	}
	return st, err
}

// SaveState writes state.json.
func (s *Store) SaveState(st *State) error {
	st.Version = Version
	return s.Write(stateFile, st)
}

// ResetState archives state.json as state.json.<n> and says under which name;
// "" if there was none. Logs, backups, history and the rollback record stay.
func (s *Store) ResetState() (string, error) {
	return s.archive(stateFile, "archived")
}

// archive renames a file to the first free NAME.SUFFIX-N.
func (s *Store) archive(name, suffix string) (string, error) {
	from := s.Path(name)
	if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	for n := 1; ; n++ {
		to := fmt.Sprintf("%s.%s-%d", from, suffix, n)
		// Link and not rename: it fails where the name is taken, so nothing archived is ever replaced.
		switch err := os.Link(from, to); {
		case err == nil:
			if err := os.Remove(from); err != nil {
				return "", fmt.Errorf("archive %s: %w", from, err)
			}
			return to, nil
		case errors.Is(err, fs.ErrExist):
			continue
		default:
			return "", fmt.Errorf("archive %s: %w", from, err)
		}
	}
}

// SetAside renames a file that cannot be read into v to NAME.unusable-N, and warns.
func (s *Store) SetAside(name string, v any) error {
	_, err := s.Read(name, v)
	if !IsUnusable(err) {
		return err
	}
	aside, aerr := s.archive(name, "unusable")
	if aerr != nil {
		return errors.Join(err, aerr)
	}
	if s.Warn != nil {
		s.Warn("%v; it was kept as %s", err, aside)
	}
	return nil
}

// Write writes a file. v has a field "version".
func (s *Store) Write(name string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", name, err)
	}
	return s.Writer.WriteFile(s.Path(name), append(term.EscapeJSON(data), '\n'), 0o600)
}

// Read reads a file that Write wrote into v and reports whether there was one.
func (s *Store) Read(name string, v any) (bool, error) {
	path := s.Path(name)
	data, err := regular.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", path, err)
	}
	// A number of another type, or none, is foreign: the shell program of the same name wrote "version": "3.0.0"
	// and nothing that could be resumed.
	var file struct {
		Version int `json:"version"`
	}
	switch err := json.Unmarshal(data, &file); {
	case !json.Valid(data):
		return false, &unusableError{path, "cut short or not JSON"}
	case err != nil || file.Version < 1:
		return false, &unusableError{path, "not a file of this program (no version number)"}
	case file.Version > Version:
		return false, fault.New(fault.Preflight,
			"%s: written by a newer quick-deploy (format %d, this one knows %d)", path, file.Version, Version).
			Hint("use the quick-deploy that wrote it, or start afresh with --reset-state")
	}
	if err := json.Unmarshal(data, v); err != nil {
		return false, &unusableError{path, "not a file of quick-deploy: " + err.Error()}
	}
	return true, nil
}

// read is Read for a file that is nil where there is none.
func read[T any](s *Store, name string) (*T, error) {
	v := new(T)
	if ok, err := s.Read(name, v); err != nil || !ok {
		return nil, err
	}
	return v, nil
}

// unusableError is a file that is there and cannot be used.
type unusableError struct{ path, why string }

func (e *unusableError) Error() string { return e.path + ": " + e.why }

// IsUnusable says whether a file is there and cannot be used.
func IsUnusable(err error) bool {
	_, unusable := errors.AsType[*unusableError](err)
	return unusable
}
