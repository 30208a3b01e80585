// Package access tells who can log in to a host, and who can become root
// there, by the options that its profile sets. It is the one model of this for
// validate, preflight, fleet deploy and fleet install; what the machine itself
// knows comes in as State.
//
// The rules are those of NixOS: users-groups.nix and update-users-groups.pl for
// accounts, sshd.nix, sudo.nix, doas.nix, run0.nix and pam.nix for the ways.
package access

import (
	"net/netip"
	"path"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Answer is yes, no, or between them: not known.
type Answer int8

// The answers, in order; the zero one is that nothing is known.
const (
	No Answer = iota - 1
	Unknown
	Yes
)

// Of makes a known answer.
func Of(yes bool) Answer {
	if yes {
		return Yes
	}
	return No
}

// Either returns yes if one is, and no only if all are.
func Either(all ...Answer) Answer { return slices.Max(append(all, No)) }

// Both returns no if one is, and yes only if all are.
func Both(all ...Answer) Answer { return slices.Min(append(all, Yes)) }

// State is what the machine knows of an account before it gets the system.
type State struct {
	Exists   Answer
	Password Answer // one that is accepted, in /etc/shadow
	Keys     Answer // in ~/.ssh/authorized_keys
	File     Answer // the account's PasswordFile
	From     string // the address that it comes from over ssh; empty: not known
}

// States tells the state of the account of a name.
type States func(account string) State

// Anew returns the states of a machine that is installed: there is nothing yet.
func Anew(string) State { return State{Exists: No, Password: No, Keys: No} }

// Elsewhere returns those of a machine that nobody has looked at.
func Elsewhere(string) State { return State{} }

// Account is somebody who may log in: root, and the users that are declared.
type Account struct {
	Name string
	// Node is where the profile declares it, nil for root and for accounts of the machine.
	Node   *profile.Node
	Groups []string
	// Declared tells whether the system knows the account; others are left alone if users are mutable.
	Declared bool
	Password bool // a hash, or a file or a text with one, is declared
	// PasswordFile is what must be on the machine when it makes the account: the file
	// with the hash, or the key that decrypts it. Empty: nothing more.
	PasswordFile string
	Keys         bool // the system has SSH keys for it
	// AutoLogin tells whether it is logged in at boot without being asked.
	AutoLogin bool
	UID       int // 0: NixOS chooses
	UIDNode   *profile.Node
}

// Root is the name of the account that may do everything.
const Root = "root"

// wheel is the group whose members may become root.
const wheel = "wheel"

// SSH is the ssh server.
type SSH struct {
	On        bool
	Passwords bool   // PasswordAuthentication or KbdInteractiveAuthentication
	RootLogin string // PermitRootLogin
	HomeKeys  bool   // it reads ~/.ssh/authorized_keys, too
	Ports     []int
	// Addresses are those that it listens on; empty: all.
	Addresses                                      []string
	AllowUsers, DenyUsers, AllowGroups, DenyGroups []string
	// Reachable tells whether the firewall lets its ports through.
	Reachable Answer
}

// Elevation is one way of becoming root.
type Elevation struct {
	On bool
	// Asks tells whether a member of wheel is asked for a password.
	Asks bool
	// Rules are more users, and groups with % in front, with what they are asked for.
	Rules map[string]bool
	// Agent tells whether a key in the caller's ssh agent stands for the password.
	Agent bool
}

// Host is who gets in, and how.
type Host struct {
	Accounts []Account // by name; root is always there
	// Mutable is users.mutableUsers: passwords and accounts of the machine stay.
	Mutable bool
	SSH     SSH
	// Ways are the ways of becoming root by the command's name: sudo, run0, doas.
	Ways map[string]Elevation
	// Other tells of ways that are not looked at here, such as LDAP, certificates or
	// a host that enters its guest: whoever does not get in by the ones that are may do so by them.
	Other bool
	// Waived tells whether the profile says that nobody needs to get in.
	Waived bool
}

// Account finds the account of a name. One that is not declared is what the machine makes of it.
func (h Host) Account(name string) Account {
	for _, a := range h.Accounts {
		if a.Name == name {
			return a
		}
	}
	return Account{Name: name}
}

// password tells whether the account has a password that is accepted. NixOS
// sets a declared one when it makes the account; later only if users are not mutable.
func (h Host) password(a Account, s State) Answer {
	declared := Of(a.Password && (a.PasswordFile == "" || s.File != No))
	switch {
	case !h.Mutable || s.Exists == No:
		return declared
	case s.Exists == Unknown && declared == Yes:
		return Yes
	}
	return s.Password
}

// there tells whether the account is there at all.
func (h Host) there(a Account, s State) Answer {
	switch {
	case a.Declared:
		return Yes
	case !h.Mutable:
		return No
	}
	return s.Exists
}

// OverSSH tells whether a gets in by ssh.
func (h Host) OverSSH(a Account, s State) Answer {
	shown := Either(h.byKey(a, s), h.byPassword(a, s))
	return h.or(Both(Of(h.SSH.On), h.there(a, s), h.admitted(a, s), h.SSH.Reachable, shown))
}

// Admits tells whether the lists of sshd_config(5) alone let a in.
func (h Host) Admits(a Account, s State) Answer { return h.admitted(a, s) }

func (h Host) byKey(a Account, s State) Answer {
	if a.Name == Root && (h.SSH.RootLogin == "no" || h.SSH.RootLogin == "forced-commands-only") {
		return No
	}
	if a.Keys {
		return Yes
	}
	if !h.SSH.HomeKeys {
		return No
	}
	return s.Keys
}

func (h Host) byPassword(a Account, s State) Answer {
	if !h.SSH.Passwords || a.Name == Root && h.SSH.RootLogin != "yes" {
		return No
	}
	return h.password(a, s)
}

// gate is one of the four lists of sshd_config(5) that say who may log in.
type gate struct {
	list   string
	passes Answer
	fix    string // what to do where it is No
}

func (h Host) gates(a Account, s State) []gate {
	const setting = "services.openssh.settings."
	name := []string{a.Name}
	out := []gate{
		{"DenyUsers", -listed(h.SSH.DenyUsers, name, s.From), "take it out of " + setting + "DenyUsers"},
		{"DenyGroups", -listed(h.SSH.DenyGroups, a.Groups, s.From), "take its group out of " + setting + "DenyGroups"},
	}
	if len(h.SSH.AllowUsers) > 0 {
		out = append(out, gate{"AllowUsers", listed(h.SSH.AllowUsers, name, s.From), "add it to services.openssh.allowUsers"})
	}
	if len(h.SSH.AllowGroups) > 0 {
		out = append(out, gate{"AllowGroups", listed(h.SSH.AllowGroups, a.Groups, s.From),
			"add it to one of these groups: " + strings.Join(h.SSH.AllowGroups, ", ")})
	}
	return out
}

// admitted tells whether the lists of sshd_config(5) let a in.
func (h Host) admitted(a Account, s State) Answer {
	all := Yes
	for _, g := range h.gates(a, s) {
		all = min(all, g.passes)
	}
	return all
}

// listed tells whether a list holds one of the names. Its entries are patterns, of users with the
// place they come from behind @: an address, a network or a pattern.
func listed(patterns, names []string, from string) Answer {
	out := No
	for _, p := range patterns {
		name, place, placed := strings.Cut(p, "@")
		if strings.Contains(p, "!") {
			return Unknown // it takes away from what others let in
		}
		if !slices.ContainsFunc(names, func(n string) bool { return fits(name, n) }) {
			continue
		}
		switch {
		case !placed || from != "" && comesFrom(place, from):
			return Yes
		case from == "":
			out = Unknown
		}
	}
	return out
}

// comesFrom tells whether an address is of a place: sshd knows it by its address alone (UseDns is off).
func comesFrom(place, address string) bool {
	if network, err := netip.ParsePrefix(place); err == nil {
		ip, err := netip.ParseAddr(address)
		return err == nil && network.Contains(ip)
	}
	return fits(place, address)
}

// fits tells whether a text is as a pattern with * and ? says.
func fits(pattern, text string) bool {
	ok, err := path.Match(pattern, text)
	return ok && err == nil
}

// LogsIn tells whether a gets in at all: at the machine, or by ssh.
func (h Host) LogsIn(a Account, s State) Answer {
	console := Either(h.password(a, s), Of(a.AutoLogin))
	return h.or(Both(h.there(a, s), Either(console, h.OverSSH(a, s))))
}

// Elevates tells whether a, once logged in, becomes root by the command way. asks
// tells whether that takes a password, which somebody has to type.
func (h Host) Elevates(a Account, s State, way string) (answer Answer, asks bool) {
	e := h.Ways[way]
	if !e.On {
		return No, false
	}
	needs, may := e.Asks, slices.Contains(a.Groups, wheel)
	for who, asked := range e.Rules {
		group, isGroup := strings.CutPrefix(who, "%")
		if !isGroup && who == a.Name || isGroup && slices.Contains(a.Groups, group) {
			needs, may = needs && may && asked || !may && asked, true
		}
	}
	switch {
	case !may && !a.Declared && a.Groups == nil && h.Mutable && s.Exists != No:
		return Unknown, needs // a member of wheel by the machine's own /etc/group, perhaps
	case !may:
		return No, needs
	case !needs || e.Agent && a.Keys:
		return Yes, false
	}
	return h.password(a, s), true
}

// BecomesRoot tells whether a, once logged in, becomes root in any way. su, with a password
// of root's, counts where root is known to have one.
func (h Host) BecomesRoot(a Account, states States) Answer {
	if a.Name == Root || h.password(h.Account(Root), states(Root)) == Yes {
		return Yes
	}
	best := No
	for way := range h.Ways {
		answer, _ := h.Elevates(a, states(a.Name), way)
		best = max(best, answer)
	}
	return h.or(best)
}

// or counts the ways that are not looked at.
func (h Host) or(a Answer) Answer {
	if a == No && h.Other {
		return Unknown
	}
	return a
}
