package generator

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/access"
	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// systemAccounts are the accounts that every NixOS makes (nixos/modules: config/users-groups.nix,
// system/boot/systemd, services/system, services/networking/dhcpcd.nix); nixbld1 and so on beside them.
var systemAccounts = []string{
	"root", "nobody", "messagebus", "nscd", "polkituser", "dhcpcd",
	"systemd-coredump", "systemd-network", "systemd-oom", "systemd-resolve", "systemd-timesync",
	"systemd-journal-gateway",
}

// systemGroups are the groups that every NixOS makes.
var systemGroups = []string{
	"adm", "audio", "cdrom", "clock", "dialout", "disk", "floppy", "input", "keys", "kmem", "kvm", "lp", "nixbld",
	"nogroup", "proc",
	"render", "sgx", "shadow", "systemd-journal", "tape", "tty", "users", "utmp", "uucp", "video", "wheel",
}

// desktopAccounts are those of the greeters, and of what a desktop brings.
var desktopAccounts = map[string][]string{
	"cosmic":   {"cosmic-greeter", "geoclue"},
	"gnome":    {"gdm", "colord", "geoclue", "gnome-remote-desktop"},
	"plasma":   {"sddm"},
	"hyprland": {"greeter"},
}

// allDesktops are the accounts of any desktop: of sound, NetworkManager, printing and Flatpak.
var allDesktops = []string{"avahi", "flatpak", "nm-iodine", "nm-openvpn", "rtkit"}

// firstBuilder and lastBuilder are the uids of nixbld1 to nixbld32 (ids.nix, nix-daemon.nix).
const firstBuilder, lastBuilder = 30001, 30032

// access works out who gets in, and checks the names that refer to accounts and the like.
func (h *host) access() error {
	services := make([]string, len(h.summary.Services))
	for i, s := range h.summary.Services {
		services[i] = s.Name
	}
	a := access.Read(h.system, services)
	// A container is entered from its host. What is kept of a cloud's image brings its keys itself.
	virtual := h.in.Facts[h.profile.Name].Virtualization
	container := slices.Contains([]string{"systemd-nspawn", "lxc", "lxc-libvirt"}, virtual)
	a.Other = a.Other || container || strings.Contains(h.summary.Decision.Kept, "virtualisation/")
	h.summary.Access = a
	h.takenNames()
	h.takenUIDs()
	h.references()
	h.ways()
	return nil
}

// takenNames refuses users that are called like an account of NixOS or of a service.
func (h *host) takenNames() {
	users := h.node.Get("users")
	if users == nil {
		return
	}
	made := h.made()
	for _, f := range users.Fields {
		by, taken := made[f.Key]
		number, builder := strings.CutPrefix(f.Key, "nixbld")
		if builder && number != "" && strings.Trim(number, "0123456789") == "" {
			by, taken = "NixOS", true
		}
		if taken {
			h.problem(f.Name(), fmt.Sprintf("a user cannot be called %q", f.Key),
				by+" makes an account of that name", "choose another")
		}
	}
}

// made are the accounts that are made without the profile's asking, with who makes them.
func (h *host) made() map[string]string {
	made := map[string]string{}
	for _, name := range systemAccounts {
		made[name] = "NixOS"
	}
	for i, s := range h.summary.Services {
		node := h.mapped.Services[i].Node
		if node.Get("user") != nil || !node.Known("user") {
			continue // it runs as that one, and makes none
		}
		for _, account := range s.Info.Accounts {
			if account.When == "" || node.Get(account.When) != nil {
				made[account.Name] = "services." + s.Name
			}
		}
	}
	if h.summary.Desktop {
		for _, name := range allDesktops {
			made[name] = "the desktop"
		}
		for desktop, names := range desktopAccounts {
			for _, name := range names {
				if h.modules["desktop/"+desktop+".nix"] {
					made[name] = "the desktop"
				}
			}
		}
	}
	return made
}

// takenUIDs refuses what NixOS would: two accounts with one uid.
func (h *host) takenUIDs() {
	owner := map[int]access.Account{}
	for _, a := range h.summary.Access.Accounts {
		if a.UID == 0 {
			continue
		}
		other, taken := owner[a.UID]
		switch {
		case taken && a.UIDNode != nil:
			h.problem(a.UIDNode, fmt.Sprintf("the uid %d is taken twice", a.UID), other.Name+" has it, too",
				"give one of them another, or leave it out: NixOS keeps the one that is in use")
		case a.UID >= firstBuilder && a.UID <= lastBuilder:
			h.problem(a.UIDNode, fmt.Sprintf("the uid %d is taken", a.UID),
				"NixOS uses it for nixbld"+strconv.Itoa(a.UID-firstBuilder+1), "choose another")
		}
		owner[a.UID] = a
	}
}

