package hardware

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// Why a mount is left out that somebody may have meant to last. The other reasons are
// about what programs mount, and mount again.
const (
	inMemory    = "in memory"
	kernels     = "the kernel's"
	byFUSE      = "FUSE; without a line in /etc/fstab, nothing tells what mounts it"
	unknownFUSE = "FUSE, with a program that is unknown here: add it to local.nix, with its package in system.fsPackages"
	theHosts    = "the host's"
	isRemovable = "on a removable medium"
	onDemand    = "mounted on demand"
)

// inInitrd tells whether NixOS mounts a place in the initrd.
func inInitrd(point string) bool { return slices.Contains(mountTable().NeededForBoot, point) }

// OfKernel tells whether a type of file system is one that the kernel mounts for its own ends.
func OfKernel(fsType string) bool { return mountTable().Types[fsType] == kernels }

func within(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

// transient says why a mount is not part of the configuration, "" if it is.
func (d *decider) transient(m Mount) string {
	byType, byPlace := d.transientType(m), transientPlace(m.Point)
	removable := func(b Block) bool { return d.diskOf(b).Removable }
	switch {
	case byType != "":
		return byType
	case byPlace != "" && (len(m.Fstab) == 0 || byPlace == kernels):
		return byPlace // a disk at /media/data or /var/lib/docker stands in fstab
	case m.Point == "/nix/store" && slices.Contains(m.Options, "ro") && !slices.Contains(m.Super, "ro"):
		return "NixOS itself mounts the store read-only"
	case slices.Contains(d.over.IgnoreMounts, m.Point):
		return saysProfile.why
	case !strings.HasPrefix(m.Point, "/") || path.Clean(m.Point) != m.Point:
		return "not a path"
	case slices.Contains([]string{"/", "/boot", "/nix"}, m.Point):
		return ""
	case slices.ContainsFunc(d.devicesOf(m), removable):
		return isRemovable
	}
	return ""
}

func transientPlace(point string) string {
	for place, why := range mountTable().Places {
		if within(point, place) {
			return why
		}
	}
	if strings.Contains(point, "/containers/storage/") || strings.Contains(point, "/docker/overlay2/") {
		return "a container's"
	}
	return ""
}

// transientType goes by the type. What stands in fstab is somebody's wish whatever its type.
func (d *decider) transientType(m Mount) string {
	switch {
	case m.Type == "tmpfs" && (m.Point == "/" && d.rootInMemory() || len(m.Fstab) > 0):
		return ""
	case strings.HasPrefix(m.Type, "fuse"):
		if _, ok := mountTable().Programs["fuse."+fuseType(m)]; ok && len(m.Fstab) > 0 {
			return ""
		}
		if len(m.Fstab) > 0 {
			return unknownFUSE
		}
		return cmp.Or(mountTable().Types[m.Type], byFUSE)
	case mountTable().Types[m.Type] == theHosts && len(m.Fstab) > 0:
		return ""
	case slices.Contains(mountTable().Network, m.Type) && len(m.Fstab) == 0 && d.automounted(m.Point):
		return onDemand
	}
	return mountTable().Types[m.Type]
}

// automounted tells whether autofs(5) mounts what lies below a place, as its map says.
func (d *decider) automounted(point string) bool {
	return slices.ContainsFunc(d.facts.Mounts, func(m Mount) bool { return m.Type == "autofs" && within(point, m.Point) })
}

// fuseType returns the type that fstab gives a file system of FUSE, without the prefix: sshfs.
func fuseType(m Mount) string { return strings.TrimPrefix(cmp.Or(m.FstabType, m.Type), "fuse.") }

// rootInMemory tells a NixOS that keeps its root in memory and the rest elsewhere, as with
// impermanence, from an installer, whose store is an image.
func (d *decider) rootInMemory() bool {
	return d.facts.NixOS != "" &&
		slices.ContainsFunc(d.facts.Mounts, func(m Mount) bool { return m.Point == "/" && m.Type == "tmpfs" }) &&
		slices.ContainsFunc(d.facts.Mounts, func(m Mount) bool {
			return (m.Point == "/nix" || m.Point == "/nix/store") && mountTable().Types[m.Type] == ""
		})
}

// worthSaying tells whether somebody may miss what is left out.
func worthSaying(m Mount, why string) bool {
	switch why {
	case byFUSE: // in a home, a session mounted it
		return !within(m.Point, "/home") && !within(m.Point, "/root") && !within(m.Point, "/tmp")
	case inMemory:
		return m.Point != "/tmp" && m.Point != "/"
	}
	return why == unknownFUSE || why == theHosts || why == isRemovable || why == onDemand && m.Type != "autofs"
}

// devicesOf returns the block devices that a mount names.
func (d *decider) devicesOf(m Mount) []Block {
	var out []Block
	for _, source := range strings.Split(m.Source, ":") { // bcachefs names all its devices
		found := d.blocks(func(b Block) bool {
			return source == "/dev/"+b.Name || b.DMName != "" && source == "/dev/mapper/"+b.DMName
		})
		if len(found) == 0 && source == m.Source && m.Number != "" && m.Type != "btrfs" && m.Type != "zfs" {
			// /dev/root and other names of early boot.
			found = d.blocks(func(b Block) bool { return b.Number == m.Number })
		}
		out = append(out, found...)
	}
	switch {
	case m.Type == "btrfs" && len(out) > 0 && out[0].UUID != "":
		// All devices have its UUID.
		first := out[0]
		out = append(out, d.blocks(func(b Block) bool { return b.UUID == first.UUID && b.Name != first.Name })...)
	case m.Type == "zfs": // udev labels the members of a pool by its name
		pool, _, _ := strings.Cut(m.Source, "/")
		out = append(out, d.blocks(func(b Block) bool { return b.Label == pool })...)
	}
	return out
}

// names returns the paths of a device, first one that stays when disks are added, if it has any.
func (b Block) names() []string {
	var out []string
	for _, n := range []struct{ dir, name string }{
		{"disk/by-uuid/", b.UUID}, {"mapper/", b.DMName}, {"disk/by-label/", b.Label},
		{"disk/by-partuuid/", b.PartUUID}, {"", b.Name},
	} {
		if n.name != "" {
			out = append(out, "/dev/"+n.dir+n.name)
		}
	}
	return out
}

// subfolder is the option of mount(8) for a mount of less than the file system, as of a subvolume of bcachefs.
const subfolder = "X-mount.subdir="

// options returns those to write down for a mount.
func options(m Mount) []string {
	var out []string
	if v := subvolume(m); m.Type == "btrfs" && v != "" {
		out = append(out, "subvol="+v)
	}
	out = appendNew(out, fstabOptions(m)...)
	switch {
	case len(m.Fstab) > 0:
		return out
	case m.Type == "zfs":
		out = append(out, "zfsutil") // mounted by ZFS itself, so not of the kind legacy
	case m.Type != "btrfs" && m.Root != "/" && strings.HasPrefix(m.Source, "/dev/"):
		out = append(out, subfolder+strings.TrimPrefix(m.Root, "/"))
	}
	table := mountTable()
	for _, o := range slices.Concat(m.Options, m.Super) {
		name, _, _ := strings.Cut(o, "=")
		chosen := slices.Contains(table.Kept[m.Type], name) ||
			slices.Contains(table.Kept[""], name) && slices.Contains(m.Options, o)
		if chosen && !slices.Contains(table.Defaults[m.Type], o) {
			out = appendNew(out, o)
		}
	}
	if slices.Contains(m.Options, "ro") && !inInitrd(m.Point) {
		out = appendNew(out, "ro")
	}
	return out
}

// fstabOptions returns the choices in a mount's line of fstab; its subvolume is told by the mount.
func fstabOptions(m Mount) []string {
	return slices.DeleteFunc(slices.Clone(m.Fstab), func(o string) bool {
		return slices.Contains(mountTable().FstabDefaults, o) || m.Type == "btrfs" && strings.HasPrefix(o, "subvol")
	})
}

// subvolume returns the path of the mounted subvolume of btrfs without the leading slash.
func subvolume(m Mount) string {
	said := m.Super
	if m.Number == "" { // not mounted: its line of fstab tells
		said = slices.Concat(m.Super, m.Fstab)
	}
	for _, o := range said {
		if v, ok := strings.CutPrefix(o, "subvol="); ok {
			return strings.TrimPrefix(v, "/")
		}
	}
	return strings.TrimPrefix(m.Root, "/")
}

// bindSource returns the path that a bind mount shows, "" for others. A mount shows
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
		if rest, ok := strings.CutPrefix(root, strings.TrimSuffix(e.Root, "/")); ok && within(rest, "") {
			return path.Join(e.Point, rest)
		}
	}
	return ""
}

