package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// warned reports whether a warning about source has the problem.
func warned(ws []Warning, source, problem string) bool {
	for _, w := range ws {
		if w.Source == source && strings.Contains(w.Problem, problem) {
			return true
		}
	}
	return false
}

// decide runs what comes after a probe, which must take whatever it gives.
func decide(t testing.TB, f hardware.Facts, ws []Warning) {
	t.Helper()
	if err := Render(&bytes.Buffer{}, f, ws, nil); err != nil {
		t.Errorf("render: %v", err)
	}
	d, err := hardware.Decide(f, hardware.Overrides{Release: "26.05"})
	if err != nil {
		t.Errorf("decide: %v", err)
		return
	}
	if err := Explain(&bytes.Buffer{}, d, nil, f); err != nil {
		t.Errorf("explain: %v", err)
	}
	file, err := d.Module()
	if err != nil {
		t.Errorf("arrange: %v", err)
		return
	}
	if _, err := file.Print(); err != nil {
		t.Errorf("print: %v", err)
	}
}

func TestMalformed(t *testing.T) {
	const dev = "sys/bus/pci/devices/0000:00:02.0/"
	tests := []struct {
		name            string
		files           map[string]string
		links           map[string]string
		source, problem string
	}{
		{"empty tree", nil, nil, "/sys/bus/pci/devices", "missing"},
		{"class is no number", map[string]string{dev + "class": "display\n", dev + "vendor": "0x8086", dev + "device": "0x1"},
			nil, "/" + dev + "class", "6 hex digits"},
		{"vendor is too big", map[string]string{dev + "class": "0x030000", dev + "vendor": "0x80860", dev + "device": "0x1"},
			nil, "/" + dev + "vendor", "4 hex digits"},
		{"device is empty", map[string]string{dev + "class": "0x030000", dev + "vendor": "0x8086", dev + "device": ""}, nil,
			"/" + dev + "device", "not a number"},
		{"device is missing", map[string]string{dev + "class": "0x030000", dev + "vendor": "0x8086"}, nil, "/" + dev +
			"device", "missing"},
		{"address", map[string]string{"sys/bus/pci/devices/../x": "", "sys/bus/pci/devices/00:02.0/class": "0x030000"}, nil,
			"/sys/bus/pci/devices/00:02.0", "not a PCI address"},
		{"binary", map[string]string{"sys/class/dmi/id/sys_vendor": "\x01\x02\xff"}, nil, "/sys/class/dmi/id/sys_vendor",
			"control characters"},
		{"chassis", map[string]string{"sys/class/dmi/id/chassis_type": "laptop"}, nil, "/sys/class/dmi/id/chassis_type",
			"not a number"},
		{"chassis is negative", map[string]string{"sys/class/dmi/id/chassis_type": "-10"}, nil,
			"/sys/class/dmi/id/chassis_type", "not a number"},
		{"processors", map[string]string{"sys/devices/system/cpu/online": "3-1"}, nil, "/sys/devices/system/cpu/online",
			"list of numbers"},
		{"many processors", map[string]string{"sys/devices/system/cpu/online": "0-99999999999"}, nil,
			"/sys/devices/system/cpu/online", "list of numbers"},
		{"memory", map[string]string{"proc/meminfo": "MemTotal: lots\n"}, nil, "/proc/meminfo", "no MemTotal"},
		{"too much memory", map[string]string{"proc/meminfo": "MemTotal: 99999999999999999999 kB\n"}, nil, "/proc/meminfo",
			"out of range"},
		{"mounts", map[string]string{"proc/self/mountinfo": "garbage\n1 2 3\n20 1 8:1 / / rw - ext4\n"}, nil,
			"/proc/self/mountinfo", "3 lines are not mounts"},
		{"disk without sectors", map[string]string{"sys/class/block/sda/size": "big"}, nil, "/sys/class/block/sda/size",
			"number of sectors"},
		{"link in a circle", nil, map[string]string{"sys/bus/pci/devices/0000:00:02.0": "0000:00:03.0",
			"sys/bus/pci/devices/0000:00:03.0": "0000:00:02.0"}, "/sys/bus/pci/devices/0000:00:02.0/class", ""},
		{"link to nowhere", nil, map[string]string{"sys/bus/pci/devices/0000:00:02.0": "../../../gone"},
			"/sys/bus/pci/devices/0000:00:02.0/class", "missing"},
		{"folder instead of a file", map[string]string{"proc/meminfo/x": ""}, nil, "/proc/meminfo", "directory"},
		{"file instead of a folder", map[string]string{"sys/bus/pci/devices": "x"}, nil, "/sys/bus/pci/devices", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := t.TempDir()
			for name, text := range tt.files {
				mustWrite(t, filepath.Join(root, name), text)
			}
			for name, target := range tt.links {
				mustLink(t, filepath.Join(root, name), target)
			}
			f, ws := Run(context.Background(), Options{Root: root})
			if !warned(ws, tt.source, tt.problem) {
				t.Errorf("no warning that %s is %q, only %v", tt.source, tt.problem, ws)
			}
			decide(t, f, ws)
		})
	}
}

