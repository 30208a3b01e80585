package hardware

import (
	"cmp"
	"fmt"
	"slices"
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
func (d *decider) loader() error {
	if d.facts.container() {
		d.Loader.Kind = NoLoader
		d.note("boot.loader", "none", "a container boots with its host's kernel")
		return nil
	}
	l, w, err := d.chooseLoader()
	if err != nil {
		return err
	}
	d.Loader = l
	switch l.Kind {
	case SystemdBoot:
		d.systemdBoot(w)
	case GRUB:
		d.grub(w)
	case ExtLinux:
		d.set("boot.loader.grub.enable", d.soft(nix.Bool(false)), because("NixOS turns GRUB on unless told"))
		d.set("boot.loader.generic-extlinux-compatible.enable", d.soft(nix.Bool(true)), w)
	case Limine:
		d.set("boot.loader.limine.enable", d.soft(nix.Bool(true)), w)
		limit, reason := d.limit()
		d.set("boot.loader.limine.maxGenerations", d.soft(nix.Int(limit)), reason)
		d.efi()
	case OtherLoader:
		d.warn("the boot loader of the running NixOS is not known to this program; set boot.loader in local.nix or under nixos in the profile")
		d.block("no boot loader is configured")
	case NoLoader:
		d.note("boot.loader", "none", w.why)
	}
	return nil
}

func (d *decider) chooseLoader() (Loader, why, error) {
	o := d.over.Loader
	kept := d.facts.Loader
	with := func(k LoaderKind) Loader {
		l := Loader{Kind: k}
		if kept.Kind == k {
			l = kept
		}
		if len(o.Devices) > 0 {
			l.Devices = o.Devices
		}
		l.Mount = cmp.Or(o.Mount, l.Mount, d.espMount())
		return l
	}
	switch LoaderKind(o.Kind) {
	case "", "auto":
	case SystemdBoot, GRUB, ExtLinux, Limine, NoLoader:
		l := with(LoaderKind(o.Kind))
		if l.Kind == GRUB && kept.Kind != GRUB && d.facts.Firmware == UEFI {
			l.EFI = true
		}
		return l, saysProfile, nil
	default:
		return Loader{}, why{}, &OverrideError{Key: "loader.kind", Why: fmt.Sprintf("%q is none of auto, systemd-boot, grub, extlinux, limine, none", o.Kind)}
	}
	if kept.Kind != "" {
		return with(kept.Kind), noted("what this NixOS boots with already"), nil
	}
	switch d.facts.Firmware {
	case UEFI:
		return with(SystemdBoot), because("the machine booted by UEFI"), nil
	case BIOS:
		return with(GRUB), noted("the machine booted by BIOS"), nil
	case DeviceTree:
		return with(ExtLinux), noted("a device tree and no UEFI: the board's firmware reads extlinux.conf"), nil
	}
	d.warn("what boots the machine is not known; set hardware.loader in the profile")
	d.Blockers = append(d.Blockers, "no boot loader is configured")
	return Loader{Kind: NoLoader}, because("what boots the machine is not known"), nil
}

// espMount is where the EFI system partition is mounted: a FAT file system at
// one of the places that are in use.
func (d *decider) espMount() string {
	for _, at := range []string{"/boot/efi", "/efi", "/boot"} {
		if slices.ContainsFunc(d.facts.Mounts, func(m Mount) bool { return m.Point == at && m.Type == "vfat" }) {
			return at
		}
	}
	return ""
}

// kernelsAt is where kernels are kept and how much room there is: on the EFI
// system partition, or in a /boot of its own. The size is 0 if it is not known
// or not limited.
func (d *decider) kernelsAt() (point string, size uint64) {
	point = "/boot"
	if k := d.Loader.Kind; k == SystemdBoot || k == Limine {
		point = cmp.Or(d.Loader.Mount, d.espMount(), point)
	}
	for _, m := range d.facts.Mounts {
		if m.Point == point {
			for _, b := range d.devicesOf(m) {
				return point, b.Size
			}
		}
	}
	return point, 0
}

// limit is how many generations the menu keeps, by the room for their kernels.
func (d *decider) limit() (int, why) {
	if d.over.Loader.Limit > 0 {
		return d.over.Loader.Limit, saysProfile
	}
	point, size := d.kernelsAt()
	w := noted(fmt.Sprintf("kernels of old generations share the %d MiB of %s", size/mib, point))
	switch {
	case size == 0:
		return limitFull, because("a menu that can be read")
	case size >= espMedium:
		return limitFull, w
	case size > espSmall:
		return limitMid, w
	}
	d.warn("%s, where kernels are kept, has %d MiB: room for about three generations", point, size/mib)
	return limitSmall, w
}

func (d *decider) systemdBoot(w why) {
	d.set("boot.loader.systemd-boot.enable", d.soft(nix.Bool(true)), w)
	limit, reason := d.limit()
	d.set("boot.loader.systemd-boot.configurationLimit", d.soft(nix.Int(limit)), reason)
	if d.facts.Firmware == UEFI && !d.facts.EFIVariables {
		d.set("boot.loader.systemd-boot.graceful", d.soft(nix.Bool(true)), noted("the firmware's variables cannot be written here"))
	}
	d.efi()
}

// efi sets what all boot loaders for UEFI share.
func (d *decider) efi() {
	if d.facts.EFIVariables {
		d.set("boot.loader.efi.canTouchEfiVariables", d.soft(nix.Bool(true)), because("the firmware's variables are there"))
	}
	if m := d.Loader.Mount; m != "" && m != "/boot" {
		d.set("boot.loader.efi.efiSysMountPoint", d.soft(nix.Str(m)), because("where the EFI system partition is mounted"))
	}
}

func (d *decider) grub(w why) {
	d.set("boot.loader.grub.enable", d.soft(nix.Bool(true)), w)
	l := &d.Loader
	if l.EFI || d.facts.Firmware == UEFI {
		l.EFI = true
		if len(l.Devices) == 0 {
			l.Devices = []string{"nodev"}
		}
		d.set("boot.loader.grub.efiSupport", d.soft(nix.Bool(true)), because("the machine booted by UEFI"))
		if l.Removable {
			d.set("boot.loader.grub.efiInstallAsRemovable", d.soft(nix.Bool(true)), w)
		} else {
			d.efi()
		}
	}
	where := w
	if len(l.Devices) == 0 {
		l.Devices = d.bootDisks()
		where = because("the disk with /boot")
		if len(l.Devices) > 1 {
			where = noted("every disk of the array can boot")
		}
	}
	where.comment = where.comment && where != w // said above already
	limit, reason := d.limit()
	d.set("boot.loader.grub.configurationLimit", d.soft(nix.Int(limit)), reason)
	switch len(l.Devices) {
	case 0:
		d.warn("the disk to install GRUB on is not known; set hardware.loader.devices in the profile")
		d.block("GRUB has no disk to be installed on")
	case 1:
		d.set("boot.loader.grub.device", d.soft(nix.Str(l.Devices[0])), where)
	default:
		// nixpkgs sets this list plainly, from device: a mkDefault would be lost.
		d.set("boot.loader.grub.devices", strs(l.Devices), where)
	}
}

// bootDisks are the disks that hold /boot, by names that stay.
func (d *decider) bootDisks() []string {
	for _, at := range []string{"/boot", "/"} {
		i := slices.IndexFunc(d.facts.Mounts, func(m Mount) bool { return m.Point == at && d.transient(m) == "" })
		if i < 0 {
			continue
		}
		disks := map[string]bool{}
		for _, b := range d.devicesOf(d.facts.Mounts[i]) {
			d.disksBelow(b, disks, 0)
		}
		var names []string
		for name := range disks {
			b, _ := d.blockNamed(name)
			if b.ID != "" {
				names = append(names, "/dev/disk/by-id/"+b.ID)
				continue
			}
			names = append(names, "/dev/"+name)
			if !d.Virtual {
				d.warn("the disk %s has no name below /dev/disk/by-id; its name may change", name)
			}
		}
		slices.Sort(names)
		return names
	}
	return nil
}

// maxStack is how deep devices may lie on each other; deeper is a loop.
const maxStack = 16

func (d *decider) disksBelow(b Block, disks map[string]bool, depth int) {
	switch {
	case depth > maxStack:
	case b.Disk != "":
		disks[b.Disk] = true
	case len(b.Parts) > 0:
		for _, p := range b.Parts {
			if below, ok := d.blockNamed(p); ok {
				d.disksBelow(below, disks, depth+1)
			}
		}
	case !strings.HasPrefix(b.Name, "loop"):
		disks[b.Name] = true
	}
}