// fileSystems takes over what is mounted for good.
func (d *decider) fileSystems() {
	switch d.over.FileSystems {
	case "", "probe":
	case "none":
		d.note("fileSystems", "none", "set in the profile")
		for _, m := range d.facts.Mounts {
			if d.transient(m) == "" {
				d.noteMount(m)
			}
		}
		return
	default:
		d.refuse("fileSystems", "%q is not probe or none", d.over.FileSystems)
		return
	}
	if !d.facts.container() {
		d.takeOver()
	}
}

// takeOver writes down the file systems, beside those that a kept file has, and what they
// and the swap lie on.
func (d *decider) takeOver() {
	kept := d.lasting()
	bind := binds(kept)
	if d.rootInMemory() {
		kept = d.impermanent(kept, bind)
	}
	slices.SortFunc(kept, func(a, b Mount) int { return cmp.Compare(a.Point, b.Point) })
	early := earlyMounts(kept, bind, d.rootInMemory())
	below := &stack{luks: map[string]luks{}, targets: map[int]bool{}}
	root := false
	for _, m := range kept {
		taken := d.kept.defines("fileSystems", m.Point)
		if taken {
			d.noteMount(m)
		} else {
			p := placed{Mount: m, bind: bind[m.Point], early: early[m.Point], optional: d.optional(m)}
			if p.bind != "" {
				p.optional = p.optional || d.optional(holder(kept, p.bind, m.Point))
			}
			taken = d.fileSystem(p)
		}
		if taken {
			root = root || m.Point == "/"
			d.addMount(below, m)
		}
	}
	if !root && d.Mode != modeKeep {
		d.warn(NoRoot)
		d.block("no root file system was found")
	}
	for _, s := range d.facts.Swaps {
		if b, ok := d.blockNamed(s.Block); ok && s.Type == "partition" && (d.Mode != modeKeep || d.namesSwap(s)) {
			d.addDevice(below, b, required)
		}
	}
	d.networkRoot(kept)
	d.setUpStack(*below)
}

