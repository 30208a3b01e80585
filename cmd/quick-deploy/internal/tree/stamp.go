package tree

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/generator/encode"
	"github.com/quick-deploy/quick-deploy/generator/manifest"
)

// Stamp is how a plan that had nothing to do found the tree. What the stamp holds of, the same plan has nothing to do
// in, which is known without reading a file.
type Stamp struct {
	Sum string
	// Paths are what it is about: a letter that says what counts, and a path.
	Paths []string
}

// What counts.
const (
	wholeFile = 'f' // that nobody has touched the file
	anyFile   = 'o' // that it is a regular file: the user's
	anyDir    = 'd' // that it is the same directory, not a link to another
)

// clocked are file systems whose times of change are set by this machine's kernel, all of which makes such a time at
// each change of content (statfs(2)).
var clocked = map[int64]bool{
	unix.EXT4_SUPER_MAGIC: true, unix.XFS_SUPER_MAGIC: true, unix.BTRFS_SUPER_MAGIC: true, unix.F2FS_SUPER_MAGIC: true,
	unix.TMPFS_MAGIC: true, unix.OVERLAYFS_SUPER_MAGIC: true, 0x2fc12fc1: true, // the last is ZFS
}

// Stamp is the stamp of the plan; ok says that there is one: nothing is to be done, nothing is in the way, and
// every later change of a file will show in its time of change.
func (t *Tree) Stamp(c Changes) (s Stamp, ok bool) {
	w := work{Tree: t, c: c}
	w.sort()
	var disk unix.Statfs_t
	if !w.nothing() || c.Pending() || unix.Statfs(t.dir, &disk) != nil || !clocked[disk.Type] {
		return s, false
	}
	infos := map[string]fs.FileInfo{ManifestPath: c.wasSeen}
	s.Paths = append(s.Paths, string(wholeFile)+ManifestPath)
	var files []File
	for _, f := range c.Files {
		kind := wholeFile
		if f.once {
			kind = anyFile
		}
		s.Paths = append(s.Paths, string(kind)+f.Path)
		infos[f.Path] = f.seen
		files = append(files, File{Path: f.Path})
	}
	for _, d := range append([]string{".", manifest.Dir}, dirsOf(files)...) {
		s.Paths = append(s.Paths, string(anyDir)+d)
	}
	var err error
	s.Sum, err = t.sum(s.Paths, func(p string, to *syscall.Stat_t) error {
		info, planned := infos[p]
		if !planned {
			return syscall.Lstat(t.abs(p), to)
		}
		// As it was before it was read: what has happened to it since is a change.
		was, ok := info.Sys().(*syscall.Stat_t)
		if !ok || !settled(was, c.began) {
			return fmt.Errorf("%s: too new to tell a change by its time", p)
		}
		*to = *was
		return nil
	})
	return s, err == nil
}

// settled reports whether the next change of a file gives it another time of change. The kernel's clock for them moves
// in steps of up to 10 ms (HZ), and in seconds where a file system has no place for more; git calls what was changed
// in the very step in which it was looked at "racily clean".
func settled(st *syscall.Stat_t, began time.Time) bool {
	changed := time.Unix(st.Ctim.Unix())
	if changed.Nanosecond() == 0 {
		changed = changed.Add(time.Second)
	}
	return changed.Before(began)
}

// clock is the time by which the kernel stamps changes of files.
func clock() time.Time {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &now); err != nil {
		return time.Time{} // nothing is older
	}
	return time.Unix(now.Unix())
}

// Is reports whether the stamp holds of the tree.
func (t *Tree) Is(s Stamp) bool {
	for _, dir := range []string{".", manifest.Dir} {
		if left, err := atomic.Leftovers(t.abs(dir)); err != nil || len(left) > 0 {
			return false
		}
	}
	sum, err := t.sum(s.Paths, func(p string, to *syscall.Stat_t) error { return syscall.Lstat(t.abs(p), to) })
	return err == nil && sum == s.Sum
}

// Files are the files that the stamp is about, without their content.
func (s Stamp) Files() []File {
	var out []File
	for _, p := range s.Paths {
		if p[0] != anyDir && p[1:] != ManifestPath {
			out = append(out, File{Path: p[1:], Once: p[0] == anyFile})
		}
	}
	return out
}

// sum is a hash of what stat tells about the paths. It is called on all processors.
func (t *Tree) sum(paths []string, stat func(p string, to *syscall.Stat_t) error) (string, error) {
	const words = 8
	marks := make([]uint64, words*len(paths))
	size := len(paths)/runtime.GOMAXPROCS(0) + 1
	var g errgroup.Group
	for from := 0; from < len(paths); from += size {
		g.Go(func() error {
			for i := from; i < min(from+size, len(paths)); i++ {
				var st syscall.Stat_t
				if err := stat(paths[i][1:], &st); err != nil {
					return err
				}
				if err := mark(paths[i][0], &st, marks[words*i:words*(i+1)]); err != nil {
					return fmt.Errorf("%s: %w", paths[i], err)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return "", err
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n", strings.Join(paths, "\n"))
	if err := binary.Write(h, binary.LittleEndian, marks); err != nil {
		return "", err
	}
	return encode.SRI(h), nil
}

// mark writes down what counts of a file.
func mark(kind byte, st *syscall.Stat_t, to []uint64) error {
	want := uint32(syscall.S_IFREG)
	if kind == anyDir {
		want = syscall.S_IFDIR
	}
	if st.Mode&syscall.S_IFMT != want {
		return os.ErrInvalid
	}
	switch kind {
	case anyFile:
	case anyDir:
		to[0], to[1], to[2] = st.Dev, st.Ino, uint64(st.Mode)
	default:
		copy(to, []uint64{
			st.Dev, st.Ino, uint64(st.Mode), uint64(st.Size),
			uint64(st.Mtim.Sec), uint64(st.Mtim.Nsec), uint64(st.Ctim.Sec), uint64(st.Ctim.Nsec),
		})
	}
	return nil
}
