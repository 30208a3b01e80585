package access

import (
	"cmp"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// others are the options that open ways which nothing here looks at.
var others = []string{
	"boot.isContainer", "boot.isNspawnContainer", "wsl", "virtualisation.googleComputeImage", "security.googleOsLogin",
	"security.ipa", "security.krb5", "security.please", "security.duosec", "security.pam.u2f", "security.pam.rssh",
	"security.pam.services", "security.pam.krb5", "security.sudo.configFile", "security.sudo.extraConfig",
	"security.sudo-rs.configFile", "security.sudo-rs.extraConfig", "security.doas.extraConfig",
	"security.polkit.extraConfig", "security.wrappers", "users.ldap", "users.mysql", "services.sssd", "services.kanidm",
	"services.cloud-init", "services.userborn", "systemd.sysusers", "services.openssh.extraConfig",
	"services.openssh.authorizedKeysCommand", "services.openssh.authorizedKeysFiles",
	"services.openssh.settings.TrustedUserCAKeys", "services.openssh.settings.AuthenticationMethods",
	"environment.etc.sudoers", "environment.etc.doas.conf", "environment.etc.ssh/sshd_config",
}

// aliases are the old names of options that are still read (mkRenamedOptionModule).
var aliases = map[string]string{
	"users.extraUsers":                              "users.users",
	"users.extraGroups":                             "users.groups",
	"services.openssh.passwordAuthentication":       "services.openssh.settings.PasswordAuthentication",
	"services.openssh.kbdInteractiveAuthentication": "services.openssh.settings.KbdInteractiveAuthentication",
	"services.openssh.permitRootLogin":              "services.openssh.settings.PermitRootLogin",
	"security.pam.enableSSHAgentAuth":               "security.pam.sshAgentAuth.enable",
	"security.run0.enableSudoAlias":                 "security.run0.sudo-shim.enable",
}

// options are the options of a host by their paths; a list that several places add to is joined.
type options []option

type option struct {
	mapping.Assignment
	name string // its path with dots between
}

// Read makes the model of a host from the options that its profile sets, by the
// catalogue or by path, and the services of the catalogue that it has.
func Read(set []mapping.Assignment, services []string) Host {
	o := make(options, len(set))
	for i, a := range set {
		a.Path, a.Value = renamed(a.Path), plain(a.Value)
		o[i] = option{a, strings.Join(a.Path, ".")}
	}
	h := Host{
		Mutable: o.bool(true, "users.mutableUsers"), Waived: o.bool(false, "users.allowNoPasswordLogin"),
		Other: o.any(others) || slices.ContainsFunc(o, func(a option) bool {
			return below(a.ofUser(), "openssh.authorizedPrincipals")
		}),
	}
	flags := o.texts("services.tailscale.extraSetFlags")
	flags = append(flags, o.texts("services.tailscale.extraUpFlags")...)
	h.Other = h.Other || slices.Contains(flags, "--ssh")
	h.Accounts, h.SSH = o.accounts(), o.ssh(services)
	var partly bool
	h.Ways, partly = o.ways()
	h.Other = h.Other || partly
	return h
}

func renamed(path []string) []string {
	name := strings.Join(path, ".")
	for old, now := range aliases {
		if below(name, old) {
			return slices.Concat(strings.Split(now, "."), path[strings.Count(old, ".")+1:])
		}
	}
	return path
}

// below tells whether an option is another, or lies below it.
func below(name, other string) bool {
	return strings.HasPrefix(name, other) && (len(name) == len(other) || name[len(other)] == '.')
}

// any tells whether something sets one of these options.
func (o options) any(names []string) bool {
	return slices.ContainsFunc(o, func(a option) bool {
		return slices.ContainsFunc(names, func(name string) bool { return below(a.name, name) })
	})
}

// ofUser returns what an option of users.users sets of an account: openssh.authorizedPrincipals.
func (a option) ofUser() string {
	if len(a.Path) < 4 || !below(a.name, "users.users") {
		return ""
	}
	return strings.Join(a.Path[3:], ".")
}

// plain returns a value without a priority.
func plain(e nix.Expr) nix.Expr {
	switch v := e.(type) {
	case nix.Item:
		return plain(v.Value)
	case nix.Call:
		if fn := v.Fn; len(fn) == 2 && fn[0] == "lib" && len(v.Args) > 0 {
			return plain(v.Args[len(v.Args)-1])
		}
	}
	return e
}

func text(e nix.Expr) string {
	switch v := plain(e).(type) {
	case nix.Str:
		return string(v)
	case nix.Text:
		return string(v)
	}
	return ""
}

// get returns the last value of an option, nil if nothing sets it.
func (o options) get(name string) *option {
	for i := len(o) - 1; i >= 0; i-- {
		if o[i].name == name {
			return &o[i]
		}
	}
	return nil
}

// text returns the last text of an option, "" if there is none.
func (o options) text(name string) string {
	if a := o.get(name); a != nil {
		return text(a.Value)
	}
	return ""
}

func (o options) bool(without bool, name string) bool {
	if a := o.get(name); a != nil {
		if b, ok := a.Value.(nix.Bool); ok {
			return bool(b)
		}
	}
	return without
}

// items returns the entries of a list, of all places that add to it.
func (o options) items(name string) []nix.Expr {
	var out []nix.Expr
	for _, a := range o {
		if a.name != name {
			continue
		}
		if list, ok := a.Value.(nix.List); ok {
			out = append(out, list...)
		}
	}
	return out
}

func (o options) texts(name string) []string {
	var out []string
	for _, a := range o {
		if a.name == name {
			out = append(out, texts(a.Value)...)
		}
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}

// attribute returns the value of a name in a set, nil if it is none or lacks it.
func attribute(e nix.Expr, name string) nix.Expr {
	set, ok := plain(e).(nix.Attrs)
	if !ok {
		return nil
	}
	for _, b := range set.Body {
		if len(b.Path) == 1 && b.Path[0] == name {
			return plain(b.Value)
		}
	}
	return nil
}

// texts returns those in a list.
func texts(e nix.Expr) []string {
	list, _ := e.(nix.List)
	var out []string
	for _, item := range list {
		out = append(out, text(item))
	}
	return out
}

// accounts returns root and all that users.users names, by name.
func (o options) accounts() []Account {
	found := map[string]*Account{Root: {Name: Root, Declared: true}}
	names := []string{Root}
	for _, a := range o {
		if a.ofUser() == "" {
			continue
		}
		name := a.Path[2]
		if found[name] == nil {
			found[name] = &Account{Name: name, Declared: true, Node: a.Node}
			names = append(names, name)
		}
		found[name].take(a)
		if a.Path[3] == "hashedPasswordFile" {
			found[name].PasswordFile = text(a.Value)
			if _, sops := a.Value.(nix.Ref); sops {
				found[name].PasswordFile = o.text("sops.age.keyFile") // by which sops-nix decrypts
			}
		}
	}
	for _, a := range o {
		if len(a.Path) == 4 && a.Path[3] == "members" && below(a.name, "users.groups") {
			for _, member := range o.texts(a.name) {
				if u := found[member]; u != nil {
					u.Groups = append(u.Groups, a.Path[2])
				}
			}
		}
	}
	for _, name := range []string{"services.displayManager.autoLogin.user", "services.getty.autologinUser"} {
		if u := found[o.text(name)]; u != nil {
			u.AutoLogin = true
		}
	}
	slices.Sort(names)
	out := make([]Account, len(names))
	for i, name := range names {
		out[i] = *found[name]
	}
	return out
}

// take adds an option of the account's own.
func (u *Account) take(a option) {
	list, _ := a.Value.(nix.List)
	switch a.ofUser() {
	case "extraGroups":
		u.Groups = append(u.Groups, texts(list)...)
	case "isNormalUser":
		u.Groups = append(u.Groups, "users") // unless group says another
	case "group":
		u.Groups = append(u.Groups, text(a.Value))
	case "openssh.authorizedKeys.keys", "openssh.authorizedKeys.keyFiles":
		u.Keys = u.Keys || len(list) > 0
	case "hashedPasswordFile", "password", "initialPassword":
		_, null := a.Value.(nix.Null)
		u.Password = u.Password || !null
	case "hashedPassword", "initialHashedPassword":
		hash, ok := a.Value.(nix.Str)
		u.Password = u.Password || ok && Accepts(string(hash))
	case "uid":
		if n, ok := a.Value.(nix.Int); ok {
			u.UID, u.UIDNode = int(n), a.Node
		}
	}
}

// Accepts tells whether some password fits the hash of an account (shadow(5)): none does where
// it is locked by a "!", or is no hash at all. An empty one takes everybody.
func Accepts(hash string) bool { return !strings.HasPrefix(hash, "!") && !strings.HasPrefix(hash, "*") }

// ssh returns the server as modules/openssh.nix and the profile set it up; without that module as
// NixOS does.
func (o options) ssh(services []string) SSH {
	catalogue := slices.Contains(services, "openssh")
	setting := func(name string) []string { return o.texts("services.openssh.settings." + name) }
	s := SSH{
		On: o.bool(catalogue, "services.openssh.enable"),
		Passwords: o.bool(!catalogue, "services.openssh.settings.PasswordAuthentication") ||
			o.bool(!catalogue, "services.openssh.settings.KbdInteractiveAuthentication"),
		RootLogin:  cmp.Or(o.text("services.openssh.settings.PermitRootLogin"), "prohibit-password"),
		HomeKeys:   o.bool(true, "services.openssh.authorizedKeysInHomedir"),
		AllowUsers: setting("AllowUsers"), AllowGroups: setting("AllowGroups"),
		DenyUsers: setting("DenyUsers"), DenyGroups: setting("DenyGroups"),
	}
	port := func(e nix.Expr) {
		if n, ok := plain(e).(nix.Int); ok && !slices.Contains(s.Ports, int(n)) {
			s.Ports = append(s.Ports, int(n))
		}
	}
	for _, e := range o.items("services.openssh.ports") {
		port(e)
	}
	for _, e := range o.items("services.openssh.listenAddresses") {
		s.Addresses = append(s.Addresses, text(attribute(e, "addr")))
		port(attribute(e, "port"))
	}
	if len(s.Ports) == 0 {
		s.Ports = []int{22}
	}
	s.Reachable = o.reachable(s.Ports, slices.Contains(services, "tailscale"))
	return s
}

// reachable tells whether the firewall lets one of sshd's ports through to everybody.
func (o options) reachable(ports []int, vpn bool) Answer {
	if !o.bool(true, "networking.firewall.enable") || o.bool(true, "services.openssh.openFirewall") {
		return Yes
	}
	for _, e := range o.items("networking.firewall.allowedTCPPorts") {
		if n, ok := plain(e).(nix.Int); ok && slices.Contains(ports, int(n)) {
			return Yes
		}
	}
	elsewhere := []string{
		"networking.firewall.interfaces", "networking.firewall.trustedInterfaces",
		"networking.firewall.allowedTCPPortRanges", "networking.firewall.extraCommands",
		"networking.firewall.extraInputRules", "networking.nftables", "networking.wireguard", "networking.wg-quick",
		"services.zerotierone", "services.netbird", "services.tor",
	}
	if vpn || o.any(elsewhere) {
		return Unknown
	}
	return No
}

// ways returns the commands by which one becomes root. partly tells that there are
// rules for single commands, which may be enough.
func (o options) ways() (ways map[string]Elevation, partly bool) {
	agent := o.bool(false, "security.pam.sshAgentAuth.enable")
	rs := o.bool(false, "security.sudo-rs.enable")
	of := func(name string, on bool) Elevation {
		return Elevation{On: on, Asks: o.bool(true, "security."+name+".wheelNeedsPassword"), Rules: map[string]bool{}}
	}
	sudo := of("sudo", o.bool(!rs, "security.sudo.enable"))
	doas := of("doas", o.bool(false, "security.doas.enable"))
	if !sudo.On && rs {
		sudo = of("sudo-rs", true)
	}
	sudo.Agent, doas.Agent = agent, agent
	run0 := of("run0", o.bool(true, "security.polkit.enable") || o.bool(false, "security.run0.enable"))
	for _, name := range []string{"sudo", "sudo-rs"} {
		for _, rule := range o.items("security." + name + ".extraRules") {
			all, asks := sudoRule(rule)
			partly = partly || !all
			sudo.add(rule, all, asks)
		}
	}
	for _, rule := range o.items("security.doas.extraRules") {
		as := text(attribute(rule, "runAs"))
		all := text(attribute(rule, "cmd")) == "" && (as == "" || as == Root)
		partly = partly || !all
		doas.add(rule, all, attribute(rule, "noPass") != nix.Bool(true))
	}
	if !sudo.On && o.bool(false, "security.run0.sudo-shim.enable") {
		sudo = run0
	}
	return map[string]Elevation{"sudo": sudo, "doas": doas, "run0": run0}, partly
}

// sudoRule reads one of security.sudo.extraRules: whether it is about all commands, and asks.
func sudoRule(rule nix.Expr) (all, asks bool) {
	commands, _ := attribute(rule, "commands").(nix.List)
	asks = true
	for _, c := range commands {
		if text(c) == "ALL" {
			all = true
		}
		if text(attribute(c, "command")) == "ALL" {
			all, asks = true, asks && !slices.Contains(texts(attribute(c, "options")), "NOPASSWD")
		}
	}
	return all, asks
}

func (e *Elevation) add(rule nix.Expr, all, asks bool) {
	if !all {
		return
	}
	for _, user := range texts(attribute(rule, "users")) {
		e.Rules[user] = asks
	}
	for _, group := range texts(attribute(rule, "groups")) {
		e.Rules["%"+group] = asks
	}
}
