// Package machine reads who a machine is: its name, place, language and
// people. Hardware is the matter of package probe.
package machine

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Machine is what the files below /etc tell. What is not known is empty.
type Machine struct {
	Hostname string
	// Timezone is a name of the IANA database, from the link /etc/localtime or /etc/timezone.
	Timezone string
	// Locale is LANG of /etc/locale.conf or /etc/default/locale.
	Locale string
	// Layout is the XKB layout, or the console's keymap where that is one too.
	Layout string
	// NixOS tells whether the system is NixOS; Release is its release, such as 25.11.
	NixOS   bool
	Release string
	// StateVersion is system.stateVersion of /etc/nixos/configuration.nix, where it stands there in plain words.
	StateVersion string
	// Users are the accounts of people (uid 1000 to 29999), by /etc/passwd.
	Users []User
}

// User is an account.
type User struct {
	Name, Description, Shell string
	// Home is the home directory, as the machine itself names it.
	Home string
	UID  int
	// Admin tells whether the account is in wheel or sudo, by /etc/group.
	Admin bool
}

// Read reads the machine whose root directory is root.
func Read(root string) Machine {
	r := reader(root)
	m := Machine{
		Hostname: strings.TrimSpace(r.text("etc/hostname")),
		Timezone: r.zone(),
		Locale:   r.locale(),
		Layout:   r.layout(),
		Users:    r.users(),
	}
	release := r.assignments("etc/os-release")
	m.NixOS = release["ID"] == "nixos"
	if m.NixOS {
		m.Release = release["VERSION_ID"]
		m.StateVersion = r.stateVersion()
	}
	return m
}

// stateVersion is an assignment as the installer writes it.
var stateVersion = regexp.MustCompile(`(?m)^\s*system\.stateVersion\s*=\s*"([0-9]{2}\.(?:05|11))"\s*;`)

func (r reader) stateVersion() string {
	m := stateVersion.FindStringSubmatch(r.text("etc/nixos/configuration.nix"))
	if m == nil {
		return ""
	}
	return m[1]
}

type reader string

func (r reader) text(name string) string {
	data, err := os.ReadFile(filepath.Join(string(r), name))
	if err != nil {
		return ""
	}
	return string(data)
}

// assignments reads KEY=value lines, as in os-release(5) and locale.conf(5).
func (r reader) assignments(name string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(r.text(name)) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		out[strings.TrimPrefix(key, "export ")] = strings.Trim(value, `"'`)
	}
	return out
}

func (r reader) zone() string {
	if target, err := os.Readlink(filepath.Join(string(r), "etc/localtime")); err == nil {
		if _, zone, ok := strings.Cut(target, "zoneinfo/"); ok {
			return zone
		}
	}
	return strings.TrimSpace(r.text("etc/timezone"))
}

func (r reader) locale() string {
	for _, file := range []string{"etc/locale.conf", "etc/default/locale"} {
		if lang := r.assignments(file)["LANG"]; lang != "" && lang != "C" && !strings.HasPrefix(lang, "C.") && lang != "POSIX" {
			return lang
		}
	}
	return ""
}

// xkbName fits the layouts of xkeyboard-config, which have two or three letters.
var xkbName = regexp.MustCompile(`^[a-z]{2,3}$`)

func (r reader) layout() string {
	conf := r.text("etc/X11/xorg.conf.d/00-keyboard.conf")
	if m := regexp.MustCompile(`Option "XkbLayout" "([a-z][a-z,]*)"`).FindStringSubmatch(conf); m != nil {
		return m[1]
	}
	for _, file := range []string{"etc/vconsole.conf", "etc/default/keyboard"} {
		a := r.assignments(file)
		for _, key := range []string{"XKBLAYOUT", "KEYMAP"} {
			if xkbName.MatchString(a[key]) {
				return a[key]
			}
		}
	}
	return ""
}

func (r reader) users() []User {
	admins := r.admins()
	var out []User
	for line := range strings.Lines(r.text("etc/passwd")) {
		field := strings.Split(strings.TrimSpace(line), ":")
		if len(field) < 7 {
			continue
		}
		uid, err := strconv.Atoi(field[2])
		// 30000 and up are nixbld and dynamic users (nixpkgs, nixos/modules/misc/ids.nix).
		if err != nil || uid < 1000 || uid >= 30000 {
			continue
		}
		shell := filepath.Base(field[6])
		if shell == "nologin" || shell == "false" {
			continue
		}
		name, _, _ := strings.Cut(field[4], ",")
		out = append(out, User{Name: field[0], Description: name, Shell: shell, Home: field[5], UID: uid, Admin: admins[field[0]]})
	}
	return out
}

// admins are the members of the groups whose members may become root: wheel
// on NixOS and most others, sudo on Debian.
func (r reader) admins() map[string]bool {
	out := map[string]bool{}
	for line := range strings.Lines(r.text("etc/group")) {
		field := strings.Split(strings.TrimSpace(line), ":")
		if len(field) < 4 || (field[0] != "wheel" && field[0] != "sudo") {
			continue
		}
		for name := range strings.SplitSeq(field[3], ",") {
			out[name] = true
		}
	}
	return out
}
