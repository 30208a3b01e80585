package generator

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// disksFile is the host's file for disko.
const disksFile = "disks.nix"

// DiskKey is the file on the installer that holds the passphrase of encrypted
// disks while they are made (nixos-anywhere --disk-encryption-keys).
const DiskKey = "/tmp/disk.key"

const disksHeader = "Written by quick-deploy from the profile, for disko. Installing with it erases the disks."

// disks writes disks.nix where the profile lays out the disks.
func (h *host) disks() error {
	for v := range h.visits("disks") {
		l := layout{host: h, node: v.Node, kind: v.Node.Get("layout").Str(), boot: "1G"}
		for _, d := range v.Node.Get("devices").Items {
			l.devices = append(l.devices, d.Str())
		}
		if n := v.Node.Get("encrypt"); n != nil {
			l.encrypt = n.Scalar == true
		}
		if n := v.Node.Get("swap"); n != nil {
			l.swap = n.Str()
		}
		if n := v.Node.Get("boot"); n != nil {
			l.boot = n.Str()
		}
		if l.check(); len(h.problems) > 0 {
			return nil
		}
		if err := l.write(); err != nil {
			return err
		}
	}
	return nil
}

// laidOut reports whether the profile lays out the disks of the host.
func (h *host) laidOut() bool { return h.profile.Node.Get("disks") != nil }

// layout is the root of a new machine.
type layout struct {
	*host
	node    *profile.Node
	kind    string
	devices []string
	encrypt bool
	swap    string
	boot    string
}

// check refuses what would erase the wrong disk.
func (l layout) check() {
	seen := map[string]bool{}
	for i, n := range l.node.Get("devices").Items {
		device := l.devices[i]
		name := strings.ToUpper(strings.NewReplacer("-", "", "_", "").Replace(device))
		switch {
		case strings.Contains(name, "CHANGEME"):
			l.problem(n, "disks.devices has to be filled in", "the name is still "+device,
				"ls -l /dev/disk/by-id on the machine shows the names")
		case partition(device):
			l.problem(n, "disks.devices names a partition", device+" is a part of a disk",
				"write the name without -part and the number")
		case seen[device]:
			l.problem(n, "disks.devices names a disk twice", device+" stands here twice", "remove one")
		}
		seen[device] = true
	}
	if l.kind == "ext4" && len(l.devices) > 1 {
		l.problem(l.node.Get("devices"), "ext4 takes one disk", fmt.Sprintf("%d are named", len(l.devices)),
			"btrfs and zfs mirror several disks")
	}
	if mode := l.profile.Node.Get("hardware", "mode"); mode != nil && mode.Str() == "keep" {
		l.problem(mode, "hardware.mode keep and disks exclude each other",
			"the kept file says where the file systems are", "remove one of the two")
	}
}

// partition reports whether a name by id is that of a partition (udev's 60-persistent-storage.rules).
func partition(device string) bool {
	i := strings.LastIndex(device, "-part")
	if i < 0 || i+len("-part") == len(device) {
		return false
	}
	return !strings.ContainsFunc(device[i+len("-part"):], func(r rune) bool { return r < '0' || r > '9' })
}

