package atomic

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// tempSuffix ends the names of a Batch's temporary files. They are fixed
// names, so that the next run finds what a crash left.
const tempSuffix = ".quick-deploy-new"

// Temp returns the name of the temporary file that a Batch uses for path.
func Temp(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+tempSuffix)
}

// manyFiles is how many files (or directories) are synced one by one before
// one sync of the whole file system is cheaper.
const manyFiles = 32

// Batch writes many files, each one atomically: after a crash every file has
// its old content or its new one. The files as a whole are not atomic; who
// needs that records what is to be written before Commit.
//
// It costs two waits for the disk, not two a file: all the temporary files are
// made durable together before the first is renamed, and all the directories
// together after the last.
type Batch struct {
	w     Writer
	files []batched
	dirs  map[string]bool
}

type batched struct {
	path string
	data []byte
	perm fs.FileMode
}

// NewBatch returns an empty batch. A batch must not be used by two goroutines at once.
func (w Writer) NewBatch() *Batch { return &Batch{w: w, dirs: map[string]bool{}} }

// Add puts a file into the batch; nothing is written before Commit. The parent
// directory must exist by then. The data must not change before Commit returns.
func (b *Batch) Add(path string, data []byte, perm fs.FileMode) {
	b.files = append(b.files, batched{path, data, perm})
	b.dirs[filepath.Dir(path)] = true
}

// Commit writes the files of the batch in the order in which they were added.
// After an error those not yet renamed are as they were, and no temporary
// file of theirs is left.
func (b *Batch) Commit() error {
	done, err := b.commit()
	if err == nil {
		return nil
	}
	for _, f := range b.files[done:] {
		if e := os.Remove(Temp(f.path)); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// commit says how many files it has renamed.
func (b *Batch) commit() (done int, err error) {
	whole := len(b.files) > manyFiles
	for _, f := range b.files {
		if err := b.w.stage(BeforeTemp, f.path); err != nil {
			return done, err
		}
		if err := f.writeTemp(!whole); err != nil {
			return done, fmt.Errorf("write %s: %w", f.path, err)
		}
	}
	if whole {
		if err := syncFS(filepath.Dir(b.files[0].path)); err != nil {
			return done, err
		}
	}
	for _, f := range b.files {
		if err := b.w.stage(BeforeRename, f.path); err != nil {
			return done, err
		}
		if err := os.Rename(Temp(f.path), f.path); err != nil {
			return done, fmt.Errorf("write %s: %w", f.path, err)
		}
		done++
		if err := b.w.stage(AfterRename, f.path); err != nil {
			return done, err
		}
	}
	return done, SyncDirs(slices.Sorted(maps.Keys(b.dirs)))
}

func (f batched) writeTemp(sync bool) (err error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	name := Temp(f.path)
	t, err := os.OpenFile(name, flags, f.perm)
	if errors.Is(err, fs.ErrExist) { // a crash left it
		if err := os.Remove(name); err != nil {
			return err
		}
		t, err = os.OpenFile(name, flags, f.perm)
	}
	if err != nil {
		return err
	}
	defer func() {
		if e := t.Close(); err == nil {
			err = e
		}
	}()
	if _, err := t.Write(f.data); err != nil {
		return err
	}
	// Whatever the umask says: the mode of a written file is part of what is written.
	if err := t.Chmod(f.perm); err != nil {
		return err
	}
	if !sync {
		return nil
	}
	return t.Sync()
}

// Remove removes the file at path; its directory is not synced, see SyncDirs.
func (w Writer) Remove(path string) error {
	if err := w.stage(BeforeRemove, path); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return w.stage(AfterRemove, path)
}

// SyncDirs makes what was renamed and removed in the directories durable. They
// are on one file system.
func SyncDirs(dirs []string) error {
	if len(dirs) > manyFiles {
		return syncFS(dirs[0])
	}
	for _, dir := range dirs {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}
