package losses

import (
	"slices"
	"strings"
)

// publicKey is a line of authorized_keys, as sshd(8) has it.
type publicKey struct{ blob, comment string }

func publicKeys(text string) []publicKey {
	var out []publicKey
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		i := slices.IndexFunc(f, func(s string) bool {
			return strings.HasPrefix(s, "ssh-") || strings.HasPrefix(s, "ecdsa-") || strings.HasPrefix(s, "sk-")
		})
		if i >= 0 && i+1 < len(f) && !strings.HasPrefix(f[0], "#") {
			out = append(out, publicKey{f[i+1], strings.Join(f[i+2:], " ")})
		}
	}
	return out
}

func (k publicKey) String() string {
	if k.comment != "" {
		return k.comment
	}
	return "…" + k.blob[max(0, len(k.blob)-8):]
}

const declaredKeys = "etc/ssh/authorized_keys.d"

// homeKeys returns the keys in the account's own file, where sshd reads that.
func (c *comparison) homeKeys(s side, name string) (keys []publicKey, known bool) {
	if !s.sshd.homeKeys {
		return nil, true
	}
	home := c.accountsNow()[name].Home
	if home == "" {
		home = s.accounts.Users[name].Home
	}
	text, known := c.machine.AuthorizedKeys(home)
	return publicKeys(text), known
}

// keyed reports whether somebody can log in by a key afterwards, as far as is known.
func (c *comparison) keyed(name string) bool {
	home, _ := c.homeKeys(c.new, name)
	return len(home) > 0 || len(publicKeys(c.new.Text(declaredKeys+"/"+name))) > 0
}

// keys finds the public keys that may no longer log in. Accounts that go are told of as such.
func (c *comparison) keys() {
	for _, name := range c.old.Names(declaredKeys) {
		if strings.Contains(name, ".") || c.accountGoes(name) {
			continue
		}
		now := publicKeys(c.new.Text(declaredKeys + "/" + name))
		home, _ := c.homeKeys(c.new, name)
		var gone []string
		for _, k := range publicKeys(c.old.Text(declaredKeys + "/" + name)) {
			same := func(o publicKey) bool { return o.blob == k.blob }
			if !slices.ContainsFunc(now, same) && !slices.ContainsFunc(home, same) {
				gone = append(gone, k.String())
			}
		}
		if len(gone) > 0 {
			c.block(LockOut, "keys:"+name, "the SSH %s of %s %s: %s", plural("key", gone), name, goOrGoes(gone), join(gone))
		}
	}
}