// noteMount notes a place where a disk is mounted, and will be.
func (d *decider) noteMount(m Mount) {
	if strings.HasPrefix(m.Source, "/dev/") && m.Number != "" && m.Point != "/" {
		d.Mounts = appendNew(d.Mounts, m.Point)
	}
}

// lasting returns the mounts that are not transient, each place once, and what stands in
// fstab and need not be mounted. In mode keep they are those that the kept file names, and those that
// stand in the fstab that NixOS wrote: other files of the configuration name them.
func (d *decider) lasting() []Mount {
	var kept []Mount
	seen := map[string]int{}
	for _, m := range d.facts.Mounts {
		if d.Mode == modeKeep && len(m.Fstab) == 0 && !d.kept.defines("fileSystems", m.Point) {
			continue
		}
		if reason := d.transient(m); reason != "" {
			if !kernelsOwn(m) {
				d.leave(m.Point+" ("+m.Type+")", reason, worthSaying(m, reason))
			}
			continue
		}
		if i, ok := seen[m.Point]; ok { // mounted over: the last one shows
			d.leave(kept[i].Point+" ("+kept[i].Source+")", "another file system is mounted over it", kept[i].Source != m.Source)
			kept[i] = m
			continue
		}
		seen[m.Point] = len(kept)
		kept = append(kept, m)
	}
	for _, m := range d.facts.Unmounted {
		switch _, ok := seen[m.Point]; {
		case ok, d.transient(m) != "", strings.Contains(m.Type, ","): // udf,iso9660 of a drive
		case mayLack(m.Fstab):
			kept = append(kept, m)
		default:
			d.leave(m.Point+" ("+m.Source+")", "it is in /etc/fstab but not mounted", true)
		}
	}
	return kept
}

