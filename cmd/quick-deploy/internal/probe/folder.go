package probe

import (
	"bytes"
	"errors"
	"io/fs"
	"path"

	"golang.org/x/sys/unix"
)

// errElsewhere says that a file has to be found from the root on.
var errElsewhere = errors.New("not in the folder")

// folder holds a folder open, so that its files are found by their names alone: the path to a device is long and goes
// through links. It asks the kernel itself, which takes three calls a file where [os.File] takes eight. It follows no
// link, so that nothing leads out of the tree that the folder is in.
type folder struct {
	open func(dir string) (fd int, err error) // nil: the tree is none of the kernel's, and nothing is held
	path string
	held bool // path is open, as fd
	fd   int
	page [textLimit]byte
}

// openOwn opens a folder of this machine, only to find files in it.
func openOwn(dir string) (int, error) {
	return unix.Open("/"+dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}

// openBeneath opens folders below one that is open. What leads out of it is refused, as [os.Root] refuses it; so is
// everything by a kernel before Linux 5.6, and by sandboxes that do not know the call.
func openBeneath(root int) func(dir string) (int, error) {
	how := unix.OpenHow{
		Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_MAGICLINKS,
	}
	return func(dir string) (int, error) { return unix.Openat2(root, dir, &how) }
}

// enter leaves the folder for another one. Where that cannot be opened, all is left to whoever looks from the root on.
func (d *folder) enter(dir string) {
	if d.open == nil || d.path == dir {
		return
	}
	d.leave()
	fd, err := retried(func() (int, error) { return d.open(dir) })
	d.path, d.held, d.fd = dir, err == nil, fd
}

func (d *folder) leave() {
	if d.held {
		unix.Close(d.fd)
		d.held = false
	}
}

// has tells whether a path is that of a file in the folder.
func (d *folder) has(name string) bool {
	return d.held && path.Dir(name) == d.path && fs.ValidPath(name)
}

// read reads the first page of the file at a path, which is all that an attribute of a device has: the kernel
// gives it by one read (Linux, Documentation/filesystems/sysfs.rst).
func (d *folder) read(name string) ([]byte, error) {
	if !d.has(name) {
		return nil, errElsewhere
	}
	fd, err := retried(func() (int, error) {
		return unix.Openat(d.fd, path.Base(name), unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	})
	if errors.Is(err, unix.ELOOP) {
		return nil, errElsewhere
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	defer unix.Close(fd)
	n, err := retried(func() (int, error) { return unix.Read(fd, d.page[:]) })
	if err != nil {
		return nil, &fs.PathError{Op: "read", Path: name, Err: err}
	}
	return bytes.Clone(d.page[:n]), nil
}

// readLink reads the link at a path.
func (d *folder) readLink(name string) (string, error) {
	if !d.has(name) {
		return "", errElsewhere
	}
	n, err := retried(func() (int, error) {
		return unix.Readlinkat(d.fd, path.Base(name), d.page[:])
	})
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
	}
	return string(d.page[:n]), nil
}

// retried makes a call of the kernel again where a signal came between: signal(7), EINTR.
func retried(call func() (int, error)) (n int, err error) {
	for {
		if n, err = call(); !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
