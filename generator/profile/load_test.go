package profile

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// load reads p.yaml among files, which must be valid.
func load(t *testing.T, files Memory) *Profile {
	t.Helper()
	p, err := Load(files, "p.yaml", testSchema(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// effective is host name of p as YAML flow would hold it.
func effective(t *testing.T, p *Profile, name string) any {
	t.Helper()
	h := p.Host(name)
	if h == nil {
		t.Fatalf("no host %s", name)
	}
	return h.Node().Any()
}

// whole is p in the normal form as one node.
func whole(p *Profile) *Node {
	root := p.b.root()
	return withHosts(root, root.Get("hosts"), func(f Field) *Node { return p.Host(f.Key).Node() })
}

func valueOf(t *testing.T, yaml string) any {
	t.Helper()
	n, err := Parse("want", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	return n.Any()
}

func TestPrecedence(t *testing.T) {
	p := load(t, Memory{
		"base/base.yaml":   "version: 1\nextends: [common.yaml]\ndefaults: {timezone: UTC, locale: C.UTF-8, packages: [git]}\ngroups: {web: {services: {nginx: {port: 80}}}}\nhosts: {a: {desktop: none}}\n",
		"base/common.yaml": "version: 1\nrelease: \"25.11\"\ndefaults: {timezone: Etc/GMT, packages: [vim], tags: [all]}\n",
		"p.yaml": `version: 1
extends: [./base/base.yaml]
release: "26.05"
defaults:
  +packages: [curl, git]
groups:
  db: {services: {postgresql: {port: 1}, redis: }, desktop: gnome, +tags: [db]}
  web: {services: {nginx: {settings: {x: ~}}}, locale: de_DE.UTF-8}
hosts:
  b: {groups: [db, web], services: {redis: false, postgresql: {port: 2}}}
  a: {groups: [web, db], tags: ~, timezone: Europe/Berlin}
  c:
`,
	})
	if p.Release != "26.05" {
		t.Errorf("release %q", p.Release)
	}
	if diff := cmp.Diff([]string{"base/common.yaml", "base/base.yaml", "p.yaml"}, p.Files); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{
		// The host of base.yaml overrides the group: what is more specific wins.
		"a": "{timezone: Europe/Berlin, locale: de_DE.UTF-8, packages: [git, curl], groups: [web, db], desktop: none, services: {nginx: {port: 80, settings: {x: ~}}, postgresql: {port: 1}, redis: {}}}",
		"b": "{timezone: UTC, locale: de_DE.UTF-8, packages: [git, curl], tags: [all, db], groups: [db, web], desktop: gnome, services: {nginx: {port: 80, settings: {x: ~}}, postgresql: {port: 2}}}",
		"c": "{timezone: UTC, locale: C.UTF-8, packages: [git, curl], tags: [all]}",
	} {
		if diff := cmp.Diff(valueOf(t, want), effective(t, p, name)); diff != "" {
			t.Errorf("host %s (-want +got)\n%s", name, diff)
		}
	}
	var names []string
	for _, h := range p.Hosts {
		names = append(names, h.Name)
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"all", "db"}, p.Hosts[1].Tags); diff != "" {
		t.Error(diff)
	}
	if got := p.Host("a").Node().Get("services", "nginx", "port").Pos.String(); got != "base/base.yaml:4:41" {
		t.Errorf("port is from %s", got)
	}
	if got := p.Host("a").Node().Get("services", "nginx", "port").Origin(); got != "base/base.yaml#/groups/web/services/nginx/port" {
		t.Errorf("origin %s", got)
	}
}

// TestNormalFormIsAFixedPoint checks that the normal form is itself a valid
// profile that means the same.
func TestNormalFormIsAFixedPoint(t *testing.T) {
	p := load(t, Memory{"p.yaml": string(fleetYAML(5))})
	for _, h := range p.Hosts {
		again := Memory{"p.yaml": fmt.Sprintf("version: 1\nhosts: {%s: {}}\n", h.Name)}
		q := load(t, again)
		if _, ok := effective(t, q, h.Name).(map[string]any); !ok {
			t.Fatal("no map")
		}
	}
	m := &merger{}
	root := whole(p)
	patched := m.patch(root, plainSchema(), nil)
	if diff := cmp.Diff(root.Any(), normal(patched).Any()); diff != "" {
		t.Error(diff)
	}
}

func TestFlatProfile(t *testing.T) {
	p := load(t, Memory{
		"base.yaml": "version: 1\nhost: {locale: C.UTF-8, packages: [git]}\n",
		"p.yaml":    "version: 1\nextends: [base.yaml]\ndefaults: {timezone: UTC}\nhost:\n  name: atlas\n  +packages: [vim]\n",
	})
	if diff := cmp.Diff(valueOf(t, "{timezone: UTC, locale: C.UTF-8, packages: [git, vim]}"), effective(t, p, "atlas")); diff != "" {
		t.Error(diff)
	}
	if got := p.Root.Get("host"); got != nil {
		t.Errorf("host is still there: %v", got.Any())
	}
}

func TestExtends(t *testing.T) {
	chain := Memory{}
	for i := range 20 {
		chain[fmt.Sprintf("f%d.yaml", i)] = fmt.Sprintf("version: 1\nextends: [f%d.yaml]\nhosts: {a: {}}\n", i+1)
	}
	chain["p.yaml"] = "version: 1\nextends: [f0.yaml]\nhosts: {a: {}}\n"
	wide := Memory{"p.yaml": "version: 1\nhosts: {a: {}}\nextends:\n"}
	for i := range 300 {
		wide["p.yaml"] += fmt.Sprintf("  - w%d.yaml\n", i)
		wide[fmt.Sprintf("w%d.yaml", i)] = "version: 1\n"
	}
	big := Memory{"p.yaml": "version: 1\nextends:\n  - 0.yaml\n  - 1.yaml\n  - 2.yaml\n  - 3.yaml\n  - 4.yaml\nhosts: {a: {}}\n"}
	for i := range 5 {
		big[fmt.Sprintf("%d.yaml", i)] = "version: 1\n#" + strings.Repeat("x", MaxBytes-20) + "\n"
	}
	for _, c := range []struct {
		name  string
		files Memory
		want  string
	}{
		{"a circle of three", Memory{
			"p.yaml":   "version: 1\nextends: [x/a.yaml]\nhosts: {h: {}}\n",
			"x/a.yaml": "version: 1\nextends: [../b.yaml]\n",
			"b.yaml":   "version: 1\nextends:\n  - x/a.yaml\n",
		}, `b.yaml:3:5: cannot extend "x/a.yaml"; the files extend each other in a circle: x/a.yaml → b.yaml → x/a.yaml`},
		{"too long a chain", chain, `f14.yaml:2:11: cannot extend "f15.yaml"; more than 16 files extend each other in a chain`},
		{"too many files", wide, `p.yaml:259:5: cannot extend "w255.yaml"; a profile has at most 256 files`},
		{"too much", big, `p.yaml:7:5: cannot extend "4.yaml"; the files of a profile have at most 32 MiB together`},
		{"a mistake in a file below", Memory{
			"p.yaml": "version: 1\nextends: [a.yaml]\nhosts: {h: {}}\n",
			"a.yaml": "version: 1\ndefaults: {locale: x}\n",
		}, `a.yaml:2:20: "x" is not a valid locale; use a name from glibc's list, such as de_DE.UTF-8`},
		{"an unreadable file below", Memory{
			"p.yaml": "version: 1\nextends: [a.yaml]\nhosts: {h: {}}\n",
			"a.yaml": "version: [\n",
		}, `a.yaml:1:10: the "[" is never closed; close it with "]"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(c.files, "p.yaml", testSchema(t))
			var ps Problems
			if !errors.As(err, &ps) {
				t.Fatalf("got %v", err)
			}
			if got := ps[0].Error(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// TestExtendedTwice checks that a file that two others extend counts once, where it is first.
func TestExtendedTwice(t *testing.T) {
	p := load(t, Memory{
		"p.yaml": "version: 1\nextends: [a.yaml, b.yaml]\nhosts: {h: {}}\n",
		"a.yaml": "version: 1\nextends: [z.yaml]\ndefaults: {timezone: UTC}\n",
		"b.yaml": "version: 1\nextends: [z.yaml]\ndefaults: {desktop: gnome}\n",
		"z.yaml": "version: 1\ndefaults: {timezone: Etc/GMT, desktop: none}\n",
	})
	if diff := cmp.Diff(valueOf(t, "{timezone: UTC, desktop: gnome}"), effective(t, p, "h")); diff != "" {
		t.Error(diff)
	}
}

func TestFS(t *testing.T) {
	src := FS{
		Files: fstest.MapFS{
			"home/ada/p.yaml":     {Data: []byte("version: 1\nextends: [../shared.yaml, /etc/site.yaml, preset:server]\nhosts: {a: {}}\n")},
			"home/shared.yaml":    {Data: []byte("version: 1\ndefaults: {desktop: gnome}\n")},
			"etc/site.yaml":       {Data: []byte("version: 1\ndefaults: {timezone: UTC}\n")},
			"home/ada/typo.yaml":  {Data: []byte("version: 1\nextends: [preset:srver]\nhosts: {a: {}}\n")},
			"home/ada/huge.yaml":  {Data: make([]byte, MaxBytes+10)},
			"home/ada/dir/x.yaml": {Data: nil},
			"home/ada/dirs.yaml":  {Data: []byte("version: 1\nextends: [dir]\nhosts: {a: {}}\n")},
		},
		Dir: "home/ada",
		Presets: fstest.MapFS{
			"server.yaml":  {Data: []byte("version: 1\nextends: [\"preset:minimal\"]\ndefaults: {locale: C.UTF-8}\n")},
			"minimal.yaml": {Data: []byte("version: 1\ndefaults: {packages: [git], locale: de_DE.UTF-8}\n")},
			"evil.yaml":    {Data: []byte("version: 1\nextends: [../p.yaml]\n")},
		},
	}
	p, err := Load(src, "p.yaml", testSchema(t))
	if err != nil {
		t.Fatal(err)
	}
	want := "{desktop: gnome, timezone: UTC, packages: [git], locale: C.UTF-8}"
	if diff := cmp.Diff(valueOf(t, want), effective(t, p, "a")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"../shared.yaml", "/etc/site.yaml", "preset:minimal", "preset:server", "p.yaml"}, p.Files); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{
		"typo.yaml":   `typo.yaml:2:11: unknown preset "srver"; did you mean "preset:server"?`,
		"huge.yaml":   "huge.yaml:1:1: the file is larger than 8 MiB",
		"dirs.yaml":   `dirs.yaml:2:11: cannot extend "dir"`,
		"preset:evil": `preset:evil:2:11: cannot extend "../p.yaml"; a preset can only extend presets`,
	} {
		_, err := Load(src, name, testSchema(t))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestSelect(t *testing.T) {
	p := load(t, Memory{"p.yaml": `version: 1
groups: {web: {}, idle: {}}
hosts:
  web-1: {groups: [web], tags: [canary]}
  web-2: {groups: [web]}
  db-1: {tags: [canary, slow]}
  db-2:
`})
	for _, c := range []struct{ patterns, want string }{
		{"", "db-1 db-2 web-1 web-2"},
		{"web-1", "web-1"},
		{"web-*", "web-1 web-2"},
		{"@canary", "db-1 web-1"},
		{"@web", "web-1 web-2"},
		{"db-2,@canary", "db-1 db-2 web-1"},
		{"!@canary", "db-2 web-2"},
		{"@canary, !web-*", "db-1"},
		{"*-[12] !db-1", "error no host matches \"*-[12] !db-1\""},
		{"web-3", `error unknown host "web-3"; did you mean "web-1"?`},
		{"@canry", `error no host has the tag or group "canry"; did you mean "canary"?`},
		{"@idle", `error no host has the tag or group "idle"; no host is in that group`},
		{"canary", `error unknown host "canary"; did you mean @canary?`},
		{"[", `error "[" is not a pattern`},
		{"web-1,!web-*", `error "web-1,!web-*" leaves no host`},
		{"web-1,,", `error "" is not a pattern`},
	} {
		var patterns []string
		if c.patterns != "" {
			patterns = []string{c.patterns}
		}
		hosts, err := p.Select(patterns...)
		var got []string
		for _, h := range hosts {
			got = append(got, h.Name)
		}
		s := strings.Join(got, " ")
		if err != nil {
			s = "error " + err.Error()
		}
		if !strings.HasPrefix(s, c.want) || err == nil && s != c.want {
			t.Errorf("%q: got %s, want %s", c.patterns, s, c.want)
		}
	}
}

func TestExplain(t *testing.T) {
	p := load(t, Memory{
		"base.yaml": "version: 1\ndefaults: {timezone: UTC, packages: [git], services: {nginx: {port: 1}}}\n",
		"p.yaml": `version: 1
extends: [base.yaml]
defaults:
  timezone: Etc/GMT
  nixos: {services.openssh.enable: true}
groups:
  web:
    +packages: [curl]
    services: {nginx: {settings: {a: 1}}}
  quiet:
    services: {nginx: false}
hosts:
  a:
    groups: [web]
    timezone: Europe/Berlin
    +packages: [vim]
  b: {groups: [web, quiet], services: {nginx: {port: 3}}}
`,
	})
	for _, c := range []struct{ host, key, want string }{
		{"a", "timezone", `- defaults base.yaml:2:12 sets timezone "UTC"
- defaults p.yaml:4:3 sets timezone "Etc/GMT"
+ host a p.yaml:15:5 sets timezone "Europe/Berlin"`},
		{"a", "packages", `+ defaults base.yaml:2:27 sets packages a list
+ group web p.yaml:8:5 appends packages a list
+ host a p.yaml:16:5 appends packages a list`},
		{"a", "services.nginx", `+ defaults base.yaml:2:55 merges services.nginx a map
+ group web p.yaml:9:16 merges services.nginx a map`},
		{"b", "services.nginx.port", `- defaults base.yaml:2:63 sets services.nginx.port 1
- group quiet p.yaml:11:16 takes back services.nginx false
+ host b p.yaml:17:48 sets services.nginx.port 3`},
		{"a", "nixos.services.openssh.enable", `+ defaults p.yaml:5:11 sets nixos."services.openssh.enable" true`},
		{"a", `nixos."services.openssh.enable"`, `+ defaults p.yaml:5:11 sets nixos."services.openssh.enable" true`},
		{"a", "timezon", `no layer of a sets timezon; did you mean "timezone"?`},
		{"a", "services.ngnix.port", `no layer of a sets services.ngnix.port; did you mean "nginx"?`},
		{"x", "timezone", `unknown host "x"; known are a, b`},
		{"a", "..", `".." is not a path of keys; write keys with dots between them`},
	} {
		steps, err := p.Explain(c.host, c.key)
		var lines []string
		for _, s := range steps {
			mark := "-"
			if s.Won {
				mark = "+"
			}
			lines = append(lines, fmt.Sprintf("%s %s %s %s %s %s", mark, s.Layer, s.Pos, s.Effect, s.Path, s.Value.brief()))
		}
		got := strings.Join(lines, "\n")
		if err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s %s (-want +got)\n%s", c.host, c.key, diff)
		}
	}
}
