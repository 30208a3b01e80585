package atomic

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"
)

// Batch writes many files, each one atomically: after a crash every file has
// its old content or its new one. The files as a whole are not atomic; who
// needs that records what is to be written before Commit.
//
// It costs one wait for the disk, however many files there are: see Commit.
type Batch struct {
	w     Writer
	files []batched
}

type batched struct {
	path string
	data []byte
	perm fs.FileMode
	temp string // the temporary file, "" before it is made
}

// NewBatch returns an empty batch. A batch must not be used by two goroutines at once.
func (w Writer) NewBatch() *Batch { return &Batch{w: w} }

// Add puts a file into the batch; nothing is written before Commit. The parent
// directory must exist by then. All files of a batch are on one file system.
// The data must not change before Commit returns.
func (b *Batch) Add(path string, data []byte, perm fs.FileMode) {
	b.files = append(b.files, batched{path: path, data: data, perm: perm})
}

// Commit writes a temporary file beside each target, flushes the file system, and then renames them, in the order in
// which they were added. So once one target has its new content, durable is
//   - the new content of all of them, and
//   - whatever else was written, renamed, made or removed on that file system before Commit,
//
// on every file system, also where renames do not reach the disk in the order in which they were done. That the
// renames are durable, too, the next Commit or SyncDir sees to: before it a power cut may undo any of them.
//
// After an error those not yet renamed are as they were, and no temporary file of theirs is left. Once renaming
// has begun, ctx is not looked at any more.
func (b *Batch) Commit(ctx context.Context) error {
	if len(b.files) == 0 {
		return nil
	}
	d, err := openDisk(filepath.Dir(b.files[0].path))
	if err != nil {
		return err
	}
	defer d.Close()
	return b.replace(ctx, d.flush)
}

// replace is Commit with another flush; without one each file is made durable as it is written.
func (b *Batch) replace(ctx context.Context, flush func() error) error {
	done := 0
	err := b.writeTemps(ctx, flush == nil)
	if err == nil && flush != nil {
		err = flush()
	}
	if err == nil {
		done, err = b.rename()
	}
	if err == nil {
		return nil
	}
	for _, f := range b.files[done:] {
		if f.temp == "" {
			continue
		}
		if e := os.Remove(f.temp); e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// writeTemps writes the temporary files on all processors.
func (b *Batch) writeTemps(ctx context.Context, sync bool) (err error) {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2 * runtime.GOMAXPROCS(0))
	defer func() {
		if e := g.Wait(); e != nil {
			err = e // by it ctx has ended
		}
	}()
	for i := range b.files {
		f := &b.files[i]
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := b.w.stage(BeforeTemp, f.path); err != nil {
			return err
		}
		g.Go(func() error {
			if err := f.writeTemp(sync); err != nil {
				return fmt.Errorf("write %s: %w", f.path, err)
			}
			return nil
		})
	}
	return nil
}

// rename puts the files in place, and says how many.
func (b *Batch) rename() (done int, err error) {
	for _, f := range b.files {
		if err := b.w.stage(BeforeRename, f.path); err != nil {
			return done, err
		}
		// os.Rename looks at the target before.
		if err := ignoringEINTR(func() error { return unix.Rename(f.temp, f.path) }); err != nil {
			return done, fmt.Errorf("write %s: %w", f.path, err)
		}
		done++
		if err := b.w.stage(AfterRename, f.path); err != nil {
			return done, err
		}
	}
	return done, nil
}

// writeTemp writes the temporary file beside its target. Its name is of this very write: two programs may write the
// same file. An os.File would cost as much as the writing: five more calls, to see whether it can be polled.
func (f *batched) writeTemp(sync bool) (err error) {
	fd, err := f.createTemp()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unix.Close(fd)) }()
	for data := f.data; len(data) > 0; {
		n, err := unix.Write(fd, data)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		data = data[max(n, 0):]
	}
	// Whatever the umask says: the mode of a written file is part of what is written.
	var is unix.Stat_t
	if err := unix.Fstat(fd, &is); err != nil {
		return err
	}
	if perm := uint32(f.perm.Perm()); is.Mode&0o7777 != perm {
		if err := unix.Fchmod(fd, perm); err != nil {
			return err
		}
	}
	if !sync {
		return nil
	}
	return ignoringEINTR(func() error { return unix.Fsync(fd) })
}

func (f *batched) createTemp() (fd int, err error) {
	dir, name := filepath.Split(f.path)
	for {
		temp := dir + "." + name + "." + strconv.FormatUint(uint64(rand.Uint32()), 10) + tempSuffix
		fd, err = unix.Open(temp, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, uint32(f.perm.Perm()))
		switch {
		case err == nil:
			f.temp = temp
			return fd, nil
		case !errors.Is(err, unix.EEXIST) && !errors.Is(err, unix.EINTR):
			return -1, err
		}
	}
}

func ignoringEINTR(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