// mayLack tells whether options of fstab say that the machine starts without the mount.
func mayLack(options []string) bool {
	return slices.ContainsFunc(options, func(o string) bool { return slices.Contains(mountTable().Optional, o) })
}

// binds returns the paths that bind mounts show, by where they are mounted. A bind mount is
// told by the mount that it shows, which has the shorter root.
func binds(mounts []Mount) map[string]string {
	order := slices.DeleteFunc(slices.Clone(mounts), func(m Mount) bool { return m.Number == "" })
	slices.SortStableFunc(order, func(a, b Mount) int {
		return cmp.Or(len(a.Root)-len(b.Root), len(a.Point)-len(b.Point), cmp.Compare(a.Point, b.Point))
	})
	bind := map[string]string{}
	for i, m := range order {
		if m.Point != "/" { // there is nothing before it that it could show
			bind[m.Point] = bindSource(m, order[:i])
		}
	}
	return bind
}

// impermanent leaves out the bind mounts that carry single folders over a boot where the root is
// in memory, /persist/var/log at /var/log: a module makes them, of which the machine does not tell.
func (d *decider) impermanent(mounts []Mount, bind map[string]string) []Mount {
	return slices.DeleteFunc(mounts, func(m Mount) bool {
		from, ok := strings.CutSuffix(bind[m.Point], m.Point)
		if !ok || from == "" || within(m.Point, "/nix") {
			return false
		}
		why := "from " + from + ", made by a module such as impermanence: import that module in local.nix"
		d.leave(m.Point+" (bind mount)", why, true)
		return true
	})
}

// holder returns the mount that a path lies on, beside the one that is at a place.
func holder(mounts []Mount, file, beside string) Mount {
	var out Mount
	for _, m := range mounts {
		if m.Point != beside && (m.Point == "/" || within(file, m.Point)) && len(m.Point) > len(out.Point) {
			out = m
		}
	}
	return out
}

// earlyMounts returns the mounts that the initrd must make though their place does not say so: those that
// its bind mounts show, and where the root is in memory those that carry folders over a boot.
func earlyMounts(mounts []Mount, bind map[string]string, inMemory bool) map[string]bool {
	early := map[string]bool{}
	for point, source := range bind {
		if source == "" || !inMemory && !inInitrd(point) {
			continue
		}
		if h := holder(mounts, source, point).Point; h != "" && !inInitrd(h) {
			early[h] = true
		}
	}
	return early
}

// kernelsOwn tells whether a mount is not worth a line in a report.
func kernelsOwn(m Mount) bool {
	return OfKernel(m.Type) || within(m.Point, "/proc") || within(m.Point, "/sys") || within(m.Point, "/dev") ||
		m.Type == "tmpfs" && within(m.Point, "/run")
}

// placed is a mount with what the others say about it.
type placed struct {
	Mount
	// bind is the path that it shows.
	bind string
	// early tells whether the initrd must mount it, optional whether the machine starts without.
	early, optional bool
}

