package losses

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/storepath"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// assigned returns a value KEY=value of a file, and xKeyboard an option of xorg.conf(5).
func assigned(name, file, what, key string) value {
	return value{name: name, what: what, of: func(s side) string {
		return keymapName(system.ParseAssignments(s.Text(file))[key])
	}}
}

func xKeyboard(name, what, option string) value {
	return value{name: name, what: what, of: func(s side) string { return s.Keyboard()[option] }}
}

// everyday are values that people meet every day. A keymap of a store path is made from X's
// layout, which has a line of its own.
var everyday = []value{
	assigned("console-font", "etc/vconsole.conf", "console font", "FONT"),
	xKeyboard("x-layout", "keyboard layout", "XKBLAYOUT"),
	xKeyboard("x-variant", "keyboard variant", "XKBVARIANT"),
	xKeyboard("x-options", "keyboard options", "XKBOPTIONS"),
	assigned("locale", "etc/locale.conf", "language", "LANG"),
	{name: "host-name", what: "host name", of: func(s side) string { return strings.TrimSpace(s.Text("etc/hostname")) }},
	{name: "time-zone", what: "time zone", unset: "UTC, or what timedatectl sets",
		of: func(s side) string {
			_, zone, _ := s.Lstat("etc/localtime")
			return strings.TrimPrefix(zone, "/etc/zoneinfo/")
		}},
}

func (c *comparison) compareSettings() {
	keymap := assigned("console-keymap", "etc/vconsole.conf", "console keymap", "KEYMAP")
	keymap.danger = dangerIf(c.encryptedRoot(), LockOut) // the passphrase is typed with it
	c.compare(keymap)
	c.compare(everyday...)
	c.missing(list{"hosts", "the line %q is removed from /etc/hosts", hosts, None})
}

// keymapName returns a keymap by its name, also one that NixOS has built.
func keymapName(value string) string { return cmp.Or(storepath.Name(path.Base(value)), value) }

func (c *comparison) encryptedRoot() bool {
	for _, m := range c.old.mounts {
		if m.Point == "/" || slices.Contains(m.Options, "x-initrd.mount") {
			if c.machine.Encrypted(m.Device) {
				return true
			}
		}
	}
	return false
}

// hosts returns the lines of /etc/hosts about other machines.
func hosts(s side) []string {
	var out []string
	for _, f := range system.ParseColumns(s.Text("etc/hosts"), 2) {
		if !strings.HasPrefix(f[0], "127.") && f[0] != "::1" {
			out = append(out, strings.Join(f, " "))
		}
	}
	return out
}

// compareServices finds what no longer starts. A timer and its service are one.
func (c *comparison) compareServices() {
	if len(c.new.units) == 0 {
		return
	}
	for _, name := range sortedKeys(c.old.units) {
		if _, stays := c.new.units[name]; stays || !c.old.units[name].Wanted || matches(known().Plumbing, name) {
			continue
		}
		if _, own := managerOf(name); own {
			continue
		}
		kind := strings.TrimPrefix(path.Ext(name), ".")
		base := strings.TrimSuffix(name, path.Ext(name))
		service := base + ".service"
		if kind != "service" && c.old.units[service].Wanted {
			continue
		}
		what := c.old.units[name].Description()
		if what == "" {
			what = c.old.units[service].Description()
		}
		if what != "" {
			what = " (" + what + ")"
		}
		c.lose("unit:"+name, "the %s %s stops%s", kind, base, what)
	}
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { ok, _ := path.Match(p, name); return ok })
}

func isInternal(name string) bool {
	for _, f := range known().Families {
		if strings.HasPrefix(name, f.Prefix) {
			return false
		}
	}
	return slices.ContainsFunc(known().Internal, func(p string) bool { return strings.HasPrefix(name, "etc/"+p) })
}

// compareEtc finds files of etc that go, and are told of nowhere else. What was put
// into /etc by hand is not in the system and stays.
func (c *comparison) compareEtc() {
	skip := func(name string) bool { return isInternal(name) && name != "etc/systemd" && name != "etc/ssh" }
	gone := without(c.old.Etc(skip), c.new.Etc(skip))
	for _, f := range known().Families {
		n := len(gone)
		gone = slices.DeleteFunc(gone, func(name string) bool { return strings.HasPrefix(name, f.Prefix) })
		if len(gone) < n {
			c.lose("etc:"+strings.TrimPrefix(f.Prefix, "etc/"), "removed: %s (/%s)", f.What, f.Prefix)
		}
	}
	for _, name := range gone {
		c.lose("etc:"+strings.TrimPrefix(name, "etc/"), "the file /%s is removed", name)
	}
}
