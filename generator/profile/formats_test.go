package profile

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/quick-deploy/quick-deploy/schema"
)

func TestFormats(t *testing.T) {
	const (
		ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0y9xO3p8Qk7b6Yb1iHkJmX1nYyqk1m4cVb0yXo0c9Z"
		rsaKind = "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIJ0y9xO3p8Qk7b6Yb1iHkJmX1nYyqk1m4cVb0yXo0c9Z"
	)
	for name, c := range map[string]struct{ good, bad []string }{
		"hostname": {
			[]string{"a", "atlas", "Web-1", "a.example.org", "1", strings.Repeat("a", 63)},
			[]string{"", "-a", "a-", "a_b", "a..b", ".a", "a.", "ä", "a b", strings.Repeat("a", 64), strings.Repeat("a.", 127) + "a"},
		},
		"unix-user": {
			[]string{"ada", "_x", "a-b_1", strings.Repeat("a", 31)},
			[]string{"", "root", "Ada", "1a", "-a", "a.b", "a b", "a$", "ä", strings.Repeat("a", 32), "a\n"},
		},
		"timezone": {
			[]string{"Europe/Berlin", "UTC", "Etc/GMT+1", "America/Argentina/Buenos_Aires"},
			[]string{"", "Berlin", "europe/berlin", "Europe/Berlin ", "../etc/passwd", "Etc"},
		},
		"locale": {
			[]string{"en_US.UTF-8", "de_DE.UTF-8", "C.UTF-8", "sr_RS@latin", "eo", "en_IN", "ca_ES@valencia"},
			[]string{"", "de", "de_DE", "de_DE.utf8", "de-DE.UTF-8", "de_DE.ISO-8859-1", "en_US.UTF-8 ", "en_DE.UTF-8", "de_DE.UTF-8@euro",
				"de_DE@euro", "en_IN.UTF-8", "C", "POSIX", "de_DE.UTF-8/UTF-8"},
		},
		"xkb-layout": {
			[]string{"us", "gb", "latam", "us,de", "ara"},
			[]string{"", "uk", "US", "us,", "us, de", "us,uk", "pc", "de-latin1"},
		},
		"xkb-options": {
			[]string{"", "caps:escape", "caps:escape,grp:alt_shift_toggle", "compose:ralt"},
			[]string{"caps", "caps:escap", "caps:escape, compose:ralt", "caps:escape,"},
		},
		"xkb-model": {[]string{"pc105", "pc104"}, []string{"", "pc 105", "pc999"}},
		"keymap":    {[]string{"us", "uk", "de-latin1-nodeadkeys"}, []string{"", "gb", "de-latin2"}},
		"nix-attrpath": {
			[]string{"a", "services.nginx.enable", `services.nginx.virtualHosts."a.b".root`, `"a b"`, "a.b-c.d'", "_x", `"\""`},
			[]string{"", ".", "a.", ".a", "a..b", "1a", "a b", `"a`, `a"b"`, `"a"b`, `""`, `"${x}"`, "a.${x}", "a;b", `"a` + "\n" + `"`, `"\"`},
		},
		"absolute-path": {
			[]string{"/", "/a", "/a/b.c", "/a/"},
			[]string{"", "a", "./a", "/a/../b", "/a//b", "~/a", "/a\nb"},
		},
		"release": {[]string{"26.05", "25.11", "unstable"}, []string{"", "26.5", "26.06", "26.05 ", "latest", "126.05"}},
		"flatpak-app": {
			[]string{"org.mozilla.firefox", "com.github.tchx84.Flatseal", "io.x.a-b_c"},
			[]string{"", "firefox", "org.firefox", "org..x.y", ".org.x.y", "org.1x.y", "org.x.y ", strings.Repeat("a.", 200) + "b"},
		},
		"ssh-public-key": {
			[]string{ed25519, ed25519 + " ada@atlas", "restrict,from=\"10.0.0.0/8\" " + ed25519},
			[]string{"", "x", "ssh-ed25519", "ssh-ed25519 AAAA", "ssh-ed25519 !!!", rsaKind, ed25519 + "\nssh-rsa x", "ssh-ed25519 /////w=="},
		},
		"github-user": {
			[]string{"a", "ada", "Ada-Lovelace", "1-2-3", strings.Repeat("a", 39)},
			[]string{"", "-ada", "ada-", "a--b", "a_b", "a.b", "ä", "a b", "@ada", "https://github.com/ada", "ada\n", strings.Repeat("a", 40)},
		},
		"email": {[]string{"ada@example.org"}, []string{"", "ada", "Ada <ada@example.org>", "a@b@c"}},
		"cidr":  {[]string{"10.0.0.0/8", "2001:db8::/32"}, []string{"", "10.0.0.0", "10.0.0.0/33", "x/8"}},
		"ipv4":  {[]string{"192.0.2.1"}, []string{"", "1.2.3", "256.1.1.1", "::1", "01.2.3.4"}},
		"target": {
			[]string{"web-1.example.org", "192.0.2.7", "2001:db8::7", "[2001:db8::7]", "fe80::1%eth0", "[fe80::1%br-lan.5]"},
			[]string{"", "-oProxyCommand=x", "a_b", "ops@web", "web:22", "[2001:db8::7", "[2001:db8::7]:22", "[web]", "[[::1]]",
				"fe80::1%a b", "fe80::1%$(x)", "fe80::1%a;b", "::1]"},
		},
		"ipv6": {[]string{"::1", "2001:db8::1"}, []string{"", "1.2.3.4", "::1%eth0", "x"}},
	} {
		f, known := formats[name]
		if !known {
			t.Errorf("no format %s", name)
			continue
		}
		for _, s := range c.good {
			if !f.check(s) {
				t.Errorf("%s refuses %q", name, s)
			}
		}
		for _, s := range c.bad {
			if f.check(s) {
				t.Errorf("%s accepts %q", name, s)
			}
			if f.hint == nil {
				continue
			}
			if fixed, ok := strings.CutPrefix(f.hint(s), "write "); ok && !f.check(fixed) {
				t.Errorf("%s: the hint for %q is not right itself: %q", name, s, fixed)
			}
		}
	}
	for name := range formats {
		if name != strings.ToLower(name) {
			t.Errorf("format %s", name)
		}
	}
}

