package hardware

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// Sizes of what kernels are kept on. A generation with a kernel of its own takes
// 50 to 100 MiB there.
const (
	mib        = 1 << 20
	espSmall   = 260 * mib // what Windows makes
	espMedium  = 500 * mib
	limitSmall = 3
	limitMid   = 5
	limitFull  = 10
)

// loader decides about the boot loader: the one that NixOS has, else
// systemd-boot where there is UEFI, GRUB where there is a BIOS, and extlinux
// where a device tree describes the board.
func (d *decider) loader() {
	if d.facts.container() {
		d.Loader.Kind = NoLoader
		d.note("boot.loader", "none", "a container uses its host's kernel")
		return
	}
	l, w := d.chooseLoader()
	d.Loader = l
	switch l.Kind {
	case SystemdBoot:
		d.systemdBoot(w)
	case GRUB:
		d.grub(w)
	case ExtLinux:
		d.disableGRUB()
		d.on("boot.loader.generic-extlinux-compatible.enable", w)
		if d.over.Loader.Limit > 0 || d.keptLimit() > 0 {
			d.setLimit(d.limit())
		}
	case Limine:
		d.on("boot.loader.limine.enable", w)
		d.setLimit(d.limit())
		d.efi()
		if d.facts.Firmware == BIOS && d.facts.Loader.Kind != Limine {
			d.limineForBIOS()
		}
	case OtherLoader:
		// A guess from the files below /boot would put another one in its place: under Secure Boot, or on a board
		// whose firmware reads its own files, the machine would not start.
		d.block("no boot loader is configured, and NixOS installs one with %s, which quick-deploy does not support: "+
			"to keep it, set hardware.loader.kind: none in the profile, and its options in local.nix; "+
			"to replace it, set hardware.loader.kind to another", cmp.Or(l.Program, "an unknown program"))
	case NoLoader:
		if w != saysProfile && d.facts.Loader.Kind == NoLoader {
			d.disableGRUB()
			d.warn("the running NixOS installs no boot loader, so a reboot does not start what you switch to: " +
				"set hardware.loader.kind if this machine uses one")
		}
		d.note("boot.loader", "none", w.why)
	}
	d.keepSettings()
	d.placeOfLoader()
}

// limineForBIOS installs Limine on the disk with /boot: NixOS does it for UEFI alone.
func (d *decider) limineForBIOS() {
	disks := d.over.Loader.Devices
	if len(disks) == 0 {
		disks = d.bootDisks()
	}
	if len(disks) == 0 {
		d.block("no disk was found to install Limine on: set hardware.loader.devices in the profile")
		return
	}
	w := because("the machine booted with BIOS")
	d.apply(
		rule{"boot.loader.limine.efiSupport", true, no, w},
		rule{"boot.loader.limine.biosSupport", true, yes, w},
		rule{"boot.loader.limine.biosDevice", true, nix.Str(disks[0]), because("the disk with /boot")},
	)
}

func (d *decider) disableGRUB() {
	d.apply(rule{"boot.loader.grub.enable", true, no, because("NixOS turns GRUB on by default")})
}

// loaderOf returns a loader of a kind: the one that NixOS has if that is it, with the
// places that the profile names.
func (d *decider) loaderOf(k LoaderKind) Loader {
	o := d.over.Loader
	l := Loader{Kind: k}
	if d.facts.Loader.Kind == k {
		l = d.facts.Loader
	}
	if len(o.Devices) > 0 {
		l.Devices = o.Devices
	}
	if k == SystemdBoot && l.Mount == "" && o.Mount == "" {
		l.XBOOTLDR = d.xbootldr()
	}
	l.Mount = cmp.Or(o.Mount, l.Mount, d.espMount())
	if l.XBOOTLDR == l.Mount {
		l.XBOOTLDR = "" // the profile has moved the other there
	}
	return l
}

