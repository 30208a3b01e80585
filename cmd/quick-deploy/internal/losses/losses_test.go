package losses_test

import (
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/losses"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// fixture maps paths to contents: those of a system relative to its toplevel,
// or absolute below /nix/store, where HASH- stands for the hash of the side and
// a hyphen. "-> x" is a link and "" takes a file of the base away.
type fixture map[string]string

// sshdConfig and the other texts have the shape that NixOS writes them in.
const (
	sshdConfig = `PasswordAuthentication yes
PermitRootLogin prohibit-password
UsePAM yes
Port 22
AuthorizedKeysFile %h/.ssh/authorized_keys /etc/ssh/authorized_keys.d/%u
HostKey /etc/ssh/ssh_host_rsa_key
HostKey /etc/ssh/ssh_host_ed25519_key
Match User nobody
PasswordAuthentication no
`
	usersGroups = `{"groups":[{"gid":1,"members":["ada"],"name":"wheel"},{"gid":131,"members":["ada"],"name":"docker"}],"mutableUsers":true,"users":[` + ada + `,` + root + `,
{"group":"sshd","hashedPassword":null,"hashedPasswordFile":null,"home":"/var/empty","isSystemUser":true,"name":"sshd","password":null,"shell":"/sbin/nologin","uid":null}]}`
	ada = `{"group":"users","hashedPassword":null,"hashedPasswordFile":null,"home":"/home/ada","isSystemUser":false,"name":"ada","password":null,"shell":"/run/current-system/sw/bin/zsh","uid":null}`
	bob = `{"group":"users","hashedPassword":null,"hashedPasswordFile":null,"home":"/home/bob","isSystemUser":false,"name":"bob","password":null,"shell":"/run/current-system/sw/bin/bash","uid":1001}`
	// root is no system user to NixOS.
	root    = `{"group":"root","hashedPassword":null,"hashedPasswordFile":null,"home":"/root","isSystemUser":false,"name":"root","password":null,"shell":"/run/current-system/sw/bin/bash","uid":0}`
	sudoers = `# Don't edit this file.
root     ALL=(ALL:ALL)    SETENV: ALL
%wheel  ALL=(ALL:ALL)    SETENV: ALL
Defaults:root,%wheel env_keep+=TERMINFO
`
	firewall = `#! /bin/sh -e
ip46tables -A nixos-fw -i lo -j nixos-fw-accept
ip46tables -A nixos-fw -p tcp --dport 22 -j nixos-fw-accept 
ip46tables -A nixos-fw -p tcp --dport 443 -j nixos-fw-accept 
ip46tables -A nixos-fw -p udp --dport 60000:61000 -j nixos-fw-accept -i eth1
ip6tables -A nixos-fw -d fe80::/64 -p udp --dport 546 -j nixos-fw-accept
`
	nftables = `#! /nix/store/HASH-nftables/bin/nft -f
table inet nixos-fw {
  iifname { "lo" } accept comment "trusted interfaces"
  tcp dport { 22, 443, 8000-8100 } accept
iifname eth1 udp dport { 60000-61000 } accept
}
`
	fstab = `# This is a generated file.  Do not edit!
/dev/disk/by-uuid/1111 / ext4 x-initrd.mount 0 1
/dev/disk/by-uuid/AAAA-0001 /boot vfat umask=0077 0 2
/dev/disk/by-label/my\040data /data btrfs subvol=@data,nofail 0 0
/dev/disk/by-uuid/2222 none swap defaults
`
	addresses = `#!/bin/sh -e
if out=$(ip addr replace "192.0.2.7/24" dev "eth0" 2>&1); then
if out=$(ip route add  "10.0.0.0/8"  via "192.0.2.254" dev "eth0" proto static 2>&1); then
ip route replace default  via "192.0.2.1"  dev eth0 proto static
`
	switchScript = `export INSTALL_BOOTLOADER='/nix/store/HASH-install-systemd-boot.sh'`
	bootBuilder  = `EFI_SYS_MOUNT_POINT = Path("/boot")
TIMEOUT = "5"
COPY_EXTRA_FILES = "/nix/store/HASH-copy-extra-files"
`
	xKeyboard = "Section \"InputClass\"\n  Option \"XkbLayout\" \"us\"\n  Option \"XkbVariant\" \"dvorak\"\nEndSection\n"
)

// base is a server with a little of everything.
var base = fixture{
	"activate":                                "/nix/store/HASH-perl/bin/perl \\\n-w /nix/store/HASH-update-users-groups.pl /nix/store/HASH-users-groups.json",
	"/nix/store/HASH-users-groups.json":       usersGroups,
	"bin/switch-to-configuration":             switchScript,
	"/nix/store/HASH-install-systemd-boot.sh": "#!/bin/sh\n/nix/store/HASH-systemd-boot \"$@\"\n",
	"/nix/store/HASH-systemd-boot":            bootBuilder,
	"kernel-params":                           "console=ttyS0,115200 iommu=pt root=fstab loglevel=4",
	"etc/fstab":                               fstab,
	"etc/ssh/sshd_config":                     sshdConfig,
	"etc/ssh/authorized_keys.d/ada":           "ssh-ed25519 AAAAone ada@laptop\nno-pty ssh-rsa AAAAtwo\n",
	"etc/ssh/authorized_keys.d/ada.mode":      "0444\n",
	"etc/sudoers":                             sudoers,
	"etc/vconsole.conf":                       "KEYMAP=dvorak\n",
	"etc/X11/xorg.conf.d/00-keyboard.conf":    xKeyboard,
	"etc/localtime":                           "-> /etc/zoneinfo/Europe/Berlin",
	"etc/hostname":                            "atlas\n",
	"etc/systemd/system":                      "-> /nix/store/HASH-system-units",

	"/nix/store/HASH-system-units/sshd.service":                                                 "[Unit]\nDescription=SSH Daemon\n",
	"/nix/store/HASH-system-units/multi-user.target.wants/sshd.service":                         "-> ../sshd.service",
	"/nix/store/HASH-system-units/firewall.service":                                             "ExecStart=@/nix/store/HASH-firewall-start/bin/firewall-start firewall-start\n",
	"/nix/store/HASH-system-units/sysinit.target.wants/firewall.service":                        "-> ../firewall.service",
	"/nix/store/HASH-firewall-start/bin/firewall-start":                                         firewall,
	"/nix/store/HASH-system-units/network-addresses-eth0.service":                               "ExecStart=/nix/store/HASH-unit-script-network-addresses-eth0-start/bin/network-addresses-eth0-start \n",
	"/nix/store/HASH-system-units/network.target.wants/network-addresses-eth0.service":          "-> ../network-addresses-eth0.service",
	"/nix/store/HASH-unit-script-network-addresses-eth0-start/bin/network-addresses-eth0-start": addresses,
}

// hardware is the machine itself: by-label/my data and by-uuid/3333 are one disk.
var hardware = fixture{
	"/dev/sda1": "disk", "/dev/sda2": "disk", "/dev/sda3": "disk", "/dev/sdb": "disk",
	"/dev/disk/by-uuid/1111":           "-> ../../sda1",
	"/dev/disk/by-uuid/AAAA-0001":      "-> ../../sda2",
	"/dev/disk/by-uuid/2222":           "-> ../../sda3",
	"/dev/disk/by-uuid/3333":           "-> ../../sdb",
	"/dev/disk/by-label/my data":       "-> ../../sdb",
	"/sys/class/net/eth0/address":      "02:00:00:00:00:01",
	"/etc/passwd":                      "root:x:0:0::/root:/run/current-system/sw/bin/bash\nada:x:1000:100::/home/ada:/run/current-system/sw/bin/zsh\nsshd:x:998:998::/var/empty:/sbin/nologin\n",
	"/etc/group":                       "wheel:x:1:ada\ndocker:x:131:ada\n",
	"/var/lib/nixos/declarative-users": "ada root sshd",
	"/home/ada/.ssh/authorized_keys":   "",
}

const (
	oldSystem = "/nix/store/0000000000000000000000000000000a-nixos-system-atlas-24.05"
	newSystem = "/nix/store/0000000000000000000000000000000b-nixos-system-atlas-26.05"
)

// put lays a fixture out below a toplevel.
func put(tree fstest.MapFS, toplevel string, files fixture) {
	hash := strings.TrimPrefix(toplevel, "/nix/store/")
	if toplevel != "" {
		hash = hash[:33]
	}
	for name, text := range files {
		if !strings.HasPrefix(name, "/") {
			name = toplevel + "/" + name
		}
		name, text = strings.ReplaceAll(name, "HASH-", hash), strings.ReplaceAll(text, "HASH-", hash)
		if text == "" {
			continue
		}
		f := &fstest.MapFile{Data: []byte(text), Mode: 0o444}
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			f = &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
		}
		tree[strings.TrimPrefix(name, "/")] = f
	}
}

