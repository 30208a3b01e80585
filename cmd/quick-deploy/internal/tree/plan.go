package tree

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/generator/encode"
	"github.com/quick-deploy/quick-deploy/generator/manifest"
)

// Plan compares the directory with files and says what Apply would do. It
// writes nothing. An error of code Preflight means that something is in the
// way that no run may touch: a link, a directory or a device where a file
// belongs.
func (t *Tree) Plan(files []File, meta Meta) (Changes, error) {
	files = sortFiles(files)
	if err := checkSet(files); err != nil {
		return Changes{}, err
	}
	c := Changes{want: manifest.New(meta), began: clock()}

	// The directories first: nothing below a link is even read.
	missing, err := t.checkDirs(files)
	if err != nil {
		return Changes{}, err
	}
	if err := t.readManifest(meta, &c); err != nil {
		return Changes{}, err
	}
	c.interrupted = len(c.was.Pending) > 0

	orphans := orphansOf(c.was, files)
	if _, err := t.checkDirs(orphans); err != nil {
		return Changes{}, err
	}
	c.Files, err = t.compare(append(files, orphans...), len(files), c.was, missing)
	if err != nil {
		return Changes{}, err
	}
	if err := keepBeside(files, c.Files[:len(files)]); err != nil {
		return Changes{}, err
	}
	// An orphan that is already gone needs no more than to be forgotten.
	c.Files = slices.DeleteFunc(c.Files, func(f Change) bool { return f.Action == "" })
	slices.SortFunc(c.Files, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })

	for _, f := range c.Files {
		switch {
		case f.Action == Remove, f.Action == Foreign, f.once && f.record == "": // not the tool's
		default:
			c.want.Add(f.Path, f.record, f.once)
		}
	}
	if c.wantRaw, err = c.want.Encode(); err != nil {
		return Changes{}, err
	}
	return c, t.findLeftovers(&c)
}

// orphansOf are the paths that the manifest knows and the set no longer has.
func orphansOf(m manifest.Manifest, files []File) []File {
	wanted := make(map[string]bool, len(files))
	for _, f := range files {
		wanted[f.Path] = true
	}
	gone := map[string]bool{}
	for _, group := range []map[string]string{m.Files, m.Once, m.Pending} {
		for p := range group {
			if !wanted[p] {
				gone[p] = true
			}
		}
	}
	var out []File
	for _, p := range slices.Sorted(maps.Keys(gone)) {
		out = append(out, File{Path: p})
	}
	return out
}

// compare looks at each file on disk, on all processors: with tens of
// thousands of files the time goes into opening and reading them. The files
// from index wanted on are orphans. In the directories that are missing it does not look.
func (t *Tree) compare(files []File, wanted int, m manifest.Manifest, missing map[string]bool) ([]Change, error) {
	out := make([]Change, len(files))
	errs := make([]error, len(files))
	var g errgroup.Group
	g.SetLimit(2 * runtime.GOMAXPROCS(0))
	for i, f := range files {
		g.Go(func() error {
			if i < wanted {
				out[i], errs[i] = t.compareOne(f, m, missing)
			} else {
				out[i], errs[i] = t.compareOrphan(f.Path, m)
			}
			return nil
		})
	}
	_ = g.Wait()
	return out, firstFew(errs)
}

// firstFew joins at most ten of the errors.
func firstFew(errs []error) error {
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	if len(errs) <= 1 {
		return errors.Join(errs...)
	}
	more := len(errs) - 10
	first := fault.New(fault.CodeOf(errs[0]), "%w", errors.Join(errs[:min(10, len(errs))]...))
	if more > 0 {
		first.Hint("and %d more like these", more)
	}
	return first
}

func (t *Tree) compareOne(f File, m manifest.Manifest, missing map[string]bool) (Change, error) {
	c := Change{Path: f.Path, once: f.Once}
	if f.Once {
		return c, t.compareOnce(&c, f, m, missing)
	}
	c.fresh = encode.Hash(f.Data)
	c.record = c.fresh
	have, info, err := t.read(f.Path, missing)
	if err != nil {
		return c, err
	}
	c.seen = info
	switch {
	case info == nil:
		c.Action, c.New = Create, f.Data
		return c, nil
	case bytes.Equal(have, f.Data):
		c.Action, c.now = Unchanged, c.record
		return c, nil
	}
	c.Old, c.New = have, f.Data
	if is := encode.Hash(have); m.Ours(f.Path, is) {
		c.Action, c.now = Update, is
		return c, nil
	}
	c.Action = Foreign
	if was := m.Known(f.Path); was != "" {
		// The manifest keeps the hash of what the tool last wrote: should the
		// edit be taken back, the file is the tool's again.
		c.Action, c.record = Conflict, was
	}
	if f.Adapt == nil {
		return c, nil
	}
	adapted, err := f.Adapt(have)
	if err != nil {
		return c, nil // not what Adapt knows how to keep: a hand edit like any other
	}
	if bytes.Equal(adapted, have) {
		c.Action, c.Old, c.New = Kept, nil, nil
		return c, nil
	}
	c.Action, c.New, c.adapted = Update, adapted, true
	return c, nil
}

