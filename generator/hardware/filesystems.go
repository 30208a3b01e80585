package hardware

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// Types of file systems that hold nothing across a boot, and why each is left out.
var transientTypes = map[string]string{
	"autofs": "mounted on demand", "binfmt_misc": "the kernel's", "bpf": "the kernel's", "cgroup": "the kernel's", "cgroup2": "the kernel's",
	"configfs": "the kernel's", "debugfs": "the kernel's", "devpts": "the kernel's", "devtmpfs": "the kernel's", "efivarfs": "the kernel's",
	"fuse.portal": "a desktop portal's", "fusectl": "the kernel's", "hugetlbfs": "the kernel's", "mqueue": "the kernel's",
	"nfsd": "the kernel's", "nsfs": "the kernel's", "overlay": "layers of a container or of an installer", "proc": "the kernel's",
	"pstore": "the kernel's", "ramfs": "in memory", "rpc_pipefs": "the kernel's", "securityfs": "the kernel's", "selinuxfs": "the kernel's",
	"squashfs": "an image", "sysfs": "the kernel's", "tmpfs": "in memory", "tracefs": "the kernel's", "iso9660": "an image or a disc",
	"udf": "a disc", "erofs": "an image", "aufs": "layers of a container", "fuse.lxcfs": "a container's", "fuse.gvfsd-fuse": "a desktop's",
	"fuse": "FUSE, for which no file system can be written down", "fuseblk": "FUSE, for which no file system can be written down",
	"9p": "the host's", "virtiofs": "the host's", "vboxsf": "the host's", "drvfs": "the host's",
}

// Folders below which mounts belong to programs.
var transientPlaces = map[string]string{
	"/proc": "the kernel's", "/dev": "the kernel's", "/sys": "the kernel's", "/run": "made by programs at run time",
	"/var/lib/docker": "a container's", "/var/lib/containers": "a container's", "/var/lib/kubelet": "a container's",
	"/var/lib/containerd": "a container's", "/snap": "a package's", "/var/lib/snapd": "a package's", "/var/lib/nfs/rpc_pipefs": "the kernel's",
	"/var/lib/lxcfs": "a container's", "/media": "a medium that somebody plugged in",
}

