package fleet

import (
	"cmp"
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

// memoryFile is beside the journal of the machine.
const memoryFile = "fleet.json"

// peek reads what is known about a machine.
func (f *Fleet) peek(host string) (known Memory, err error) {
	data, err := os.ReadFile(filepath.Join(f.State, host, memoryFile))
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &known)
	}
	if err != nil {
		return Memory{}, fmt.Errorf("read what is known of %s: %w", host, err)
	}
	return known, nil
}

func (f *Fleet) save(host string, known Memory) error {
	data, err := json.Marshal(known)
	if err != nil {
		return fmt.Errorf("encode what is known of %s: %w", host, err)
	}
	dir := filepath.Join(f.State, host)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keep what is known of %s: %w", host, err)
	}
	return atomic.Writer{}.WriteFile(filepath.Join(dir, memoryFile), data, 0o600)
}

// remember keeps how a run on a machine ended.
func (r *rollout) remember(m *member) error {
	if m.deployer == nil { // it was not begun
		return nil
	}
	known, err := r.peek(m.Name)
	if err != nil {
		return err
	}
	if m.result.Verdict.OK() {
		known.Deployed, known.DeployedSystem = m.Fingerprint, m.result.System
	}
	known.Last, known.At = &m.result, r.Now()
	return r.save(m.Name, known)
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
	case Rebooting:
		return fault.Pending
	case Left:
		return fault.Partial
	}
	return fault.OK
}
