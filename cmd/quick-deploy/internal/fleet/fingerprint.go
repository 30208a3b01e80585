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

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/encode"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/flake"
)

// Fingerprint is a hash of all that a host is built from: its own files, the
// modules that it imports, the inputs that it uses as flake.lock pins them, and
// how the flake puts them together. It reads the files as they lie on disk,
// so that hand edits and a new lock file count.
func Fingerprint(dir string, h generator.Host, locked map[string]flake.Locked) (string, error) {
	sum := sha256.New()
	add := func(name string, data []byte) { fmt.Fprintf(sum, "%d:%s%d:%s", len(name), name, len(data), data) }
	add("system", []byte(h.System+" "+h.Release))
	for _, input := range h.Inputs {
		for _, at := range slices.Sorted(maps.Keys(locked)) {
			if at == input || strings.HasPrefix(at, input+"/") {
				add("input "+at, []byte(locked[at].NarHash))
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
	return encode.SRI(sum), nil
}

// StateDir is where the journals of a flake's machines lie below the state
// directory: a folder for each flake, so that two fleets may have hosts of one name.
func StateDir(state, flakeDir string) string {
	sum := sha256.Sum256([]byte(flakeDir))
	return filepath.Join(state, "fleet", filepath.Base(flakeDir)+"-"+hex.EncodeToString(sum[:4]))
}
