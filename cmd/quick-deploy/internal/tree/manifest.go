package tree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/encode"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

const ownDir = ".quick-deploy"

// ManifestPath is where the manifest lies in a tree, by which one knows that it is the program's.
const ManifestPath = ownDir + "/manifest.json"

// manifestVersion is the version that this program writes. Older ones are
// brought up to it by decodeManifest, newer ones are refused.
const manifestVersion = 1

// manifest is the content of manifest.json. It holds nothing that differs
// between two machines: no time, no absolute path.
type manifest struct {
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

func newManifest(m Meta) manifest {
	return manifest{
		Version: manifestVersion, Tool: m.Tool, Profile: m.Profile,
		Files: map[string]string{}, Once: map[string]string{},
	}
}

// ours reports whether a file with the hash sum is as the tool left it at path.
func (m manifest) ours(path, sum string) bool {
	return m.Files[path] == sum || m.Pending[path] == sum
}

// known is the hash of what the tool last wrote at path, "" if it never did.
func (m manifest) known(path string) string {
	if sum := m.Files[path]; sum != "" {
		return sum
	}
	return m.Pending[path]
}

func (m manifest) encode() ([]byte, error) {
	var buf bytes.Buffer
	if err := encode.JSON(&buf, m); err != nil {
		return nil, fmt.Errorf("write the manifest: %w", err)
	}
	return buf.Bytes(), nil
}

// errNotManifest marks content that no version of this program wrote.
var errNotManifest = errors.New("not a quick-deploy manifest")

// decodeManifest reads a manifest. An error that is errNotManifest means torn
// or foreign content, any other that this program must not touch the tree.
func decodeManifest(data []byte) (manifest, error) {
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return manifest{}, errNotManifest
	}
	if m.Version > manifestVersion {
		return manifest{}, fault.New(fault.Preflight, "%s: version %d, written by a newer quick-deploy (%s)",
			ManifestPath, m.Version, m.Tool).
			Hint("use that version or a newer one")
	}
	if m.Version != manifestVersion || m.Files == nil {
		return manifest{}, errNotManifest
	}
	for _, group := range []map[string]string{m.Files, m.Once, m.Pending} {
		for path, sum := range group {
			if checkPath(path) != nil || !strings.HasPrefix(sum, "sha256-") {
				return manifest{}, errNotManifest
			}
		}
	}
	return m, nil
}

// readManifest reads the tree's manifest into c: its bytes (nil where there is none), its content, and whether it has
// to be set aside because nobody can read it.
func (t *Tree) readManifest(m Meta, c *Changes) (err error) {
	c.was = newManifest(m)
	if c.wasRaw, c.wasSeen, err = t.read(ManifestPath, nil); err != nil || c.wasSeen == nil {
		return err
	}
	was, err := decodeManifest(c.wasRaw)
	if errors.Is(err, errNotManifest) {
		c.Aside = true
		return nil
	}
	c.was = was
	return err
}

// Wrote tells whether the file at path, which has this content, is as the tool wrote it.
func (t *Tree) Wrote(path string, data []byte) bool {
	var c Changes
	return t.readManifest(Meta{}, &c) == nil && c.was.ours(path, encode.Hash(data))
}
