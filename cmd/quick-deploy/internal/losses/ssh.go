package losses

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/generator/access"
)

// sshd is what decides who comes in over SSH (sshd_config(5)).
type sshd struct {
	access.SSH
	ports    []string // as they are written
	hostKeys []string
	sources  []string // other places where keys come from
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
	d := sshd{ports: all["port"], hostKeys: all["hostkey"], SSH: access.SSH{
		On:         s.enabled("sshd.service", "sshd.socket"),
		RootLogin:  cmp.Or(first["permitrootlogin"], byKey),
		HomeKeys:   files == "" || strings.Contains(files, ".ssh/authorized_keys"),
		Addresses:  all["listenaddress"],
		AllowUsers: all["allowusers"], AllowGroups: all["allowgroups"],
		DenyUsers: all["denyusers"], DenyGroups: all["denygroups"],
	}}
	if d.RootLogin == "without-password" { // its older name
		d.RootLogin = byKey
	}
	if len(d.ports) == 0 {
		d.ports = []string{"22"}
	}
	pam := !off(first["kbdinteractiveauthentication"]) && !off(first["usepam"])
	d.Passwords = pam || !off(first["passwordauthentication"])
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

// byKey is the default of PermitRootLogin.
const byKey = "prohibit-password"

// rootLogins orders the values of PermitRootLogin.
var rootLogins = []string{"no", "forced-commands-only", byKey, "yes"}

// compareSSH compares who comes in over SSH, where, and by what.
func (c *comparison) compareSSH() {
	old, now := c.old.sshd, c.new.sshd
	switch {
	case !old.On:
		return
	case !now.On:
		c.block(LockOut, "ssh", "the SSH server stops: nobody can log in over the network")
		return
	}
	if gone := without(old.ports, now.ports); len(gone) > 0 {
		c.block(LockOut, "ssh-port", "SSH no longer listens on port %s, but on %s", join(gone), join(now.ports))
	}
	everywhere := len(old.Addresses) == 0
	if len(now.Addresses) > 0 && (everywhere || len(without(old.Addresses, now.Addresses)) > 0) {
		c.block(LockOut, "ssh-address", "SSH listens on %s only", join(now.Addresses))
	}
	if old.Passwords && !now.Passwords {
		c.comparePasswordLogin()
	}
	c.compareRootLogin()
	for _, key := range without(old.sources, now.sources) {
		c.block(LockOut, "ssh-"+strings.ToLower(key), "SSH no longer uses %s", key)
	}
	if old.HomeKeys && !now.HomeKeys {
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
	was, is := c.old.sshd.RootLogin, c.new.sshd.RootLogin
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

// compareAdmitted finds whom the lists of sshd_config(5) refuse, everywhere or from some places, and did not before.
func (c *comparison) compareAdmitted() {
	admits := func(s side, name string) access.Answer {
		groups := []string{s.accounts.Users[name].Group}
		for g, members := range s.accounts.Groups {
			if slices.Contains(members, name) {
				groups = append(groups, g)
			}
		}
		return access.Host{SSH: s.sshd.SSH}.Admits(access.Account{Name: name, Groups: groups}, access.State{})
	}
	for _, name := range append(sortedKeys(c.people), access.Root) {
		const lists = "(AllowUsers, AllowGroups, DenyUsers or DenyGroups)"
		switch was, is := admits(c.old, name), admits(c.new, name); {
		case is >= was:
		case is == access.No:
			c.block(LockOut, "ssh-user:"+name, "%s is no longer let in over SSH %s", name, lists)
		default:
			c.block(LockOut, "ssh-user:"+name, "%s is no longer let in over SSH from everywhere %s", name, lists)
		}
	}
}
