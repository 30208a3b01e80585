// Package tree keeps a generated set of files in a directory that also holds
// files of the user's.
//
// What the tool owns is written down in .quick-deploy/manifest.json: each path
// with the hash of what was last written there. A file with another hash was
// edited by hand: it is kept and reported, never overwritten unasked. A file
// marked Once is created where it is missing and is the user's from then on.
//
// # Crashes
//
// Apply first records, durably, the hashes of what it is about to write (the
// manifest's "pending"), then writes, then removes, then records the outcome.
// So at any moment the content of each path of ours is the hash under "files",
// the one under "pending", or a hand edit, and the next Plan can tell which,
// also if it wants something else by then. A file that already has the wanted
// content is ours without a question.
package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/manifest"
)

// File is a file of the generated set.
type File = generator.File

// Meta is what the manifest says about the run.
type Meta = manifest.Meta

// Tree is a directory that holds generated files.
type Tree struct {
	dir   string
	write atomic.Writer
}

// Open returns the tree in dir, which need not exist. If dir is a symbolic
// link, the tree is what it leads to.
func Open(dir string, w atomic.Writer) (*Tree, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("open the tree %s: %w", dir, err)
	}
	real, err := filepath.EvalSymlinks(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(abs); err == nil {
			return nil, fault.New(fault.Preflight, "open the tree %s: a broken symbolic link", abs)
		}
		return &Tree{dir: abs, write: w}, nil
	case errors.Is(err, syscall.ENOTDIR):
		return nil, fault.New(fault.Preflight, "open the tree %s: part of the path is not a directory", abs)
	case err != nil:
		return nil, onDisk("open the tree", abs, err)
	}
	info, err := os.Lstat(real)
	if err != nil {
		return nil, onDisk("open the tree", abs, err)
	}
	if !info.IsDir() {
		return nil, fault.New(fault.Preflight, "open the tree %s: not a directory", abs).
			Hint("choose another directory with --flake")
	}
	return &Tree{dir: real, write: w}, nil
}

// Dir is the absolute path of the tree, free of symbolic links.
func (t *Tree) Dir() string { return t.dir }

func (t *Tree) abs(p string) string { return filepath.Join(t.dir, filepath.FromSlash(p)) }

// checkSet refuses sets that cannot be written faithfully everywhere.
func checkSet(files []File) error {
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = f.Path
	}
	err := manifest.Check(paths)
	if collision, ok := errors.AsType[*manifest.CollisionError](err); ok {
		f := fault.New(fault.Profile, "%w", err)
		if collision.Hint != "" {
			f.Hint("%s", collision.Hint)
		}
		return f
	}
	if err != nil {
		return fault.New(fault.Unexpected, "%w", err)
	}
	return nil
}

func sortFiles(files []File) []File {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files
}

// onDisk is the fault for a file system error, with a hint for those that
// people run into.
func onDisk(what, path string, err error) error {
	f := fault.New(fault.Preflight, "cannot %s %s: %w", what, path, cause(err))
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return f.Hint("choose another folder with --flake")
	case errors.Is(err, syscall.EROFS):
		return f.Hint("the file system is read-only; choose another directory with --flake")
	case errors.Is(err, fs.ErrPermission):
		return f.Hint("make the directory writable for your account; generating does not need root")
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		f.Code = fault.Unexpected // docs/failures.md
		return f.Hint("free some space, then run the command again: it continues from here")
	}
	f.Code = fault.Unexpected
	return f
}

// cause is the system's error without the path, which the caller names.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}