func TestLocalesAreSorted(t *testing.T) {
	if len(locales()) < 450 || !slices.IsSorted(locales()) {
		t.Errorf("%d locales, sorted: %v", len(locales()), slices.IsSorted(locales()))
	}
	for _, name := range utf8Locales() {
		if base, _, _ := strings.Cut(name, "."); Locale(base) == "" {
			t.Errorf("%s is not known without its character set", name)
		}
	}
}

func TestZonesAreSorted(t *testing.T) {
	if len(zones()) < 500 || !slices.IsSorted(zones()) {
		t.Errorf("%d zones, sorted: %v", len(zones()), slices.IsSorted(zones()))
	}
}

// Every format of the schema is known here or to JSON Schema: the library lets unknown ones pass.
func TestFormatsOfTheSchema(t *testing.T) {
	root, err := schema.Root()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			if name, ok := v["format"].(string); ok {
				seen[name] = true
				if _, ours := formats[name]; !ours && jsonschema.Formats[name] == nil {
					t.Errorf("the format %q is unknown", name)
				}
			}
			for _, sub := range v {
				walk(sub)
			}
		}
	}
	walk(root.Doc.Whole())
	if len(seen) < 12 {
		t.Errorf("only %d formats found", len(seen))
	}
}

func TestHints(t *testing.T) {
	for _, c := range []struct{ format, value, want string }{
		{"timezone", "Berlin", `did you mean "Europe/Berlin"?`},
		{"timezone", "europe/berlin", `did you mean "Europe/Berlin"?`},
		{"timezone", "America/New York", `did you mean "America/New_York"?`},
		{"timezone", "Europe/Berlni", `did you mean "Europe/Berlin"?`},
		{"timezone", "us/eastern", `did you mean "US/Eastern"?`},
		{"timezone", "PST", `did you mean "America/Los_Angeles"?`},
		{"timezone", "CEST", `did you mean "Europe/Berlin"?`},
		{"timezone", "Asia/Beijing", `did you mean "Asia/Shanghai"?`},
		{"timezone", "GMT+2", "write Etc/GMT-2, whose sign is the other way round, or a place, which knows summer time"},
		{"timezone", "UTC-08:00", "write Etc/GMT+8, whose sign is the other way round, or a place, which knows summer time"},
		{"timezone", "UTC+5:30", "timedatectl list-timezones lists them"},
		{"timezone", "XST", "timedatectl list-timezones lists them"},
		{"timezone", "qqqqqqqqqqqq", "timedatectl list-timezones lists them"},
		{"locale", "de_DE", "write de_DE.UTF-8"},
		{"locale", "en_US", "write en_US.UTF-8"},
		{"locale", "en", "write en_US.UTF-8"},
		{"locale", "sv", "write sv_SE.UTF-8"},
		{"locale", "de_DE.UTF-8@euro", "write de_DE.UTF-8"},
		{"locale", "de_DE@euro", "write de_DE.UTF-8"},
		{"locale", "fr_FR.ISO-8859-1", "write fr_FR.UTF-8"},
		{"locale", "sr_RS.UTF-8@latin", "write sr_RS@latin"},
		{"locale", "en_IN.UTF-8", "write en_IN"},
		{"locale", "eo.UTF-8", "write eo"},
		{"locale", "C", "write C.UTF-8"},
		{"locale", "POSIX", "write C.UTF-8"},
		{"locale", "en_DE.UTF-8", "did you mean en_DK.UTF-8 or en_IE.UTF-8?"},
		{"locale", "de_XX.UTF-8", "did you mean de_DE.UTF-8?"},
		{"locale", "dd_DE.UTF-8", `did you mean "de_DE.UTF-8"?`},
		{"locale", "italian", ""},
		{"xkb-layout", "uk", `did you mean "gb"?`},
		{"xkb-layout", "US", `did you mean "us"?`},
		{"xkb-layout", "en", `did you mean "us"?`},
		{"xkb-layout", "us,uk", `did you mean "gb"?`},
		{"xkb-layout", "us, de", "write us,de"},
		{"xkb-layout", "sg", "write layout: ch, variant: de_nodeadkeys"},
		{"xkb-layout", "de-latin1-nodeadkeys", "write layout: de, variant: nodeadkeys"},
		{"xkb-layout", "bg_pho-utf8", `write layout: "bg,us", variant: "phonetic,"`},
		{"xkb-layout", "de(neo)", "write layout: de, variant: neo"},
		{"xkb-layout", "us(altgr-intl)", "write layout: us, variant: altgr-intl"},
		{"xkb-layout", "Colemak", "write layout: us, variant: colemak"},
		{"xkb-layout", "bepo", "write layout: fr, variant: bepo"},
		{"xkb-layout", "latan", `did you mean "latam"?`},
		{"xkb-options", "caps:escap", `did you mean "caps:escape"?`},
		{"xkb-options", "caps:escape, compose:ralt", "write caps:escape,compose:ralt"},
		{"keymap", "gb", `did you mean "uk"?`},
		{"keymap", "de-latin1-nodeadkey", `did you mean "de-latin1-nodeadkeys"?`},
		{"locale", "de-DE.utf8", "write de_DE.UTF-8"},
		{"hostname", "my_host", "write my-host"},
		{"unix-user", "Ada Lovelace", "write ada-lovelace"},
		{"absolute-path", "var/lib", "write /var/lib"},
		{"ssh-public-key", "-----BEGIN OPENSSH PRIVATE KEY-----", "this is a private key: take it out of the profile and make a new one"},
	} {
		if got := formats[c.format].hint(c.value); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.format, c.value, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"grafana", "nginx", "postgresql", "redis", "packages", "timezone"}
	for s, want := range map[string]string{
		"ngnix": "nginx", "pakages": "packages", "postgres": "postgresql", "redis-server": "redis", "Grafana": "grafana",
		"timeZone": "timezone", "xyz": "", "": "", "a": "", strings.Repeat("x", 100): "",
	} {
		if got := Nearest(s, names); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
	if d := distance("ca", "ac"); d != 1 {
		t.Errorf("a swap costs %d", d)
	}
}

func TestSchemaErrors(t *testing.T) {
	for _, c := range []struct{ name, doc, want string }{
		{"no schema", `{"type": 5}`, "compile schema"},
		{"a reference outside", `{"$ref": "https://example.org/other.json"}`, "is not part of the schema"},
	} {
		doc := map[string]any{"$id": "https://example.org/s"}
		if err := json.Unmarshal([]byte(c.doc), &doc); err != nil {
			t.Fatal(err)
		}
		_, err := compile(doc, "")
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// TestPruning checks that a schema pruned to what a profile mentions says the same as the whole.
func TestPruning(t *testing.T) {
	s := testSchema(t)
	root, err := compile(s.Doc.Whole(), "")
	if err != nil {
		t.Fatal(err)
	}
	whole := &validator{doc: s.Doc.Whole(), whole: func() (*jsonschema.Schema, error) { return root[""], nil }}
	for _, c := range malformed {
		root, _, _ := parse("p.yaml", []byte(c.yaml))
		if root == nil || root.Kind != Map {
			continue
		}
		pruned, err := newValidator(s, vocabularyOf([]*file{{root: root}}))
		if err != nil {
			t.Fatal(err)
		}
		m := &merger{}
		a := problemsOf(whole.explain(m.patch(root, s, nil), true))
		b := problemsOf(pruned.checker().check(m.patch(root, s, nil), true))
		if a, b := a.err(), b.err(); (a == nil) != (b == nil) || a != nil && a.Error() != b.Error() {
			t.Errorf("%s: whole schema\n%v\npruned\n%v", c.name, a, b)
		}
	}
}
