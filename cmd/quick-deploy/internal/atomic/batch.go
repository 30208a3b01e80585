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
	temp string // the temporary file, "" before it is made
}

// NewBatch returns an empty batch. A batch must not be used by two goroutines at once.
func (w Writer) NewBatch() *Batch { return &Batch{w: w, dirs: map[string]bool{}} }

// Add puts a file into the batch; nothing is written before Commit. The parent
// directory must exist by then. The data must not change before Commit returns.
func (b *Batch) Add(path string, data []byte, perm fs.FileMode) {
	b.files = append(b.files, batched{path: path, data: data, perm: perm})
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
		if f.temp == "" {
			break
		}
		if e := os.Remove(f.temp); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// commit says how many files it has renamed.
func (b *Batch) commit() (done int, err error) {
	whole := len(b.files) > manyFiles
	for i := range b.files {
		f := &b.files[i]
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
		if err := os.Rename(f.temp, f.path); err != nil {
			return done, fmt.Errorf("write %s: %w", f.path, err)
		}
		done++
		if err := b.w.stage(AfterRename, f.path); err != nil {
			return done, err
		}
	}
	return done, SyncDirs(slices.Sorted(maps.Keys(b.dirs)))
}

// writeTemp writes the temporary file beside its target. Its name is of this very write: two programs may
// write the same file.
func (f *batched) writeTemp(sync bool) (err error) {
	t, err := os.CreateTemp(filepath.Dir(f.path), "."+filepath.Base(f.path)+".*"+tempSuffix)
	if err != nil {
		return err
	}
	f.temp = t.Name()
	defer func() { err = errors.Join(err, t.Close()) }()
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