// fileSystem writes one down. It reports false where it cannot.
func (d *decider) fileSystem(m placed) bool {
	at := func(name string) []string { return []string{"fileSystems", m.Point, name} }
	if m.bind == m.Point {
		d.leave(m.Point+" ("+m.Type+")", "a bind mount of itself", false)
		return false
	}
	device, w, problem := d.deviceOf(m.Mount)
	fsType, opts := m.Type, options(m.Mount)
	switch {
	case m.bind != "":
		device, fsType, w, problem = m.bind, "none", because("bind mount"), ""
		opts = bindOptions(m.Mount)
	case strings.HasPrefix(m.Type, "fuse"):
		fsType = cmp.Or(m.FstabType, m.Type)
	}
	if len(m.Fstab) == 0 && m.optional {
		opts = append(opts, "nofail")
	}
	if problem != "" {
		d.leave(m.Point+" ("+m.Source+")", problem, true)
		return false
	}
	d.noteMount(m.Mount)
	if w.why == "" {
		w = asMounted
	}
	d.setPath(at("device"), d.added(nix.Str(device)), w)
	d.setPath(at("fsType"), d.added(nix.Str(fsType)), asMounted)
	image := slices.ContainsFunc(d.devicesOf(m.Mount), func(b Block) bool { return b.Backing != "" })
	if image && !slices.Contains(opts, "loop") {
		opts = append(opts, "loop")
	}
	if len(opts) > 0 {
		d.setPath(at("options"), d.added(strs(opts)), asMounted)
	}
	isSubfolder := func(option string) bool { return strings.HasPrefix(option, subfolder) }
	early := m.Number != "" && inInitrd(m.Point) &&
		slices.ContainsFunc(opts, isSubfolder)
	d.apply(rule{"boot.initrd.systemd.enable", early, yes, noted("only mount(8) supports X-mount.subdir")})
	if m.early {
		d.setPath(at("neededForBoot"), d.added(yes),
			noted("needed by bind mounts of the initrd or a module such as impermanence"))
	}
	programs := mountTable().Programs
	if program := cmp.Or(programs[fsType], programs["fuse."+strings.TrimPrefix(fsType, "fuse.")]); program != "" {
		d.set("system.fsPackages", nix.List{nix.Ref{"pkgs", program}}, because(m.Point+" is "+fsType))
	}
	return true
}

// bindOptions returns those of a bind mount, which has only a few of its own (mount(8)).
func bindOptions(m Mount) []string {
	own := fstabOptions(m)
	if len(m.Fstab) == 0 {
		own = slices.DeleteFunc(slices.Clone(m.Options), func(o string) bool {
			return !slices.Contains([]string{"ro", "nodev", "nosuid", "noexec"}, o) ||
				o == "ro" && slices.Contains(m.Super, "ro")
		})
	}
	return appendNew([]string{"bind"}, own...)
}

// deviceOf names what to mount, or says why it cannot be written down.
func (d *decider) deviceOf(m Mount) (device string, w why, problem string) {
	devices := d.devicesOf(m)
	source := cmp.Or(m.FstabSource, m.Source)
	switch {
	case lacksKey(m) != "":
		return "", why{}, lacksKey(m)
	case m.Type == "tmpfs" && m.Point == "/":
		return m.Source, noted("in memory: what is not on another file system is lost at reboot"), ""
	case m.Type == "bcachefs" && uuidOf(devices) != "":
		return "UUID=" + uuidOf(devices), because(""), "" // finds all devices
	case m.Type != "zfs" && len(devices) > 0:
		b := devices[0]
		if b.Backing != "" {
			return b.Backing, because(""), ""
		}
		device = b.names()[0]
		if strings.HasPrefix(device, "/dev/"+b.Name) && !d.Virtual {
			d.warn("%s is on %s, which has no stable name", m.Point, b.Name)
		}
		return device, because("mounted from " + b.Name), ""
	case strings.HasPrefix(m.Source, "/dev/disk/") && m.Number == "":
		return m.Source, because("from /etc/fstab; the device may be absent"), ""
	case strings.HasPrefix(m.Source, "/dev/"):
		return "", why{}, "its device is missing"
	}
	return source, because(""), ""
}

// uuidOf returns the first UUID that one of the devices has.
func uuidOf(devices []Block) string {
	uuid := ""
	for _, b := range devices {
		uuid = cmp.Or(uuid, b.UUID)
	}
	return uuid
}

