package losses

import (
	"cmp"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// keyName returns what a key is called: its comment, or its end.
func keyName(k system.PublicKey) string {
	return cmp.Or(k.Comment, "…"+k.Blob[max(0, len(k.Blob)-8):])
}

const declaredKeys = "etc/ssh/authorized_keys.d"

// homeKeys returns the keys in the account's own file, where sshd reads that.
func (c *comparison) homeKeys(s side, name string) (keys []system.PublicKey, known bool) {
	if !s.sshd.HomeKeys {
		return nil, true
	}
	home := c.accountsNow()[name].Home
	if home == "" {
		home = s.accounts.Users[name].Home
	}
	return c.machine.AuthorizedKeys(home)
}

// keyed reports whether somebody can log in by a key afterwards, as far as is known.
func (c *comparison) keyed(name string) bool {
	home, _ := c.homeKeys(c.new, name)
	return len(home) > 0 || len(system.ParseKeys(c.new.Text(declaredKeys+"/"+name))) > 0
}

// compareKeys finds the public keys that may no longer log in. Accounts that go are told of as such.
func (c *comparison) compareKeys() {
	for _, name := range c.old.List(declaredKeys) {
		if strings.Contains(name, ".") || c.accountGoes(name) {
			continue
		}
		now := system.ParseKeys(c.new.Text(declaredKeys + "/" + name))
		home, _ := c.homeKeys(c.new, name)
		var gone []string
		for _, k := range system.ParseKeys(c.old.Text(declaredKeys + "/" + name)) {
			same := func(o system.PublicKey) bool { return o.Blob == k.Blob }
			if !slices.ContainsFunc(now, same) && !slices.ContainsFunc(home, same) {
				gone = append(gone, keyName(k))
			}
		}
		if len(gone) > 0 {
			c.block(LockOut, "keys:"+name, "the SSH %s of %s %s: %s", plural("key", gone), name, removed(gone), join(gone))
		}
	}
}
