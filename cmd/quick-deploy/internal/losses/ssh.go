package losses

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
)

// sshd is what decides who comes in over SSH (sshd_config(5)).
type sshd struct {
	on        bool
	ports     []string
	listen    []string // empty: everywhere
	passwords bool
	root      string // no, forced-commands-only, prohibit-password, yes
	homeKeys  bool   // ~/.ssh/authorized_keys counts
	hostKeys  []string
	users     []string // AllowUsers, empty: all
	groups    []string // AllowGroups
	denied    []string // DenyUsers
	sources   []string // other places where keys come from
}

// readSSHD reads the lines of sshd_config before the first Match. The first
// value of a keyword counts; some keywords add up.
func readSSHD(s side) sshd {
	d := sshd{on: s.enabled("sshd.service", "sshd.socket"), root: "prohibit-password"}
	first := map[string]string{}
	for line := range strings.Lines(s.Text("etc/ssh/sshd_config")) {
		f := strings.FieldsFunc(line, func(r rune) bool { return unicode.IsSpace(r) || r == '=' })
		if len(f) < 2 || strings.HasPrefix(f[0], "#") {
			continue
		}
		key, values := strings.ToLower(f[0]), f[1:]
		if key == "match" {
			break
		}
		switch key {
		case "port":
			d.ports = append(d.ports, values...)
		case "listenaddress":
			d.listen = append(d.listen, values[0])
		case "hostkey":
			d.hostKeys = append(d.hostKeys, values[0])
		case "allowusers":
			d.users = append(d.users, values...)
		case "allowgroups":
			d.groups = append(d.groups, values...)
		case "denyusers":
			d.denied = append(d.denied, values...)
		}
		if _, ok := first[key]; !ok {
			first[key] = strings.Join(values, " ")
		}
	}
	if len(d.ports) == 0 {
		d.ports = []string{"22"}
	}
	if v := first["permitrootlogin"]; v != "" {
		d.root = strings.Replace(v, "without-password", "prohibit-password", 1)
	}
	pam := !off(first["kbdinteractiveauthentication"]) && !off(first["usepam"])
	d.passwords = pam || !off(first["passwordauthentication"])
	for _, key := range keySources {
		if v := first[strings.ToLower(key)]; v != "" && v != "none" {
			d.sources = append(d.sources, key)
		}
	}
	files := first["authorizedkeysfile"]
	d.homeKeys = files == "" || strings.Contains(files, ".ssh/authorized_keys")
	return d
}

// keySources are keywords of sshd_config that name further places where keys come from.
var keySources = strings.Fields(
	"AuthorizedKeysCommand AuthorizedPrincipalsFile AuthorizedPrincipalsCommand TrustedUserCAKeys")

// off reads a switch of sshd_config whose default is yes.
func off(value string) bool { return value == "no" || value == "false" }

// admits reports whether AllowUsers, AllowGroups and DenyUsers let an account in.
func (d sshd) admits(name string, groups []string) bool {
	like := func(patterns []string, name string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool {
			user, _, _ := strings.Cut(p, "@")
			ok, err := path.Match(user, name)
			return err == nil && ok
		})
	}
	if like(d.denied, name) || len(d.users) > 0 && !like(d.users, name) {
		return false
	}
	return len(d.groups) == 0 || slices.ContainsFunc(groups, func(g string) bool { return like(d.groups, g) })
}

// rootLogins orders the values of PermitRootLogin.
var rootLogins = []string{"no", "forced-commands-only", "prohibit-password", "yes"}

// ssh compares who comes in over SSH, where, and by what.
func (c *comparison) ssh() {
	old, now := c.old.sshd, c.new.sshd
	if !old.on {
		return
	}
	if !now.on {
		c.block(LockOut, "ssh", "the SSH server stops: nobody comes in over the network")
		return
	}
	if gone := without(old.ports, now.ports); len(gone) > 0 {
		c.block(LockOut, "ssh-port", "SSH no longer listens on port %s, but on %s", join(gone), join(now.ports))
	}
	if len(now.listen) > 0 && len(without(old.listen, now.listen))+boolean(len(old.listen) == 0) > 0 {
		c.block(LockOut, "ssh-address", "SSH listens on %s only", join(now.listen))
	}
	if old.passwords && !now.passwords {
		var keyless []string
		for _, name := range sortedKeys(c.people) {
			if !c.keyed(name) {
				keyless = append(keyless, name)
			}
		}
		what := "SSH takes no passwords any more"
		if len(keyless) > 0 {
			what += fmt.Sprintf(", and no key of %s is known", join(keyless))
		}
		c.block(dangerIf(len(keyless) > 0, LockOut), "ssh-passwords", "%s", what)
	}
	if slices.Index(rootLogins, now.root) < slices.Index(rootLogins, old.root) {
		keys := len(publicKeys(c.old.Text(declaredKeys+"/root"))) > 0
		byKey := now.root == "prohibit-password"
		danger := old.root == "yes" && !(byKey && c.keyed("root")) || keys && !byKey
		c.block(dangerIf(danger, LockOut), "ssh-root", "root over SSH: %s → %s", old.root, now.root)
	}
	for _, key := range without(old.sources, now.sources) {
		c.block(LockOut, "ssh-"+strings.ToLower(key), "SSH no longer goes by %s", key)
	}
	if old.homeKeys && !now.homeKeys {
		c.homeKeysEnd()
	}
	c.hostKeys()
	c.admitted()
}

// homeKeysEnd tells whose keys in ~/.ssh/authorized_keys no longer count.
func (c *comparison) homeKeysEnd() {
	var whose []string
	for _, name := range sortedKeys(c.people) {
		if keys, known := c.homeKeys(c.old, name); len(keys) > 0 || !known {
			whose = append(whose, name)
		}
	}
	if len(whose) > 0 {
		c.block(LockOut, "ssh-home-keys", "keys in ~/.ssh/authorized_keys no longer count (%s)", join(whose))
	}
}

// hostKeys finds host keys that are no longer used. Where none is left,
// everybody who connects is told that the machine is another one.
func (c *comparison) hostKeys() {
	gone := without(c.old.sshd.hostKeys, c.new.sshd.hostKeys)
	if len(gone) == 0 {
		return
	}
	none := len(gone) == len(c.old.sshd.hostKeys)
	c.block(dangerIf(none, LockOut), "ssh-host-keys", "SSH no longer uses the host %s %s", plural("key", gone), join(gone))
}

func (c *comparison) admitted() {
	of := func(s side, name string) (groups []string) {
		for g, members := range s.accounts.Groups {
			if slices.Contains(members, name) {
				groups = append(groups, g)
			}
		}
		return append(groups, s.accounts.Users[name].Group)
	}
	for _, name := range append(sortedKeys(c.people), "root") {
		if c.old.sshd.admits(name, of(c.old, name)) && !c.new.sshd.admits(name, of(c.new, name)) {
			c.block(LockOut, "ssh-user:"+name, "%s is no longer let in over SSH (AllowUsers, AllowGroups or DenyUsers)", name)
		}
	}
}