// lacksKey says why a share cannot be written down: who may mount it is not known, or is known by a
// password that has no place in a configuration.
func lacksKey(m Mount) string {
	switch open := func(o string) bool { return o == "sec=none" || strings.HasPrefix(o, "sec=krb5") }; {
	case m.Password:
		return "its password is in /etc/fstab, and every user can read the Nix store: " +
			"put it in a file, and name the file in local.nix"
	case len(m.Fstab) > 0:
	case m.Type == "cifs" || m.Type == "smb3":
		if !slices.ContainsFunc(m.Super, open) {
			return "its password is unknown: set it in local.nix with the option credentials"
		}
	case m.Type == "ceph":
		return "its key is unknown: set it in local.nix with the option secretfile"
	}
	return ""
}

// optional tells whether the machine starts without the mount: what a server has, what another
// system shares with this one, and disks on USB.
func (d *decider) optional(m Mount) bool {
	if inInitrd(m.Point) {
		return false
	}
	return slices.Contains(mountTable().Network, m.Type) ||
		slices.Contains([]string{"ntfs3", "exfat", "hfsplus"}, m.Type) ||
		slices.ContainsFunc(d.devicesOf(m), func(b Block) bool { return d.diskOf(b).USB })
}

// networkRoot gives the initrd the network where what it mounts is on a server.
func (d *decider) networkRoot(mounts []Mount) {
	i := slices.IndexFunc(mounts, func(m Mount) bool {
		return slices.Contains([]string{"nfs", "nfs4", "cifs"}, m.Type) && inInitrd(m.Point)
	})
	if i < 0 {
		return
	}
	var modules []string
	for _, p := range d.facts.PCI {
		if p.Class.Base() == 0x02 && p.Driver != "" && !guestDriver(p.Driver) {
			modules = append(modules, ModuleOf(p.Driver, p.Module))
		}
	}
	w := mounts[i].Point + " is on a network server"
	d.apply(
		rule{"boot.initrd.network.enable", true, yes, noted(w)},
		rule{"boot.initrd.network.flushBeforeStage2", true, no, because(w)},
	)
	d.set("boot.initrd.availableKernelModules", strs(modules), because("for the network cards"))
	d.set("boot.kernelParams", nix.List{nix.Str("ip=dhcp")}, because(w))
}

// swap takes over swap partitions and swap files. Swap in memory comes with zramSwap.
func (d *decider) swap() {
	d.zswap()
	if d.over.FileSystems == "none" || d.facts.container() {
		return
	}
	if d.Mode == modeKeep {
		d.keepSwap()
		return
	}
	devices := nix.List{}
	for _, s := range d.facts.Swaps {
		body, problem := d.swapDevice(s)
		switch {
		case problem != "":
			d.leave(s.Path+" (swap)", problem, true)
		case body != nil:
			devices = append(devices, nix.Attrs{Body: body})
		}
	}
	d.set("swapDevices", devices, because(d.swapReason(len(devices))))
	d.resume(len(devices) > 0)
}

// asMounted is the reason for what is taken over as it is.
var asMounted = because("as it is mounted now")

// swapReason says why so many devices are swapped to.
func (d *decider) swapReason(devices int) string {
	switch {
	case devices > 0:
		return "the machine swaps to it"
	case len(d.facts.Swaps) > 0:
		return "nothing that the machine swaps to is taken over"
	}
	return "the machine has no swap on a disk"
}

// keepSwap says which swap the kept file does not name, and adds from where the machine wakes.
func (d *decider) keepSwap() {
	named := false
	for _, s := range d.facts.Swaps {
		switch {
		case strings.HasPrefix(s.Path, "/dev/zram"):
		case d.namesSwap(s):
			named = true
		default:
			why := KeptName + " does not name it; unless another file does, set swapDevices in local.nix"
			d.leave(s.Path+" (swap)", why, true)
		}
	}
	d.resume(named)
}

// namesSwap tells whether the kept file names a swap, itself or what it is encrypted on. A name that
// was not probed, by the disk's id or the partition's label, may be this one's.
func (d *decider) namesSwap(s Swap) bool {
	if d.kept.says(`"` + s.Path + `"`) {
		return true
	}
	for _, a := range d.kept.attrs {
		if a.path[0] == "swapDevices" && unprobedName.MatchString(a.value) {
			return true
		}
	}
	b, ok := d.blockNamed(s.Block)
	part, _ := d.blockNamed(first(b.Parts))
	return ok && (d.kept.names(b) || strings.HasPrefix(b.DMUUID, "CRYPT-PLAIN") && d.kept.names(part))
}

