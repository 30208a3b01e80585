package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"syscall"

	"github.com/gofrs/flock"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/generator/manifest"
)

// Options is how Apply treats what is in the way.
type Options struct {
	// Force overwrites files that were edited by hand or are not the tool's, and
	// removes edited ones that nothing uses any more, each after a Backup.
	Force bool
	// Backup saves a file that Apply is about to overwrite or remove. Force needs it.
	Backup func(path string, data []byte) error
}

// Result is what Apply did; paths as in the set, sorted.
type Result struct {
	Written []string // created and updated, also by force
	Removed []string
	Kept    []string // edited by hand, or foreign, and left alone
	Orphans []string // written or edited by hand, no longer used, and left alone
	Aside   string   // where an unreadable manifest was put, relative to the tree
}

// Apply carries out a plan of the same tree. It fails, having changed nothing,
// if the directory is no longer as the plan saw it, if another run is at it
// (code Locked), or if it cannot be written to. A plan without changes writes
// nothing. Whatever interrupts it, the next Plan understands what it finds.
func (t *Tree) Apply(ctx context.Context, c Changes, o Options) (Result, error) {
	if o.Force && o.Backup == nil {
		return Result{}, errors.New("apply the tree: forcing needs a backup")
	}
	w := work{Tree: t, c: c, o: o}
	w.sort()
	if w.nothing() {
		return w.result, nil
	}
	err := w.do(ctx)
	return w.result, err
}

// work is one run of Apply.
type work struct {
	*Tree
	c       Changes
	o       Options
	writes  []Change
	removes []Change
	forced  []Change
	orphans []Change        // removed by force
	missing map[string]bool // directories that are not there yet
	result  Result
}

// sort decides per file what this run does.
func (w *work) sort() {
	for _, f := range w.c.Files {
		if w.o.Force && f.beside != "" {
			f.Action = f.beside
		}
		switch f.Action {
		case Create, Update:
			w.writes = append(w.writes, f)
		case Remove:
			w.removes = append(w.removes, f)
		case Conflict, Foreign:
			if !w.o.Force {
				w.result.Kept = append(w.result.Kept, f.Path)
				continue
			}
			w.writes = append(w.writes, f)
			w.forced = append(w.forced, f)
		case Released:
			if !w.o.Force || f.once {
				w.result.Orphans = append(w.result.Orphans, f.Path)
				continue
			}
			w.removes = append(w.removes, f)
			w.orphans = append(w.orphans, f)
		}
	}
}

func (w *work) nothing() bool {
	return len(w.writes) == 0 && len(w.removes) == 0 && len(w.c.leftovers) == 0 && !w.c.Aside &&
		slices.Equal(w.c.wasRaw, w.c.wantRaw)
}

