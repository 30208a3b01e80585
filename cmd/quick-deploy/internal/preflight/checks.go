package preflight

import (
	"cmp"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// checks are all checks, in the order they run and are documented.
var checks = []check{
	{name: "nixos", doc: "the machine runs NixOS, and the commands that act on it are there", acting: true, run: onNixOS},
	{name: "root", doc: "the program does not run as root", run: notRoot},
	{name: "machine", doc: "this is the machine that the host is for: its name, its machine-id, its processor", acting: true, run: rightMachine},
	{name: "platform", doc: "Nix builds for the platform of the host here, by itself, by emulation or on a builder", building: true, run: buildable},
	{name: "profile", doc: "the profile is the one that the machine was last deployed from", acting: true,
		run: sameProfile},
	{name: "flake", doc: "the flake directory and flake.lock belong to the user", building: true, run: flakeOwned},
	{name: "paths", doc: "no two generated files have the same path", building: true, run: uniquePaths},
	{name: "nix-space", doc: "the store has room: 50 GiB unless told otherwise", building: true, run: storeSpace},
	{name: "boot-space", doc: "the boot partition has room for the kernel and initrd of one more generation", acting: true, run: bootSpace},
	{name: "memory", doc: "there is memory to evaluate with", building: true, run: memory},
	{name: "network", doc: "one of the binary caches answers over HTTPS", network: true, building: true, run: network},
	{name: "release", doc: "NixOS would not go back to an older release", acting: true, run: release},
	{name: "nixpkgs", doc: "NixOS would not go back to an older nixpkgs of its release that nobody chose", acting: true, run: nixpkgs},
	{name: "state-version", doc: "stateVersion is what it was at the first deployment", acting: true, run: stateVersion},
	{name: "services", doc: "no service with data would go back to an older version", acting: true, run: services},
	{name: "keys", doc: "no service gets another key than the one that its data is encrypted with", acting: true, run: keys},
	{name: "boot", doc: "the configuration boots: on known disks, with root file system and boot loader of the running system", acting: true, run: bootable},
	{name: "accounts", doc: "somebody, you among them, can still log in and become root, also by the way that this run uses", acting: true, run: accounts},
	{name: "ssh", doc: "a run over SSH does not close the door behind itself: sshd, its key or password, address, port, firewall", acting: true, run: sshKept},
	{name: "secrets", doc: "the files that services read secrets from are there", acting: true, run: secrets},
	{name: "home-packages", doc: "no package is in the home and in the user's Nix profile as well, where they collide",
		acting: true, run: homePackages},
	{name: "home-files", doc: "what home-manager would move out of its way", acting: true, run: homeFiles},
}

func (m *Machine) path(p string) string { return filepath.Join("/", m.Root, p) }

// read reads a small file of the machine, without its last line end.
func (m *Machine) read(p string) (string, bool) {
	data, err := os.ReadFile(m.path(p))
	return strings.TrimSpace(string(data)), err == nil
}

func (m *Machine) env(name string) string {
	if m.Environ == nil {
		return ""
	}
	return m.Environ(name)
}

func (m *Machine) look(name string) error {
	find := m.Lookup
	if find == nil {
		find = m.Runner.LookPath
	}
	_, err := find(name)
	return err
}

// compareVersions compares versions part by part, numbers as numbers.
func compareVersions(a, b string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(as), len(bs)) {
		var x, y string
		if i < len(as) {
			x = as[i]
		}
		if i < len(bs) {
			y = bs[i]
		}
		nx, errX := strconv.Atoi(x)
		ny, errY := strconv.Atoi(y)
		c := strings.Compare(x, y)
		if (errX == nil || x == "") && (errY == nil || y == "") {
			c = cmp.Compare(nx, ny)
		}
		if c != 0 {
			return c
		}
	}
	return 0
}
