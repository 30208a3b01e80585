package system

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Machine is a machine that runs: what is on it beside the system that was built for it.
type Machine struct{ files }

// Of returns the machine whose file system is root.
func Of(root fs.FS) Machine { return Machine{files{root}} }

// isPerson reports whether a uid is one of those that normal users get; from
// 30000 on they are the build users' of Nix (update-users-groups.pl).
func isPerson(uid int) bool { return uid >= 1000 && uid < 30000 }

// Passwd returns the accounts in /etc/passwd (passwd(5)) with their groups; nil if it cannot be read.
func (m Machine) Passwd() map[string]Account {
	var out map[string]Account
	members, numbers := m.Groups()
	for line := range strings.Lines(m.text("etc/passwd")) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(f) != 7 {
			continue
		}
		if out == nil {
			out = map[string]Account{}
		}
		uid, err := strconv.Atoi(f[2])
		a := Account{Name: f[0], Group: numbers[f[3]], Home: f[5], Shell: f[6], UID: uid, Person: err == nil && isPerson(uid)}
		a.Description, _, _ = strings.Cut(f[4], ",")
		out[f[0]] = a
	}
	for name, a := range out {
		for _, group := range slices.Sorted(maps.Keys(members)) {
			if slices.Contains(members[group], name) {
				a.Groups = append(a.Groups, group)
			}
		}
		if a.Group != "" {
			a.Groups = append(a.Groups, a.Group)
		}
		out[name] = a
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
	for line := range strings.Lines(m.text("etc/group")) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(f) != 4 {
			continue
		}
		numbers[f[2]] = f[0]
		if f[3] != "" {
			members[f[0]] = strings.Split(f[3], ",")
		}
	}
	return members, numbers
}

// Shadow returns the password hashes in /etc/shadow (shadow(5)); nil if it may not be read.
func (m Machine) Shadow() map[string]password {
	var out map[string]password
	for line := range strings.Lines(m.text("etc/shadow")) {
		if f := strings.Split(line, ":"); len(f) > 1 {
			if out == nil {
				out = map[string]password{}
			}
			out[f[0]] = password(f[1])
		}
	}
	return out
}

// Declared returns the accounts that a NixOS of this machine has ever declared last,
// by which update-users-groups.pl tells them from those that were made by hand.
func (m Machine) Declared() []string {
	return strings.Fields(m.text("var/lib/nixos/declarative-users"))
}

// Keys tells whether the account's own ~/.ssh/authorized_keys holds a key, and whether that is known.
func (m Machine) Keys(home string) (has, known bool) {
	text, known := m.AuthorizedKeys(home)
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return true, true
		}
	}
	return false, known
}

// AuthorizedKeys returns what the account's own ~/.ssh/authorized_keys holds, and
// whether that is known: another user's may not be read.
func (m Machine) AuthorizedKeys(home string) (text string, known bool) {
	name := path.Join(home, ".ssh/authorized_keys")
	text = m.text(name)
	return text, text != "" || m.missing(name)
}

// Text returns the content of a regular file, "" where there is none that may be read.
func (m Machine) Text(name string) string { return m.text(name) }

// Assignments returns the lines KEY=value of a file, as in os-release(5) and locale.conf(5).
func (m Machine) Assignments(name string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(m.text(name)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(key, "#") {
			out[strings.TrimPrefix(key, "export ")] = strings.Trim(value, `"'`)
		}
	}
	return out
}

// List returns the names in a folder, sorted; none where it may not be read.
func (m Machine) List(dir string) []string { return m.list(dir) }

// Stat returns what a path leads to, through all links.
func (m Machine) Stat(name string) (fs.FileInfo, error) {
	_, info, err := m.follow(name)
	return info, err
}

// Lstat returns what lies at a path, and where that leads to if it is a link.
func (m Machine) Lstat(name string) (info fs.FileInfo, link string, err error) {
	dir, _, err := m.follow(path.Dir(path.Clean("/" + name)))
	if err == nil {
		info, err = fs.Lstat(m.fs, path.Join(dir, path.Base(name)))
	}
	return info, m.link(name), err
}

// Release returns the release of the running NixOS, such as 25.11, and its full version
// (nixpkgs, nixos/modules/misc/version.nix). Either may be empty.
func (m Machine) Release() (release, version string) {
	said := m.Assignments("etc/os-release")
	if version = said["BUILD_ID"]; version == "" {
		// The label: the version, with system.nixos.tags before it.
		version = strings.TrimSpace(m.text("run/current-system/nixos-version"))
	}
	return said["VERSION_ID"], version
}

// FreeMemory returns how much memory and swap is available, bytes (proc_meminfo(5)).
func (m Machine) FreeMemory() (bytes int64, known bool) {
	for line := range strings.Lines(m.text("proc/meminfo")) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] != "MemAvailable:" && f[0] != "SwapFree:" {
			continue
		}
		if n, err := strconv.ParseInt(f[1], 10, 64); err == nil {
			bytes, known = bytes+n<<10, true
		}
	}
	return bytes, known
}

// Missing reports whether a file is surely not on the machine.
func (m Machine) Missing(name string) bool { return m.missing(name) }

// tags are the forms of a first field of fstab(5) that udev has links for.
var tags = map[string]string{
	"UUID=": "by-uuid", "LABEL=": "by-label", "PARTUUID=": "by-partuuid", "PARTLABEL=": "by-partlabel",
}

// Device returns the device that a first field of fstab(5) leads to, without links.
// What is no device of this machine is given back as it is, with false.
func (m Machine) Device(spec string) (string, bool) {
	for tag, dir := range tags {
		if name, ok := strings.CutPrefix(spec, tag); ok {
			spec = "/dev/disk/" + dir + "/" + name
		}
	}
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
	if strings.HasPrefix(m.text(dir+"/dm/uuid"), "CRYPT-") {
		return true
	}
	for _, below := range m.list(dir + "/slaves") {
		if depth < maxDepth && m.encrypted(below, depth+1) {
			return true
		}
	}
	return false
}