func (w *work) do(ctx context.Context) error {
	if err := os.MkdirAll(w.dir, manifest.DirPerm); err != nil {
		return onDisk("create the folder", w.dir, regular.WhyUnwritten(w.dir, err))
	}
	unlock, err := w.lock()
	if err != nil {
		return err
	}
	defer unlock()
	// What a step relies on is durable before it: the intent before the first file has its new content, all of
	// them, and what was removed, before the outcome. It takes two flushes of the file system, however many files there
	// are: see atomic.Batch.
	for _, step := range []func(context.Context) error{
		w.recheck, w.backUp, w.makeDirs, w.clean, w.intend, w.writeFiles, w.removeFiles, w.conclude,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// backUp saves what is about to be overwritten or removed by force.
func (w *work) backUp(context.Context) error {
	for _, f := range slices.Concat(w.forced, w.orphans) {
		if err := w.o.Backup(f.Path, f.Old); err != nil {
			return fmt.Errorf("back up %s before overwriting or removing it: %w", f.Path, err)
		}
	}
	return nil
}

// lock keeps a second run out of the tree. It locks the directory itself, so
// that no lock file is left in it.
func (w *work) lock() (func(), error) {
	l := flock.New(w.dir, flock.SetFlag(os.O_RDONLY))
	ok, err := l.TryLock()
	if errors.Is(err, syscall.EISDIR) {
		// Over NFS a lock is one on a file open for writing, which a directory
		// never is. The executor's own lock is all there is.
		return func() {}, nil
	}
	if err != nil {
		return nil, onDisk("lock", w.dir, err)
	}
	if !ok {
		return nil, fault.New(fault.Locked, "%s: another quick-deploy is writing to it", w.dir)
	}
	return func() { l.Unlock() }, nil
}

// recheck fails if a file that is about to be replaced or removed, or the
// manifest, is no longer as planned.
func (w *work) recheck(context.Context) error {
	var files []File
	for _, f := range slices.Concat(w.writes, w.removes) {
		files = append(files, File{Path: f.Path})
	}
	var err error
	if w.missing, err = w.checkDirs(files); err != nil {
		return err
	}
	for _, f := range slices.Concat(w.writes, w.removes) {
		info, err := w.look(f.Path, w.missing)
		if err != nil {
			return err
		}
		if !sameFile(info, f.seen) {
			return stale(w.abs(f.Path))
		}
	}
	raw, err := regular.Read(w.abs(ManifestPath))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return onDisk("read", w.abs(ManifestPath), err)
	}
	if !slices.Equal(raw, w.c.wasRaw) {
		return stale(w.abs(ManifestPath))
	}
	return nil
}

func stale(path string) error {
	return fault.New(fault.Pending, "%s: changed since the plan was made", path).Hint("run the command again")
}

func sameFile(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// makeDirs makes the directories that recheck missed.
func (w *work) makeDirs(context.Context) error {
	for _, d := range slices.Sorted(maps.Keys(w.missing)) { // parents first
		if err := os.Mkdir(w.abs(d), manifest.DirPerm); err != nil && !errors.Is(err, fs.ErrExist) {
			return onDisk("create the folder", w.abs(d), regular.WhyUnwritten(w.abs(d), err))
		}
	}
	return nil
}

// clean removes temporary files of a run that was cut short and sets an
// unreadable manifest aside.
func (w *work) clean(context.Context) error {
	for _, name := range w.c.leftovers {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return onDisk("remove", name, err)
		}
	}
	if !w.c.Aside {
		return nil
	}
	for i := 1; ; i++ {
		to := fmt.Sprintf("%s/manifest.unreadable-%d.json", manifest.Dir, i)
		if _, err := os.Lstat(w.abs(to)); err == nil {
			continue
		}
		if err := os.Rename(w.abs(ManifestPath), w.abs(to)); err != nil {
			return onDisk("set aside", w.abs(ManifestPath), err)
		}
		w.result.Aside = to
		return nil
	}
}

// intend records what is about to be written. Files holds what is on disk now,
// as far as it is ours, so that an earlier run's intent need not be kept.
func (w *work) intend(context.Context) error {
	if len(w.writes) == 0 {
		return nil // removals explain themselves: the file is there, or it is not
	}
	m := manifest.New(Meta{Tool: w.c.want.Tool, Profile: w.c.want.Profile})
	m.Pending = map[string]string{}
	maps.Copy(m.Files, w.c.was.Files)
	maps.Copy(m.Once, w.c.was.Once)
	for _, f := range w.c.Files {
		switch {
		case f.once:
		case f.now != "":
			m.Files[f.Path] = f.now
		case f.Action == Conflict:
			m.Files[f.Path] = f.record
		}
	}
	for _, f := range w.writes {
		// Adapted content stays the user's: to find it again, Adapt is asked again.
		if !f.adapted {
			m.Pending[f.Path] = f.fresh
		}
	}
	raw, err := m.Encode()
	if err != nil {
		return err
	}
	if err := w.write.Replace(w.abs(ManifestPath), raw, manifest.FilePerm); err != nil {
		return onDisk("write", w.abs(ManifestPath), err)
	}
	return nil
}

func (w *work) writeFiles(ctx context.Context) error {
	b := w.write.NewBatch()
	for _, f := range w.writes {
		b.Add(w.abs(f.Path), f.New, manifest.FilePerm)
	}
	if err := b.Commit(ctx); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("write the tree: %w", err)
		}
		return onDisk("write", w.dir, err)
	}
	for _, f := range w.writes {
		w.result.Written = append(w.result.Written, f.Path)
	}
	return nil
}

func (w *work) removeFiles(ctx context.Context) error {
	for _, f := range w.removes {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("remove files from the tree: %w", err)
		}
		if err := w.write.Remove(w.abs(f.Path)); err != nil {
			return onDisk("remove", w.abs(f.Path), err)
		}
		w.result.Removed = append(w.result.Removed, f.Path)
	}
	for _, f := range w.removes {
		w.prune(path.Dir(f.Path))
	}
	return nil
}

// prune removes the directory d and its parents as far as they are empty.
func (w *work) prune(d string) {
	for ; d != "."; d = path.Dir(d) {
		err := os.Remove(w.abs(d))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return // not empty, or not to be removed: both leave it
		}
	}
}

// conclude records the outcome.
func (w *work) conclude(ctx context.Context) error {
	raw, err := w.outcome()
	if err != nil {
		return err
	}
	b := w.write.NewBatch()
	b.Add(w.abs(ManifestPath), raw, manifest.FilePerm)
	// What was written is to be recorded, also where the user has changed his mind.
	if err := b.Commit(context.WithoutCancel(ctx)); err != nil {
		return onDisk("write", w.abs(ManifestPath), err)
	}
	if err := atomic.SyncDir(w.abs(manifest.Dir)); err != nil {
		return onDisk("write", w.abs(ManifestPath), err)
	}
	return nil
}

// outcome is the manifest of what Apply has made.
func (w *work) outcome() ([]byte, error) {
	if len(w.forced)+len(w.orphans) == 0 {
		return w.c.wantRaw, nil
	}
	m := w.c.want
	m.Files = maps.Clone(m.Files)
	for _, f := range w.orphans {
		delete(m.Files, f.Path)
	}
	for _, f := range w.forced {
		m.Files[f.Path] = f.fresh
	}
	return m.Encode()
}
