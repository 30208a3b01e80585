// Package pciids holds the names of PCI devices, so that they are known on a
// machine without hwdata and without a network.
package pciids

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/jaypipes/pcidb"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

//go:embed pci.ids.gz
var embedded []byte

// Names are the names of PCI devices. A nil Names knows none.
type Names struct{ db *pcidb.DB }

// Load reads the embedded list, or the file at path (plain, or compressed with
// the suffix .gz) where one is given. It takes some 50 ms: only for people.
func Load(path string) (*Names, error) {
	if path != "" {
		return load(path)
	}
	zr, err := gzip.NewReader(bytes.NewReader(embedded))
	if err != nil {
		return nil, fmt.Errorf("unpack the list of PCI names: %w", err)
	}
	// pcidb wants the name of a file; the reading end of a pipe has one, and
	// nothing is written to a disk.
	r, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("read PCI names: %w", err)
	}
	defer r.Close()
	copied := make(chan error, 1)
	go func() {
		_, err := io.Copy(w, zr)
		copied <- errors.Join(err, w.Close())
	}()
	n, err := load(fmt.Sprintf("/dev/fd/%d", r.Fd()))
	r.Close() // a writer that still waits gets an error
	if cerr := <-copied; err == nil && cerr != nil {
		err = fmt.Errorf("unpack the list of PCI names: %w", cerr)
	}
	return n, err
}

// load reads a file by pcidb, which panics on lines that it does not understand.
func load(path string) (n *Names, err error) {
	defer func() {
		if r := recover(); r != nil {
			n, err = nil, fmt.Errorf("read PCI names from %s: malformed (%v)", path, r)
		}
	}()
	off := false
	db, err := pcidb.New(pcidb.WithPath(path), &pcidb.WithOption{EnableNetworkFetch: &off})
	if err != nil {
		return nil, fmt.Errorf("read PCI names from %s: %w", path, err)
	}
	if len(db.Products) == 0 {
		return nil, fmt.Errorf("read PCI names from %s: there are none in it", path)
	}
	return &Names{db}, nil
}

// Device returns the name of a device, with its vendor's; the ids where it has none.
func (n *Names) Device(p hardware.PCI) string {
	ids := p.Vendor.String() + ":" + p.Device.String()
	if n == nil {
		return ids
	}
	vendor := n.db.Vendors[p.Vendor.String()]
	if vendor == nil {
		return ids
	}
	product := n.db.Products[p.Vendor.String()+p.Device.String()]
	if product == nil {
		return vendor.Name + " " + p.Device.String()
	}
	return vendor.Name + " " + product.Name
}