func (l layout) write() error {
	l.inputs["disko"] = true
	l.host.imports = append(l.host.imports, nix.Path("./"+disksFile))
	l.host.summary.Formatted = l.devices
	var bs []nix.Binding
	for i := range l.devices {
		bs = append(bs, nix.Binding{Path: []string{"disko", "devices", "disk", diskName(i)}, Value: l.disk(i)})
	}
	if l.kind == "zfs" {
		bs = append(bs, nix.Binding{Path: []string{"disko", "devices", "zpool", "zroot"}, Value: l.pool()})
		bs = append(bs, l.hostID()...)
	}
	if l.grubOnBIOS() {
		bs = append(bs, nix.Binding{
			Path: []string{"boot", "loader", "grub", "device"}, Value: nix.Str(""),
			Comment: "disko names the disks with a BIOS boot partition.",
		})
	}
	if len(l.devices) > 1 {
		l.notice(l.node, "disks: only the EFI system partition of the first disk is kept up to date; "+
			"if that disk fails, the others keep the data but do not boot by themselves")
	}
	set, err := nix.Nest(bs)
	if err != nil {
		return fmt.Errorf("arrange the disks: %w", err)
	}
	set.Body = append([]nix.Binding{{
		Path: []string{"imports"}, Value: nix.List{nix.Ref{"inputs", "disko", "nixosModules", "disko"}},
	}}, set.Body...)
	for i := range set.Body {
		set.Body[i].Blank = true
	}
	return l.host.write(disksFile, nix.File{Header: disksHeader, Body: nix.Module(set)})
}

func diskName(i int) string {
	if i == 0 {
		return "main"
	}
	return fmt.Sprintf("mirror-%d", i)
}

// disk is one disk: the EFI system partition, on the first one swap, and the rest.
func (l layout) disk(i int) nix.Expr {
	boot := set(
		bind(nix.Str(l.boot), "size"), bind(nix.Str("EF00"), "type"),
		bind(l.fileSystem("vfat", l.bootMount(i), "umask=0077"), "content"),
	)
	parts := []nix.Binding{bind(boot, "ESP")}
	if l.grubOnBIOS() {
		parts = append(parts, bind(set(bind(nix.Str("1M"), "size"), bind(nix.Str("EF02"), "type")), "bios"))
	}
	if l.swap != "" && i == 0 {
		// A new key at each start, so that nothing of the memory is left on the disk.
		swap := []nix.Binding{bind(nix.Str("swap"), "type")}
		if l.encrypt {
			swap = append(swap, bind(nix.Bool(true), "randomEncryption"))
		}
		parts = append(parts, bind(set(bind(nix.Str(l.swap), "size"), bind(set(swap...), "content")), "swap"))
	}
	rest := []nix.Binding{bind(nix.Str("100%"), "size")}
	if content := l.locked(i); content != nil {
		rest = append(rest, bind(content, "content"))
	}
	parts = append(parts, bind(set(rest...), "root"))
	return set(
		bind(nix.Str("disk"), "type"), bind(nix.Str(l.devices[i]), "device"),
		bind(set(bind(nix.Str("gpt"), "type"), bind(set(parts...), "partitions")), "content"),
	)
}

// bootMount is where the EFI system partition of disk i goes: the loader
// writes to the first.
func (l layout) bootMount(i int) string {
	if i > 0 {
		return ""
	}
	return cmp.Or(l.summary.Decision.Loader.Mount, "/boot")
}

func (l layout) grubOnBIOS() bool {
	loader := l.summary.Decision.Loader
	return loader.Kind == hardware.GRUB && !loader.EFI
}

func (l layout) fileSystem(format, mount string, options ...string) nix.Expr {
	bs := []nix.Binding{bind(nix.Str("filesystem"), "type"), bind(nix.Str(format), "format")}
	if mount != "" {
		bs = append(bs, bind(nix.Str(mount), "mountpoint"), bind(texts(options...), "mountOptions"))
	}
	return set(bs...)
}

// locked is the root partition of disk i, inside LUKS if asked for.
func (l layout) locked(i int) nix.Expr {
	if !l.encrypt {
		return l.root(i)
	}
	bs := []nix.Binding{
		bind(nix.Str("luks"), "type"), bind(nix.Str("crypt-"+diskName(i)), "name"),
		{Path: []string{"passwordFile"}, Value: nix.Str(DiskKey),
			Comment: "Only while installing; at each start the passphrase is asked for."},
		bind(nix.Bool(true), "settings", "allowDiscards"),
	}
	if content := l.root(i); content != nil {
		bs = append(bs, bind(content, "content"))
	}
	return set(bs...)
}

