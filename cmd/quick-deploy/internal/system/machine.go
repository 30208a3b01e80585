package system

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// isPerson reports whether a uid is one of those that normal users get; from
// 30000 on they are the build users' of Nix (update-users-groups.pl).
func isPerson(uid int) bool { return uid >= 1000 && uid < 30000 }

// Passwd returns the accounts in /etc/passwd (passwd(5)) with their groups; nil if it cannot be read.
func (m Machine) Passwd() map[string]Account {
	lines := records(m.Text("etc/passwd"), 7)
	if lines == nil {
		return nil
	}
	out := map[string]Account{}
	members, numbers := m.Groups()
	for _, f := range lines {
		uid, err := strconv.Atoi(f[2])
		a := Account{Name: f[0], Group: numbers[f[3]], Home: f[5], Shell: f[6], UID: uid, Person: err == nil && isPerson(uid)}
		a.Description, _, _ = strings.Cut(f[4], ",")
		for _, group := range slices.Sorted(maps.Keys(members)) {
			if slices.Contains(members[group], a.Name) {
				a.Groups = append(a.Groups, group)
			}
		}
		if a.Group != "" {
			a.Groups = append(a.Groups, a.Group)
		}
		out[a.Name] = a
	}
	return out
}

// StateHome returns the state folder of an account by default: ~/.local/state, XDG_STATE_HOME.
func (m Machine) StateHome(account string) string {
	home := m.Passwd()[account].Home
	if home == "" {
		home = "/home/" + account
	}
	return path.Join(home, ".local/state")
}

// Groups returns the members in /etc/group (group(5)), and the names of groups by number.
func (m Machine) Groups() (members map[string][]string, numbers map[string]string) {
	members, numbers = map[string][]string{}, map[string]string{}
	for _, f := range records(m.Text("etc/group"), 4) {
		numbers[f[2]] = f[0]
		if f[3] != "" {
			members[f[0]] = strings.Split(f[3], ",")
		}
	}
	return members, numbers
}

// Shadow returns the password hashes in /etc/shadow (shadow(5)); nil if it may not be read.
func (m Machine) Shadow() map[string]password {
	lines := records(m.Text("etc/shadow"), 2)
	if lines == nil {
		return nil
	}
	out := map[string]password{}
	for _, f := range lines {
		out[f[0]] = password(f[1])
	}
	return out
}

// Declared returns the accounts that a NixOS of this machine has ever declared last,
// by which update-users-groups.pl tells them from those that were made by hand.
func (m Machine) Declared() []string {
	return strings.Fields(m.Text("var/lib/nixos/declarative-users"))
}

// AuthorizedKeys returns the keys in the account's own ~/.ssh/authorized_keys, and
// whether that is known: another user's may not be read.
func (m Machine) AuthorizedKeys(home string) (keys []PublicKey, known bool) {
	name := path.Join(home, ".ssh/authorized_keys")
	text := m.Text(name)
	return ParseKeys(text), text != "" || m.Missing(name)
}

// Release returns the release of the running NixOS, such as 25.11, and its full version
// (nixpkgs, nixos/modules/misc/version.nix). Either may be empty.
func (m Machine) Release() (release, version string) {
	said := ParseAssignments(m.Text("etc/os-release"))
	if version = said["BUILD_ID"]; version == "" {
		// The label: the version, with system.nixos.tags before it.
		version = strings.TrimSpace(m.Text("run/current-system/nixos-version"))
	}
	return said["VERSION_ID"], version
}

// FreeMemory returns how much memory and swap is available, bytes (proc_meminfo(5)).
func (m Machine) FreeMemory() (bytes int64, known bool) {
	for _, f := range ParseColumns(m.Text("proc/meminfo"), 2) {
		if f[0] != "MemAvailable:" && f[0] != "SwapFree:" {
			continue
		}
		if n, err := strconv.ParseInt(f[1], 10, 64); err == nil {
			bytes, known = bytes+n<<10, true
		}
	}
	return bytes, known
}

// Device returns the device that a first field of fstab(5) leads to, without links.
// What is no device of this machine is given back as it is, with false.
func (m Machine) Device(spec string) (string, bool) {
	spec = DevicePath(spec)
	if !strings.HasPrefix(spec, "/dev/") {
		return spec, false
	}
	at, _, err := m.follow(spec)
	if err != nil {
		return spec, false
	}
	return "/" + at, true
}

// HasDisks reports whether the names of the machine's disks can be read at all.
func (m Machine) HasDisks() bool { return m.isDir("dev/disk") }

// HasInterface reports whether the machine has a network interface of that name, as far as is known.
func (m Machine) HasInterface(name string) bool { return m.isDir("sys/class/net/" + name) }

// Encrypted reports whether a device lies on an encrypted one (dm-crypt), itself or below it.
func (m Machine) Encrypted(spec string) bool {
	device, ok := m.Device(spec)
	return ok && m.encrypted(path.Base(device), 0)
}

func (m Machine) encrypted(block string, depth int) bool {
	dir := "sys/class/block/" + block
	if strings.HasPrefix(m.Text(dir+"/dm/uuid"), "CRYPT-") {
		return true
	}
	for _, below := range m.List(dir + "/slaves") {
		if depth < maxDepth && m.encrypted(below, depth+1) {
			return true
		}
	}
	return false
}
