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
	"path"
	"strings"
	"syscall"
)

// maxFile is the size of the largest file that is read, bytes. A users-groups.json
// with thousands of accounts has some 100 KiB.
const maxFile = 8 << 20

// maxHops is how many links are followed on the way to a file, as Linux has it (path_resolution(7)).
const maxHops = 40

// Machine is a machine that runs, by its files: what is on it beside the system that was built for
// it. Unlike os.DirFS it lets an absolute link lead from its own top, not from that of the machine
// which the files lie on.
type Machine struct{ fs fs.FS }

// Of returns the machine whose file system is root.
func Of(root fs.FS) Machine { return Machine{root} }

// follow finds what a path leads to, through all links.
func (m Machine) follow(name string) (string, fs.FileInfo, error) {
	at, rest := ".", split(name)
	info, err := fs.Lstat(m.fs, at)
	for hops := 0; len(rest) > 0 && err == nil; {
		next := path.Join(at, rest[0])
		if info, err = fs.Lstat(m.fs, next); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			at, rest = next, rest[1:]
			continue
		}
		if hops++; hops > maxHops {
			return "", nil, &fs.PathError{Op: "follow", Path: name, Err: syscall.ELOOP}
		}
		target, lerr := fs.ReadLink(m.fs, next)
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
func (m Machine) data(name string) []byte {
	at, info, err := m.follow(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil
	}
	data, err := fs.ReadFile(m.fs, at)
	if err != nil {
		return nil
	}
	return data
}

// Text returns the content of a regular file, "" where there is none that may be read.
func (m Machine) Text(name string) string { return strings.ToValidUTF8(string(m.data(name)), "?") }

// link returns where a link leads to in one step, "" if it is none.
func (m Machine) link(name string) string {
	dir, _, err := m.follow(path.Dir(path.Clean("/" + name)))
	if err != nil {
		return ""
	}
	target, err := fs.ReadLink(m.fs, path.Join(dir, path.Base(name)))
	if err != nil {
		return ""
	}
	return target
}

// List returns the names in a folder, sorted; none where it may not be read.
func (m Machine) List(dir string) []string {
	at, _, err := m.follow(dir)
	if err != nil {
		return nil
	}
	entries, err := fs.ReadDir(m.fs, at)
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// Missing reports whether a file is surely not there: what may not be looked at may be there.
func (m Machine) Missing(name string) bool {
	_, err := m.Stat(name)
	return errors.Is(err, fs.ErrNotExist)
}

// Stat returns what a path leads to, through all links.
func (m Machine) Stat(name string) (fs.FileInfo, error) {
	_, info, err := m.follow(name)
	return info, err
}

func (m Machine) isDir(name string) bool {
	info, err := m.Stat(name)
	return err == nil && info.IsDir()
}

func (m Machine) isFile(name string) bool {
	info, err := m.Stat(name)
	return err == nil && info.Mode().IsRegular()
}
