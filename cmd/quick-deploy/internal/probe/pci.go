package probe

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

const pciDevices = "sys/bus/pci/devices"

var pciAddress = lazyregexp.New(`^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$`)

// readPCI reads /sys/bus/pci/devices (Linux, Documentation/ABI/testing/sysfs-bus-pci).
func readPCI(t *tree, _ Options, f *hardware.Facts) {
	nodes := t.numaNodes()
	for _, name := range t.list(pciDevices, true) {
		dir := path.Join(pciDevices, name)
		if !pciAddress.MatchString(name) {
			t.garbled(dir, "not a PCI address")
			continue
		}
		d := hardware.PCI{
			Address: name, Modalias: t.line(dir + "/modalias"), Removable: t.says(dir+"/removable", "removable"),
			SubVendor: hardware.ID(t.optionalHex(dir+"/subsystem_vendor", 16)),
			SubDevice: hardware.ID(t.optionalHex(dir+"/subsystem_device", 16)),
		}
		class, ok1 := t.hex(dir+"/class", 24)
		vendor, ok2 := t.hex(dir+"/vendor", 16)
		device, ok3 := t.hex(dir+"/device", 16)
		if !ok1 || !ok2 || !ok3 {
			continue
		}
		d.Class, d.Vendor, d.Device = hardware.Class(class), hardware.ID(vendor), hardware.ID(device)
		d.Driver, d.Module = t.driver(dir)
		d.BootVGA = d.Class.Base() == 0x03 && t.says(dir+"/boot_vga", "1")
		if nodes > 1 {
			if n, err := strconv.Atoi(t.line(dir + "/numa_node")); err == nil && n >= 0 {
				d.NUMA = &n
			}
		}
		f.PCI = append(f.PCI, d)
	}
	slices.SortFunc(f.PCI, func(a, b hardware.PCI) int {
		return cmp.Or(cmp.Compare(len(a.Address), len(b.Address)), cmp.Compare(a.Address, b.Address))
	})
}

// numaNodes counts the memory nodes.
func (t *tree) numaNodes() int {
	n := 0
	for _, name := range t.list("sys/devices/system/node", false) {
		if rest, ok := strings.CutPrefix(name, "node"); ok {
			if _, err := strconv.Atoi(rest); err == nil {
				n++
			}
		}
	}
	return n
}

// hex reads a number that sysfs gives as 0x10de and that should be there.
func (t *tree) hex(name string, bits int) (uint64, bool) {
	s, ok := t.text(name)
	if !ok {
		if !t.exists(name) {
			t.garbled(name, "missing")
		}
		return 0, false
	}
	return t.number(name, s, bits)
}

// optionalHex reads a number that need not be there.
func (t *tree) optionalHex(name string, bits int) uint64 {
	s, ok := t.text(name)
	if !ok {
		return 0
	}
	n, _ := t.number(name, s, bits)
	return n
}

// number reads the number that a file of sysfs says.
func (t *tree) number(name, s string, bits int) (uint64, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "0x"), 16, bits)
	if err != nil {
		t.garbled(name, "%.20q is not a number of %d hex digits", s, bits/4)
		return 0, false
	}
	return n, true
}
