package losses

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
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

// sshdConfig reads the lines of sshd_config before the first Match by their
// keyword in small letters: the first value of each, which counts, and all of
// those keywords that add up.
func sshdConfig(text string) (first map[string]string, all map[string][]string) {
	first, all = map[string]string{}, map[string][]string{}
	for line := range strings.Lines(text) {
		f := strings.FieldsFunc(line, func(r rune) bool { return unicode.IsSpace(r) || r == '=' })
		if len(f) < 2 || strings.HasPrefix(f[0], "#") {
			continue
		}
		key := strings.ToLower(f[0])
		if key == "match" {
			break
		}
		if _, ok := first[key]; !ok {
			first[key] = strings.Join(f[1:], " ")
		}
		all[key] = append(all[key], f[1:]...)
	}
	return first, all
}

func readSSHD(s side) sshd {
	first, all := sshdConfig(s.Text("etc/ssh/sshd_config"))
	files := first["authorizedkeysfile"]
	d := sshd{
		on:    s.enabled("sshd.service", "sshd.socket"),
		ports: all["port"], listen: all["listenaddress"], hostKeys: all["hostkey"],
		users: all["allowusers"], groups: all["allowgroups"], denied: all["denyusers"],
		root:     cmp.Or(first["permitrootlogin"], byKey),
		homeKeys: files == "" || strings.Contains(files, ".ssh/authorized_keys"),
	}
	if d.root == "without-password" { // its older name
		d.root = byKey
	}
	if len(d.ports) == 0 {
		d.ports = []string{"22"}
	}
	pam := !off(first["kbdinteractiveauthentication"]) && !off(first["usepam"])
	d.passwords = pam || !off(first["passwordauthentication"])
	for _, key := range keySources {
		if v := first[strings.ToLower(key)]; v != "" && v != "none" {
			d.sources = append(d.sources, key)
		}
	}
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

// byKey is the default of PermitRootLogin.
const byKey = "prohibit-password"

// rootLogins orders the values of PermitRootLogin.
var rootLogins = []string{"no", "forced-commands-only", byKey, "yes"}

// compareSSH compares who comes in over SSH, where, and by what.
func (c *comparison) compareSSH() {
	old, now := c.old.sshd, c.new.sshd
	switch {
	case !old.on:
		return
	case !now.on:
		c.block(LockOut, "ssh", "the SSH server stops: nobody can log in over the network")
		return
	}
	if gone := without(old.ports, now.ports); len(gone) > 0 {
		c.block(LockOut, "ssh-port", "SSH no longer listens on port %s, but on %s", join(gone), join(now.ports))
	}
	everywhere := len(old.listen) == 0
	if len(now.listen) > 0 && (everywhere || len(without(old.listen, now.listen)) > 0) {
		c.block(LockOut, "ssh-address", "SSH listens on %s only", join(now.listen))
	}
	if old.passwords && !now.passwords {
		c.comparePasswordLogin()
	}
	c.compareRootLogin()
	for _, key := range without(old.sources, now.sources) {
		c.block(LockOut, "ssh-"+strings.ToLower(key), "SSH no longer goes by %s", key)
	}
	if old.homeKeys && !now.homeKeys {
		c.compareHomeKeys()
	}
	c.compareHostKeys()
	c.compareAdmitted()
}

// comparePasswordLogin tells whose only way in a password was, as far as is known.
func (c *comparison) comparePasswordLogin() {
	const name, what = "ssh-passwords", "SSH no longer accepts passwords"
	keyless := slices.DeleteFunc(sortedKeys(c.people), c.keyed)
	if len(keyless) == 0 {
		c.lose(name, what)
		return
	}
	c.block(LockOut, name, what+", and no key of %s is known", join(keyless))
}

func (c *comparison) compareRootLogin() {
	was, is := c.old.sshd.root, c.new.sshd.root
	if slices.Index(rootLogins, is) >= slices.Index(rootLogins, was) {
		return
	}
	keys := len(system.ParseKeys(c.old.Text(declaredKeys+"/root"))) > 0
	danger := was == "yes" && !(is == byKey && c.keyed("root")) || keys && is != byKey
	c.block(dangerIf(danger, LockOut), "ssh-root", "root over SSH: %s → %s", was, is)
}

// compareHomeKeys tells whose keys in ~/.ssh/authorized_keys no longer count.
func (c *comparison) compareHomeKeys() {
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

// compareHostKeys finds host keys that are no longer used. Where none is left,
// everybody who connects is told that the machine is another one.
func (c *comparison) compareHostKeys() {
	gone := without(c.old.sshd.hostKeys, c.new.sshd.hostKeys)
	if len(gone) == 0 {
		return
	}
	none := len(gone) == len(c.old.sshd.hostKeys)
	c.block(dangerIf(none, LockOut), "ssh-host-keys", "SSH no longer uses the host %s %s", plural("key", gone), join(gone))
}

func (c *comparison) compareAdmitted() {
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