// reference is a kind of name that stands for something else on the host.
type reference struct {
	noun  string
	names func(*host, mapping.Visit) []string
	// elsewhere tells that what an option of the profile mentions is one, too: the
	// option may make it.
	elsewhere bool
	add       string // how it comes to be
	// lax tells that the machine may have others, or options make them that do not name
	// them: only what looks mistyped is refused. note is for the rest; empty: nothing is said.
	lax  bool
	note string
}

// kinds are the kinds of references by the handler that the schema names.
var kinds = map[string]reference{
	"person": {noun: "user", names: (*host).people, elsewhere: true, add: "add it to users"},
	"login":  {noun: "user", names: (*host).people, elsewhere: true, lax: true},
	"account": {
		noun: "account", names: (*host).known, elsewhere: true, add: "add it to users, or add the service that creates it",
	},
	"group": {
		noun: "group", names: (*host).groups, elsewhere: true, lax: true,
		note: "nothing in the profile makes the group %s, and NixOS ignores a group that does not exist; " +
			"nixos: {users.groups.%[1]s: {}} makes one",
	},
	"service": {noun: "service", names: (*host).running, add: "add %s: {} to services"},
	"role":    {noun: "role", names: roles, add: "add it to roles"},
	"device":  {noun: "device", names: devices, add: "add it to devices"},
}

// references checks the names that refer to something, as secrets are checked where they are resolved.
func (h *host) references() {
	mentioned := map[string]bool{}
	for _, a := range h.system {
		for _, part := range a.Path {
			mentioned[part] = true
		}
	}
	for _, v := range h.mapped.Visits {
		kind, ok := kinds[v.Code]
		if !ok {
			continue
		}
		names := kind.names(h, v)
		for _, ref := range referred(v.Node) {
			if slices.Contains(names, ref.Str()) || kind.elsewhere && mentioned[ref.Str()] || !h.sure(v, ref.Str()) {
				continue
			}
			hint := strings.ReplaceAll(kind.add, "%s", ref.Str())
			if kind.noun == "account" || v.Code == "person" {
				// What every NixOS has is rarely meant by another name, and gives rights to the wrong one.
				names = without(names, systemAccounts)
				hint = h.accountHint(v, hint)
			}
			near := profile.Nearest(ref.Str(), names)
			own := slices.Contains(optionGroups, ref.Str()) || !profile.Mistyped(ref.Str(), near)
			if kind.lax && own {
				if kind.note != "" {
					h.notice(ref, kind.note, ref.Str())
				}
				continue
			}
			if near != "" && v.Code != "service" {
				hint = profile.Meant(near)
			}
			h.problem(ref, fmt.Sprintf("this host has no %s %q", kind.noun, ref.Str()),
				strings.Join(v.Path, ".")+" names it", hint)
		}
	}
}

// accountHint is a hint what to write for the account at v that is like none, with the users that there are.
func (h *host) accountHint(v mapping.Visit, hint string) string {
	const few = 8
	users := h.node.Get("users").Keys()
	named := len(users) > 0 && len(users) <= few
	switch {
	case v.Path[0] == "secrets" && named:
		return "use root, a user (" + strings.Join(users, ", ") + "), or a service's account"
	case v.Path[0] == "secrets":
		return "use root, a user, or a service's account"
	case named && len(users) == 1:
		return hint + "; the only user is " + users[0]
	case named:
		return hint + "; the users are " + strings.Join(users, ", ")
	}
	return hint
}

// without are the names that are not among others.
func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(others, name) })
}

// sure reports whether what is not among the names that v may refer to is not there: nothing wrong was left out where
// it could come from.
func (h *host) sure(v mapping.Visit, name string) bool {
	service, services := h.node.Get("services", v.Service), h.node.Get("services")
	switch v.Code {
	case "service":
		return h.node.Known("services", name)
	case "role":
		return service.Known("databases") && service.Known("roles")
	case "device":
		return service.Known("devices", name)
	case "account", "group":
		if !h.node.Known("services") || !services.Whole() {
			return false
		}
		for _, s := range services.All() {
			if !s.Known("user") {
				return false
			}
		}
	}
	return h.node.Known("users", name) && h.node.Known("nixos")
}

