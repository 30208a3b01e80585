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
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/generator"
)

// File is a file of the generated set.
type File = generator.File

// Meta is what the manifest says about the run.
type Meta struct {
	Tool    string // version of the program
	Profile string // hash of the profile
}

// Tree is a directory that holds generated files.
type Tree struct {
	dir   string
	write atomic.Writer
}

const (
	filePerm fs.FileMode = 0o644
	dirPerm  fs.FileMode = 0o755
)

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

// checkSet refuses sets that cannot be written faithfully everywhere: paths
// that leave the directory, that collide, also on a file system that ignores
// case, or that name both a file and a directory. files is sorted by path.
func checkSet(files []File) error {
	folded := make(map[string]string, len(files))
	for _, f := range files {
		if err := checkPath(f.Path); err != nil {
			return fault.New(fault.Unexpected, "generated file %q: %w", f.Path, err)
		}
		key := strings.ToLower(f.Path)
		if other, ok := folded[key]; ok {
			if other == f.Path {
				return fault.New(fault.Unexpected, "generated file %s: generated twice", f.Path)
			}
			return fault.New(fault.Profile,
				"the files %s and %s differ only in case: they are one file on some file systems", other, f.Path).
				Hint("rename one of the hosts or users")
		}
		folded[key] = f.Path
	}
	for _, f := range files {
		for dir := path.Dir(f.Path); dir != "."; dir = path.Dir(dir) {
			if other, ok := folded[strings.ToLower(dir)]; ok {
				return fault.New(fault.Profile, "%s would have to be a file and, for %s, a directory", other, f.Path)
			}
		}
	}
	return nil
}

func checkPath(p string) error {
	if p == "." || !fs.ValidPath(p) {
		return errors.New("not a path inside the tree")
	}
	if !utf8.ValidString(p) || strings.ContainsFunc(p, unicode.IsControl) || strings.Contains(p, `\`) {
		return errors.New("characters not allowed in a file name")
	}
	for part := range strings.SplitSeq(p, "/") {
		if strings.EqualFold(part, ".git") {
			return errors.New("inside a git repository's own files")
		}
		if len(part) > 200 {
			return errors.New("longer than 200 bytes")
		}
	}
	if strings.EqualFold(p, ManifestPath) {
		return errors.New("the manifest's own path")
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
