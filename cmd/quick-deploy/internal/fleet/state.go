package fleet

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
)

// hostState is what is known about a machine from earlier runs. It lies beside its journal.
type hostState struct {
	Version int `json:"version"`
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

const stateFile = "fleet.json"

func (f *Fleet) store(host string) *journal.Store {
	warn := func(format string, args ...any) {
		f.tell(journal.Event{Type: "warning", Host: host, Message: fmt.Sprintf(format, args...)})
	}
	return &journal.Store{Dir: filepath.Join(f.StateDir, host), Writer: f.Writer, Now: f.Now, Warn: warn}
}

func (f *Fleet) state(host string) (k hostState, err error) {
	if _, err := f.store(host).Read(stateFile, &k); err != nil {
		return hostState{}, fmt.Errorf("read what is known of %s: %w", host, err)
	}
	return k, nil
}

// updateState changes what is known. A file that cannot be used is put aside.
func (f *Fleet) updateState(host string, change func(*hostState)) error {
	store := f.store(host)
	if err := store.Open(); err != nil {
		return err
	}
	if err := store.SetAside(stateFile, &hostState{}); err != nil {
		return err
	}
	k, err := f.state(host)
	if err != nil {
		return err
	}
	change(&k)
	k.Version = journal.Version
	return store.Write(stateFile, k)
}

func (k hostState) upToDate(h *Host) bool {
	return k.Deployed == h.Fingerprint && (k.Last == nil || k.Last.Verdict.OK())
}

// UpToDate reports whether the last run from here gave the machine what it should have, and found it well.
func (f *Fleet) UpToDate(h *Host) bool {
	k, _ := f.state(h.Name)
	return k.upToDate(h)
}
