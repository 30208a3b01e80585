package hardware

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// stack collects what lies below file systems and swap, down to the disks.
type stack struct {
	// luks are the opened devices by name, with the device that each is encrypted on.
	luks map[string]luks
	// md tells whether a RAID of md is among them, zfs whether ZFS is.
	md, zfs bool
	// targets are indexes of data/targets.json, with whether the machine needs them to start.
	targets map[int]bool
}

type luks struct {
	opened, part Block
	// early tells whether the initrd must open it, optional whether only mounts need
	// it that the machine starts without.
	early, optional bool
}

func (t target) fits(b Block) bool {
	return t.UUID != "" && (strings.HasPrefix(b.DMUUID, t.UUID) || strings.HasSuffix(b.DMUUID, t.UUID)) ||
		t.Name != nil && t.Name.MatchString(b.DMName)
}

// addMount adds what a mount lies on.
func (d *decider) addMount(s *stack, m Mount) {
	s.zfs = s.zfs || m.Type == "zfs"
	use := required
	switch {
	case inInitrd(m.Point) || m.Point == "/boot":
		use = toStart
	case mayLack(m.Fstab):
		use = optional
	}
	for _, b := range d.devicesOf(m) {
		d.addDevice(s, b, use)
	}
}

// use is how much the machine needs a device.
type use int

const (
	optional use = iota // it starts without
	required
	toStart // before anything else
)

// addDevice adds a device and what it lies on.
func (d *decider) addDevice(s *stack, device Block, use use) {
	for _, b := range d.made(device, Block.below) {
		if part, ok := d.encryptedOn(b); ok {
			have, again := s.luks[b.DMName]
			s.luks[b.DMName] = luks{b, part, have.early || use == toStart, (have.optional || !again) && use == optional}
		}
		s.md = s.md || b.MDLevel != ""
		for i, t := range targetTable().Targets {
			if t.fits(b) {
				s.targets[i] = s.targets[i] || use == toStart
			}
		}
	}
}

// encryptedOn returns the device that an opened LUKS device lies on. With checksums there is one of
// dm-integrity between, which cryptsetup opens with it.
func (d *decider) encryptedOn(b Block) (Block, bool) {
	if !strings.HasPrefix(b.DMUUID, "CRYPT-LUKS") || len(b.Parts) != 1 || b.DMName == "" {
		return Block{}, false
	}
	part, ok := d.blockNamed(b.Parts[0])
	if ok && part.DMName == b.DMName+"_dif" && len(part.Parts) > 0 {
		part, ok = d.blockNamed(part.Parts[0])
	}
	return part, ok
}

// setUpStack sets what the initrd needs for the devices below. In mode keep it adds what the kept file
// does not name: the rest of that configuration stood in other files.
func (d *decider) setUpStack(s stack) {
	d.unlock(s.luks)
	d.apply(rule{"boot.swraid.enable", s.md, yes, noted("a file system is on an md RAID")})
	d.setUpTargets(s.targets)
	if !s.zfs {
		return
	}
	switch {
	case d.facts.HostID != "":
		d.set("networking.hostId", mkDefault(nix.Str(d.facts.HostID)),
			noted("ZFS recognizes by it that its pools belong to this machine"))
	case d.Mode != modeKeep:
		d.warn("ZFS needs networking.hostId, and the machine has none; set it under nixos in the profile")
		d.block("ZFS has no networking.hostId")
	}
}

// unlock opens LUKS devices where they are opened now: what /etc/crypttab opens by a key
// that lies on another disk the initrd cannot open, and would ask for.
func (d *decider) unlock(devices map[string]luks) {
	crypttab := ""
	for _, name := range slices.Sorted(maps.Keys(devices)) {
		l := devices[name]
		if d.kept.names(l.part) {
			continue
		}
		i := slices.IndexFunc(d.facts.Crypttab, func(c CryptLine) bool { return c.Name == name })
		switch {
		case i >= 0 && !l.early && (d.facts.Crypttab[i].Key != "" || l.optional):
			line := d.facts.Crypttab[i]
			fields := []string{name, l.part.names()[0], cmp.Or(line.Key, "-"), line.Options}
			crypttab += strings.TrimSpace(strings.Join(fields, " ")) + "\n"
			continue
		case l.optional:
			d.leave(name+" (LUKS on "+l.part.Name+")",
				"only file systems marked nofail need it; to open it, set environment.etc.crypttab in local.nix", true)
			continue
		}
		at := func(key string) []string { return []string{"boot", "initrd", "luks", "devices", name, key} }
		d.setPath(at("device"), d.added(nix.Str(l.part.names()[0])),
			because(fmt.Sprintf("%s is encrypted on %s", l.opened.Name, l.part.Name)))
		if l.opened.Discards {
			d.setPath(at("allowDiscards"), d.added(yes), because("it is opened this way now"))
		}
	}
	if crypttab != "" {
		d.set("environment.etc.crypttab.text", mkDefault(nix.Text(crypttab)),
			noted("opened after boot, with keys from the root file system"))
	}
}

func (d *decider) setUpTargets(found map[int]bool) {
	on := map[string]bool{}
	for _, i := range slices.Sorted(maps.Keys(found)) {
		t := targetTable().Targets[i]
		w := because("a file system is on " + t.What)
		switch {
		case t.Never == "":
		case found[i]:
			d.warn("the machine boots from %s, and NixOS's initrd cannot: %s", t.What, t.Never)
			d.block("the machine boots from %s", t.What)
		default:
			d.warn("a file system is on %s, which NixOS does not set up by itself: %s", t.What, t.Never)
		}
		if t.Option != "" && !on[t.Option] {
			on[t.Option] = true
			d.on(t.Option, noted("a file system is on "+t.What+", and this adds the modules and tools for it"))
		}
		d.unlessKept("boot.initrd.kernelModules", t.Early, w)
		d.unlessKept("boot.initrd.availableKernelModules", t.Modules, w)
	}
}

// unlessKept adds to a list what the kept file does not say.
func (d *decider) unlessKept(option string, values []string, w why) {
	values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return d.kept.says(`"` + v + `"`) })
	if len(values) > 0 {
		d.set(option, strs(values), w)
	}
}

// added returns a value beside a kept file, whose neighbours may say the same.
func (d *decider) added(v nix.Expr) nix.Expr {
	if d.Mode == modeKeep {
		return mkDefault(v)
	}
	return v
}

// names tells whether a kept file names a device by one of its names.
func (k keptFile) names(b Block) bool {
	return slices.ContainsFunc(b.names(), func(name string) bool { return k.says("/" + path.Base(name) + `"`) })
}