func merged(a, b fixture) fixture {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// unit is a unit that is enabled.
func unit(name, text string) fixture {
	const dir = "/nix/store/HASH-system-units/"
	return fixture{dir + name: text, dir + "multi-user.target.wants/" + name: "-> ../" + name}
}

// swap replaces in a text of the base, which has to be there.
func swap(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the base has no %q", pairs[i])
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// grub is a system whose GRUB has devices, and more settings in its grub-config.xml.
func grub(devices, more string) fixture {
	return fixture{
		"bin/switch-to-configuration":     "INSTALL_BOOTLOADER='/nix/store/HASH-install-grub.sh'",
		"/nix/store/HASH-install-grub.sh": "#!/bin/sh\nperl /nix/store/HASH-grub-config.xml",
		"/nix/store/HASH-grub-config.xml": `<expr><attrs><attr name="devices">` + devices + `</attr>` + more + `</attrs></expr>`,
	}
}

// What a first switch would take away: each machine has one system and is to
// get another, and the losses are all of them and no more.
func TestFirstSwitch(t *testing.T) {
	const (
		lockOut = " [may lock somebody out]"
		noBoot  = " [may stop the boot]"
		people  = "/nix/store/HASH-users-groups.json"
		units   = "/nix/store/HASH-system-units/"
		script  = "/nix/store/HASH-unit-script-network-addresses-eth0-start/bin/network-addresses-eth0-start"
	)
	tests := []struct {
		name              string
		old, new, machine fixture
		want              []string
	}{
		{name: "the same, built anew"},
		{
			name:    "what was made by hand stays",
			machine: fixture{"/etc/passwd": hardware["/etc/passwd"] + "carol:x:1002:100::/home/carol:/bin/sh\n", "/etc/group": "wheel:x:1:ada,carol\n", "/etc/NetworkManager/system-connections/wifi.nmconnection": "x", "/etc/motd": "hello"},
			old:     fixture{"etc/motd.d/note": ""},
		},
		{
			name:    "a declared account is gone",
			old:     fixture{people: swap(t, usersGroups, ada, ada+","+bob)},
			machine: fixture{"/etc/passwd": hardware["/etc/passwd"] + "bob:x:1001:100::/home/bob:/bin/sh\nnginx:x:60:60::/var/empty:/sbin/nologin\ncarol:x:1002:100::/home/carol:/bin/sh\n", "/var/lib/nixos/declarative-users": "ada bob nginx root sshd"},
			want:    []string{"account:bob: account bob is removed (files in /home/bob stay)" + lockOut, "service-accounts: service accounts removed: nginx"},
		},
		{
			name:    "users become immutable",
			new:     fixture{people: swap(t, usersGroups, `"mutableUsers":true`, `"mutableUsers":false`)},
			machine: fixture{"/etc/passwd": hardware["/etc/passwd"] + "carol:x:1002:100::/home/carol:/bin/sh\n"},
			want: []string{
				"password:ada: the password of ada is locked: users.mutableUsers is off and none is declared" + lockOut,
				"account:carol: account carol is removed (files in /home/carol stay)" + lockOut,
				"password:root: the password of root is locked: users.mutableUsers is off and none is declared",
			},
		},
		{
			name: "immutable users with a file that does not exist, and with a new hash",
			old:  fixture{people: swap(t, usersGroups, ada, swap(t, ada, `"hashedPassword":null`, `"hashedPassword":"$6$old"`), root, swap(t, root, `"hashedPassword":null`, `"hashedPassword":"$6$old"`), `"mutableUsers":true`, `"mutableUsers":false`)},
			new:  fixture{people: swap(t, usersGroups, ada, swap(t, ada, `"hashedPasswordFile":null`, `"hashedPasswordFile":"/etc/secrets/ada"`), root, swap(t, root, `"hashedPassword":null`, `"hashedPassword":"$6$new"`), `"mutableUsers":true`, `"mutableUsers":false`)},
			want: []string{"password:ada: the password of ada is locked: its file /etc/secrets/ada does not exist" + lockOut, "password:root: the password of root changes to the declared one"},
		},
		{
			name: "groups, shell and home",
			new:  fixture{people: swap(t, usersGroups, `"members":["ada"]`, `"members":[]`, "bin/zsh", "bin/nologin", "/home/ada", "/data/ada")},
			want: []string{
				"shell:ada: login shell of ada: zsh → nologin" + lockOut, "home:ada: home of ada: /home/ada → /data/ada (the files stay where they are)" + lockOut,
				"admin:ada: ada leaves the group wheel and can no longer become root" + lockOut, "groups:ada: ada leaves the group docker",
			},
		},
		{
			name: "userborn takes over and knows nothing of before",
			new: merged(unit("userborn.service", "Environment=\"USERBORN_MUTABLE_USERS=true\"\nExecStart=/nix/store/HASH-userborn/bin/userborn /nix/store/HASH-userborn.json /etc\n"), fixture{
				"activate": "", "/nix/store/HASH-userborn.json": `{"groups":[{"name":"wheel","members":["ada"]},{"name":"docker","members":["ada"]}],"users":[{"name":"ada","isNormal":true,"home":"/home/ada","group":"users"},{"name":"root","isNormal":false}]}`,
			}),
			old:     fixture{people: swap(t, usersGroups, ada, ada+","+bob)},
			machine: fixture{"/etc/passwd": hardware["/etc/passwd"] + "bob:x:1001:100::/home/bob:/bin/sh\n", "/var/lib/nixos/declarative-users": "ada bob root sshd"},
		},
		{
			name:    "keys of SSH: one goes, one is in the home anyway",
			new:     fixture{"etc/ssh/authorized_keys.d/ada": ""},
			machine: fixture{"/home/ada/.ssh/authorized_keys": "ssh-rsa AAAAtwo ada\n"},
			want:    []string{"keys:ada: the SSH key of ada is removed: ada@laptop" + lockOut},
		},
		{
			name:    "the SSH server is stricter",
			new:     fixture{"etc/ssh/sshd_config": swap(t, sshdConfig, "Port 22", "Port 2222", "PasswordAuthentication yes", "PasswordAuthentication no\nKbdInteractiveAuthentication no", "prohibit-password", "no", "%h/.ssh/authorized_keys ", "", "ssh_host_rsa_key", "ssh_host_ecdsa_key", "UsePAM yes", "AllowUsers deploy carol@10.0.0.*")},
			machine: fixture{"/home/ada/.ssh/authorized_keys": "ssh-rsa AAAAtwo ada\n"},
			want: []string{
				"ssh-port: SSH no longer listens on port 22, but on 2222" + lockOut,
				"ssh-home-keys: keys in ~/.ssh/authorized_keys no longer count (ada)" + lockOut,
				"ssh-user:ada: ada is no longer let in over SSH (AllowUsers, AllowGroups, DenyUsers or DenyGroups)" + lockOut,
				"ssh-user:root: root is no longer let in over SSH (AllowUsers, AllowGroups, DenyUsers or DenyGroups)" + lockOut,
				"ssh-passwords: SSH no longer accepts passwords",
				"ssh-root: root over SSH: prohibit-password → no",
				"ssh-host-keys: SSH no longer uses the host key /etc/ssh/ssh_host_rsa_key",
			},
		},
		{
			name: "a group that SSH no longer lets in",
			new:  fixture{"etc/ssh/sshd_config": swap(t, sshdConfig, "UsePAM yes", "DenyGroups wheel\nDenyUsers root@192.0.2.*")},
			want: []string{
				"ssh-user:ada: ada is no longer let in over SSH (AllowUsers, AllowGroups, DenyUsers or DenyGroups)" + lockOut,
				"ssh-user:root: root is no longer let in over SSH from everywhere (AllowUsers, AllowGroups, DenyUsers or DenyGroups)" + lockOut,
			},
		},
		{
			name: "passwords over SSH are all that ada has; host keys on another disk",
			old:  fixture{"etc/ssh/authorized_keys.d/ada": ""},
			new:  fixture{"etc/ssh/authorized_keys.d/ada": "", "etc/ssh/sshd_config": swap(t, sshdConfig, "PasswordAuthentication yes", "PasswordAuthentication no\nKbdInteractiveAuthentication no", "/etc/ssh/ssh_host", "/persist/ssh/ssh_host")},
			want: []string{
				"ssh-passwords: SSH no longer accepts passwords, and no key of ada is known" + lockOut,
				"ssh-host-keys: SSH no longer uses the host keys /etc/ssh/ssh_host_rsa_key, /etc/ssh/ssh_host_ed25519_key" + lockOut,
			},
		},
		{
			name: "no SSH server",
			new:  fixture{"etc/ssh/sshd_config": "", units + "sshd.service": "-> /dev/null"},
			want: []string{"ssh: the SSH server stops: nobody can log in over the network" + lockOut},
		},
		{
			name: "sudo asks for a password, and a rule goes",
			old:  fixture{"etc/sudoers": swap(t, sudoers, "%wheel  ALL=(ALL:ALL)    SETENV:", "deploy ALL=(root) NOPASSWD: /run/current-system/sw/bin/nixos-rebuild, /bin/reboot\n%wheel  ALL=(ALL:ALL)    NOPASSWD:SETENV:")},
			want: []string{
				"sudo:deploy: sudo: the rule that lets deploy run /run/current-system/sw/bin/nixos-rebuild as root is removed" + lockOut,
				"sudo:deploy: sudo: the rule that lets deploy run /bin/reboot as root is removed" + lockOut,
				"sudo:wheel: sudo asks wheel for a password before everything" + lockOut,
			},
		},
		{
			name: "immutable before and after, and the group that may become root is asked",
			old: fixture{
				people:        swap(t, usersGroups, ada, swap(t, ada, `"hashedPasswordFile":null`, `"hashedPasswordFile":"/root/nobody-may-look"`), `"mutableUsers":true`, `"mutableUsers":false`),
				"etc/sudoers": swap(t, sudoers, "%wheel  ALL=(ALL:ALL)    SETENV:", "%wheel  ALL=(ALL:ALL)    NOPASSWD:SETENV:"),
			},
			new:  fixture{people: swap(t, usersGroups, ada, swap(t, ada, `"hashedPasswordFile":null`, `"hashedPasswordFile":"/root/nobody-may-look"`), `"mutableUsers":true`, `"mutableUsers":false`)},
			want: []string{"sudo:wheel: sudo asks wheel for a password before everything" + lockOut},
		},
		{
			name: "doas instead of sudo",
			new:  fixture{"etc/sudoers": "", "etc/doas.conf": "permit     setenv { SSH_AUTH_SOCK TERMINFO  } :wheel   \npermit nopass keepenv root\n"},
			want: []string{"sudo: sudo is removed; another way to become root remains"},
		},
		{
			name: "nothing to become root by; a rule of polkit",
			old:  fixture{"etc/sudoers": "", "etc/doas.conf": "permit nopass :wheel\n", "etc/polkit-1/rules.d/10-nixos.rules": "polkit.addAdminRule(f);\npolkit.addRule(function(action) { if (action.id == \"org.freedesktop.login1.reboot\") return polkit.Result.YES; });\n"},
			new:  fixture{"etc/sudoers": "", "etc/polkit-1/rules.d/10-nixos.rules": "polkit.addAdminRule(f);\n"},
			want: []string{"doas: doas is removed, and people became root with it" + lockOut, "polkit: a polkit rule is removed: about org.freedesktop.login1.reboot"},
		},
		{
			name: "a static address becomes DHCP",
			new:  merged(unit("dhcpcd.service", "Description=DHCP Client\n"), fixture{units + "network-addresses-eth0.service": ""}),
			want: []string{
				"address:192.0.2.7/24: the static address 192.0.2.7/24 of eth0 is removed" + lockOut,
				"route:10.0.0.0/8-via-192.0.2.254: the route 10.0.0.0/8 via 192.0.2.254 is removed" + lockOut, "route:default-via-192.0.2.1: the route default via 192.0.2.1 is removed" + lockOut,
			},
		},
		{
			name: "the same address through systemd-networkd",
			new: merged(unit("systemd-networkd.service", "[Unit]\n"), fixture{
				units + "network-addresses-eth0.service": "",
				"etc/systemd/network/10-eth0.network":    "[Match]\nName=eth0\n\n[Network]\nAddress=192.0.2.7/24\nGateway=192.0.2.1\n\n[Route]\nDestination=10.0.0.0/8\nGateway=192.0.2.254\n",
			}),
		},
		{
			name: "the address moves to an interface that does not exist",
			new:  fixture{script: strings.ReplaceAll(addresses, "eth0", "enp3s0")},
			want: []string{"address:192.0.2.7/24: the static address 192.0.2.7/24 moves from eth0 to enp3s0" + lockOut},
		},
		{
			name: "a laptop loses NetworkManager, its radio with it",
			old:  merged(unit("NetworkManager.service", "[Unit]\n"), unit("wpa_supplicant.service", "[Unit]\n")),
			new:  unit("systemd-networkd.service", "[Unit]\n"),
			want: []string{"network:dhcp: no interface gets its address by DHCP any longer" + lockOut, "unit:NetworkManager.service: NetworkManager is removed, with the connections made in it" + lockOut},
		},
		{
			name: "wireless networks and a VPN are all there is",
			old:  merged(merged(unit("wpa_supplicant-wlan0.service", "[Unit]\n"), unit("tailscaled.service", "[Unit]\n")), merged(unit("wg-quick-home.service", "[Unit]\n"), unit("dhcpcd.service", "[Unit]\n"))),
			new:  unit("NetworkManager.service", "[Unit]\n"),
			want: []string{"unit:tailscaled.service: Tailscale stops" + lockOut, "unit:wg-quick-home.service: the WireGuard interface stops (wg-quick-home)" + lockOut, "unit:wpa_supplicant-wlan0.service: the wireless networks are removed (wpa_supplicant) (wpa_supplicant-wlan0)" + lockOut},
		},
		{
			name: "another firewall with the same ports",
			new:  merged(unit("nftables.service", "ExecStart=/nix/store/HASH-nftables-rules\n"), fixture{"/nix/store/HASH-nftables-rules": nftables, units + "firewall.service": ""}),
		},
		{
			name: "the firewall closes ports",
			new:  fixture{"/nix/store/HASH-firewall-start/bin/firewall-start": swap(t, firewall, "--dport 22 ", "--dport 80 ", "--dport 443 ", "--dport 8443 ", " -i eth1", " -i eth2")},
			want: []string{"port:tcp/22: the firewall closes tcp/22" + lockOut, "port:tcp/443: the firewall closes tcp/443", "port:udp/60000-61000-on-eth1: the firewall closes udp/60000-61000 on eth1"},
		},
		{
			name: "the firewall is switched on",
			old:  fixture{units + "firewall.service": ""},
			want: []string{"firewall: the firewall is turned on and lets in only tcp/22, tcp/443, udp/60000-61000 on eth1"},
		},
		{
			name: "another name of the same disk",
			new:  fixture{"etc/fstab": swap(t, fstab, `/dev/disk/by-label/my\040data`, "/dev/disk/by-uuid/3333", "/dev/disk/by-uuid/1111", "UUID=1111")},
		},
		{
			name: "mounts and swap go",
			new:  fixture{"etc/fstab": "/dev/disk/by-uuid/1111 / ext4 x-initrd.mount 0 1\n"},
			want: []string{"mount:/boot: the mount /boot is removed (/dev/disk/by-uuid/AAAA-0001)" + noBoot, "mount:/data: the mount /data is removed (/dev/disk/by-label/my data)", "swap:/dev/disk/by-uuid/2222: swap on /dev/disk/by-uuid/2222 is removed"},
		},
		{
			name: "other disks, and options without which the boot waits",
			new:  fixture{"etc/fstab": swap(t, fstab, "/dev/disk/by-uuid/1111 / ext4", "/dev/disk/by-uuid/9999 / xfs", "subvol=@data,nofail", "subvol=@data") + "/dev/disk/by-uuid/8888 /srv ext4 defaults 0 2\n"},
			want: []string{
				"mount:/: / is on /dev/disk/by-uuid/9999 instead of /dev/disk/by-uuid/1111" + noBoot, "type:/: the file system of /: ext4 → xfs" + noBoot,
				"options:/data: the option nofail of /data is removed" + noBoot, "mount:/srv: /srv needs /dev/disk/by-uuid/8888, which this machine does not have" + noBoot,
			},
		},
		{
			name: "a subvolume, an encrypted volume and its key in the initial ramdisk",
			old:  fixture{"etc/fstab": swap(t, fstab, "ext4 x-initrd.mount", "btrfs x-initrd.mount,subvol=@,compress=zstd"), "etc/crypttab": "backup /dev/sdb /root/key\n", "append-initrd-secrets": "mkdir -p $(dirname \"$tmp/.initrd-secrets/root.key\")\ncp -a /etc/root.key \"$tmp/.initrd-secrets/root.key\"\n"},
			new:  fixture{"etc/fstab": swap(t, fstab, "ext4 x-initrd.mount", "btrfs x-initrd.mount")},
			want: []string{"options:/: the options subvol=@, compress=zstd of / are removed" + noBoot, "initrd-secret:root.key: root.key is no longer put into the initial ramdisk" + noBoot, "crypttab:backup: the encrypted volume backup is no longer opened"},
		},
		{
			name: "people of a directory, certificates of SSH, and a pool of ZFS",
			old: merged(unit("sssd.service", "[Unit]\n"), fixture{"etc/hostid": "\xf0\xf1\xf2\xf3", "etc/fstab": "tank/root / zfs zfsutil,x-initrd.mount 0 0\n",
				"etc/ssh/sshd_config": "TrustedUserCAKeys /etc/ssh/ca.pub\nAuthorizedKeysCommand none\n" + sshdConfig}),
			new: fixture{"etc/hostid": "\xe0\xe1\xe2\xe3", "etc/fstab": "tank/root / zfs zfsutil,x-initrd.mount 0 0\n"},
			want: []string{
				"ssh-trustedusercakeys: SSH no longer uses TrustedUserCAKeys" + lockOut, "unit:sssd.service: directory accounts can no longer log in (SSSD)" + lockOut,
				"host-id: the machine's host id changes, and ZFS recognizes its pool by it" + noBoot,
			},
		},
		{
			name: "kernel parameters and forwarding",
			old:  fixture{"kernel-params": "console=tty0 rd.systemd.show_status=0 cryptdevice=/dev/sda1 " + base["kernel-params"], "etc/sysctl.d/60-nixos.conf": "net.ipv4.ip_forward=1\nvm.swappiness=10\n"},
			new:  fixture{"kernel-params": "root=fstab loglevel=7"},
			want: []string{"kernel:cryptdevice=/dev/sda1: the kernel parameter cryptdevice=/dev/sda1 is removed" + noBoot, "kernel:console=ttyS0-115200: the kernel parameter console=ttyS0,115200 is removed" + lockOut, "kernel: the kernel parameters console=tty0, rd.systemd.show_status=0, iommu=pt are removed", "sysctl:net.ipv4.ip_forward: the machine no longer forwards packets (net.ipv4.ip_forward)"},
		},
		{
			name: "another boot loader",
			new:  fixture{"bin/switch-to-configuration": "export INSTALL_BOOTLOADER='/nix/store/HASH-install-grub.sh'"},
			want: []string{"boot-loader: boot loader: systemd-boot → grub" + noBoot},
		},
		{
			name: "lanzaboote becomes systemd-boot",
			old:  fixture{"bin/switch-to-configuration": "INSTALL_BOOTLOADER='/nix/store/HASH-lzbt-install'"},
			want: []string{"boot-loader: boot loader: lanzaboote → systemd-boot" + noBoot},
		},
		{
			name: "systemd-boot is set otherwise",
			old: fixture{
				"/nix/store/HASH-systemd-boot":     swap(t, bootBuilder, `"5"`, `"9"`),
				"/nix/store/HASH-copy-extra-files": "install -Dp \"/nix/store/x\" \"/boot/loader/entries/\"windows.conf\n",
				"/nix/store/x":                     "title Windows\n", "specialisation/rescue": "-> /nix/store/x",
			},
			new: fixture{"/nix/store/HASH-systemd-boot": swap(t, bootBuilder, `"/boot"`, `"/efi"`)},
			want: []string{
				"boot:esp: the EFI system partition: /boot → /efi" + noBoot, "boot:timeout: the boot menu waits (seconds): 9 → default",
				"boot-menu: no longer in the boot menu: windows.conf", "specialisations: the specialisation rescue is removed",
			},
		},
		{
			name: "GRUB beside another system",
			old: grub(`<list><string value="/dev/sda" /></list>`, `<attr name="useOSProber"><bool value="true" /></attr>`+
				`<attr name="enableCryptodisk"><bool value="true" /></attr>`+
				`<attr name="extraEntries"><string value="menuentry &quot;x&quot; {&#xA;}" /></attr>`),
			new: grub(`<list><string value="nodev" /></list>`, `<attr name="useOSProber"><bool value="false" /></attr>`),
			want: []string{
				"boot-device: GRUB is no longer installed on /dev/sda" + noBoot,
				"boot:enableCryptodisk: GRUB opens encrypted disks (enableCryptodisk): true → default" + noBoot,
				"boot:extraEntries: own entries of the boot menu: changed or removed",
				"boot:useOSProber: other systems in the boot menu (os-prober): true → default",
			},
		},
		{
			name: "keyboard, time zone, name",
			new:  fixture{"etc/vconsole.conf": "KEYMAP=us\n", "etc/X11/xorg.conf.d/00-keyboard.conf": strings.Replace(xKeyboard, "dvorak", "", 1), "etc/localtime": "", "etc/hostname": "nixos\n"},
			want: []string{"console-keymap: console keymap: dvorak → us", "x-variant: keyboard variant: dvorak → none", "host-name: host name: atlas → nixos", "time-zone: time zone: Europe/Berlin → UTC, or what timedatectl sets"},
		},
		{
			name:    "the keyboard on which the disk's passphrase is typed",
			new:     fixture{"etc/vconsole.conf": "KEYMAP=us\n"},
			machine: fixture{"/sys/class/block/sda1/slaves/dm-0": "x", "/sys/class/block/dm-0/dm/uuid": "CRYPT-LUKS2-0123-root\n"},
			want:    []string{"console-keymap: console keymap: dvorak → us" + lockOut},
		},
		{
			name: "services and files of etc",
			old: merged(merged(unit("postgresql.service", "[Unit]\nDescription=PostgreSQL Server\n"), unit("backup.timer", "[Unit]\n")), fixture{
				units + "backup.service": "[Unit]\nDescription=Nightly backup\n", units + "never.service": "not wanted", "etc/exports": "/data *(rw)\n", "etc/mine.conf": "x", "etc/mine.conf.mode": "0440", "etc/pam.d/gone": "x",
				"etc/hosts": "127.0.0.1 localhost\n192.0.2.9 nas  nas.lan\n",
			}),
			want: []string{
				"hosts: the line \"192.0.2.9 nas nas.lan\" is removed from /etc/hosts", "unit:backup.timer: the timer backup stops (Nightly backup)", "unit:postgresql.service: the service postgresql stops (PostgreSQL Server)",
				"etc:exports: removed: the NFS exports (/etc/exports)", "etc:mine.conf: the file /etc/mine.conf is removed",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tree := fstest.MapFS{}
			put(tree, oldSystem, merged(base, tt.old))
			put(tree, newSystem, merged(base, tt.new))
			put(tree, "", merged(hardware, tt.machine))
			var got []string
			for _, l := range losses.Compare(system.Of(tree), system.Open(tree, oldSystem), system.Open(tree, newSystem)) {
				line := l.Name + ": " + l.What
				if l.Danger != "" {
					line += " [" + string(l.Danger) + "]"
				}
				got = append(got, line)
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestAccept(t *testing.T) {
	list := []losses.Loss{{Name: "account:bob", Danger: losses.LockOut}, {Name: "kernel"}, {Name: "mount:/boot", Danger: losses.NoBoot}}
	losses.Accept(list, []string{"account:bob", "no-such-thing"})
	if got := losses.Blockers(list); len(got) != 1 || got[0].Name != "mount:/boot" {
		t.Errorf("blockers: %v", got)
	}
}
