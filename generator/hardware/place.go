package hardware

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// Types of partitions on GPT (UEFI specification 2.10, 5.3.3; UAPI Boot Loader
// Specification; GRUB's manual, 4.4.1), as udev writes them.
const (
	typeESP      = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
	typeXBOOTLDR = "bc13c2ff-59e6-4262-a352-b275fd6f7172"
	typeBIOSBoot = "21686148-6449-6e6f-744e-656564454649"
)

// espPlaces are where EFI system partitions are mounted, in the order in which
// NixOS would be told of them.
var espPlaces = []string{"/boot/efi", "/efi", "/boot"}

// espMount returns where the EFI system partition is mounted: a partition of that
// type, or else a FAT file system at one of the usual places.
func (d *decider) espMount() string {
	guess := ""
	places := slices.Clone(espPlaces)
	for _, m := range d.facts.Mounts {
		if d.transient(m) == "" {
			places = append(places, m.Point)
		}
	}
	for i, at := range places {
		b, ok := d.fatAt(at)
		switch {
		case !ok || b.PartType == typeXBOOTLDR:
		case b.PartType == typeESP:
			return at
		case guess == "" && i < len(espPlaces):
			guess = at
		}
	}
	return guess
}

// mountAt returns the mount that shows at a place: the last one there.
func (d *decider) mountAt(point string) (Mount, bool) {
	for _, m := range slices.Backward(d.facts.Mounts) {
		if m.Point == point {
			return m, true
		}
	}
	return Mount{}, false
}

// fatAt returns the device of the FAT file system that is mounted at a place.
func (d *decider) fatAt(point string) (Block, bool) {
	m, ok := d.mountAt(point)
	if !ok || m.Type != "vfat" {
		return Block{}, false
	}
	return append(d.devicesOf(m), Block{})[0], true
}

// xbootldr returns where the partition for kernels is mounted: a second FAT file
// system on the disk of the EFI system partition, at /boot.
func (d *decider) xbootldr() string {
	boot, ok := d.fatAt("/boot")
	if !ok || boot.Disk == "" || boot.PartType != "" && boot.PartType != typeXBOOTLDR {
		return ""
	}
	for _, at := range []string{"/efi", "/boot/efi"} {
		if esp, ok := d.fatAt(at); ok && esp.Disk == boot.Disk && esp.Name != boot.Name {
			return "/boot"
		}
	}
	return ""
}

// placeOfLoader refuses a loader that has no place on the machine: NixOS would
// end the switch with an error when the new system runs already. A disk that is
// to be laid out anew is not looked at.
func (d *decider) placeOfLoader() {
	l := d.Loader
	efi := l.Kind == SystemdBoot || l.Kind == GRUB && l.EFI ||
		l.Kind == Limine && d.facts.Firmware == UEFI && l.Settings["boot.loader.limine.efiSupport"] != "false"
	if efi && d.facts.SecureBoot && l.Settings["boot.loader.limine.secureBoot.enable"] != "true" {
		d.block("Secure Boot is on, and what %s installs is not signed: turn it off in the firmware's setup", l.Kind)
	}
	switch {
	case d.over.FileSystems == "none" || len(d.facts.Mounts) == 0:
	case efi:
		d.espMounted()
	case l.Kind == GRUB && d.facts.Loader.Kind != GRUB:
		for _, device := range l.Devices {
			d.embeds(device)
		}
	}
}

// Places returns the mount points that a loader for UEFI is installed to, as far as
// they are known.
func (l Loader) Places() []string {
	if l.Kind != SystemdBoot && l.Kind != Limine && (l.Kind != GRUB || !l.EFI) || l.Mount == "" {
		return nil
	}
	places := []string{l.Mount}
	if l.Kind == SystemdBoot && l.XBOOTLDR != "" {
		places = append(places, l.XBOOTLDR)
	}
	for _, m := range l.Mirrors {
		places = append(places, cmp.Or(m.EFI, m.Path))
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// Kernels returns the mount point of what the kernels are kept on, "" where that is
// the root's file system or not known.
func (l Loader) Kernels(f Facts) string {
	switch {
	case l.Kind == SystemdBoot || l.Kind == Limine:
		return cmp.Or(l.XBOOTLDR, l.Mount)
	case slices.ContainsFunc(f.Mounts, func(m Mount) bool { return m.Point == "/boot" }):
		return "/boot"
	}
	return ""
}

// espMounted refuses to go on where no EFI system partition is mounted at the
// places that the loader is installed to.
func (d *decider) espMounted() {
	places := d.Loader.Places()
	if len(places) == 0 {
		places = []string{"/boot"}
	}
	for _, at := range places {
		if _, ok := d.fatAt(at); ok || at == d.over.Loader.Mount {
			continue
		}
		i := slices.IndexFunc(d.facts.Mounts, func(m Mount) bool { return m.Point == at && m.Type == "autofs" })
		switch {
		case i >= 0 && d.Mode == modeKeep && d.kept.defines("fileSystems", at):
			// The kept file mounts it on demand, and the loader's installer demands it.
		case i >= 0:
			d.block("%s is mounted on demand and was not mounted during the probe: run ls %s, then try again", at, at)
		default:
			d.block("no EFI system partition is mounted at %s%s", at, d.espCandidates())
		}
	}
}

// fatID is how udev names a FAT file system: its serial number.
var fatID = lazyregexp.New(`^[0-9A-F]{4}-[0-9A-F]{4}$`)

// espCandidates names the partitions that look like it, the likeliest first.
func (d *decider) espCandidates() string {
	var typed, fat []string
	for _, b := range d.facts.Blocks {
		disk, _ := d.blockNamed(b.Disk)
		if b.Disk == "" || b.USB || disk.Removable {
			continue
		}
		text := fmt.Sprintf("/dev/%s (%d MiB)", b.Name, b.Size/mib)
		switch {
		case b.PartType == typeESP:
			typed = append(typed, text)
		case b.PartType == "" && (b.FSType == "vfat" || b.FSType == "" && fatID.MatchString(b.UUID)):
			fat = append(fat, text)
		}
	}
	if len(typed) == 0 {
		typed = fat
	}
	if len(typed) == 0 {
		return ", and none of the partitions looks like one"
	}
	slices.Sort(typed)
	return ": mount " + strings.Join(typed, " or ") + ", then try again"
}

// biosBootMax is more than a partition for GRUB's core image ever has.
const biosBootMax = 32 * mib

// embeds refuses a disk with a GPT and no BIOS boot partition: GRUB has no place
// for its core image there (GRUB's manual, 4.4.1).
func (d *decider) embeds(device string) {
	i := slices.IndexFunc(d.facts.Blocks, func(b Block) bool {
		return device == "/dev/"+b.Name || b.ID != "" && device == "/dev/disk/by-id/"+b.ID
	})
	if i < 0 {
		return
	}
	disk, gpt := d.facts.Blocks[i], d.facts.Blocks[i].Table == "gpt"
	for _, b := range d.facts.Blocks {
		if b.Disk != disk.Name {
			continue
		}
		gpt = gpt || b.PartLabel != "" || len(b.PartUUID) == len(typeESP) // GPT's are GUIDs
		if b.PartType == typeBIOSBoot || b.PartType == "" && b.UUID == "" && b.Size <= biosBootMax {
			return
		}
	}
	if gpt {
		d.block("%s has a GPT without a BIOS boot partition, and GRUB needs one: "+
			"create one of 1 MiB with the type %s, or boot with UEFI", device, typeBIOSBoot)
	}
}
