package pciids

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jaypipes/pcidb"
	"github.com/sebdah/goldie/v2"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

func TestEmbedded(t *testing.T) {
	n, err := Load("", nil)
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

// The built-in list says of each vendor and each device what pci.ids says.
func TestBuiltIn(t *testing.T) {
	db, err := pcidb.New(pcidb.WithPath("pci.ids.gz"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for id, v := range db.Vendors {
		lines = append(lines, id+" "+v.Name+"\n")
	}
	for id, p := range db.Products {
		lines = append(lines, id+" "+p.Name+"\n")
	}
	slices.Sort(lines)
	goldie.New(t, goldie.WithFixtureDir("."), goldie.WithNameSuffix(".txt"), goldie.WithDiffEngine(goldie.ClassicDiff)).
		Assert(t, "names", []byte(strings.Join(lines, "")))
	if list != strings.Join(lines, "") {
		return // it is in this program as it was before
	}
	for _, line := range lines {
		id, want, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if got, ok := builtIn(id); got != want || !ok {
			t.Fatalf("%s is %q, want %q", id, got, want)
		}
	}
}

// A list of one's own says of all devices what pcidb reads out of the whole of it.
func TestWholeList(t *testing.T) {
	var all []hardware.PCI
	for line := range strings.Lines(list) {
		var p hardware.PCI
		if n, _ := fmt.Sscanf(line, "%4x%4x ", &p.Vendor, &p.Device); n == 2 && line[4] != ' ' {
			all = append(all, p)
		}
	}
	own, err := Load("pci.ids.gz", all)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if got, want := own.Device(p), (&Names{}).Device(p); got != want {
			t.Fatalf("%s:%s is %q, want %q", p.Vendor, p.Device, got, want)
		}
	}
	if len(all) < 20_000 {
		t.Errorf("%d devices", len(all))
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
		{"empty", "", "it lists no devices"},
		{"no list", "#!/bin/sh\necho hello\n", "it lists no devices"},
		{"short line", "10de  Somebody\n\t1\n", "malformed"},
		{"device without a vendor", "\t1e87  Something\n", "malformed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "pci.ids")
			if err := os.WriteFile(file, []byte(tt.text), 0o644); err != nil {
				t.Fatal(err)
			}
			n, err := Load(file, []hardware.PCI{{Vendor: 0x10de, Device: 0x1e87}})
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
	if _, err := Load(filepath.Join(t.TempDir(), "gone"), nil); err == nil {
		t.Error("a missing list is no error")
	}
}
