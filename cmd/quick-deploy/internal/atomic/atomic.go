// Package atomic writes files so that a crash leaves the old content or the
// new one, never a part. It is the program's only way of writing a file.
package atomic

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Stage is a point inside WriteFile, Batch.Commit or Remove.
type Stage string

// The stages: those of a write, in order, and those of a removal.
const (
	BeforeTemp   Stage = "before-temp"   // nothing was touched yet
	BeforeRename Stage = "before-rename" // the temporary file is written and synced
	AfterRename  Stage = "after-rename"  // the new content is in place, the directory not yet synced
	BeforeRemove Stage = "before-remove" // the file is still there
	AfterRemove  Stage = "after-remove"  // the file is gone, the directory not yet synced
)

// Writer writes files. The zero value is ready to use.
type Writer struct {
	// Hook, if set, is called at each stage of each write; tests kill the
	// process or return an error there.
	Hook func(stage Stage, path string) error
}

// WriteFile replaces the file at path by data with the mode perm, as a Batch of
// one file does. Missing parent directories are not made.
func (w Writer) WriteFile(path string, data []byte, perm fs.FileMode) error {
	b := w.NewBatch()
	b.Add(path, data, perm)
	return b.Commit()
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

func (w Writer) stage(s Stage, path string) error {
	if w.Hook == nil {
		return nil
	}
	return w.Hook(s, path)
}

// manyFiles is how many files (or directories) are synced one by one before
// one sync of the whole file system is cheaper.
const manyFiles = 32

// SyncDirs makes what was renamed and removed in the directories durable. They
// are on one file system.
func SyncDirs(dirs []string) error {
	if len(dirs) > manyFiles {
		return syncFS(dirs[0])
	}
	for _, dir := range dirs {
		if err := inDir(dir, (*os.File).Sync); err != nil {
			return err
		}
	}
	return nil
}

// syncFS writes out the file system that holds dir (syncfs(2)).
func syncFS(dir string) error {
	return inDir(dir, func(d *os.File) error { return unix.Syncfs(int(d.Fd())) })
}

func inDir(dir string, sync func(*os.File) error) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	defer d.Close()
	if err := sync(d); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}
