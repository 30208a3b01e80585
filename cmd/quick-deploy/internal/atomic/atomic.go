// Package atomic writes files so that a crash leaves the old content or the
// new one, never a part. It is the program's only way of writing a file.
package atomic

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
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

// WriteFile replaces the file at path by data with the mode perm: temporary
// file in the same directory, fsync, rename, fsync of the directory. Missing
// parent directories are not made.
func (w Writer) WriteFile(path string, data []byte, perm fs.FileMode) error {
	if err := w.stage(BeforeTemp, path); err != nil {
		return err
	}
	t, err := renameio.NewPendingFile(path,
		renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(perm), renameio.IgnoreUmask())
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer t.Cleanup()
	if _, err := t.Write(data); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := w.stage(BeforeRename, path); err != nil {
		return err
	}
	if err := t.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := w.stage(AfterRename, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func (w Writer) stage(s Stage, path string) error {
	if w.Hook == nil {
		return nil
	}
	return w.Hook(s, path)
}

func syncDir(dir string) error { return inDir(dir, (*os.File).Sync) }

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
