// Package machine reads who a machine is: its name, place, language and
// people. Hardware is the matter of package probe.
package machine

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/generator/keyboard"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Machine is what the files below /etc tell. What is not known is empty.
type Machine struct {
	Hostname string
	// Timezone is a name of the IANA database, from the link /etc/localtime or /etc/timezone.
	Timezone string
	// Locale is LANG of /etc/locale.conf or /etc/default/locale, as glibc's list has it.
	Locale string
	// Keyboard is XKB's, or the one that the console's keymap stands for.
	Keyboard keyboard.Keyboard
	// NixOS tells whether the system is NixOS; Release is its release, such as 25.11.
	NixOS   bool
	Release string
	// StateVersion is system.stateVersion of /etc/nixos/configuration.nix, where it stands there in plain words.
	StateVersion string
	// Users are the accounts of people (uid 1000 to 29999), by /etc/passwd.
	Users []User
}

// User is the account of a person. In an answers file it has the keys that are named here.
type User struct {
	Name        string `yaml:"user"`
	Description string `yaml:"name"`
	Shell       string `yaml:"shell"` // without its folder
	// Admin tells whether the account is in wheel or sudo.
	Admin bool `yaml:"admin"`
	// Home is the home directory, as the machine itself names it.
	Home string `yaml:"-"`
	UID  int    `yaml:"-"`
	// Keys are the SSH keys that a configuration lets in. What lies in the home, ReadPerson reads.
	Keys []string `yaml:"-"`
}

// Read reads the machine whose root directory is root.
func Read(root string) Machine {
	r := reader{system.Of(os.DirFS(root))}
	m := Machine{
		Hostname: strings.TrimSpace(r.Text("etc/hostname")),
		Timezone: r.zone(),
		Locale:   r.locale(),
		Keyboard: r.keyboard(),
		Users:    r.users(),
	}
	release := system.ParseAssignments(r.Text("etc/os-release"))
	m.NixOS = release["ID"] == "nixos"
	if m.NixOS {
		m.Release = release["VERSION_ID"]
		m.StateVersion = r.stateVersion()
	}
	return m
}

// stateVersion is an assignment as the installer writes it.
var stateVersion = lazyregexp.New(`(?m)^\s*system\.stateVersion\s*=\s*"([0-9]{2}\.[0-9]{2})"\s*;`)

func (r reader) stateVersion() string {
	m := stateVersion.FindStringSubmatch(r.Text("etc/nixos/configuration.nix"))
	if m == nil {
		return ""
	}
	return m[1]
}

type reader struct{ system.Machine }

func (r reader) zone() string {
	zone := strings.TrimSpace(r.Text("etc/timezone"))
	if _, target, err := r.Lstat("etc/localtime"); err == nil {
		if _, name, ok := strings.Cut(target, "zoneinfo/"); ok {
			// With leap seconds or without (zic(8)), it is the same zone.
			zone = strings.TrimPrefix(strings.TrimPrefix(name, "posix/"), "right/")
		}
	}
	if _, _, _, ok := profile.Refusal("timezone", zone); !ok {
		return ""
	}
	return zone
}

func (r reader) locale() string {
	for _, file := range []string{"etc/locale.conf", "etc/default/locale"} {
		lang := system.ParseAssignments(r.Text(file))["LANG"]
		if !slices.Contains([]string{"", "C", "POSIX"}, lang) && !strings.HasPrefix(lang, "C.") {
			return profile.Locale(lang)
		}
	}
	return ""
}

// defaultOptions are what NixOS sets where nobody else does (services.xserver.xkb.options).
const defaultOptions = "terminate:ctrl_alt_bksp"

func (r reader) keyboard() keyboard.Keyboard {
	console := system.ParseAssignments(r.Text("etc/vconsole.conf"))
	debian := system.ParseAssignments(r.Text("etc/default/keyboard"))
	keymap, _ := keyboard.FromConsole(console["KEYMAP"])
	for _, k := range []keyboard.Keyboard{named(r.Keyboard()), named(console), keymap, named(debian)} {
		if k = k.Known(); k.Layout == "" {
			continue
		}
		if k.Options == defaultOptions {
			k.Options = ""
		}
		return k
	}
	return keyboard.Keyboard{}
}

// named returns the keyboard of a file with the names of keyboard(5).
func named(a map[string]string) keyboard.Keyboard {
	return keyboard.Keyboard{Layout: a["XKBLAYOUT"], Variant: a["XKBVARIANT"], Options: a["XKBOPTIONS"]}
}

// users returns the people who can log in, by number.
func (r reader) users() []User {
	var out []User
	for _, a := range r.Passwd() {
		shell := filepath.Base(a.Shell)
		if !a.Person || shell == "nologin" || shell == "false" {
			continue
		}
		// Members of wheel may become root on NixOS and most others, of sudo on Debian.
		admin := slices.Contains(a.Groups, "wheel") || slices.Contains(a.Groups, "sudo")
		out = append(out, User{
			Name: a.Name, Description: a.Description, Shell: shell, Home: a.Home, UID: a.UID, Admin: admin,
		})
	}
	slices.SortFunc(out, func(a, b User) int {
		return cmp.Or(cmp.Compare(a.UID, b.UID), strings.Compare(a.Name, b.Name))
	})
	return out
}
