package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rendered is what the problems of p.yaml look like.
func rendered(t *testing.T, src string, color bool) string {
	t.Helper()
	files := Memory{"p.yaml": src}
	_, err := Load(files, "p.yaml", testSchema(t))
	var ps Problems
	if !errors.As(err, &ps) {
		t.Fatalf("got %v", err)
	}
	var out bytes.Buffer
	if err := ps.Render(&out, files.ReadFile, color); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestRender(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"under the value", "version: 1\nhosts:\n  a:\n    desktop: kde # nice\n",
			"p.yaml:4:14: desktop cannot be \"kde\"; it is one of cosmic, gnome, plasma, hyprland, none\n" +
				"    4 |     desktop: kde # nice\n" +
				"      |              ^~~\n"},
		{"under the key", "version: 1\nhosts: {a: {pakages: [x]}}\n",
			"p.yaml:2:13: unknown key \"pakages\" in a; did you mean \"packages\"?\n" +
				"    2 | hosts: {a: {pakages: [x]}}\n" +
				"      |             ^~~~~~~\n"},
		{"behind wide characters", "version: 1\nhosts: {a: {users: {ada: {shell: \"日本é́👩‍👩‍👧\"}, b: {admin: 3}}}}\n",
			"p.yaml:2:34: shell cannot be \"日本é́👩\\u200d👩\\u200d👧\"; it is one of bash, zsh, fish\n" +
				"    2 | hosts: {a: {users: {ada: {shell: \"日本é́👩�👩�👧\"}, b: {admin: 3}}}}\n" +
				"      |                                  ^~~~~~~~~~~~~~~\n" +
				"p.yaml:2:59: admin must be true or false, not 3\n" +
				"    2 | hosts: {a: {users: {ada: {shell: \"日本é́👩�👩�👧\"}, b: {admin: 3}}}}\n" +
				"      |                                                               ^\n"},
		{"behind tabs", "version: 1\nhosts: {a: {desktop:\t\tkde}}\n",
			"p.yaml:2:23: desktop cannot be \"kde\"; it is one of cosmic, gnome, plasma, hyprland, none\n" +
				"    2 | hosts: {a: {desktop:\t\tkde}}\n" +
				"      |                     \t\t^~~\n"},
		{"with CRLF", "version: 2\r\nhosts: {a: {}}\r\n",
			"p.yaml:1:10: version cannot be 2; it can only be 1\n" +
				"    1 | version: 2\n" +
				"      |          ^\n"},
		{"in a long line", "version: 1\nhosts: {a: {packages: [" + strings.Repeat("ripgrep, ", 20) + "5, " + strings.Repeat("ripgrep, ", 20) + "]}}\n",
			"p.yaml:2:204: an entry of packages must be text, not 5; put it in quotes if it is text\n" +
				"    2 | …grep, ripgrep, ripgrep, ripgrep, ripgrep, ripgrep, ripgrep, 5, ripgrep, ripgrep, ripgrep, ripgrep, r…\n" +
				"      |                                                              ^\n"},
		{"with terminal sequences in quotes", "version: 1\nhosts: {a: {\"\\e[31m\": 1}}\n",
			"p.yaml:2:13: unknown key \"\\x1b[31m\" in a\n" +
				"    2 | hosts: {a: {\"\\e[31m\": 1}}\n" +
				"      |             ^~~~~\n"},
		{"in a file of other bytes", "version: 1\n# \xff\x1b[2J\n",
			"p.yaml:2:3: the byte 0xff is not UTF-8; profiles are UTF-8; save the file as UTF-8\n" +
				"    2 | # ��[2J\n" +
				"      |   ^\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, rendered(t, c.src, false)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestRenderColor(t *testing.T) {
	got := rendered(t, "version: 1\nhosts: {a: {pakages: []}}\n", true)
	want := "\x1b[1mp.yaml:2:13:\x1b[0m \x1b[1;31munknown key \"pakages\" in a\x1b[0m; \x1b[36mdid you mean \"packages\"?\x1b[0m\n" +
		"\x1b[2m    2 | \x1b[0mhosts: {a: {pakages: []}}\n" +
		"\x1b[2m      | \x1b[0m            \x1b[1;31m^~~~~~~\x1b[0m\n"
	if got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestProblemJSON(t *testing.T) {
	_, err := Load(Memory{"p.yaml": "version: 1\nhosts: {a: {desktop: kde}}\n"}, "p.yaml", testSchema(t))
	var ps Problems
	if !errors.As(err, &ps) {
		t.Fatal(err)
	}
	data, err := json.Marshal(ps)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"file":"p.yaml","line":2,"column":22,"path":"hosts.a.desktop","code":"value",` +
		`"what":"desktop cannot be \"kde\"","why":"it is one of cosmic, gnome, plasma, hyprland, none","hint":""}]`
	if string(data) != want {
		t.Errorf("got\n%s\nwant\n%s", data, want)
	}
	var one Problem
	if !errors.As(error(ps), &one) || one.Path != "hosts.a.desktop" {
		t.Errorf("no single problem in %v", ps)
	}
}
