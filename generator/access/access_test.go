package access

import "testing"

// A list of sshd_config(5) lets in by pattern and place, as far as the place is known.
func TestListed(t *testing.T) {
	for _, c := range []struct {
		pattern, from string
		want          Answer
	}{
		{"ada", "", Yes},
		{"adda", "", No},
		{"a?a", "", Yes},
		{"*", "192.0.2.1", Yes},
		{"ada@192.0.2.1", "", Unknown},
		{"ada@192.0.2.1", "192.0.2.1", Yes},
		{"ada@192.0.2.*", "198.51.100.7", No},
		{"ada@192.0.2.0/24", "192.0.2.7", Yes},
		{"ada@2001:db8::/32", "2001:db8::7", Yes},
		{"eve@192.0.2.1", "", No},
		{"!ada", "", Unknown},
		{"[", "", No},
	} {
		if got := listed([]string{c.pattern}, []string{"ada"}, c.from); got != c.want {
			t.Errorf("listed(%q) from %q = %d, want %d", c.pattern, c.from, got, c.want)
		}
	}
}

// What is not known stays so: it neither opens a way nor closes one.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		a, b, either, both Answer
	}{
		{Yes, No, Yes, No}, {Yes, Unknown, Yes, Unknown}, {No, Unknown, Unknown, No}, {Unknown, Unknown, Unknown, Unknown},
		{No, No, No, No}, {Yes, Yes, Yes, Yes},
	} {
		if e, b := Either(c.a, c.b), Both(c.a, c.b); e != c.either || b != c.both {
			t.Errorf("of %d and %d: either %d, both %d", c.a, c.b, e, b)
		}
	}
}

// A module counts by what it sets, not by what it says.
func TestTouched(t *testing.T) {
	for module, want := range map[string]bool{
		"# users may stand here\n{\n}\n":                     false,
		"/* users\n openssh */ { boot.loader.timeout = 1; }": false,
		"{ users.users.ada.hashedPassword = \"x\"; }":        true,
		"{ imports = [ ./more.nix ]; }":                      true,
		"{ security.sudo.enable = false; } # or not":         true,
	} {
		if Touched(module) != want {
			t.Errorf("%q: %t", module, !want)
		}
	}
}

// What is advised must be of the list that shuts somebody out.
func TestShutOut(t *testing.T) {
	server := SSH{On: true, Reachable: Yes, HomeKeys: true}
	for _, c := range []struct {
		lists     SSH
		what, fix string
	}{
		{SSH{AllowUsers: []string{"eve"}}, "AllowUsers of sshd does not let ada in", "add it to services.openssh.allowUsers"},
		{SSH{AllowGroups: []string{"ssh", "ops"}}, "AllowGroups of sshd does not let ada in",
			"add it to one of these groups: ssh, ops"},
		{SSH{AllowUsers: []string{"ada"}, DenyGroups: []string{"users"}}, "DenyGroups of sshd does not let ada in",
			"take its group out of services.openssh.settings.DenyGroups"},
	} {
		h := Host{SSH: server, Accounts: []Account{{Name: "ada", Groups: []string{"users"}, Declared: true, Keys: true}}}
		h.SSH.AllowUsers, h.SSH.AllowGroups, h.SSH.DenyGroups = c.lists.AllowUsers, c.lists.AllowGroups, c.lists.DenyGroups
		if f := h.ShutOut("ada", State{}); f == nil || f.What != c.what || f.Fix != c.fix {
			t.Errorf("%+v: %+v", c.lists, f)
		}
	}
}

// People that only the machine has are no users of the profile.
func TestNobodyOfTheProfile(t *testing.T) {
	h := Host{Mutable: true, Accounts: []Account{{Name: "bob", Groups: []string{"users"}}, {Name: Root, Declared: true}}}
	states := func(string) State { return State{Exists: Yes, Password: No} }
	f := h.Nobody(states)
	if want := "nobody can become root: the profile has no users, and root cannot log in"; f == nil || f.What != want {
		t.Errorf("%+v, want %q", f, want)
	}
}