var unprobedName = lazyregexp.New(`/by-(?:id|partlabel|path)/`)

// swapDevice returns an element of swapDevices, nil for what others make.
func (d *decider) swapDevice(s Swap) (body []nix.Binding, problem string) {
	set := func(value nix.Expr, path ...string) { body = append(body, nix.Binding{Path: path, Value: value}) }
	b, ok := d.blockNamed(s.Block)
	switch {
	case strings.HasPrefix(s.Path, "/dev/zram"):
		return nil, ""
	case s.Type == "file" && strings.HasSuffix(s.Path, " (deleted)"):
		return nil, "the file was deleted"
	case s.Type == "file":
		if problem = d.swapFileGone(s.Path); problem == "" {
			set(nix.Str(s.Path), "device")
		}
	case !ok:
		return nil, "its device is missing"
	case strings.HasPrefix(b.DMUUID, "CRYPT-PLAIN"):
		part, found := d.blockNamed(first(b.Parts))
		switch {
		case found && part.PartUUID != "":
			set(nix.Str("/dev/disk/by-partuuid/"+part.PartUUID), "device")
		case strings.HasPrefix(part.DMUUID, "LVM-"):
			set(nix.Str("/dev/mapper/"+part.DMName), "device")
		default:
			return nil, "encrypted with a new key at each boot, on a partition without a stable name"
		}
		set(yes, "randomEncryption", "enable")
		if b.Discards {
			set(yes, "randomEncryption", "allowDiscards")
		}
	default:
		set(nix.Str(b.names()[0]), "device")
	}
	if s.Priority > 0 {
		set(nix.Int(s.Priority), "priority")
	}
	return body, problem
}

// swapFileGone says why a file would not be there after a boot.
func (d *decider) swapFileGone(file string) string {
	m := holder(d.facts.Mounts, file, "")
	if why := d.transient(m); why != "" {
		return "it is on " + m.Point + ": " + why
	}
	return ""
}

// resume takes over from where the machine wakes after hibernation: without it, what was open
// when it fell asleep is lost.
func (d *decider) resume(swap bool) {
	for _, p := range d.facts.Parameters {
		name, value, _ := strings.Cut(p, "=")
		switch {
		case name == "resume" && swap:
			if device := d.lastingName(value); device != "" {
				d.set("boot.resumeDevice", mkDefault(nix.Str(device)), noted("the machine resumes from hibernation here"))
			} else {
				d.leave(p+" (kernel parameter)", "its device is missing", true)
			}
		case name == "resume_offset" && swap:
			d.unlessKept("boot.kernelParams", []string{p}, noted("where the swap file is on the device to resume from"))
		case name == "resume" || name == "resume_offset":
			d.leave(p+" (kernel parameter)", "there is no swap to resume from", true)
		}
	}
}

// lastingName returns a name that stays of the device that a path names, "" if there is none.
func (d *decider) lastingName(device string) string {
	for _, b := range d.facts.Blocks {
		switch {
		case strings.HasPrefix(device, "/dev/disk/") && slices.Contains(b.names(), device):
			return device
		case slices.Contains(b.names(), device), device != "" && device == b.Number:
			return b.names()[0]
		}
	}
	return ""
}

// zswap keeps compressed swap of the kernel's own kind, where somebody turned it on.
func (d *decider) zswap() {
	var params []string
	for _, p := range d.facts.Parameters {
		if strings.HasPrefix(p, "zswap.") {
			params = append(params, p)
		}
	}
	d.Zswap = slices.Contains(params, "zswap.enabled=1") || slices.Contains(params, "zswap.enabled=Y")
	if d.Zswap && d.over.FileSystems != "none" {
		d.unlessKept("boot.kernelParams", params, because("the machine compresses its swap with zswap"))
	}
}

func first(ss []string) string {
	if len(ss) == 0 {
		return ""
	}
	return ss[0]
}
