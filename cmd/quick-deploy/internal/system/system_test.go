package system_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

const top = "/nix/store/0000000000000000000000000000000a-nixos-system"

func tree(files map[string]string, links map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range files {
		out[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o444}
	}
	for name, target := range links {
		out[name] = &fstest.MapFile{Data: []byte(target), Mode: fs.ModeSymlink | 0o777}
	}
	return out
}

// Links lead from the top of the file system that they lie in, wherever that is.
func TestLinksStayInside(t *testing.T) {
	fsys := tree(map[string]string{
		"nix/store/etc/hostname": "atlas\n", "nix/store/units/a.service": "[Unit]\nDescription=A\n", "nix/store/units/b.service": "[Unit]\n",
	}, map[string]string{
		top[1:] + "/etc": "/nix/store/etc", "nix/store/etc/systemd/system": "../../units", "nix/store/etc/loop": "loop2", "nix/store/etc/loop2": "/nix/store/etc/loop",
		"nix/store/etc/localtime": "/etc/zoneinfo/Europe/Berlin", "nix/store/etc/up": "../../../../../../nix/store/etc/hostname",
		"nix/store/units/masked.service": "/dev/null", "nix/store/units/multi-user.target.wants/a.service": "../a.service",
	})
	sys := system.Open(fsys, top)
	for name, want := range map[string]string{"etc/hostname": "atlas\n", "etc/up": "atlas\n", "etc/loop": "", "etc": "", "etc/none": ""} {
		if got := sys.Text(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if _, got, _ := sys.Lstat("etc/localtime"); got != "/etc/zoneinfo/Europe/Berlin" {
		t.Errorf("localtime leads to %q", got)
	}
	want := map[string]system.Unit{"a.service": {Text: "[Unit]\nDescription=A\n", Wanted: true}, "b.service": {Text: "[Unit]\n"}}
	if d := cmp.Diff(want, sys.Units()); d != "" {
		t.Error(d)
	}
	if !sys.Readable() || system.Open(fsys, "/nix/store/none").Readable() {
		t.Error("Readable is wrong")
	}
}

// A hash that is read tells whether two are the same, and nothing more.
func TestPasswordsAreNotShown(t *testing.T) {
	const secret = "$6$salt$hash"
	sys := system.Open(tree(map[string]string{
		top[1:] + "/activate": "/nix/store/0000000000000000000000000000000a-users-groups.json",
		"nix/store/0000000000000000000000000000000a-users-groups.json": `{"mutableUsers":false,"users":[{"name":"ada","isSystemUser":false,"hashedPassword":"` + secret + `"}]}`,
	}, nil), top)
	accounts, ok := sys.Accounts()
	if !ok || accounts.Users["ada"].Password != secret {
		t.Fatalf("not read: %v", accounts)
	}
	data, err := json.Marshal(accounts)
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprint(accounts), fmt.Sprintf("%+v %#v", accounts, accounts), string(data)} {
		if slices.Contains([]byte(shown), '$') {
			t.Errorf("shown: %s", shown)
		}
	}
}

// What installs the loader is read in package probe's tests with all that it is told.
func TestLoader(t *testing.T) {
	const store = "/nix/store/0000000000000000000000000000000a-"
	for script, want := range map[string]hardware.LoaderKind{
		"export INSTALL_BOOTLOADER='" + store + "install-systemd-boot.sh'":                 hardware.SystemdBoot,
		"INSTALL_BOOTLOADER='" + store + "install-grub.sh' PATH=" + store + "systemd-boot": hardware.GRUB,
		`my $installBootLoader = "` + store + `extlinux-conf-builder.sh -g 20 -t 50 -c";`:  hardware.ExtLinux,
		"INSTALL_BOOTLOADER='" + store + "lzbt-install'":                                   hardware.OtherLoader,
		"INSTALL_BOOTLOADER='" + store + "something-of-ones-own'":                          hardware.OtherLoader,
		"INSTALL_BOOTLOADER=/nix/store/no-hash/bin/true":                                   hardware.NoLoader,
		"echo nothing of it": "",
	} {
		sys := system.Open(tree(map[string]string{top[1:] + "/bin/switch-to-configuration": script}, nil), top)
		if l, _ := sys.Loader("x86_64-linux"); l.Kind != want {
			t.Errorf("%s: %q, want %q", script, l.Kind, want)
		}
	}
}

func TestNetwork(t *testing.T) {
	sys := system.Open(tree(map[string]string{
		top[1:] + "/etc/systemd/network/10-lan.network":     "[Match]\nName=en*\n\n[Network]\nDHCP=ipv4\n\n[Address]\nAddress=192.0.2.7/24\n\n[Route]\nGateway=192.0.2.1\n\n[Route]\nDestination=10.0.0.0/8\n",
		"nix/store/0000000000000000000000000000000a-ensure": "#!/bin/sh\nenvsubst -i /nix/store/0000000000000000000000000000000a-home > x\n",
		"nix/store/0000000000000000000000000000000a-home":   "[connection]\nid=home\ninterface-name=wlan0\n[ipv4]\nmethod=manual\naddress1=198.51.100.2/24,198.51.100.1\n",
	}, nil), top)
	units := map[string]system.Unit{"NetworkManager-ensure-profiles.service": {Text: "ExecStart=/nix/store/0000000000000000000000000000000a-ensure\n"}}
	want := system.Network{
		Addresses: []system.Address{{"wlan0", "198.51.100.2/24"}, {"en*", "192.0.2.7/24"}},
		Routes:    []system.Address{{"wlan0", "default via 198.51.100.1"}, {"en*", "default via 192.0.2.1"}, {"en*", "10.0.0.0/8"}},
		DHCP:      []string{"en*"},
	}
	if d := cmp.Diff(want, sys.Network(units)); d != "" {
		t.Error(d)
	}
}
