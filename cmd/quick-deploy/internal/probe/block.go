package probe

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

const blockDir = "sys/class/block"

// notDisks are block devices that hold no file system of a configuration.
var notDisks = lazyregexp.New(`^(ram|zram|fd|nbd|sr|mtdblock)[0-9]`)

// readBlocks reads /sys/class/block and the links of udev below /dev/disk. It
// comes after the mounts, since a loop device counts only if it is mounted.
func readBlocks(t *tree, o Options, f *hardware.Facts) {
	mounted := map[string]bool{}
	for _, m := range f.Mounts {
		mounted[path.Base(m.Source)] = true
	}
	for _, name := range t.list(blockDir, true) {
		if notDisks.MatchString(name) || strings.HasPrefix(name, "loop") && !mounted[name] {
			continue
		}
		f.Blocks = append(f.Blocks, t.block(name))
	}
	t.blockNames(f)
	t.udevData(f)
	t.btrfsMembers(f)
	t.diskIDs(f)
	f.MMC = t.mmc()
}

func (t *tree) block(name string) hardware.Block {
	dir := path.Join(blockDir, name)
	real := t.resolve(dir)
	b := hardware.Block{Name: name, USB: strings.Contains(real, "/usb")}
	b.Number, _ = t.text(real + "/dev")
	b.Size = t.size(real)
	if t.exists(real + "/partition") {
		b.Disk = path.Base(path.Dir(real))
		return b
	}
	b.Removable = t.says(real+"/removable", "1")
	b.Parts = t.list(real+"/slaves", false)
	switch {
	case strings.HasPrefix(name, "dm-"):
		b.DMName, _ = t.text(real + "/dm/name")
		b.DMUUID, _ = t.text(real + "/dm/uuid")
		if strings.HasPrefix(b.DMUUID, "CRYPT-") {
			limit, _ := t.text(real + "/queue/discard_max_bytes")
			b.Discards = limit != "" && limit != "0"
		}
	case strings.HasPrefix(name, "md"):
		b.MDLevel, _ = t.text(real + "/md/level")
	case strings.HasPrefix(name, "loop"):
		b.Backing, _ = t.text(real + "/loop/backing_file")
	default:
		b.Modules = t.modulesAbove(real)
	}
	return b
}

// size returns the number of sectors of 512 bytes, in bytes.
func (t *tree) size(dir string) uint64 {
	s, ok := t.text(dir + "/size")
	n, err := strconv.ParseUint(s, 10, 54)
	if ok && err != nil {
		t.garbled(dir+"/size", "%.20q is not a number of sectors", s)
		return 0
	}
	return n * 512
}

// maxDepth is how deep devices lie in /sys/devices at most.
const maxDepth = 32

// modulesAbove lists the modules of the drivers of all devices above a disk,
// its controller's and its bus's among them.
func (t *tree) modulesAbove(dir string) []string {
	var modules []string
	for range maxDepth {
		if dir == "." || dir == "/" || path.Base(dir) == "devices" || strings.HasPrefix(path.Base(dir), "pci0") {
			break
		}
		if m := t.module(dir); m != "" && !slices.Contains(modules, m) {
			modules = append(modules, m)
		}
		dir = path.Dir(dir)
	}
	return modules
}

// blockNames reads the links from names that stay to the kernel's names.
func (t *tree) blockNames(f *hardware.Facts) {
	byName := map[string]*hardware.Block{}
	for i := range f.Blocks {
		byName[f.Blocks[i].Name] = &f.Blocks[i]
	}
	for _, kind := range []struct {
		dir    string
		needed bool
		set    func(*hardware.Block, string)
	}{
		{"by-uuid", len(f.Blocks) > 0, func(b *hardware.Block, s string) { b.UUID = s }},
		{"by-label", false, func(b *hardware.Block, s string) { b.Label = s }},
		{"by-partuuid", false, func(b *hardware.Block, s string) { b.PartUUID = s }},
		{"by-partlabel", false, func(b *hardware.Block, s string) { b.PartLabel = s }},
	} {
		dir := "dev/disk/" + kind.dir
		for _, name := range t.list(dir, kind.needed) {
			if b := byName[t.link(path.Join(dir, name))]; b != nil {
				kind.set(b, unescapeUdev(name))
			}
		}
	}
}