// referred are the names at n: a text, the entries of a list, or the keys of a map. A pattern
// of sshd_config(5) refers to nobody in particular; behind @ stands where a user comes from.
func referred(n *profile.Node) []*profile.Node {
	var out []*profile.Node
	name := func(n *profile.Node) {
		text, _, from := strings.Cut(n.Str(), "@")
		if text == "" || strings.ContainsAny(text, "*?!") {
			return
		}
		if from {
			n = &profile.Node{Kind: profile.String, Scalar: text, Pos: n.Pos}
		}
		out = append(out, n)
	}
	switch n.Kind {
	case profile.List:
		for _, item := range n.Items {
			name(item)
		}
	case profile.Map:
		for _, f := range n.Fields {
			name(f.Name())
		}
	default:
		name(n)
	}
	return out
}

// people are the users of the host, and root.
func (h *host) people(mapping.Visit) []string {
	var out []string
	for _, a := range h.summary.Access.Accounts {
		out = append(out, a.Name)
	}
	return out
}

// known are all accounts, those of NixOS and of services among them.
func (h *host) known(v mapping.Visit) []string {
	out := append(h.people(v), sortedKeys(h.made())...)
	if v.Service != "" {
		// What it makes itself, if its user is not another.
		for _, s := range h.summary.Services {
			for _, account := range s.Info.Accounts {
				if s.Name == v.Service {
					out = append(out, account.Name)
				}
			}
		}
	}
	return out
}

// optionGroups are groups that modules of NixOS make under options of other names.
var optionGroups = []string{
	"adbusers", "docker", "gamemode", "incus-admin", "jackaudio", "libvirtd", "lxd", "plugdev", "podman", "realtime",
	"scanner", "tss", "vboxusers", "wireshark",
}

// groups are those of NixOS and of the services; most accounts have one of their name.
func (h *host) groups(mapping.Visit) []string {
	out := slices.Concat(systemGroups, sortedKeys(h.made()))
	for _, s := range h.summary.Services {
		out = append(out, s.Info.Groups...)
	}
	// The module for administrators of the network is in any configuration with one.
	return append(out, "networkmanager")
}

func (h *host) running(mapping.Visit) []string {
	var out []string
	for _, s := range h.summary.Services {
		out = append(out, s.Name)
	}
	return out
}

// roles are those of PostgreSQL: each database has one of its name.
func roles(h *host, v mapping.Visit) []string {
	service := h.node.Get("services", v.Service)
	out := []string{"postgres"}
	databases := service.Get("databases")
	if databases == nil {
		out = append(out, "aidb")
	}
	return slices.Concat(out, databases.Texts(), service.Get("roles").Texts())
}

// devices are those that Syncthing exchanges folders with.
func devices(h *host, v mapping.Visit) []string {
	return h.node.Get("services", v.Service, "devices").Keys()
}

// ways tells where nobody could get in, or become root. What the machine has of
// its own, such as a password, may help there: so it stops nothing here. Of a
// machine that is laid out for installing, nothing is there yet.
func (h *host) ways() {
	a := h.summary.Access
	if f := a.Nobody(access.Elsewhere); f != nil {
		h.notice(cmp.Or(f.Node, h.named()), "by this profile alone, %s; %s", f.What, f.Fix)
		return
	}
	if !h.laidOut() {
		h.unequipped()
		return
	}
	if f := a.Nobody(access.Anew); f != nil {
		h.notice(cmp.Or(f.Node, h.named()), "on a machine installed from this profile, %s; %s", f.What, f.Fix)
	}
}

// unequipped tells of users whom the profile gives no way to log in. A machine that was looked at has passwords of its
// own; preflight knows them.
func (h *host) unequipped() {
	a := h.summary.Access
	if h.summary.Probed || a.Other || a.Waived {
		return
	}
	for _, user := range a.Accounts {
		if user.Node != nil && !user.Password && !user.Keys && !user.AutoLogin {
			h.notice(user.Node, "%s has no password and no SSH key in the profile; "+
				"unless the machine has one already, add sshKeys or passwordSecret", user.Name)
		}
	}
}
