package pciids

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

func TestEmbedded(t *testing.T) {
	n, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		pci  hardware.PCI
		want string
	}{
		{hardware.PCI{Vendor: 0x10de, Device: 0x1e87}, "NVIDIA Corporation TU104 [GeForce RTX 2080 Rev. A]"},
		{hardware.PCI{Vendor: 0x10de, Device: 0x2b85}, "NVIDIA Corporation GB202 [GeForce RTX 5090]"},
		{hardware.PCI{Vendor: 0x8086, Device: 0x9a49}, "Intel Corporation TigerLake-LP GT2 [Iris Xe Graphics]"},
		{hardware.PCI{Vendor: 0x10de, Device: 0xffff}, "NVIDIA Corporation ffff"},
		{hardware.PCI{Vendor: 0xfff0, Device: 1}, "fff0:0001"},
	} {
		if got := n.Device(tt.pci); got != tt.want {
			t.Errorf("%s:%s is %q, want %q", tt.pci.Vendor, tt.pci.Device, got, tt.want)
		}
	}
}

func TestNoNames(t *testing.T) {
	var n *Names
	if got := n.Device(hardware.PCI{Vendor: 0x10de, Device: 0x1e87}); got != "10de:1e87" {
		t.Errorf("got %q", got)
	}
}

// A list of one's own is taken, and a bad one is an error, though the parser
// panics on some.
func TestOwnList(t *testing.T) {
	for _, tt := range []struct{ name, text, problem string }{
		{"good", "10de  Somebody\n\t1e87  Something\n", ""},
		{"empty", "", "there are none"},
		{"no list", "#!/bin/sh\necho hello\n", "there are none"},
		{"short line", "10de  Somebody\n\t1\n", "malformed"},
		{"device without a vendor", "\t1e87  Something\n", "malformed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "pci.ids")
			if err := os.WriteFile(file, []byte(tt.text), 0o644); err != nil {
				t.Fatal(err)
			}
			n, err := Load(file)
			switch {
			case tt.problem == "" && err != nil:
				t.Fatal(err)
			case tt.problem == "" && n.Device(hardware.PCI{Vendor: 0x10de, Device: 0x1e87}) != "Somebody Something":
				t.Errorf("got %q", n.Device(hardware.PCI{Vendor: 0x10de, Device: 0x1e87}))
			case tt.problem != "" && (err == nil || !strings.Contains(err.Error(), tt.problem)):
				t.Errorf("got %v, want %q", err, tt.problem)
			}
		})
	}
	if _, err := Load(filepath.Join(t.TempDir(), "gone")); err == nil {
		t.Error("a missing list is no error")
	}
}