// udevData reads what udev found on the devices: /run/udev/data/b8:1 has a line
// E:NAME=VALUE for each property (libudev; systemd, src/libsystemd/sd-device).
func (t *tree) udevData(f *hardware.Facts) {
	for i := range f.Blocks {
		b := &f.Blocks[i]
		for line := range strings.Lines(t.optional("run/udev/data/b"+b.Number, 1<<20)) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			switch name {
			case "E:ID_PART_ENTRY_TYPE":
				b.PartType = oneLine(value)
			case "E:ID_PART_TABLE_TYPE":
				if b.Disk == "" {
					b.Table = oneLine(value)
				}
			case "E:ID_FS_TYPE":
				b.FSType = oneLine(value)
			}
		}
	}
}

// btrfsMembers gives all devices of a btrfs its UUID: the link below /dev/disk shows one of
// them, and a mount names one (Linux, Documentation/ABI/testing/sysfs-fs-btrfs).
func (t *tree) btrfsMembers(f *hardware.Facts) {
	for _, uuid := range t.list("sys/fs/btrfs", false) {
		for _, name := range t.list("sys/fs/btrfs/"+uuid+"/devices", false) {
			i := slices.IndexFunc(f.Blocks, func(b hardware.Block) bool { return b.Name == name })
			if i >= 0 {
				f.Blocks[i].UUID = uuid
			}
		}
	}
}

// unescapeUdev undoes udev's \x20 in names of links.
func unescapeUdev(s string) string {
	return udevEscape.ReplaceAllStringFunc(s, func(m string) string {
		n, err := strconv.ParseUint(m[2:], 16, 8)
		if err != nil || n < ' ' {
			return m
		}
		return string([]byte{byte(n)})
	})
}

var udevEscape = lazyregexp.New(`\\x[0-9a-f]{2}`)

// diskIDs reads the names by serial number of the disks, only where GRUB must
// name one: on a PC without UEFI.
func (t *tree) diskIDs(f *hardware.Facts) {
	if f.Firmware != hardware.BIOS {
		return
	}
	const dir = "dev/disk/by-id"
	ids := map[string]string{}
	for _, name := range t.list(dir, false) {
		disk := t.link(path.Join(dir, name))
		if disk == "" || strings.HasPrefix(name, "dm-") || strings.HasPrefix(name, "md-") || strings.HasPrefix(name, "lvm-") {
			continue
		}
		if have, ok := ids[disk]; !ok || idRank(name) < idRank(have) {
			ids[disk] = name
		}
	}
	for i := range f.Blocks {
		if b := &f.Blocks[i]; b.Disk == "" && b.DMName == "" && b.MDLevel == "" {
			b.ID = ids[b.Name]
		}
	}
}

// idRank prefers names that people can read to world wide names.
func idRank(name string) int {
	kinds := []string{"ata-", "nvme-", "scsi-", "usb-", "mmc-", "virtio-"}
	i := slices.IndexFunc(kinds, func(kind string) bool { return strings.HasPrefix(name, kind) })
	if i < 0 || strings.HasPrefix(name, "nvme-eui.") || strings.HasPrefix(name, "nvme-nvme.") {
		return len(kinds)
	}
	return i
}

// mmc lists the modules of controllers for SD cards and eMMC.
func (t *tree) mmc() []string {
	var modules []string
	for _, name := range t.list("sys/class/mmc_host", false) {
		if m := t.module("sys/class/mmc_host/" + name + "/device"); m != "" {
			modules = append(modules, m)
		}
	}
	slices.Sort(modules)
	return slices.Compact(modules)
}