func mustWrite(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// denied refuses to open what lies below some paths. Tests may run as root,
// whom file modes do not stop.
type denied struct {
	fs.ReadLinkFS
	below string
}

func (d denied) Open(name string) (fs.File, error) {
	if strings.HasPrefix(name, d.below) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return d.ReadLinkFS.Open(name)
}

func TestPermissionDenied(t *testing.T) {
	root := build(t, machines(t)["laptop-hybrid-intel-nvidia"])
	tree, err := os.OpenRoot(root)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	for _, below := range []string{"sys", "sys/bus/pci/devices/0000:01:00.0", "sys/class", "proc/self", "proc/cpuinfo",
		"dev/disk", "sys/devices/pci0000:02"} {
		f, ws := Run(context.Background(), Options{FS: denied{tree.FS().(fs.ReadLinkFS), below}})
		found := false
		for _, w := range ws {
			found = found || w.Problem == "permission denied"
		}
		if !found {
			t.Errorf("%s: no warning that permission was denied: %v", below, ws)
		}
		decide(t, f, ws)
	}
}

func TestRootIsMissing(t *testing.T) {
	root := filepath.Join(t.TempDir(), "gone")
	f, ws := Run(context.Background(), Options{Root: root})
	if !warned(ws, root, "missing") {
		t.Errorf("no warning about the root: %v", ws)
	}
	decide(t, f, ws)
}

// failing answers every read with an error, as a device that is gone does.
type failing struct{ fstest.MapFS }

func (f failing) Open(name string) (fs.File, error) {
	file, err := f.MapFS.Open(name)
	if err != nil {
		return nil, err
	}
	return failingFile{file}, nil
}

type failingFile struct{ fs.File }

func (failingFile) Read([]byte) (int, error) { return 0, errors.New("input/output error") }

func TestReadFails(t *testing.T) {
	tree := failing{fstest.MapFS{
		"sys/bus/pci/devices/0000:00:02.0/class": {Data: []byte("0x030000")}, "proc/meminfo": {}, "proc/cpuinfo": {},
		"proc/self/mountinfo": {}, "proc/swaps": {}, "sys/class/dmi/id/sys_vendor": {}, "sys/class/block/sda/size": {},
	}}
	f, ws := Run(context.Background(), Options{FS: tree})
	for _, source := range []string{"/proc/meminfo", "/proc/cpuinfo", "/proc/self/mountinfo", "/proc/swaps",
		"/sys/bus/pci/devices/0000:00:02.0/class"} {
		if !warned(ws, source, "input/output error") {
			t.Errorf("no warning about %s: %v", source, ws)
		}
	}
	decide(t, f, ws)
}

// many is a machine with that many PCI devices, one in 128 a graphics card.
// [fstest.MapFS] would take minutes for a listing of that length.
type many int

func (n many) ReadDir(name string) ([]fs.DirEntry, error) {
	if name != pciDevices {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	entries := make([]fs.DirEntry, n)
	for i := range entries {
		entries[i] = device{fmt.Sprintf("%04x:%02x:%02x.%d", i>>16, i>>8&0xff, i>>3&0x1f, i&7)}
	}
	return entries, nil
}

func (n many) Open(name string) (fs.File, error) {
	text := map[string]string{"vendor": "0x10de\n", "device": "0x2684\n", "class": "0x020000\n"}[path.Base(name)]
	if path.Base(name) == "class" && strings.HasSuffix(path.Dir(name), "0.0") {
		text = "0x030000\n"
	}
	if text == "" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return fstest.MapFS{"f": {Data: []byte(text)}}.Open("f")
}

// device is an entry of many's listing.
type device struct{ name string }

func (d device) Name() string             { return d.name }
func (device) IsDir() bool                { return true }
func (device) Type() fs.FileMode          { return fs.ModeDir }
func (device) Info() (fs.FileInfo, error) { return nil, fs.ErrInvalid }

func TestTenThousandDevices(t *testing.T) {
	start := time.Now()
	f, ws := Run(context.Background(), Options{FS: many(10_000)})
	cards := 0
	for _, p := range f.PCI {
		if p.Class.Base() == 0x03 {
			cards++
		}
	}
	if len(f.PCI) != 10_000 || cards < 50 {
		t.Errorf("%d devices and %d cards, want 10,000; %v", len(f.PCI), cards, ws)
	}
	probed := time.Since(start)
	decide(t, f, ws)
	t.Logf("probed in %v, decided and printed in %v", probed, time.Since(start)-probed)
}

// FuzzSysfs gives the files that matter any content: nothing may panic, nor
// print what is not Nix.
func FuzzSysfs(f *testing.F) {
	f.Add("0x030000\n", "0x10de\n", "0x2684\n", "LENOVO\n", "vendor_id : GenuineIntel\nflags : vmx\n\n",
		"20 1 8:1 / / rw - ext4 /dev/sda1 rw\n", "Filename\n/dev/sda2 partition 1 2 3\n", "CRYPT-LUKS2-1-x\n")
	f.Add("0x010802", "0x144d", "0xa80a", "\x00", "flags:", `1 1 0:1 /@\040x /\134 rw - btrfs /dev/dm-0 rw,subvol=/@\040x`,
		"\n\n", "LVM-\xff")
	f.Add("", "", "", "", "", "1 1 0:1 / /${x} rw - zfs a/${b} rw\n", "F\n/dev/zram0 partition\n", "CRYPT-PLAIN-x")
	f.Fuzz(func(t *testing.T, class, vendor, device, product, cpu, mounts, swaps, dm string) {
		pci := "sys/bus/pci/devices/0000:01:00.0/"
		tree := fstest.MapFS{}
		for name, text := range map[string]string{
			pci + "class": class, pci + "vendor": vendor, pci + "device": device, "sys/class/dmi/id/product_name": product,
			"sys/class/dmi/id/sys_vendor": product, "sys/class/dmi/id/chassis_type": device, "proc/cpuinfo": cpu,
			"proc/meminfo": cpu, "proc/self/mountinfo": mounts, "proc/swaps": swaps, "sys/class/block/dm-0/dm/uuid": dm,
			"sys/class/block/dm-0/dm/name": dm, "sys/class/block/sda1/size": vendor, "sys/class/block/sda1/dev": "8:1",
			"sys/class/block/sda1/partition": "1", "proc/sys/kernel/arch": "x86_64", "sys/devices/system/cpu/online": device,
			"sys/firmware/efi/efivars/x": "", "run/current-system/nixos-version": "26.05",
			"etc/nixos/hardware-configuration.nix":           mounts,
			"run/current-system/bin/switch-to-configuration": product, "sys/class/virtio-ports/a/name": dm,
			"sys/bus/usb/devices/1-1:1.0/bInterfaceClass": device, "etc/hostid": dm, "etc/fstab": mounts,
		} {
			tree[name] = &fstest.MapFile{Data: []byte(text)}
		}
		facts, ws := Run(context.Background(), Options{FS: tree})
		decide(t, facts, ws)
	})
}
