package system

import (
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Machine is a machine that runs: what is on it beside the system that was built for it.
type Machine struct{ files }

// Of is the machine whose file system is root.
func Of(root fs.FS) Machine { return Machine{files{root}} }

// isPerson reports whether a uid is one of those that normal users get; from
// 30000 on they are the build users' of Nix (update-users-groups.pl).
func isPerson(uid int) bool { return uid >= 1000 && uid < 30000 }

// Passwd are the accounts in /etc/passwd (passwd(5)); nil if it cannot be read.
func (m Machine) Passwd() map[string]Account {
	var out map[string]Account
	for line := range strings.Lines(m.text("etc/passwd")) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(f) != 7 {
			continue
		}
		if out == nil {
			out = map[string]Account{}
		}
		uid, err := strconv.Atoi(f[2])
		out[f[0]] = Account{Name: f[0], Home: f[5], Shell: f[6], Person: err == nil && isPerson(uid)}
	}
	return out
}

// Groups are the members in /etc/group (group(5)).
func (m Machine) Groups() map[string][]string {
	out := map[string][]string{}
	for line := range strings.Lines(m.text("etc/group")) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), ":"); len(f) == 4 && f[3] != "" {
			out[f[0]] = strings.Split(f[3], ",")
		}
	}
	return out
}

// Declared are the accounts that a NixOS of this machine has ever declared last,
// by which update-users-groups.pl tells them from those that were made by hand.
func (m Machine) Declared() []string {
	return strings.Fields(m.text("var/lib/nixos/declarative-users"))
}

// AuthorizedKeys is what the account's own ~/.ssh/authorized_keys holds, and
// whether that is known: another user's may not be read.
func (m Machine) AuthorizedKeys(home string) (text string, known bool) {
	name := path.Join(home, ".ssh/authorized_keys")
	text = m.text(name)
	return text, text != "" || m.missing(name)
}

// Missing reports whether a file is surely not on the machine.
func (m Machine) Missing(name string) bool { return m.missing(name) }

// tags are the forms of a first field of fstab(5) that udev has links for.
var tags = map[string]string{
	"UUID=": "by-uuid", "LABEL=": "by-label", "PARTUUID=": "by-partuuid", "PARTLABEL=": "by-partlabel",
}

// Device is the device that a first field of fstab(5) leads to, without links.
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
