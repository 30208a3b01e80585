package losses

import (
	"path"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// accountsNow returns the accounts that the machine has now: those of /etc/passwd, or,
// where that cannot be read, those that its system declares.
func (c *comparison) accountsNow() map[string]system.Account {
	if passwd := c.machine.Passwd(); passwd != nil {
		return passwd
	}
	return c.old.accounts.Users
}

// declared reports whether NixOS takes an account for one that it made, which
// goes when it is no longer declared. By hand made ones stay (update-users-groups.pl).
func (c *comparison) declared(name string) bool {
	if known := c.machine.Declared(); known != nil {
		return slices.Contains(known, name)
	}
	_, ok := c.old.accounts.Users[name]
	return ok
}

// accountGoes reports whether an account is gone, or disabled, after the switch.
func (c *comparison) accountGoes(name string) bool {
	if _, ok := c.new.accounts.Users[name]; ok || !c.new.declares {
		return false
	}
	if !c.new.accounts.Mutable {
		return true
	}
	// Userborn goes by the configuration that itself had before.
	return c.declared(name) && (!c.new.accounts.Userborn || c.old.accounts.Userborn)
}

// findPeople returns the people who are left.
func (c *comparison) findPeople() map[string]system.Account {
	people := map[string]system.Account{}
	for name, a := range c.accountsNow() {
		if a.Person && !c.accountGoes(name) {
			people[name] = a
		}
	}
	for name, a := range c.new.accounts.Users {
		if a.Person {
			people[name] = a
		}
	}
	return people
}

// compareAccounts compares accounts, their passwords, shells, homes and groups.
func (c *comparison) compareAccounts() {
	if !c.new.declares {
		return
	}
	verb := "removed"
	if c.new.accounts.Userborn {
		verb = "disabled"
	}
	var services []string
	existing := c.accountsNow()
	for _, name := range sortedKeys(existing) {
		a := existing[name]
		switch {
		case !c.accountGoes(name):
			c.comparePassword(name)
			c.compareAccount(a)
			c.compareGroups(name)
		case a.Person:
			c.block(LockOut, "account:"+name, "account %s is %s (files in %s stay)", name, verb, a.Home)
		default:
			services = append(services, name)
		}
	}
	if len(services) > 0 {
		c.lose("service-accounts", "service accounts %s: %s", verb, join(services))
	}
}

// comparePassword finds passwords that are locked or replaced: with mutableUsers off,
// /etc/shadow holds what is declared and nothing else.
func (c *comparison) comparePassword(name string) {
	old, now := c.old.accounts.Users[name], c.new.accounts.Users[name]
	asBefore := !c.old.accounts.Mutable && (old.Password == "" || old.Password == now.Password)
	if c.new.accounts.Mutable || asBefore {
		return
	}
	// root without a password is common and no loss to those who become root by sudo.
	person := c.people[name].Person
	if !person && name != "root" {
		return
	}
	locked := func(why string) {
		c.block(dangerIf(person, LockOut), "password:"+name, "the password of %s is locked: %s", name, why)
	}
	// What lies in /run is made by the activation itself, as sops-nix does it.
	file := now.PasswordFile
	switch {
	case now.Password == "":
		locked("users.mutableUsers is off and none is declared")
	case file != "" && !strings.HasPrefix(file, "/run/") && c.machine.Missing(file):
		locked("its file " + file + " does not exist")
	case now.Password != old.Password:
		c.lose("password:"+name, "the password of %s changes to the declared one", name)
	}
}

// compareAccount compares shell and home of an account that stays.
func (c *comparison) compareAccount(a system.Account) {
	now, ok := c.new.accounts.Users[a.Name]
	if !ok || !a.Person {
		return
	}
	if old, shell := path.Base(a.Shell), path.Base(now.Shell); now.Shell != "" && a.Shell != "" && old != shell {
		closed := shell == "nologin" || shell == "false"
		c.block(dangerIf(closed, LockOut), "shell:"+a.Name, "login shell of %s: %s → %s", a.Name, old, shell)
	}
	if now.Home != "" && a.Home != "" && now.Home != a.Home {
		c.block(LockOut, "home:"+a.Name, "home of %s: %s → %s (the files stay where they are)", a.Name, a.Home, now.Home)
	}
}

// adminGroup is the group whose members may become root.
const adminGroup = "wheel"

// compareGroups finds the groups that an account leaves. A membership that was given
// by hand to an account that was made by hand stays.
func (c *comparison) compareGroups(name string) {
	if !c.declared(name) && c.new.accounts.Mutable {
		return
	}
	members, _ := c.machine.Groups()
	if len(members) == 0 {
		members = c.old.accounts.Groups
	}
	var left []string
	for _, g := range sortedKeys(members) {
		stays := slices.Contains(c.new.accounts.Groups[g], name) || c.new.accounts.Users[name].Group == g
		if stays || !slices.Contains(members[g], name) {
			continue
		}
		if g == adminGroup {
			c.block(LockOut, "admin:"+name, "%s leaves the group %s and can no longer become root", name, g)
			continue
		}
		left = append(left, g)
	}
	if len(left) > 0 && c.people[name].Person {
		c.lose("groups:"+name, "%s leaves the %s %s", name, plural("group", left), join(left))
	}
}