// chooseLoader follows the profile, the running NixOS or the firmware, in this order.
func (d *decider) chooseLoader() (Loader, why) {
	o, with := d.over.Loader, d.loaderOf
	kept := d.facts.Loader
	switch LoaderKind(o.Kind) {
	case "", "auto":
	case SystemdBoot, GRUB, ExtLinux, Limine, NoLoader:
		l := with(LoaderKind(o.Kind))
		if l.Kind == GRUB && kept.Kind != GRUB && d.facts.Firmware == UEFI {
			l.EFI = true
		}
		return l, saysProfile
	default:
		d.refuse("loader.kind", "%q is not one of auto, systemd-boot, grub, extlinux, limine, none", o.Kind)
		return Loader{}, why{}
	}
	if kept.Kind != "" {
		return with(kept.Kind), noted("the running NixOS uses it")
	}
	switch d.facts.Firmware {
	case UEFI:
		if d.narrow() {
			return with(GRUB), noted("the machine booted with 32-bit UEFI, for which there is no systemd-boot")
		}
		return with(SystemdBoot), because("the machine booted with UEFI")
	case BIOS:
		return with(GRUB), noted("the machine booted with BIOS")
	case DeviceTree:
		return with(ExtLinux), noted("a device tree and no UEFI: the board's firmware reads extlinux.conf")
	}
	d.warn(NoBoot)
	d.block("no boot loader is configured")
	return Loader{Kind: NoLoader}, because("cannot tell what boots the machine")
}

// NoBoot and NoRoot are the warnings about a machine of which it is not known what boots it, or from what.
const (
	NoBoot = "cannot tell what boots the machine; set hardware.loader in the profile"
	NoRoot = "no root file system was found: describe the disks in the profile, or run probe on the machine itself"
)

// limit returns how many generations the menu keeps, by the room for their kernels.
func (d *decider) limit() (int, why) {
	if d.over.Loader.Limit > 0 {
		return d.over.Loader.Limit, saysProfile
	}
	if n := d.keptLimit(); n > 0 {
		return n, keptLoader
	}
	point := cmp.Or(d.Loader.Kernels(d.facts), "/boot")
	m, _ := d.mountAt(point)
	size := append(d.devicesOf(m), Block{})[0].Size // 0 if it is not known or not limited
	w := noted(fmt.Sprintf("the kernels of all generations share the %d MiB of %s", size/mib, point))
	switch {
	case size == 0:
		return limitFull, because("keeps the menu readable")
	case size >= espMedium:
		return limitFull, w
	case size > espSmall:
		return limitMid, w
	}
	d.warn("%s, where the kernels are kept, has %d MiB: room for about three generations", point, size/mib)
	return limitSmall, w
}

