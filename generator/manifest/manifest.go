// Package manifest is the list of its own files that a generated flake has: what was generated, and with which hash.
package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/encode"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Dir is the folder of a flake in which the program keeps what is its own.
const Dir = ".quick-deploy"

// Path is where the manifest lies in a flake, by which one knows that it is the program's.
const Path = Dir + "/manifest.json"

// The modes of a flake's files and folders.
const (
	FilePerm fs.FileMode = 0o644
	DirPerm  fs.FileMode = 0o755
)

// version is the version that this program writes. Older ones are brought up to it by Decode, newer ones are refused.
const version = 1

// Meta is what the manifest says about the run.
type Meta struct {
	Tool    string // version of the program
	Profile string // hash of the profile, see HashProfile
}

// Manifest is the content of manifest.json. It holds nothing that differs
// between two machines: no time, no absolute path.
type Manifest struct {
	Version int    `json:"version"`
	Tool    string `json:"tool"`
	Profile string `json:"profile"`
	// Files are the files of ours, with the hash of what was generated for them.
	Files map[string]string `json:"files"`
	// Once are files that were created once, with the hash of what they were
	// created with: unchanged, they go when the profile no longer has them.
	Once map[string]string `json:"once,omitempty"`
	// Pending are the hashes of what a run is writing. A run that was cut
	// short leaves it.
	Pending map[string]string `json:"pending,omitempty"`
}

// New is a manifest without files.
func New(m Meta) Manifest {
	return Manifest{
		Version: version, Tool: m.Tool, Profile: m.Profile,
		Files: map[string]string{}, Once: map[string]string{},
	}
}

// Add notes the hash of what was generated at path, or created there once.
func (m Manifest) Add(path, sum string, once bool) {
	if once {
		m.Once[path] = sum
		return
	}
	m.Files[path] = sum
}

// Ours reports whether a file with the hash sum is as the tool left it at path.
func (m Manifest) Ours(path, sum string) bool {
	return m.Files[path] == sum || m.Pending[path] == sum
}

// Known is the hash of what the tool last wrote at path, "" if it never did.
func (m Manifest) Known(path string) string {
	if sum := m.Files[path]; sum != "" {
		return sum
	}
	return m.Pending[path]
}

// Encode is the manifest as its file has it.
func (m Manifest) Encode() ([]byte, error) {
	var buf bytes.Buffer
	if err := encode.JSON(&buf, m); err != nil {
		return nil, fmt.Errorf("write the manifest: %w", err)
	}
	return buf.Bytes(), nil
}

// ErrForeign marks content that no version of this program wrote.
var ErrForeign = errors.New("not a quick-deploy manifest")

// NewerError says that a newer program has written a manifest: this one must not touch its files.
type NewerError struct {
	Version int
	Tool    string
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("version %d, written by a newer quick-deploy (%s)", e.Version, e.Tool)
}

// Decode reads a manifest. An error that is ErrForeign means torn or foreign content, any other is a NewerError.
func Decode(data []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return Manifest{}, ErrForeign
	}
	if m.Version > version {
		return Manifest{}, &NewerError{m.Version, m.Tool}
	}
	if m.Version != version || m.Files == nil {
		return Manifest{}, ErrForeign
	}
	for _, group := range []map[string]string{m.Files, m.Once, m.Pending} {
		for path, sum := range group {
			if checkPath(path) != nil || !strings.HasPrefix(sum, "sha256-") {
				return Manifest{}, ErrForeign
			}
		}
	}
	return m, nil
}

// HashProfile identifies all that was read as the profile, wherever it lies: of names
// only the last part counts.
func HashProfile(sources []profile.Content) string {
	sum := sha256.New()
	for _, s := range sources {
		fmt.Fprintf(sum, "%d\x00", len(s.Data))
		sum.Write(s.Data)
	}
	return "sha256-" + hex.EncodeToString(sum.Sum(nil))
}
