package hardware

import (
	"bufio"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestChipTables(t *testing.T) {
	for name, lines := range map[string][][]string{
		"nvidia": rows("nvidia.txt", strings.Fields), "amd": rows("amd.txt", strings.Fields),
	} {
		seen := map[string]string{}
		for _, f := range lines {
			for _, hex := range f[1:] {
				if _, err := strconv.ParseUint(hex, 16, 16); err != nil || len(hex) != 4 {
					t.Errorf("%s: %q is not a device id", name, hex)
				}
				if other, ok := seen[hex]; ok {
					t.Errorf("%s: %s is %s and %s", name, hex, other, f[0])
				}
				seen[hex] = f[0]
			}
			if _, known := cardTables()[NVIDIA].find(0, f[0]); name == "nvidia" && !known {
				t.Errorf("%s belongs to no family", f[0])
			}
		}
		if len(seen) < 700 {
			t.Errorf("%s: only %d devices", name, len(seen))
		}
	}
	amdText := string(read("amd.txt"))
	for _, f := range cardTables()[AMD].Families {
		for _, c := range f.Chips {
			if !strings.Contains(amdText, "\n"+c+" ") {
				t.Errorf("no device has the chip %s", c)
			}
		}
	}
	for _, c := range cardTables()[AMD].Integrated {
		if !strings.Contains(amdText, "\n"+c+" ") {
			t.Errorf("no device has the chip %s", c)
		}
	}
}

// What NVIDIA lists as supported by its open kernel modules is Turing or later
// by the table, and the other way round nothing older is in the list.
func TestOpenModulesList(t *testing.T) {
	f, err := os.Open("testdata/nvidia-open.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for s := bufio.NewScanner(f); s.Scan(); {
		if strings.HasPrefix(s.Text(), "#") {
			continue
		}
		id, err := strconv.ParseUint(s.Text(), 16, 16)
		if err != nil {
			t.Fatal(err)
		}
		n++
		chip, _ := cardTables()[NVIDIA].chip(ID(id))
		if i, _ := cardTables()[NVIDIA].find(0, chip); i < family("Turing") {
			t.Errorf("%04x, which the open modules drive, is %s", id, chip)
		}
	}
	if n < 250 {
		t.Errorf("only %d devices", n)
	}
}

func TestIntelRangesDoNotOverlap(t *testing.T) {
	families := cardTables()[Intel].Families
	for i, a := range families {
		for _, r := range a.IDs {
			if r[0] > r[1] {
				t.Errorf("%s: %s is after %s", a.Name, r[0], r[1])
			}
			for _, b := range families[i+1:] {
				for _, q := range b.IDs {
					if r[0] <= q[1] && q[0] <= r[1] {
						t.Errorf("%s and %s share %s to %s", a.Name, b.Name, max(r[0], q[0]), min(r[1], q[1]))
					}
				}
			}
		}
	}
}

func TestModels(t *testing.T) {
	fields := []string{"vendor", "name", "version", "family", "board", "boardVendor", "compatible", "cpu", "gpu",
		"gpu-discrete"}
	for _, r := range models() {
		if !slices.Contains(nixosHardware(), r.module) {
			t.Errorf("nixos-hardware has no %s", r.module)
		}
		if len(r.want) == 0 {
			t.Errorf("%s fits every machine", r.module)
		}
		for _, w := range r.want {
			if !slices.Contains(fields, w.name) || w.value.matches("") {
				t.Errorf("%s: %s=%s is not understood", r.module, w.name, w.value)
			}
		}
	}
	lenovo := func(version, cpu string) Facts {
		return Facts{Product: Product{Vendor: "LENOVO", Version: version}, CPU: CPU{Vendor: cpu}}
	}
	intel, amd := "GenuineIntel", "AuthenticAMD"
	for _, tt := range []struct {
		facts Facts
		want  string
	}{
		{lenovo("ThinkPad P14s Gen 2a", amd), "lenovo-thinkpad-p14s-amd-gen2"},
		{lenovo("ThinkPad P14s Gen 2i", intel), "lenovo-thinkpad-p14s-intel-gen2"},
		{lenovo("ThinkPad T480", intel), "lenovo-thinkpad-t480"},
		{lenovo("ThinkPad T480s", intel), "lenovo-thinkpad-t480s"},
		{lenovo("ThinkPad X1 Carbon Gen 9", intel), "lenovo-thinkpad-x1-9th-gen"},
		{lenovo("ThinkPad X1 Carbon 6th", intel), "lenovo-thinkpad-x1-6th-gen"},
		{lenovo("ThinkPad T14 Gen 1", amd), "lenovo-thinkpad-t14-amd-gen1"},
		{lenovo("ThinkPad T14 Gen 1", intel), "lenovo-thinkpad-t14-intel-gen1"},
		{lenovo("ThinkPad of 2040", intel), "lenovo-thinkpad"},
		{lenovo("ThinkCentre M720q", intel), ""},
		{Facts{Product: Product{Vendor: "Framework", Name: "Laptop 13 (AMD Ryzen 7040Series)"}}, "framework-13-7040-amd"},
		{Facts{Product: Product{Vendor: "Framework", Name: "Laptop"}}, "framework-11th-gen-intel"},
		{Facts{Product: Product{Vendor: "Apple Inc.", Name: "MacBookAir7,2"}}, "apple-macbook-air-7"},
		{Facts{Product: Product{BoardVendor: "ASUSTeK COMPUTER INC.", Board: "GA401IV"}}, "asus-zephyrus-ga401iv"},
		{Facts{Product: Product{Compatible: []string{"raspberrypi,5-model-b", "brcm,bcm2712"}}}, "raspberry-pi-5"},
		{Facts{}, ""},
	} {
		d := must(t, tt.facts, Overrides{Loader: LoaderOverrides{Kind: "none"}})
		if got := strings.Join(d.NixosHardware, " "); got != tt.want {
			t.Errorf("%+v: %q, want %q", tt.facts.Product, got, tt.want)
		}
	}
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"a", "a", true}, {"a", "ab", false}, {"a*", "ab", true}, {"*b", "ab", true}, {"a*c", "abc", true},
		{"a*c", "ac", true},
		{"a*a", "a", false}, {"*x*", "axb", true}, {"*x*", "ab", false}, {"a*b*c", "a1b2c", true}, {"a*b*b", "ab", false},
		{"", "", true}, {"", "a", false}, {"Lap*TOP", "laptop", true}, {"a*a*a", "aa", false}, {"a**b", "ab", true},
	} {
		var p pattern
		if err := p.UnmarshalText([]byte(tt.pattern)); err != nil {
			t.Fatal(err)
		}
		if got := p.matches(tt.s); got != tt.want {
			t.Errorf("%q matches %q: %t", tt.pattern, tt.s, got)
		}
	}
}