// keptLimit returns the number of generations that the running NixOS says itself, 0
// if it does not.
func (d *decider) keptLimit() int {
	n, err := strconv.Atoi(d.Loader.Settings[machineTable().Limits[d.Loader.Kind]])
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func (d *decider) setLimit(n int, w why) {
	d.set(machineTable().Limits[d.Loader.Kind], mkDefault(nix.Int(n)), w)
}

func (d *decider) systemdBoot(w why) {
	d.on("boot.loader.systemd-boot.enable", w)
	if k := d.facts.Loader.Kind; k == GRUB || k == Limine {
		d.warn("the boot loader changes from %s to systemd-boot, which NixOS updates but does not install: "+
			"run sudo bootctl install before the switch", k)
	}
	d.setLimit(d.limit())
	d.apply(
		rule{"boot.loader.systemd-boot.xbootldrMountPoint", d.Loader.XBOOTLDR != "", nix.Str(d.Loader.XBOOTLDR),
			noted("the kernels are on a partition of their own")},
		rule{"boot.loader.systemd-boot.graceful", d.facts.Firmware == UEFI && !d.facts.EFIVariables, yes,
			noted("the firmware's variables cannot be written")},
	)
	d.efi()
}

// narrow tells whether the firmware has 32 bits and the system 64.
func (d *decider) narrow() bool { return d.facts.EFI32 && d.System == "x86_64-linux" }

// efi sets what all boot loaders for UEFI share.
func (d *decider) efi() {
	alone := d.Loader.KeepsVariables || d.appleSilicon()
	if alone {
		d.note("boot.loader.efi.canTouchEfiVariables", "false", "the firmware's variables stay untouched")
	}
	at := d.Loader.Mount
	d.apply(
		rule{"boot.loader.efi.canTouchEfiVariables", d.facts.EFIVariables && !alone, yes,
			because("the firmware's variables can be written")},
		rule{"boot.loader.efi.efiSysMountPoint", at != "" && at != "/boot", nix.Str(at),
			because("where the EFI system partition is mounted")},
	)
}

func (d *decider) grub(w why) {
	d.on("boot.loader.grub.enable", w)
	l := &d.Loader
	if l.EFI || d.facts.Firmware == UEFI {
		l.EFI = true
		l.KeepsVariables = l.KeepsVariables || l.Removable // the two cannot be used together
		if len(l.Devices) == 0 {
			l.Devices = []string{"nodev"}
		}
		d.apply(
			rule{"boot.loader.grub.efiSupport", true, yes, because("the machine booted with UEFI")},
			rule{"boot.loader.grub.forcei686", d.narrow(), yes, because("32-bit UEFI cannot start a 64-bit GRUB")},
			rule{"boot.loader.grub.efiInstallAsRemovable", l.Removable, yes, w},
		)
		d.efi()
	}
	d.setLimit(d.limit())
	if len(l.Mirrors) > 0 && len(d.over.Loader.Devices) == 0 {
		d.mirrors()
	} else {
		d.grubDevices(w)
	}
	d.apply(rule{"boot.loader.grub.enableCryptodisk", d.facts.Loader.Kind != GRUB && d.encrypted(), yes,
		noted("GRUB reads its menu and the kernels from an encrypted disk")})
}

func (d *decider) grubDevices(w why) {
	l := &d.Loader
	where := w
	if len(l.Devices) == 0 {
		l.Devices = d.bootDisks()
		where = because("the disk with /boot")
		if len(l.Devices) > 1 {
			where = noted("every disk of the array can boot")
		}
	}
	where.comment = where.comment && where != w // said above already
	switch len(l.Devices) {
	case 0:
		d.warn("cannot tell which disk to install GRUB on; set hardware.loader.devices in the profile")
		d.block("no disk was found to install GRUB on")
	case 1:
		d.set("boot.loader.grub.device", mkDefault(nix.Str(l.Devices[0])), where)
	default:
		// nixpkgs sets this list plainly, from device: a mkDefault would be lost.
		d.set("boot.loader.grub.devices", strs(l.Devices), where)
	}
}

// mirrors sets the places that GRUB is installed to, all of them: NixOS adds
// none of its own where no device is set.
func (d *decider) mirrors() {
	list := nix.List{}
	for _, m := range d.Loader.Mirrors {
		var body []nix.Binding
		add := func(name string, value nix.Expr) {
			body = append(body, nix.Binding{Path: []string{name}, Value: value})
		}
		add("path", nix.Str(m.Path))
		add("devices", strs(m.Devices))
		if m.EFI != "" && m.EFI != m.Path {
			add("efiSysMountPoint", nix.Str(m.EFI))
		}
		if m.ID != "" {
			add("efiBootloaderId", nix.Str(m.ID))
		}
		list = append(list, nix.Attrs{Body: body})
	}
	d.set("boot.loader.grub.mirroredBoots", d.firm(list), keptLoader)
}

// encrypted tells whether GRUB would read /boot from a LUKS device.
func (d *decider) encrypted() bool {
	m, _ := d.mountOf("/boot")
	luks := func(b Block) bool { return strings.HasPrefix(b.DMUUID, "CRYPT-LUKS") }
	return slices.ContainsFunc(d.devicesOf(m), func(b Block) bool {
		return slices.ContainsFunc(d.made(b, Block.parts), luks)
	})
}

// mountOf returns the file system that holds a folder of /boot or /: the last mount
// there, or the root's.
func (d *decider) mountOf(dir string) (Mount, bool) {
	for _, at := range []string{dir, "/"} {
		for _, m := range slices.Backward(d.facts.Mounts) {
			if m.Point == at && d.transient(m) == "" {
				return m, true
			}
		}
	}
	return Mount{}, false
}

// bootDisks returns the disks that hold /boot, by names that stay.
func (d *decider) bootDisks() []string {
	var disks []string
	m, _ := d.mountOf("/boot")
	for _, whole := range d.devicesOf(m) {
		for _, b := range d.made(whole, Block.parts) {
			switch {
			case b.Disk != "":
				disks = appendNew(disks, b.Disk)
			case len(b.Parts) == 0 && !strings.HasPrefix(b.Name, "loop"):
				disks = appendNew(disks, b.Name)
			}
		}
	}
	slices.Sort(disks)
	for i, name := range disks {
		b, _ := d.blockNamed(name)
		switch {
		case b.ID != "":
			disks[i] = "/dev/disk/by-id/" + b.ID
		case !d.Virtual:
			d.warn("the disk %s has no name in /dev/disk/by-id; its name may change", name)
			fallthrough
		default:
			disks[i] = "/dev/" + name
		}
	}
	slices.Sort(disks)
	return disks
}
