package losses

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// critical reports whether the machine needs the mount to come up:
// x-initrd.mount is what NixOS gives to neededForBoot.
func critical(m system.Mount) bool {
	return slices.Contains(known().Needed, m.Point) || slices.Contains(m.Options, "x-initrd.mount")
}

// compareFileSystems compares fstab: mounts and swap, by device and not by the name that the device is called by.
func (c *comparison) compareFileSystems() {
	if c.new.Text("etc/fstab") == "" {
		return
	}
	at := func(m system.Mount) func(system.Mount) bool {
		device, _ := c.machine.Device(m.Device)
		return func(o system.Mount) bool {
			other, _ := c.machine.Device(o.Device)
			return o.Point == m.Point && (m.Type != "swap" || other == device)
		}
	}
	for _, m := range c.old.mounts {
		i := slices.IndexFunc(c.new.mounts, at(m))
		switch {
		case i >= 0:
			c.compareMount(m, c.new.mounts[i])
		case m.Type == "swap":
			c.lose("swap:"+m.Device, "swap on %s is removed", m.Device)
		default:
			c.block(dangerIf(critical(m), NoBoot), "mount:"+m.Point, "the mount %s is removed (%s)", m.Point, m.Device)
		}
	}
	for _, m := range c.new.mounts {
		if !slices.ContainsFunc(c.old.mounts, at(m)) {
			c.findAbsent(m)
		}
	}
	// ZFS imports a pool only for the host that had it last.
	zfs := slices.ContainsFunc(c.new.mounts, func(m system.Mount) bool { return m.Type == "zfs" && critical(m) })
	if zfs && !bytes.Equal(c.old.Data("etc/hostid"), c.new.Data("etc/hostid")) {
		c.block(NoBoot, "host-id", "the machine's host id changes, and ZFS recognizes its pool by it")
	}
	for _, line := range without(crypttab(c.old), crypttab(c.new)) {
		used := slices.ContainsFunc(c.new.mounts, func(m system.Mount) bool { return m.Device == "/dev/mapper/"+line })
		c.block(dangerIf(used, NoBoot), "crypttab:"+line, "the encrypted volume %s is no longer opened", line)
	}
}

func crypttab(s side) []string {
	var out []string
	for _, line := range system.ParseCrypttab(s.Text("etc/crypttab")) {
		out = append(out, line.Name)
	}
	return out
}

// compareMount compares two mounts of one point.
func (c *comparison) compareMount(old, now system.Mount) {
	danger := dangerIf(critical(old), NoBoot)
	was, _ := c.machine.Device(old.Device)
	is, _ := c.machine.Device(now.Device)
	if was != is && old.Type != "tmpfs" {
		c.block(danger, "mount:"+old.Point, "%s is on %s instead of %s", old.Point, now.Device, old.Device)
	}
	if old.Type != now.Type && old.Type != "auto" && now.Type != "auto" {
		c.block(danger, "type:"+old.Point, "the file system of %s: %s → %s", old.Point, old.Type, now.Type)
	}
	ours := func(o string) bool { return o == "defaults" || strings.HasPrefix(o, "pri=") }
	gone := slices.DeleteFunc(without(old.Options, now.Options), ours)
	if len(gone) == 0 {
		return
	}
	// Without nofail, a missing device stops the boot; another subvolume is another file system.
	stops := slices.ContainsFunc(gone, func(o string) bool {
		return o == "nofail" || o == "noauto" || o == "_netdev" || critical(old) && strings.HasPrefix(o, "subvol")
	})
	if stops || critical(old) || old.Type != "swap" {
		what := fmt.Sprintf("the %s %s of %s", plural("option", gone), join(gone), old.Point)
		c.block(dangerIf(stops, NoBoot), "options:"+old.Point, "%s %s", what, removed(gone))
	}
}

// findAbsent finds a mount that is new and whose device the machine does not have:
// the boot would wait for it, and then stop.
func (c *comparison) findAbsent(m system.Mount) {
	waits := m.Type != "swap" && !slices.Contains(m.Options, "nofail") && !slices.Contains(m.Options, "noauto")
	_, found := c.machine.Device(m.Device)
	if waits && !found && c.machine.HasDisks() && strings.HasPrefix(m.Device, "/dev/disk/") {
		c.block(NoBoot, "mount:"+m.Point, "%s needs %s, which this machine does not have", m.Point, m.Device)
	}
}

// initrdSecret fits what NixOS's append-initrd-secrets copies (nixos/modules/system/boot/stage-1.nix).
var initrdSecret = lazyregexp.New(`cp -a (\S+) "\$tmp/\.initrd-secrets/([^"]+)"`)

// compareSecrets compares the files that are put into the initial ramdisk: keys of encrypted disks, and
// host keys of the SSH server in it.
func (c *comparison) compareSecrets() {
	c.missing(list{"initrd-secret:%s", "%s is no longer put into the initial ramdisk", func(s side) (files []string) {
		for _, name := range []string{"append-initrd-secrets", "bin/append-initrd-secrets"} {
			for _, m := range initrdSecret.FindAllStringSubmatch(s.Text(name), -1) {
				files = append(files, m[2])
			}
		}
		return files
	}, NoBoot})
}

