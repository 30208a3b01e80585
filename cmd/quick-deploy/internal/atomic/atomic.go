// Package atomic writes files so that a crash leaves the old content or the
// new one, never a part. It is the program's only way of writing a file.
package atomic

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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

// WriteFile replaces the file at path by data with the mode perm, durably. Missing parent directories are not made.
func (w Writer) WriteFile(path string, data []byte, perm fs.FileMode) error {
	if err := w.Replace(path, data, perm); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// Replace is WriteFile, but that the file may have its old content again after a power cut, until the next Commit
// on the same file system, or SyncDir.
func (w Writer) Replace(path string, data []byte, perm fs.FileMode) error {
	b := w.NewBatch()
	b.Add(path, data, perm)
	return b.replace(context.Background(), nil)
}

// Remove removes the file at path; durable with the next Commit on the
// file system, or SyncDir.
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

// SyncDir makes what was made, renamed and removed in a directory durable.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}

// disk is a file system, held by a directory on it.
type disk struct {
	*os.File
	fuse bool
}

// openDisk opens the file system that dir is on. It comes before what is to be flushed is written: of the writing that
// fails in the background, syncfs reports what has failed since (errseq, Linux 5.8).
func openDisk(dir string) (*disk, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	var s unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &s); err != nil {
		return nil, errors.Join(fmt.Errorf("look at the file system of %s: %w", dir, err), f.Close())
	}
	return &disk{f, s.Type == unix.FUSE_SUPER_MAGIC}, nil
}

// flush makes everything on the file system durable (syncfs(2)): it writes the data of all files, has the journal of
// ext4 and XFS, or the transaction of btrfs, committed up to now, and waits for both. EIO, ENOSPC and EDQUOT mean that
// something was not written, not necessarily of ours: nothing may rely on it then.
//
// FUSE does not pass syncfs on to the program that keeps the files, and a sandbox may not let it through: there it is
// sync(2), which flushes what is below, too, but reports no errors.
func (d *disk) flush() error {
	if !d.fuse {
		err := ignoringEINTR(func() error { return unix.Syncfs(int(d.Fd())) })
		if !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EPERM) {
			if err != nil {
				err = fmt.Errorf("sync the file system of %s: %w", d.Name(), err)
			}
			return err
		}
	}
	unix.Sync()
	return nil
}
