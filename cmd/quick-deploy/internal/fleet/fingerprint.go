package fleet

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/encode"
	"github.com/quick-deploy/quick-deploy/generator/flake"
)

// Sources are what a flake's hosts are built from, as it lies on disk, so that hand edits and a
// new lock file count. What hosts share is read once.
type Sources struct {
	dir     string
	locked  map[string]flake.Locked
	inputs  []string          // the names in locked, in order
	modules map[string][]byte // by path in the flake
}

// NewSources are those of the flake in dir, with its inputs as flake.lock pins them.
func NewSources(dir string, locked map[string]flake.Locked) *Sources {
	return &Sources{
		dir: dir, locked: locked, inputs: slices.Sorted(maps.Keys(locked)), modules: map[string][]byte{},
	}
}

// Fingerprint is a hash of all that a host is built from: its own files, the
// modules that it imports, the inputs that it uses, and how the flake puts them together.
func (s *Sources) Fingerprint(h generator.Host) (string, error) {
	sum := sha256.New()
	add := func(name string, data []byte) { fmt.Fprintf(sum, "%d:%s%d:%s", len(name), name, len(data), data) }
	add("system", []byte(h.System+" "+h.Release))
	if h.Packages != "" {
		add("packages", []byte(h.Packages))
	}
	for _, input := range h.Inputs {
		for _, at := range s.inputs {
			if at == input || strings.HasPrefix(at, input+"/") {
				add("input "+at, []byte(s.locked[at].NarHash))
			}
		}
	}
	for _, module := range h.Modules {
		data, err := s.module(module)
		if err != nil {
			return "", fmt.Errorf("read the files of %s: %w", h.Name, err)
		}
		add(module, data)
	}
	own := filepath.Join(s.dir, "hosts", h.Name)
	err := filepath.WalkDir(own, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := regular.Read(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(s.dir, path)
		if err != nil {
			return err
		}
		add(filepath.ToSlash(rel), data)
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("read the files of %s: %w", h.Name, err)
	}
	return encode.SRI(sum), nil
}

func (s *Sources) module(path string) ([]byte, error) {
	if data, ok := s.modules[path]; ok {
		return data, nil
	}
	data, err := regular.Read(filepath.Join(s.dir, filepath.FromSlash(path)))
	if err == nil {
		s.modules[path] = data
	}
	return data, err
}

// StateDir is where the journals of a flake's machines lie below the state
// directory: a folder for each flake, so that two fleets may have hosts of one name.
func StateDir(state, flakeDir string) string {
	sum := sha256.Sum256([]byte(flakeDir))
	return filepath.Join(state, "fleet", filepath.Base(flakeDir)+"-"+hex.EncodeToString(sum[:4]))
}