func within(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

// transient says why a mount is not part of the configuration, "" if it is.
func (d *decider) transient(m Mount) string {
	if why, ok := transientTypes[m.Type]; ok {
		return why
	}
	if strings.HasPrefix(m.Type, "fuse.") {
		return "FUSE, for which no file system can be written down"
	}
	for place, why := range transientPlaces {
		if within(m.Point, place) {
			return why
		}
	}
	if strings.Contains(m.Point, "/containers/storage/") || strings.Contains(m.Point, "/docker/overlay2/") {
		return "a container's"
	}
	if m.Point == "/nix/store" && slices.Contains(m.Options, "ro") && !slices.Contains(m.Super, "ro") {
		return "NixOS mounts the store read-only by itself"
	}
	if slices.Contains(d.over.IgnoreMounts, m.Point) {
		return saysProfile.why
	}
	if !strings.HasPrefix(m.Point, "/") || path.Clean(m.Point) != m.Point {
		return "not a path"
	}
	if m.Point != "/" && m.Point != "/boot" && m.Point != "/nix" {
		for _, b := range d.devicesOf(m) {
			if disk, ok := d.blockNamed(cmp.Or(b.Disk, b.Name)); ok && disk.Removable {
				return "on a removable medium"
			}
		}
	}
	return ""
}

// devicesOf are the block devices that a mount names.
func (d *decider) devicesOf(m Mount) []Block {
	var out []Block
	for _, source := range strings.Split(m.Source, ":") { // bcachefs names all its devices
		i := slices.IndexFunc(d.facts.Blocks, func(b Block) bool {
			return source == "/dev/"+b.Name || b.DMName != "" && source == "/dev/mapper/"+b.DMName
		})
		if i < 0 && source == m.Source && m.Type != "btrfs" && m.Type != "zfs" {
			// /dev/root and other names of early boot.
			i = slices.IndexFunc(d.facts.Blocks, func(b Block) bool { return m.Number != "" && b.Number == m.Number })
		}
		if i >= 0 {
			out = append(out, d.facts.Blocks[i])
		}
	}
	if m.Type == "zfs" {
		pool, _, _ := strings.Cut(m.Source, "/")
		for _, b := range d.facts.Blocks {
			if b.Label == pool { // udev labels the members of a pool by its name
				out = append(out, b)
			}
		}
	}
	return out
}

// stableName is a name of a device that stays when disks are added.
func stableName(b Block) string {
	switch {
	case b.UUID != "":
		return "/dev/disk/by-uuid/" + b.UUID
	case b.DMName != "":
		return "/dev/mapper/" + b.DMName
	case b.Label != "":
		return "/dev/disk/by-label/" + b.Label
	case b.PartUUID != "":
		return "/dev/disk/by-partuuid/" + b.PartUUID
	}
	return "/dev/" + b.Name
}

// keptOptions are the mount options that are choices of a person, by type; the
// rest are defaults that the kernel spells out.
var keptOptions = map[string][]string{
	"":         {"noatime", "nodiratime", "nodev", "nosuid", "noexec", "discard"},
	"btrfs":    {"compress", "compress-force", "autodefrag", "nodatacow", "nodatasum", "discard", "commit", "degraded"},
	"vfat":     {"fmask", "dmask", "umask", "uid", "gid"},
	"exfat":    {"fmask", "dmask", "umask", "uid", "gid"},
	"bcachefs": {"compression", "background_compression"},
	"f2fs":     {"compress_algorithm", "compress_chksum"},
	"nfs":      {"vers", "sec", "soft"}, "nfs4": {"vers", "sec", "soft"},
}

// options are those to write down for a mount.
func options(m Mount) []string {
	var out []string
	add := func(o string) {
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	if m.Type == "btrfs" {
		if v := subvolume(m); v != "" {
			add("subvol=" + v)
		}
	}
	if m.Type == "zfs" {
		switch {
		case len(m.Fstab) == 0:
			add("zfsutil") // mounted by ZFS itself, so not of the kind legacy
		case slices.Contains(m.Fstab, "zfsutil"):
			add("zfsutil")
		}
	}
	for _, o := range slices.Concat(m.Options, m.Super) {
		name, _, _ := strings.Cut(o, "=")
		if slices.Contains(keptOptions[m.Type], name) || slices.Contains(keptOptions[""], name) && slices.Contains(m.Options, o) {
			if m.Type == "btrfs" && (o == "discard=async" || o == "commit=30") {
				continue // defaults
			}
			add(o)
		}
	}
	return out
}

// subvolume is the path of the mounted subvolume of btrfs without the leading slash.
func subvolume(m Mount) string {
	for _, o := range m.Super {
		if v, ok := strings.CutPrefix(o, "subvol="); ok {
			return strings.TrimPrefix(v, "/")
		}
	}
	return strings.TrimPrefix(m.Root, "/")
}

// bindSource is the path that a bind mount shows, "" for others. A mount shows
// another when it has the same file system and a folder of it as its root.
func bindSource(m Mount, earlier []Mount) string {
	root := m.Root
	if m.Type == "btrfs" {
		sub := "/" + subvolume(m)
		if root == sub {
			return ""
		}
		earlier = slices.DeleteFunc(slices.Clone(earlier), func(e Mount) bool { return "/"+subvolume(e) != sub })
	}
	for _, e := range earlier {
		if e.Number != m.Number || e.Type != m.Type {
			continue
		}
		if rest, ok := strings.CutPrefix(root, strings.TrimSuffix(e.Root, "/")); ok && (rest == "" || strings.HasPrefix(rest, "/")) {
			return path.Join(e.Point, rest)
		}
	}
	return ""
}

// fileSystems takes over what is mounted for good.
func (d *decider) fileSystems() error {
	switch d.over.FileSystems {
	case "", "probe":
	case "none":
		d.note("fileSystems", "none", "the profile says so")
		return nil
	default:
		return &OverrideError{Key: "fileSystems", Why: fmt.Sprintf("%q is neither probe nor none", d.over.FileSystems)}
	}
	if d.Mode == modeKeep || d.facts.container() {
		return nil
	}
	var kept []Mount
	seen := map[string]int{}
	for _, m := range d.facts.Mounts {
		if reason := d.transient(m); reason != "" {
			if !kernelsOwn(m) {
				d.drop(m.Point+" ("+m.Type+")", reason)
			}
			continue
		}
		if i, ok := seen[m.Point]; ok { // mounted over: the last one shows
			d.drop(kept[i].Point+" ("+kept[i].Source+")", "another is mounted over it")
			kept[i] = m
			continue
		}
		seen[m.Point] = len(kept)
		kept = append(kept, m)
	}
	// A bind mount is told by the mount that it shows, which has the shorter root.
	order := slices.Clone(kept)
	slices.SortStableFunc(order, func(a, b Mount) int {
		return cmp.Or(cmp.Compare(len(a.Root), len(b.Root)), cmp.Compare(len(a.Point), len(b.Point)), cmp.Compare(a.Point, b.Point))
	})
	bind := map[string]string{}
	for i, m := range order {
		bind[m.Point] = bindSource(m, order[:i])
	}
	slices.SortFunc(kept, func(a, b Mount) int { return cmp.Compare(a.Point, b.Point) })
	luks := map[string]bool{}
	zfs, md, root := false, false, false
	for _, m := range kept {
		if d.fileSystem(m, bind[m.Point]) {
			root = root || m.Point == "/"
			zfs = zfs || m.Type == "zfs"
			for _, b := range d.devicesOf(m) {
				md = d.below(b, luks, 0) || md
			}
		}
	}
	if !root {
		d.warn("no root file system was found: give the disks in the profile, or run probe on the machine itself")
		d.block("no root file system was found")
	}
	for _, s := range d.facts.Swaps {
		if b, ok := d.blockNamed(s.Block); ok && s.Type == "partition" {
			md = d.below(b, luks, 0) || md
		}
	}
	if md {
		d.set("boot.swraid.enable", d.soft(nix.Bool(true)), noted("a file system lies on a RAID of md"))
	}
	if zfs {
		if d.facts.HostID == "" {
			d.warn("ZFS needs networking.hostId, and the machine has none; set it under nixos in the profile")
			d.block("ZFS has no networking.hostId")
		} else {
			d.set("networking.hostId", d.soft(nix.Str(d.facts.HostID)), noted("by this ZFS knows that its pools belong to this machine"))
		}
	}
	return nil
}

// kernelsOwn are mounts that are not worth a line in a report.
func kernelsOwn(m Mount) bool {
	return transientTypes[m.Type] == "the kernel's" || within(m.Point, "/proc") || within(m.Point, "/sys") || within(m.Point, "/dev") ||
		m.Type == "tmpfs" && within(m.Point, "/run")
}

// fileSystem writes one down. It reports false where it cannot.
func (d *decider) fileSystem(m Mount, bind string) bool {
	at := func(name string) []string { return []string{"fileSystems", m.Point, name} }
	if bind == m.Point {
		d.drop(m.Point+" ("+m.Type+")", "it shows itself")
		return false
	}
	if bind != "" {
		d.setPath(at("device"), nix.Str(bind), because("bind mount"))
		d.setPath(at("fsType"), nix.Str("none"), why{})
		d.setPath(at("options"), nix.List{nix.Str("bind")}, why{})
		return true
	}
	device, w := m.Source, because("")
	devices := d.devicesOf(m)
	switch {
	case m.Type == "zfs" || m.Type == "nfs" || m.Type == "nfs4" || m.Type == "cifs" || m.Type == "ceph":
	case m.Type == "bcachefs" && len(devices) > 0 && devices[0].UUID != "":
		device = "UUID=" + devices[0].UUID // finds all devices
	case len(devices) > 0:
		b := devices[0]
		if b.Backing != "" {
			device = b.Backing
			m.Options = append(slices.Clone(m.Options), "loop")
			break
		}
		device = stableName(b)
		w = because(b.Name)
		if strings.HasPrefix(device, "/dev/"+b.Name) && !d.Virtual {
			d.warn("%s is on %s, which has no name that stays", m.Point, b.Name)
		}
	case strings.HasPrefix(m.Source, "/dev/"):
		d.drop(m.Point+" ("+m.Source+")", "its device is not there")
		return false
	}
	d.setPath(at("device"), nix.Str(device), w)
	d.setPath(at("fsType"), nix.Str(m.Type), why{})
	opts := options(m)
	if slices.Contains(m.Options, "loop") {
		opts = append(opts, "loop")
	}
	if len(opts) > 0 {
		d.setPath(at("options"), strs(opts), why{})
	}
	return true
}

// below walks what a device is made of, writes down each LUKS device on the
// way, and reports whether there is a RAID of md.
func (d *decider) below(b Block, luks map[string]bool, depth int) (md bool) {
	if depth > maxStack {
		return false
	}
	if strings.HasPrefix(b.DMUUID, "CRYPT-LUKS") && len(b.Parts) == 1 && b.DMName != "" && !luks[b.DMName] {
		luks[b.DMName] = true
		if part, ok := d.blockNamed(b.Parts[0]); ok {
			d.setPath([]string{"boot", "initrd", "luks", "devices", b.DMName, "device"}, nix.Str(stableName(part)),
				because(fmt.Sprintf("%s is encrypted on %s", b.Name, part.Name)))
		}
	}
	md = b.MDLevel != ""
	for _, p := range b.Parts {
		if part, ok := d.blockNamed(p); ok {
			md = d.below(part, luks, depth+1) || md
		}
	}
	if disk, ok := d.blockNamed(b.Disk); ok {
		md = d.below(disk, luks, depth+1) || md // a partition of an md device
	}
	return md
}

// swap takes over swap partitions. Swap files and zram are configured, not found.
func (d *decider) swap() error {
	if d.over.FileSystems == "none" || d.Mode == modeKeep || d.facts.container() {
		return nil
	}
	devices := nix.List{}
	for _, s := range d.facts.Swaps {
		b, ok := d.blockNamed(s.Block)
		switch {
		case s.Type != "partition":
			d.drop(s.Path+" (swap)", "a file; set swapDevices in local.nix if it is to stay")
		case strings.HasPrefix(s.Path, "/dev/zram"):
			// comes with zramSwap
		case !ok:
			d.drop(s.Path+" (swap)", "its device is not there")
		case strings.HasPrefix(b.DMUUID, "CRYPT-PLAIN"):
			part, found := d.blockNamed(first(b.Parts))
			if !found || part.PartUUID == "" {
				d.drop(s.Path+" (swap)", "encrypted anew at each boot, on a partition without a name that stays")
				continue
			}
			devices = append(devices, nix.Attrs{Body: []nix.Binding{
				{Path: []string{"device"}, Value: nix.Str("/dev/disk/by-partuuid/" + part.PartUUID)},
				{Path: []string{"randomEncryption", "enable"}, Value: nix.Bool(true)},
			}})
		default:
			devices = append(devices, nix.Attrs{Body: []nix.Binding{{Path: []string{"device"}, Value: nix.Str(stableName(b))}}})
		}
	}
	d.set("swapDevices", devices, why{})
	return nil
}

func first(ss []string) string {
	if len(ss) == 0 {
		return ""
	}
	return ss[0]
}
