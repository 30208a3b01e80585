package deploy

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/nix-community/go-nix/pkg/nar"

	"github.com/quick-deploy/quick-deploy/generator/encode"
)

// hashOf hashes strings so that no two lists give the same text.
func hashOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s,", len(p), p)
	}
	return encode.SRI(h)
}

// treeHash identifies the files that a goal is built from.
func (d *Deployer) treeHash(g Goal) (string, error) {
	if d.cfg.Remote != nil {
		return d.cfg.Remote.Fingerprint, nil
	}
	return treeHash(g.FlakeDir)
}

// treeHash is the NAR hash of the flake directory as Nix would copy it: all
// but the repository's own folder and the links that builds leave. An absent
// directory has the hash "".
func treeHash(dir string) (string, error) {
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	h := sha256.New()
	err := nar.DumpPathFilter(h, dir, func(path string, t nar.NodeType) bool {
		return filepath.Dir(path) != filepath.Clean(dir) || !notOurs(path, t == nar.TypeSymlink)
	})
	if err != nil {
		return "", fmt.Errorf("hash %s: %w", dir, err)
	}
	return encode.SRI(h), nil
}

// fileHash is the SRI hash of a file, "" if there is none.
func fileHash(path string) (string, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("hash %s: %w", path, err)
	}
	return encode.Hash(data), nil
}
