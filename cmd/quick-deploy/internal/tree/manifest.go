package tree

import (
	"errors"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/generator/encode"
	"github.com/quick-deploy/quick-deploy/generator/manifest"
)

// ManifestPath is where the manifest lies in a tree, by which one knows that it is the program's.
const ManifestPath = manifest.Path

// readManifest reads the tree's manifest into c: its bytes (nil where there is none), its content, and whether it has
// to be set aside because nobody can read it.
func (t *Tree) readManifest(m Meta, c *Changes) (err error) {
	c.was = manifest.New(m)
	if c.wasRaw, c.wasSeen, err = t.read(ManifestPath, nil); err != nil || c.wasSeen == nil {
		return err
	}
	was, err := manifest.Decode(c.wasRaw)
	if errors.Is(err, manifest.ErrForeign) {
		c.Aside = true
		return nil
	}
	if err != nil {
		return fault.New(fault.Preflight, "%s: %w", ManifestPath, err).Hint("use that version or a newer one")
	}
	c.was = was
	return nil
}

// Wrote tells whether the file at path, which has this content, is as the tool wrote it.
func (t *Tree) Wrote(path string, data []byte) bool {
	var c Changes
	return t.readManifest(Meta{}, &c) == nil && c.was.Ours(path, encode.Hash(data))
}
