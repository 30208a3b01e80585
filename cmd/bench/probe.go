package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// devices is how many PCI devices the machine has that probe is measured on.
const devices = 32

// probes are the rows about probe: of a machine made of files against an empty program, everywhere the same; and where
// there is a nixos-generate-config against that, on this machine, and on one with its PCI devices where /sys can
// be another for what is run here.
func (b *bench) probes(empty command) (rows []row) {
	root := filepath.Join(b.scratch, "machine")
	generate := command{name: "nixos-generate-config", argv: []string{b.generateConfig, "--show-hardware-config"}}
	skip, skipSys := "", ""
	if b.generateConfig == "" {
		skip = "there is none"
	}
	if !ownMounts() {
		skipSys = "another /sys takes root"
	}
	prepare := func(context.Context) error { return machine(root) }
	mount := func(context.Context) error {
		if err := machine(root); err != nil {
			return err
		}
		return syscall.Mount("overlay", "/sys", "overlay", 0, "lowerdir="+filepath.Join(root, "sys")+":/sys")
	}
	unmount := func() error { return syscall.Unmount("/sys", syscall.MNT_DETACH) }
	for _, args := range [][]string{{"probe"}, {"probe", "--json"}} {
		what, program := strings.Join(args, " "), b.command(args...)
		many := fmt.Sprintf("%d PCI devices", devices)
		rows = append(rows,
			row{
				what: what + " --root, " + many, program: b.command(append(args, "--root", root)...), yardstick: empty,
				prepare: prepare,
			},
			row{what: what + ", this machine", program: program, yardstick: generate, aim: aim{ratio: 0.2}, skip: skip},
			row{
				what: what + ", " + many + " more", program: program, yardstick: generate, aim: aim{ratio: 0.1},
				skip: cmp.Or(skip, skipSys), prepare: mount, after: unmount,
			})
	}
	return rows
}

// ownMounts says whether what is mounted here is seen by nobody else: .ci/bench has started this program so.
func ownMounts() bool {
	own, err := os.Readlink("/proc/self/ns/mnt")
	if err != nil {
		return false
	}
	parent, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/mnt", os.Getppid()))
	return err == nil && own != parent
}

// machine makes the PCI devices of a machine below root, as /sys shows them, unless it is there.
func machine(root string) error {
	if _, err := os.Stat(root); err == nil {
		return nil
	}
	var errs []error
	folder := func(name string) string {
		dir := filepath.Join(root, "sys", name)
		errs = append(errs, os.MkdirAll(dir, 0o755))
		return dir
	}
	link := func(dir, name, target string) { errs = append(errs, os.Symlink(target, filepath.Join(dir, name))) }
	for i := range devices {
		kind := [...]struct{ vendor, device, class, driver string }{
			{"8086", "4680", "030000", "i915"},
			{"8086", "7AE0", "0c0330", "xhci_hcd"},
			{"8086", "7AE2", "010601", "ahci"},
			{"144D", "A808", "010802", "nvme"},
			{"10EC", "8125", "020000", "r8169"},
			{"8086", "7AD0", "040300", "snd_hda_intel"},
			{"8086", "7AB8", "060400", "pcieport"},
			{"8086", "7A84", "0c0500", "i801_smbus"},
		}[i%8]
		address := fmt.Sprintf("0000:80:%02x.0", i)
		device := folder("devices/pci0000:80/" + address)
		link(folder("bus/pci/devices"), address, "../../../devices/pci0000:80/"+address)
		link(device, "driver", "../../../bus/pci/drivers/"+kind.driver)
		if i < 8 {
			folder("module/" + kind.driver)
			link(folder("bus/pci/drivers/"+kind.driver), "module", "../../../../module/"+kind.driver)
		}
		for name, text := range map[string]string{
			"vendor":           "0x" + strings.ToLower(kind.vendor),
			"device":           "0x" + strings.ToLower(kind.device),
			"class":            "0x" + kind.class,
			"subsystem_vendor": "0x1849",
			"subsystem_device": "0x" + strings.ToLower(kind.device),
			"modalias": fmt.Sprintf("pci:v0000%sd0000%ssv00001849sd0000%sbc%ssc%si%s",
				kind.vendor, kind.device, kind.device, strings.ToUpper(kind.class[:2]), kind.class[2:4], kind.class[4:]),
		} {
			errs = append(errs, os.WriteFile(filepath.Join(device, name), []byte(text+"\n"), 0o444))
		}
	}
	return errors.Join(errs...)
}
