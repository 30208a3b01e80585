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
	keymap,
	assigned("console-font", "etc/vconsole.conf", "font of the console", "FONT"),
	xKeyboard("x-layout", "keyboard layout", "XKBLAYOUT"),
	xKeyboard("x-variant", "variant of the keyboard layout", "XKBVARIANT"),
	xKeyboard("x-options", "options of the keyboard", "XKBOPTIONS"),
	assigned("locale", "etc/locale.conf", "language", "LANG"),
	{name: "host-name", what: "host name", of: func(s side) string { return strings.TrimSpace(s.Text("etc/hostname")) }},
	{name: "time-zone", what: "time zone", unset: "UTC, or what timedatectl sets",
		of: func(s side) string {
			_, zone, _ := s.Lstat("etc/localtime")
			return strings.TrimPrefix(zone, "/etc/zoneinfo/")
		}},
}

// keymap is what the passphrase of an encrypted disk is typed with.
var keymap = func() value {
	v := assigned("console-keymap", "etc/vconsole.conf", "keyboard of the console", "KEYMAP")
	v.danger = func(c *comparison) Danger { return dangerIf(c.encryptedRoot(), LockOut) }
	return v
}()

func (c *comparison) compareSettings() {
	c.compare(everyday)
	c.missing(list{"hosts", "the line %q of /etc/hosts goes", hosts, None})
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
	for line := range strings.Lines(s.Text("etc/hosts")) {
		f := strings.Fields(line)
		if len(f) < 2 || strings.HasPrefix(f[0], "#") || strings.HasPrefix(f[0], "127.") || f[0] == "::1" {
			continue
		}
		out = append(out, strings.Join(f, " "))
	}
	return out
}

// plumbing are units that come and go with NixOS's releases and with what is
// told of in words of its own. Patterns of path.Match.
var plumbing = strings.Fields(`
	systemd-* network-* networking-* *-netdev.* NetworkManager* sshd* sshd.* firewall.* nftables.* nixos-* nscd.*
	resolvconf.* dhcpcd.* reload-systemd-* suid-sgid-wrappers.* logrotate-checkconf.* mount-pstore.* save-hwclock.*
	prepare-kexec.* kmod-* linger-users.* lastlog2-* post-* pre-* sleep-actions.* userborn.* audit* dbus* polkit.*
	*.slice *.target register-nix-* update-users-groups.* container-getty@* console-getty.* serial-getty@* autovt@*
	ldconfig.* rpcbind.* resume.* ensure-* wpa_supplicant*`)

// compareServices finds what no longer starts. A timer and its service are one.
func (c *comparison) compareServices() {
	if len(c.new.units) == 0 {
		return
	}
	for _, name := range sortedKeys(c.old.units) {
		if _, stays := c.new.units[name]; stays || !c.old.units[name].Wanted || matches(plumbing, name) {
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

// families are folders and files of etc whose loss has words of its own.
var families = []struct{ prefix, what string }{
	{"etc/wpa_supplicant", "the wireless networks of wpa_supplicant"},
	{"etc/systemd/zram-generator.conf", "compressed swap in memory (zram)"},
	{"etc/cups", "the settings of the printers (CUPS)"},
	{"etc/samba", "the shares of Samba"},
	{"etc/exports", "the NFS exports"},
	{"etc/auto", "the automounter's maps"},
	{"etc/krb5.conf", "the Kerberos realm"},
	{"etc/sssd", "the directory that people log in by (SSSD)"},
	{"etc/docker", "the settings of Docker"},
	{"etc/containers", "the settings of containers"},
	{"etc/libvirt", "the settings of libvirt"},
	{"etc/aliases", "the mail aliases"},
	{"etc/msmtprc", "how mail is sent (msmtp)"},
	{"etc/wireguard", "the WireGuard keys and peers"},
	{"etc/ipsec", "the IPsec connections"},
	{"etc/fail2ban", "the jails of fail2ban"},
	{"etc/snapper", "the snapshots of snapper"},
	{"etc/sanoid", "the snapshots of sanoid"},
	{"etc/smartd.conf", "the watch over the disks (smartd)"},
	{"etc/mdadm.conf", "the arrays of mdadm"},
	{"etc/ssh/ssh_known_hosts", "the SSH hosts that everybody knows"},
}

// internal are beginnings of names below etc that follow from NixOS' release, or that are
// compared in words of their own.
var internal = strings.Fields(`
	NIXOS NetworkManager OpenCL UPower X11 adjtime alsa bash binfmt.d bluetooth brlapi.key chromium crypttab dbus-1
	dconf default dhcpcd doas.conf egl environment.d ethertypes firefox fish fonts fstab fuse.conf fwupd gai.conf
	gdm geoclue gitconfig glvnd group gtk host.conf hostid hostname hosts htoprc inputrc issue java kbd ld less
	locale.conf localtime login.defs logrotate.conf lsb-release lvm machine-id man modprobe.d modules-load.d mtab
	nanorc netconfig netgroup nix nixos nscd.conf nsswitch.conf nvme os-release pam passwd pipewire pki polkit-1
	profile programs.sqlite protocols pulse qemu resolv rpc sddm security services set-environment shadow shells
	speech-dispatcher ssh/authorized_keys.d ssh/moduli ssh/ssh_config ssh/sshd_config ssl static subgid subuid
	sudoers sysctl.d systemd systemd-mutable sysusers.d terminfo tmpfiles.d tmux.conf udev vconsole.conf vim vulkan
	wireplumber wpa_supplicant.conf xdg xkb zinputrc zoneinfo zprofile zsh`)

func isInternal(name string) bool {
	for _, f := range families {
		if strings.HasPrefix(name, f.prefix) {
			return false
		}
	}
	return slices.ContainsFunc(internal, func(p string) bool { return strings.HasPrefix(name, "etc/"+p) })
}

// compareEtc finds files of etc that go, and are told of nowhere else. What was put
// into /etc by hand is not in the system and stays.
func (c *comparison) compareEtc() {
	skip := func(name string) bool { return isInternal(name) && name != "etc/systemd" && name != "etc/ssh" }
	gone := without(c.old.Etc(skip), c.new.Etc(skip))
	for _, f := range families {
		n := len(gone)
		gone = slices.DeleteFunc(gone, func(name string) bool { return strings.HasPrefix(name, f.prefix) })
		if len(gone) < n {
			c.lose("etc:"+strings.TrimPrefix(f.prefix, "etc/"), "no longer there: %s (/%s)", f.what, f.prefix)
		}
	}
	for _, name := range gone {
		c.lose("etc:"+strings.TrimPrefix(name, "etc/"), "the file /%s goes", name)
	}
}
