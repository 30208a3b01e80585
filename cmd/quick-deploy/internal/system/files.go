// Package system reads a NixOS machine, and the systems that are built for it, as data:
// accounts, mounts, units, addresses, boot loader, generations. It is the one reader of these;
// who decides something asks here. Files are read of an fs.FS, so that a fixture serves as well
// as a machine. What changes while a machine runs, and what another machine has, is asked through
// a run.Runner by one command each: what runs and boots (look.sh), units (systemctl) and their
// files. Nothing is evaluated, and nothing is changed.
package system

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// maxFile is the size of the largest file that is read, bytes. A users-groups.json
// with thousands of accounts has some 100 KiB.
const maxFile = 8 << 20

// maxHops is how many links are followed on the way to a file, as Linux has it (path_resolution(7)).
const maxHops = 40

// files are the files of a machine below a folder, "" for all. Unlike with os.DirFS an absolute link leads from the
// machine's own top, not from that of the machine which the files lie on.
type files struct {
	fs  fs.FS
	dir string
}

// Machine is a machine that runs, by its files: what is on it beside the system that was built for
// it.
type Machine struct{ files }

// Of returns the machine whose file system is root.
func Of(root fs.FS) Machine { return Machine{files{fs: root}} }

// Inside returns where an absolute path of the machine below root lies, through all links; what is not there would
// lie where it is named.
func Inside(root, name string) string {
	at, _, _ := Of(os.DirFS(root)).follow(name)
	return filepath.Join(root, at)
}

// follow finds what a path leads to, through all links. With an error it returns how far that went, and the rest of
// the path as it is.
func (f files) follow(name string) (string, fs.FileInfo, error) {
	at, rest := ".", split(path.Join(f.dir, name))
	info, err := fs.Lstat(f.fs, at)
	for hops := 0; len(rest) > 0 && err == nil; {
		next := path.Join(at, rest[0])
		if info, err = fs.Lstat(f.fs, next); err != nil {
			break
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			at, rest = next, rest[1:]
			continue
		}
		if hops++; hops > maxHops {
			err = &fs.PathError{Op: "follow", Path: name, Err: syscall.ELOOP}
			break
		}
		var target string
		if target, err = fs.ReadLink(f.fs, next); err != nil {
			break
		}
		if !path.IsAbs(target) {
			target = path.Join(at, target)
		}
		at, rest = ".", append(split(target), rest[1:]...)
	}
	return path.Join(at, path.Join(rest...)), info, err
}

// split returns the parts of a path from the top; one empty part for the top itself.
func split(name string) []string { return strings.Split(path.Clean("/" + name)[1:], "/") }

// Data returns the content of a regular file, nil where there is none that can be read.
func (f files) Data(name string) []byte {
	at, info, err := f.follow(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil
	}
	data, err := fs.ReadFile(f.fs, at)
	if err != nil {
		return nil
	}
	return data
}

// Text returns the same as text, "" where there is none that may be read.
func (f files) Text(name string) string { return strings.ToValidUTF8(string(f.Data(name)), "?") }

// List returns the names in a folder, sorted; none where it may not be read.
func (f files) List(dir string) []string {
	at, _, err := f.follow(dir)
	if err != nil {
		return nil
	}
	entries, _ := fs.ReadDir(f.fs, at)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Missing reports whether a file is surely not there: what may not be looked at may be there.
func (f files) Missing(name string) bool {
	_, err := f.Stat(name)
	return errors.Is(err, fs.ErrNotExist)
}

// Stat returns what a path leads to, through all links.
func (f files) Stat(name string) (fs.FileInfo, error) {
	_, info, err := f.follow(name)
	return info, err
}

// Lstat returns what lies at a path, and where that leads to in one step if it is a link.
func (f files) Lstat(name string) (info fs.FileInfo, link string, err error) {
	at, _, err := f.follow(path.Dir(name))
	if err != nil {
		return nil, "", err
	}
	at = path.Join(at, path.Base(name))
	if info, err = fs.Lstat(f.fs, at); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		link, err = fs.ReadLink(f.fs, at)
	}
	return info, link, err
}

func (f files) isDir(name string) bool {
	info, err := f.Stat(name)
	return err == nil && info.IsDir()
}

func (f files) isFile(name string) bool {
	info, err := f.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
