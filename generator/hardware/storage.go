package hardware

import (
	"cmp"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// imports takes over what every NixOS machine of this kind imports.
func (d *decider) imports() {
	var files nix.List
	var reasons []string
	add := func(file nix.Expr, why string) { files, reasons = append(files, file), append(reasons, why) }
	switch {
	case d.Mode == modeKeep:
		add(nix.Path("./"+KeptName), "the machine's own file is kept")
	case d.Mode == modeFacter:
		d.set("hardware.facter.reportPath", nix.Path("./"+ReportName), because("the profile uses nixos-facter"))
	default:
		switch d.facts.Virtualization {
		case "kvm", "qemu", "bochs":
			add(fromNixpkgs("/profiles/qemu-guest.nix"), "a virtual machine of "+d.facts.Virtualization)
		case "":
			if on, _ := flag(d.over.Firmware, len(d.facts.PCI) > 0 || d.facts.Firmware == DeviceTree, because("")); on {
				add(fromNixpkgs("/installer/scan/not-detected.nix"), "a physical machine may need firmware")
				d.note("hardware.enableRedistributableFirmware", "true", "a physical machine; not-detected.nix turns it on")
			}
		}
		if slices.ContainsFunc(d.facts.PCI, isBrcmFullMAC) {
			add(fromNixpkgs("/hardware/network/broadcom-43xx.nix"), "a Broadcom FullMAC wireless card")
		}
	}
	d.set("imports", files, because(strings.Join(reasons, "; ")))
}

// fromNixpkgs returns a file below nixpkgs' nixos/modules.
func fromNixpkgs(path string) nix.Expr {
	return nix.Op{Name: "+", Left: nix.Ref{"modulesPath"}, Right: nix.Str(path)}
}

// ModuleOf returns the kernel module of a bound driver. A driver that is built into
// the running kernel has none there; in NixOS it is a module all the same.
func ModuleOf(driver, module string) string {
	if module != "" {
		return module
	}
	if m := driverTable().Modules[driver]; m != "" {
		return m
	}
	return strings.ReplaceAll(driver, "-", "_")
}

// storage decides which modules the initrd gets.
func (d *decider) storage() {
	if d.Mode == modeKeep {
		if len(d.over.InitrdModules) > 0 {
			d.set("boot.initrd.availableKernelModules", strs(d.over.InitrdModules), saysProfile)
		}
		return
	}
	var modules, early []string
	add := func(module, why string) {
		if module != "" && !slices.Contains(modules, module) {
			modules = append(modules, module)
			d.note("boot.initrd.availableKernelModules", module, why)
		}
	}
	if d.Mode != modeFacter && !d.facts.container() {
		for _, p := range d.facts.PCI {
			if why := driverTable().forInitrd(p.Class); why != "" && !guestDriver(p.Driver) {
				why = "for the " + why + " controller " + p.String()
				if p.Driver == "" && p.Module == "" {
					add(driverTable().Classes[p.Class], why+", which has no driver now")
					continue
				}
				add(ModuleOf(p.Driver, p.Module), why)
			}
			if p.Vendor == vendorRedHat && (p.Device == 0x1004 || p.Device == 0x1048) {
				add("virtio_scsi", "for virtio SCSI at "+p.Address)
			}
		}
		used := d.inUse()
		usb := slices.ContainsFunc(d.facts.Blocks, func(b Block) bool { return b.USB && used[b.Name] })
		for _, u := range d.facts.USB {
			switch {
			case u.Class == 0x03 && u.Protocol == 0x01:
				add(ModuleOf(u.Driver, u.Module), "a USB keyboard, for typing when the boot fails")
			case u.Class == 0x08 && usb:
				add(ModuleOf(u.Driver, u.Module), "a file system in use is on a USB disk")
			}
		}
		for _, b := range d.facts.Blocks {
			if (b.Removable || b.USB) && !used[b.Name] {
				continue
			}
			for _, m := range b.Modules {
				add(m, "for the disk "+b.Name)
			}
		}
		for _, m := range d.facts.MMC {
			add(m, "for the controller of SD cards and eMMC")
		}
		for _, b := range d.facts.Blocks {
			switch {
			case strings.HasPrefix(b.Name, "bcache"):
				add("bcache", "for "+b.Name)
			case strings.HasPrefix(b.DMUUID, "LVM-") && !slices.Contains(early, "dm-snapshot"):
				early = append(early, "dm-snapshot")
				d.note("boot.initrd.kernelModules", "dm-snapshot", "LVM is in use, and snapshots need it at boot")
			}
		}
	}
	for _, m := range d.over.InitrdModules {
		add(m, saysProfile.why)
	}
	if d.Mode == modeFacter && len(modules) == 0 {
		return
	}
	d.set("boot.initrd.availableKernelModules", strs(modules), why{})
	d.set("boot.initrd.kernelModules", strs(early), why{})
}

// inUse returns the block devices that a file system or swap lies on, with all that
// they are made of.
func (d *decider) inUse() map[string]bool {
	used := map[string]bool{}
	use := func(device Block) {
		for _, b := range d.made(device, Block.below) {
			used[b.Name] = true
		}
	}
	for _, m := range d.facts.Mounts {
		if d.transient(m) == "" {
			for _, b := range d.devicesOf(m) {
				use(b)
			}
		}
	}
	for _, s := range d.facts.Swaps {
		if b, ok := d.blockNamed(s.Block); ok {
			use(b)
		}
	}
	return used
}

// made returns a device and all that it is made of, itself first: for each, of names the next.
func (d *decider) made(device Block, of func(Block) []string) []Block {
	out := []Block{device}
	for i := 0; i < len(out); i++ {
		for _, name := range of(out[i]) {
			known := slices.ContainsFunc(out, func(b Block) bool { return b.Name == name })
			if b, ok := d.blockNamed(name); ok && !known {
				out = append(out, b)
			}
		}
	}
	return out
}

func (b Block) parts() []string { return b.Parts }

// below returns the parts of a device and the disk that it is a part of: a partition may be one of an md device.
func (b Block) below() []string { return append(slices.Clone(b.Parts), b.Disk) }

// blocks returns the block devices of which something holds.
func (d *decider) blocks(which func(Block) bool) []Block {
	return slices.DeleteFunc(slices.Clone(d.facts.Blocks), func(b Block) bool { return !which(b) })
}

func (d *decider) blockNamed(name string) (Block, bool) {
	i := slices.IndexFunc(d.facts.Blocks, func(b Block) bool { return b.Name == name })
	if i < 0 || name == "" {
		return Block{}, false
	}
	return d.facts.Blocks[i], true
}

// diskOf returns the disk that a device is a part of, or itself.
func (d *decider) diskOf(b Block) Block {
	disk, _ := d.blockNamed(cmp.Or(b.Disk, b.Name))
	return disk
}

// kernel decides about the modules of the running system.
func (d *decider) kernel() {
	var modules []string
	add := func(m, why string) {
		modules = append(modules, m)
		d.note("boot.kernelModules", m, why)
	}
	if d.Mode != modeKeep {
		if d.facts.CPU.VMX {
			add("kvm-intel", "the processor can run virtual machines (vmx)")
		}
		if d.facts.CPU.SVM {
			add("kvm-amd", "the processor can run virtual machines (svm)")
		}
	}
	for _, m := range d.over.KernelModules {
		add(m, saysProfile.why)
	}
	if d.Mode == modeKeep && len(modules) == 0 {
		return
	}
	d.set("boot.kernelModules", strs(modules), why{})
	if d.Mode == modeProbe {
		d.set("boot.extraModulePackages", nix.List{}, why{})
	}
}

func strs(ss []string) nix.List {
	l := make(nix.List, len(ss))
	for i, s := range ss {
		l[i] = nix.Str(s)
	}
	return l
}