// subvolumes are what is kept apart: what can be made anew, and what can not.
var subvolumes = []struct{ name, mount string }{{"root", "/"}, {"home", "/home"}, {"log", "/var/log"}, {"nix", "/nix"}}

// root is what holds the system on disk i.
func (l layout) root(i int) nix.Expr {
	switch l.kind {
	case "zfs":
		return set(bind(nix.Str("zfs"), "type"), bind(nix.Str("zroot"), "pool"))
	case "btrfs":
		return l.btrfs(i)
	}
	return l.fileSystem("ext4", "/", "noatime")
}

// btrfs makes one file system of all disks: the last one is made when the
// others are there (disko makes them in the order of their names, and main is
// the first), so that it carries the subvolumes and names the others.
func (l layout) btrfs(i int) nix.Expr {
	last := len(l.devices) - 1
	if i < last {
		return nil // partitioned only: the last disk's mkfs takes it
	}
	args := []string{"-f"}
	if last > 0 {
		args = append(args, "-d", "raid1", "-m", "raid1")
		for k := range last {
			args = append(args, l.rootDevice(k))
		}
	}
	var volumes []nix.Binding
	for _, s := range subvolumes {
		volumes = append(volumes, bind(set(
			bind(nix.Str(s.mount), "mountpoint"), bind(texts("compress=zstd", "noatime"), "mountOptions"),
		), "/"+s.name))
	}
	return set(bind(nix.Str("btrfs"), "type"), bind(texts(args...), "extraArgs"), bind(set(volumes...), "subvolumes"))
}

// rootDevice is where the root partition of disk k appears.
func (l layout) rootDevice(k int) string {
	if l.encrypt {
		return "/dev/mapper/crypt-" + diskName(k)
	}
	return "/dev/disk/by-partlabel/disk-" + diskName(k) + "-root"
}

// pool is the ZFS pool on all disks.
func (l layout) pool() nix.Expr {
	bs := []nix.Binding{bind(nix.Str("zpool"), "type")}
	if len(l.devices) > 1 {
		bs = append(bs, bind(nix.Str("mirror"), "mode"))
	}
	var datasets []nix.Binding
	for _, s := range subvolumes {
		datasets = append(datasets, bind(set(
			bind(nix.Str("zfs_fs"), "type"), bind(nix.Str(s.mount), "mountpoint"),
			bind(nix.Str("legacy"), "options", "mountpoint"),
		), s.name))
	}
	return set(append(bs,
		bind(set(bind(nix.Str("12"), "ashift"), bind(nix.Str("on"), "autotrim")), "options"),
		bind(set(
			bind(nix.Str("posixacl"), "acltype"), bind(nix.Str("off"), "atime"), bind(nix.Str("zstd"), "compression"),
			bind(nix.Str("none"), "mountpoint"), bind(nix.Str("sa"), "xattr"),
		), "rootFsOptions"),
		bind(set(datasets...), "datasets"))...)
}

// hostID is what ZFS tells machines apart by, from the host's name: stable,
// and another for each host of the profile.
func (l layout) hostID() []nix.Binding {
	path := []string{"networking", "hostId"}
	if slices.ContainsFunc(l.system, func(a mapping.Assignment) bool { return slices.Equal(a.Path, path) }) {
		return nil
	}
	sum := sha256.Sum256([]byte(l.profile.Name))
	return []nix.Binding{bind(byDefault(nix.Str(hex.EncodeToString(sum[:4]))), path...)}
}

func bind(value nix.Expr, path ...string) nix.Binding { return nix.Binding{Path: path, Value: value} }

func set(bs ...nix.Binding) nix.Attrs { return nix.Attrs{Body: bs} }

func texts(values ...string) nix.List {
	out := nix.List{}
	for _, v := range values {
		out = append(out, nix.Str(v))
	}
	return out
}
