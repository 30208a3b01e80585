// Package pciids holds the names of PCI devices, so that they are known on a
// machine without hwdata and without a network.
package pciids

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sort"
	"strings"

	"github.com/jaypipes/pcidb"
	"golang.org/x/sys/unix"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// list is the built-in list: a line for each vendor, "10de NVIDIA Corporation", and for each device,
// "10de1e87 TU104 [GeForce RTX 2080 Rev. A]", sorted. It is not compressed, so that a name costs the few pages of the
// program that the search for it touches. A test makes it of pci.ids.gz.
//
//go:embed names.txt
var list string

// Names are the names of PCI devices. A nil Names knows none.
type Names struct {
	db *pcidb.DB // of another list; nil: the built-in one
}

// Load gives the names of the built-in list, or, where a path is given, those that the file there (a pci.ids, plain or
// compressed with the suffix .gz) has of some devices.
func Load(path string, of []hardware.PCI) (*Names, error) {
	if path == "" {
		return &Names{}, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, unread(path, err)
	}
	defer file.Close()
	text := io.Reader(file)
	if strings.HasSuffix(path, ".gz") {
		if text, err = gzip.NewReader(file); err != nil {
			return nil, unread(path, err)
		}
	}
	some, devices, err := excerpt(text, of)
	if err != nil {
		return nil, unread(path, err)
	}
	db, err := parse(some)
	if err == nil && devices == 0 {
		err = errors.New("it lists no devices")
	}
	if err != nil {
		return nil, unread(path, err)
	}
	return &Names{db}, nil
}

func unread(path string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return fmt.Errorf("read PCI names from %s: %w", path, err)
}

// excerpt is what a pci.ids says of some devices and their vendors, and how many devices it lists in all. What is no
// line of a vendor, a device or a subsystem is left in, for whoever reads the excerpt to judge.
func excerpt(list io.Reader, of []hardware.PCI) (some []byte, devices int, err error) {
	wanted := map[string]bool{}
	for _, p := range of {
		wanted[p.Vendor.String()], wanted[p.Vendor.String()+p.Device.String()] = true, true
	}
	const vendorID, deviceID = len("10de"), len("\t1e87")
	vendor := ""
	s := bufio.NewScanner(list)
	for s.Scan() {
		switch line := s.Bytes(); {
		case len(line) == 0, line[0] == '#', bytes.HasPrefix(line, []byte("\t\t")):
			continue
		case line[0] == 'C': // classes, behind all devices
			return some, devices, nil
		case line[0] != '\t' && len(line) > vendorID+len("  "):
			vendor = string(line[:vendorID])
			if !wanted[vendor] {
				continue
			}
		case line[0] == '\t' && len(line) > deviceID+len("  ") && vendor != "":
			devices++
			if !wanted[vendor+string(line[1:deviceID])] {
				continue
			}
		}
		some = append(append(some, s.Bytes()...), '\n')
	}
	return some, devices, s.Err()
}

// parse reads a list by pcidb, which wants the name of a file and panics on lines that it does not understand.
func parse(list []byte) (db *pcidb.DB, err error) {
	defer func() {
		if r := recover(); r != nil {
			db, err = nil, fmt.Errorf("malformed (%v)", r)
		}
	}()
	// Nothing is written to a disk.
	fd, err := unix.MemfdCreate("pci.ids", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), "pci.ids")
	defer file.Close()
	if _, err := file.Write(list); err != nil {
		return nil, err
	}
	off := false
	return pcidb.New(pcidb.WithPath(fmt.Sprintf("/proc/self/fd/%d", fd)), &pcidb.WithOption{EnableNetworkFetch: &off})
}

// Device returns the name of a device, with its vendor's; the ids where it has none.
func (n *Names) Device(p hardware.PCI) string {
	vendor, device := p.Vendor.String(), p.Device.String()
	vendorName, ok := n.find(vendor)
	if !ok {
		return vendor + ":" + device
	}
	name, ok := n.find(vendor + device)
	if !ok {
		return vendorName + " " + device
	}
	return vendorName + " " + name
}

// find is the name that a vendor's id has, or a vendor's and a device's together.
func (n *Names) find(id string) (name string, ok bool) {
	switch {
	case n == nil:
		return "", false
	case n.db == nil:
		return builtIn(id)
	}
	if v := n.db.Vendors[id]; v != nil {
		return v.Name, true
	}
	if p := n.db.Products[id]; p != nil {
		return p.Name, true
	}
	return "", false
}

// builtIn finds a line of the built-in list.
func builtIn(id string) (name string, ok bool) {
	at := sort.Search(len(list), func(i int) bool {
		return list[strings.LastIndexByte(list[:i], '\n')+1:] >= id
	})
	line, _, _ := strings.Cut(list[at:], "\n")
	return strings.CutPrefix(line, id+" ")
}
