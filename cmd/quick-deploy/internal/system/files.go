// Package system reads a NixOS machine, and the systems that are built for it,
// as data: accounts, mounts, units, addresses, boot loader. Nothing is
// evaluated and nothing is run. All of it reads an fs.FS, so that a fixture
// serves as well as a machine.
package system

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"syscall"
)

// maxFile is the size of the largest file that is read, bytes. A users-groups.json
// with thousands of accounts has some 100 KiB.
const maxFile = 8 << 20

// maxHops is how many links are followed on the way to a file, as Linux has it (path_resolution(7)).
const maxHops = 40

// files is a file system with links in it. Unlike os.DirFS it lets an absolute
// link lead from its own top, not from that of the machine it lies on.
type files struct{ fs fs.FS }

// follow finds what a path leads to, through all links.
func (f files) follow(name string) (string, fs.FileInfo, error) {
	at, rest := ".", split(name)
	info, err := fs.Lstat(f.fs, at)
	for hops := 0; len(rest) > 0 && err == nil; {
		next := path.Join(at, rest[0])
		if info, err = fs.Lstat(f.fs, next); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			at, rest = next, rest[1:]
			continue
		}
		if hops++; hops > maxHops {
			return "", nil, &fs.PathError{Op: "follow", Path: name, Err: syscall.ELOOP}
		}
		target, lerr := fs.ReadLink(f.fs, next)
		if lerr != nil {
			return "", nil, lerr
		}
		if !path.IsAbs(target) {
			target = path.Join(at, target)
		}
		at, rest = ".", append(split(target), rest[1:]...)
	}
	return at, info, err
}

func split(name string) []string {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if name == "" {
		return nil
	}
	return strings.Split(name, "/")
}

// data returns the content of a regular file, nil where there is none that can be read.
func (f files) data(name string) []byte {
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

func (f files) text(name string) string { return strings.ToValidUTF8(string(f.data(name)), "?") }

// link returns where a link leads to in one step, "" if it is none.
func (f files) link(name string) string {
	dir, _, err := f.follow(path.Dir(path.Clean("/" + name)))
	if err != nil {
		return ""
	}
	target, err := fs.ReadLink(f.fs, path.Join(dir, path.Base(name)))
	if err != nil {
		return ""
	}
	return target
}

// list returns the names in a folder, sorted.
func (f files) list(dir string) []string {
	at, _, err := f.follow(dir)
	if err != nil {
		return nil
	}
	entries, err := fs.ReadDir(f.fs, at)
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// missing reports whether a file is surely not there: what may not be looked
// at may be there.
func (f files) missing(name string) bool {
	_, _, err := f.follow(name)
	return errors.Is(err, fs.ErrNotExist)
}

func (f files) isDir(name string) bool {
	_, info, err := f.follow(name)
	return err == nil && info.IsDir()
}

func (f files) isFile(name string) bool {
	_, info, err := f.follow(name)
	return err == nil && info.Mode().IsRegular()
}