// compareKernel compares the kernel's parameters, and those that sysctl sets.
func (c *comparison) compareKernel() {
	if c.new.Text("kernel-params") == "" {
		return
	}
	var gone []string
	for _, p := range without(strings.Fields(c.old.Text("kernel-params")), strings.Fields(c.new.Text("kernel-params"))) {
		name, _, _ := strings.Cut(p, "=")
		pattern := strings.ReplaceAll(p, "/", "-") // * stops at a slash
		switch {
		case slices.Contains(known().Volatile, name), slices.Contains(known().Volatile, p):
		case matches(known().LockOut, pattern):
			c.block(LockOut, "kernel:"+p, "the kernel parameter %s is removed", p)
		case matches(known().NoBoot, pattern):
			c.block(NoBoot, "kernel:"+p, "the kernel parameter %s is removed", p)
		default:
			gone = append(gone, p)
		}
	}
	if len(gone) > 0 {
		c.lose("kernel", "the kernel %s %s %s", plural("parameter", gone), join(gone), removed(gone))
	}
	c.missing(list{"sysctl:%s", "the machine no longer forwards packets (%s)", forwarding, None})
}

// forwarding returns the settings of sysctl(8) that make a router of a machine, where they are on.
func forwarding(s side) []string {
	on := system.ParseAssignments(s.Text("etc/sysctl.d/60-nixos.conf"))
	return slices.DeleteFunc(
		[]string{"net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding", "net.ipv6.conf.all.forwarding"},
		func(key string) bool { return on[key] != "1" })
}

// loaderPlaces are where a boot loader is installed.
var loaderPlaces = []value{
	{name: "boot:esp", what: "the EFI system partition", danger: NoBoot,
		of: func(s side) string { return s.loader.Mount }},
	{name: "boot:xbootldr", what: "the boot partition", danger: NoBoot,
		of: func(s side) string { return s.loader.XBOOTLDR }},
	{name: "boot:removable", what: "the boot loader in the fallback path for removable disks", danger: NoBoot,
		of: func(s side) string {
			if s.loader.Removable {
				return "yes"
			}
			return ""
		}},
}

// compareLoader compares boot loader and settings.
func (c *comparison) compareLoader() {
	old, now := c.old.loader, c.new.loader
	if old.Kind == "" || old.Kind == hardware.NoLoader {
		return
	}
	if old.Kind != now.Kind || old.Program != now.Program {
		c.block(NoBoot, "boot-loader", "boot loader: %s → %s", loaderName(old), loaderName(now))
		return
	}
	c.missing(list{"boot-device", "GRUB is no longer installed on %s", loaderDevices, NoBoot})
	c.compare(loaderPlaces...)
	c.compareLoaderSettings(old, now)
	c.missing(
		list{"boot-files", "no longer copied next to the boot loader: %s",
			func(s side) []string { return s.loader.Files }, None},
		list{"boot-menu", "no longer in the boot menu: %s",
			func(s side) []string { return sortedKeys(s.loader.Entries) }, None},
	)
	if gone := without(c.old.List("specialisation"), c.new.List("specialisation")); len(gone) > 0 {
		c.lose("specialisations", "the %s %s %s", plural("specialisation", gone), join(gone), removed(gone))
	}
}

// compareLoaderSettings compares what is not at its default.
func (c *comparison) compareLoaderSettings(old, now hardware.Loader) {
	for _, option := range sortedKeys(old.Settings) {
		was, is := old.Settings[option], now.Settings[option]
		if was == is {
			continue
		}
		name := "boot:" + path.Ext(option)[1:]
		what, needed := system.DescribeLoaderOption(option)
		if strings.ContainsAny(was+is, "\n{") {
			c.lose(name, "%s: changed or removed", what)
			continue
		}
		c.block(dangerIf(needed, NoBoot), name, "%s: %s → %s", what, was, cmp.Or(is, "default"))
	}
	for _, option := range without(old.Unread, now.Unread) {
		what, _ := system.DescribeLoaderOption(option)
		c.lose("boot:"+path.Ext(option)[1:], "%s: changed or removed", what)
	}
}

// loaderDevices returns the disks that GRUB is installed on for a BIOS.
func loaderDevices(s side) []string {
	devices := slices.Clone(s.loader.Devices)
	for _, m := range s.loader.Mirrors {
		devices = append(devices, m.Devices...)
	}
	slices.Sort(devices)
	return slices.DeleteFunc(slices.Compact(devices), func(d string) bool { return d == "nodev" })
}

// loaderName returns what a loader is called: its kind, or what installs it.
func loaderName(l hardware.Loader) string {
	if l.Kind == "" {
		return "none"
	}
	return cmp.Or(l.Program, string(l.Kind))
}