func (t *Tree) compareOnce(c *Change, f File, m manifest.Manifest, missing map[string]bool) error {
	info, err := t.look(f.Path, missing)
	if err != nil {
		return err
	}
	c.seen = info
	if info == nil {
		c.Action, c.New, c.fresh = Create, f.Data, encode.Hash(f.Data)
		c.record = c.fresh
		return nil
	}
	c.Action, c.record = Kept, m.Once[f.Path]
	if c.record == "" {
		c.record = m.Pending[f.Path]
	}
	if c.record == "" {
		// It was there before the tool, and is remembered all the same: what nothing imports any more is told of.
		c.record = encode.Hash(f.Data)
	}
	return nil
}

func (t *Tree) compareOrphan(p string, m manifest.Manifest) (Change, error) {
	c := Change{Path: p}
	have, info, err := t.read(p, nil)
	if err != nil {
		return c, err
	}
	if info == nil {
		return c, nil
	}
	c.seen, c.Old = info, have
	is := encode.Hash(have)
	if m.Ours(p, is) || m.Once[p] == is {
		c.Action, c.now = Remove, is
		return c, nil
	}
	c.Action, c.record = Released, m.Known(p)
	if m.Once[p] != "" {
		c.record, c.once = m.Once[p], true
	}
	return c, nil
}

// keepBeside applies File.Beside. files and changes correspond by index, files
// being sorted.
func keepBeside(files []File, changes []Change) error {
	for i, f := range files {
		if f.Beside == "" {
			continue
		}
		at, ok := slices.BinarySearchFunc(files, f.Beside,
			func(f File, p string) int { return strings.Compare(f.Path, p) })
		if !ok {
			return fault.New(fault.Unexpected, "generated file %s: goes with %s, which is not generated", f.Path,
				f.Beside)
		}
		if a := changes[at].Action; (a == Conflict || a == Foreign) && changes[i].seen != nil &&
			changes[i].Action != Unchanged {
			c := &changes[i]
			c.beside, c.Action = c.Action, Kept
			if c.now != "" {
				c.record = c.now // as the tool left it, so still the tool's
			}
		}
	}
	return nil
}

// read is the content of a file and how it was found; nil, nil where there is none.
func (t *Tree) read(p string, missing map[string]bool) ([]byte, fs.FileInfo, error) {
	info, err := t.look(p, missing)
	if info == nil || err != nil {
		return nil, nil, err
	}
	data, err := regular.Read(t.abs(p))
	if err != nil {
		return nil, nil, onDisk("read", t.abs(p), err)
	}
	return data, info, nil
}

// look finds the file at p; in a directory that is missing there is none. Anything but a regular file is an error.
func (t *Tree) look(p string, missing map[string]bool) (fs.FileInfo, error) {
	if missing[path.Dir(p)] {
		return nil, nil
	}
	info, err := os.Lstat(t.abs(p))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, onDisk("read", t.abs(p), err)
	}
	if !info.Mode().IsRegular() {
		return nil, fault.New(fault.Preflight, "%s: %s where quick-deploy would write a file", t.abs(p), kind(info)).
			Hint("move it, or choose another directory with --flake")
	}
	return info, nil
}

func kind(info fs.FileInfo) string {
	switch mode := info.Mode(); {
	case mode.IsDir():
		return "a directory is"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link is"
	case mode.IsRegular():
		return "a file is"
	}
	return "a special file is"
}

// dirsOf are the directories that the files lie in, parents before children,
// without the tree itself.
func dirsOf(files []File) []string {
	seen := map[string]bool{}
	for _, f := range files {
		for d := path.Dir(f.Path); d != "." && !seen[d]; d = path.Dir(d) {
			seen[d] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// checkDirs refuses the tree if anything but a directory is where the files, or the manifest, need one.
// Links are refused too: what lies behind one may belong to something else. It returns the directories that are
// not there.
func (t *Tree) checkDirs(files []File) (missing map[string]bool, err error) {
	missing = map[string]bool{}
	for _, d := range append([]string{manifest.Dir}, dirsOf(files)...) {
		if missing[path.Dir(d)] {
			missing[d] = true
			continue
		}
		info, err := os.Lstat(t.abs(d))
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			missing[d] = true // its parent, if that is no directory, was found before
			continue
		}
		if err != nil {
			return nil, onDisk("read", t.abs(d), err)
		}
		if !info.IsDir() {
			return nil, fault.New(fault.Preflight, "%s: %s where quick-deploy needs a directory", t.abs(d), kind(info)).
				Hint("move it, or choose another directory with --flake")
		}
	}
	return missing, nil
}

// findLeftovers looks for temporary files of a run that was cut short.
func (t *Tree) findLeftovers(c *Changes) error {
	dirs := map[string]bool{manifest.Dir: true, ".": true}
	for p := range c.was.Pending {
		dirs[path.Dir(p)] = true
	}
	for _, d := range slices.Sorted(maps.Keys(dirs)) {
		found, err := atomic.Leftovers(t.abs(d))
		if err != nil {
			return onDisk("read", t.abs(d), err)
		}
		c.leftovers = append(c.leftovers, found...)
	}
	c.interrupted = c.interrupted || len(c.leftovers) > 0
	return nil
}

func (c Change) String() string { return fmt.Sprintf("%s %s", c.Action, c.Path) }
