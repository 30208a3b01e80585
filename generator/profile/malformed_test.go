package profile

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// malformed are profiles with one mistake or several: each line of want is
// "line:column code what" of a problem, complete and in order.
var malformed = []struct{ name, yaml, want string }{
	// Not a text
	{"empty", "", `1:1 syntax the profile is empty`},
	{"only a comment", "# nothing\n", `1:1 syntax the profile is empty`},
	{"only a document start", "---\n", `1:1 syntax the profile is empty`},
	{"UTF-16", "\xff\xfev\x00e\x00", `1:1 encoding the file is UTF-16`},
	{"Latin-1", "version: 1\nhosts: {a: {timezone: Z\xfcrich}}\n", `2:24 encoding the byte 0xfc is not UTF-8`},
	{"NUL", "version: 1\nhosts: {a: {timezone: \"x\x00\"}}\n", `2:25 encoding a NUL character (U+0000)`},
	{"NUL by an escape", `hosts: {a: {timezone: "x\0"}}`, `1:23 encoding the text holds a NUL character`},
	{"NUL by a long escape", `hosts: {a: {timezone: "x\u0000"}}`, `1:23 encoding the text holds a NUL character`},
	{"escape character", "version: 1\n# \x1b[31m\n", `2:3 encoding the control character U+001B`},
	{"old Mac line ends", "version: 1\rhosts: {}\r", `1:11 encoding a carriage return (U+000D) that ends no line`},
	{"BOM inside", "version: 1\n\ufeffhosts: {a: {}}\n", `2:1 encoding a byte order mark (U+FEFF) inside the file`},

	// Not YAML
	{"unclosed double quote", "version: 1\nrelease: \"26.05\nhosts: {a: {}}\n", `2:10 syntax the quote is never closed`},
	{"unclosed single quote", "version: 1\nhosts: {a: {locale: 'x}}\n", `2:21 syntax the quote is never closed`},
	{"unclosed list", "version: 1\nhosts:\n  a:\n    tags: [x, y\n  b: {}\n", `4:11 syntax the "[" is never closed`},
	{"unclosed list at the end", "version: 1\nhosts: {a: {tags: [x, y\n", `2:19 syntax the "[" is never closed`},
	{"unclosed map", "version: 1\nhosts: {a: {}\n", `2:8 syntax the "{" is never closed`},
	{"bracket too many", "version: 1\nhosts: {a: {}}}\n", `2:15 syntax text behind the end of a value`},
	{"closing bracket alone", "version: ]\n", `1:10 syntax a "]" that closes nothing`},
	{"missing comma", "hosts: {a: {} b: {}}\n", `1:15 syntax a comma is missing before this`},
	{"two commas", "hosts: {a: {tags: [x,, y]}}\n", `1:22 syntax a comma without an entry before it`},
	{"tab indentation", "version: 1\nhosts:\n\ta: {}\n", `3:1 syntax a tab indents this line`},
	{"tab behind spaces", "version: 1\nhosts:\n  \ta: {}\n", `3:3 syntax a tab indents this line`},
	{"indented too far", "version: 1\nhosts:\n  a: {}\n    b: {}\n", `4:5 syntax this line has 4 spaces, the line above has 2`},
	{"indented too little", "hosts:\n    a:\n      locale: C.UTF-8\n   b: {}\n", `4:4 syntax this line has 3 spaces, line 2 has 4`},
	{"two keys on a line", "hosts: a: {}\n", `1:8 syntax a second key on this line`},
	{"colon in text", "hosts:\n  a:\n    timezone: see: below\n", `3:15 syntax a second key on this line`},
	{"no space behind the colon", "version:1\nhosts: {a: {}}\n", `2:1 key a key over several lines`},
	{"key without colon", "version: 1\nhosts:\n  a: {}\n  b\n", `4:3 syntax a key without a value`},
	{"list on the line of its key", "hosts: {a: {}}\nextends: - x\n", `2:10 syntax a list entry on the line of its key`},
	{"list among keys", "hosts:\n  a: {}\n  - b\n", `3:3 syntax a list entry among keys`},
	{"text behind quotes", "hosts: {a: {}}\nrelease: \"26.05\" stable\n", `2:18 syntax text behind the end of a value`},
	{"reserved character", "hosts: {a: {}}\nrelease: @x\n", `2:10 syntax a value cannot start with @`},
	{"backtick", "hosts: {a: {}}\nrelease: `x`\n", "2:10 syntax a value cannot start with `"},
	{"line separator", "hosts: {a: {locale: \"x\u2028\"}}\n", `1:23 encoding the line separator U+2028`},
	{"unknown escape", "hosts: {a: {}}\nrelease: \"\\q\"\n", `2:11 syntax the escape in this text is not valid`},
	{"short escape", "hosts: {a: {locale: \"\\xZZ\"}}\n", `1:22 syntax the escape in this text is not valid`},
	{"half a surrogate pair", "hosts: {a: {}}\nrelease: \"\\udc00\"\n", `2:11 syntax the escape in this text is not valid`},
	{"colon in text between braces", "hosts: {a: {locale: x: y}}\n", `1:22 syntax a second colon in one entry`},
	{"key among list entries", "hosts: {a: {tags: [a: b]}}\n", "1:20 syntax a key among list entries"},
	{"no colon's space in braces", "hosts: {a: {port:1}}\n", `1:13 syntax a colon without a space between braces`},
	{"indented below a value", "hosts:\n  a:\n    desktop: none\n      locale: C.UTF-8\n", `4:7 syntax this line has 6 spaces, the line above has 4`},
	{"list between brackets", "hosts: {a: {tags: [- x]}}\n", `1:20 syntax a value cannot start like this`},
	{"text behind a block's start", "hosts: {a: {}}\nrelease: | x\n", `2:12 syntax text behind the start of a block`},
	{"glob", "hosts: {a: {locale: *.x}}\n", `1:21 yaml-feature an alias (*.x)`},
	{"less indented than the first key", "  hosts: {a: {}}\nversion: 1\n", `2:1 syntax this line has no spaces, the line above has 2`},
	{"ambiguous colon in braces", "hosts: {a:{locale: x}}\n", `1:9 syntax a colon without a space between braces`},

	// YAML that profiles do without
	{"second document", "hosts: {a: {}}\n---\nhosts: {b: {}}\n", `2:1 yaml-feature a second YAML document starts here`},
	{"text behind the end", "hosts: {a: {}}\n...\nhosts: {b: {}}\n", `3:1 yaml-feature a second YAML document starts here`},
	{"directive", "%YAML 1.1\n---\nhosts: {a: {}}\n", `1:1 yaml-feature a YAML directive`},
	{"anchor and alias", "defaults: &d {locale: C.UTF-8}\nhosts:\n  a: *d\n", "1:11 yaml-feature an anchor (&d)\n3:6 yaml-feature an alias (*d)"},
	{"merge key", "hosts:\n  a:\n    <<: {locale: C.UTF-8}\n", `3:5 yaml-feature a merge key (<<)`},
	{"tag", "hosts:\n  a:\n    locale: !!binary aGk=\n", `3:13 yaml-feature a YAML tag (!!binary)`},
	{"tag of a language", "hosts: !ruby/object:X {a: {}}\n", `1:8 yaml-feature a YAML tag (!ruby/object:X)`},
	{"question mark key", "? hosts\n: {a: {}}\n", `1:1 syntax a key that starts with ?`},
	{"list as a key", "hosts:\n  [a]: {}\n", `2:3 syntax a key that is a list or a map`},

	// Keys
	{"number as a key", "hosts:\n  1: {}\n", `2:3 key the key 1 is a whole number`},
	{"boolean as a key", "hosts: {true: {}}\n", `1:9 key the key true is true or false`},
	{"null as a key", "hosts:\n  ~: {}\n", `2:3 key the key ~ means nothing (null)`},
	{"no key", "hosts:\n  : x\n", `2:3 key a value without a key`},
	{"duplicate key", "hosts:\n  a: {}\n  b: {}\n  a: {}\n", `4:3 duplicate-key duplicate key "a"`},
	{"duplicate key in braces", "hosts: {a: {locale: C.UTF-8, \"locale\": C.UTF-8}}\n", `1:30 duplicate-key duplicate key "locale"`},
	{"long key", "hosts: {a: {}}\n" + strings.Repeat("k", 1025) + ": 1\n", `2:1 limit a key longer than 1024 bytes`},

	// Numbers
	{"release as a number", "release: 26.05\nhosts: {a: {}}\n", `1:10 quote release is the number 26.05`},
	{"release that would lose a zero", "release: 25.10\nhosts: {a: {}}\n",
		`1:10 quote release is the number 25.10`},
	{"stateVersion as a number", "hosts: {a: {stateVersion: 25.11}}\n", `1:27 quote stateVersion is the number 25.11`},
	{"stateVersion as an option", "hosts: {a: {nixos: {system.stateVersion: 25.11}}}\n", `1:42 quote system.stateVersion is the number 25.11`},
	{"octal", "hosts: {a: {network: {tcpPorts: [0644]}}}\n", `1:34 number the number 0644 starts with 0`},
	{"NaN", "hosts: {a: {services: {postgresql: {memory: .nan}}}}\n", `1:45 number .nan is not a usable number`},
	{"infinity", "hosts: {a: {nixos: {x: -.inf}}}\n", `1:24 number -.inf is not a usable number`},
	{"overflow", "hosts: {a: {nixos: {x: 1e999}}}\n", `1:24 number the number "1e999" is too large`},
	{"big number", "hosts: {a: {nixos: {x: 123456789012345678901}}}\n", `1:24 number the number "123456789012345678901" is too large`},

	// Structure
	{"a list", "- a\n- b\n", `1:1 type this is not a profile, but a list`},
	{"a text", "hello\n", `1:1 type this is not a profile, but "hello"`},
	{"no hosts", "version: 1\n", `1:1 host the profile has no host`},
	{"hosts is a list", "version: 1\nhosts: [a, b]\n", `2:8 type hosts must be a map, not a list`},
	{"a host is text", "version: 1\nhosts: {a: x86_64-linux}\n", `2:12 type a must be a map, not "x86_64-linux"`},
	{"both forms", "version: 1\nhost: {name: a}\nhosts: {b: {}}\n", `2:1 host both host and hosts`},
	{"no name", "version: 1\nhost: {locale: C.UTF-8}\n", `2:1 host the host has no name`},
	{"another name", "version: 1\nhosts: {a: {name: b}}\n", `2:19 host the host a is called "b" inside`},
	{"underscore in a host name", "version: 1\nhosts: {my_host: {}}\n", `2:9 format "my_host" is not a valid host name`},
	{"dot in a host name", "version: 1\nhosts: {a.example.org: {}}\n", `2:9 format "a.example.org" is not a valid host name`},
	{"path as a host name", "version: 1\nhosts: {../../etc: {}}\n", `2:9 format "../../etc" is not a valid host name`},
	{"long host name", "version: 1\nhosts: {" + strings.Repeat("a", 64) + ": {}}\n", `2:9 format "` + strings.Repeat("a", 60) + `…" is not a valid host name`},
	{"same name in another case", "version: 1\nhosts:\n  Web: {locale: C.UTF-8}\n  web: {locale: C.UTF-8}\n", `4:3 host the hosts Web and web differ in case only`},
	{"unknown group", "version: 1\ngroups: {web: {}}\nhosts: {a: {groups: [wbe]}}\n", `3:22 group unknown group "wbe"`},
	{"groups in a group", "version: 1\ngroups: {web: {groups: [x]}}\nhosts: {a: {}}\n", `2:16 host a group cannot be in groups`},
	{"name in defaults", "version: 1\ndefaults: {name: x}\nhosts: {a: {}}\n", `2:12 host defaults cannot name a host`},
	{"plus on no list", "version: 1\nhosts: {a: {+locale: x}}\n", "2:13 merge +locale holds \"x\"\n2:22 format \"x\" is not a valid locale"},
	{"plus beside the key", "version: 1\nhosts: {a: {packages: [a], +packages: [b]}}\n", `2:28 merge +packages and packages are both set`},
	{"plus on text", "version: 1\ndefaults: {locale: C.UTF-8}\nhosts: {a: {+locale: [x]}}\n",
		"3:13 merge +locale has no list to add to\n3:22 type locale must be text, not a list"},
	{"plus on hosts", "version: 1\n+hosts: [a]\n", "2:1 merge +hosts has no meaning\n2:9 type hosts must be a map, not a list"},
	{"extends text", "version: 1\nextends: base.yaml\nhosts: {a: {}}\n", `2:10 type extends must be a list, not "base.yaml"`},
	{"extends nothing there", "version: 1\nextends: [./base.yaml]\nhosts: {a: {}}\n", `2:11 read cannot extend "./base.yaml"`},
	{"extends a URL", "version: 1\nextends: [\"https://example.org/x.yaml\"]\nhosts: {a: {}}\n", `2:11 extends cannot extend "https://example.org/x.yaml"`},
	{"extends itself", "version: 1\nextends: [p.yaml]\nhosts: {a: {}}\n", `2:11 extends cannot extend "p.yaml"`},
	{"extends a strange preset", "version: 1\nextends: [\"preset:../x\"]\nhosts: {a: {}}\n", `2:11 extends cannot extend "preset:../x"`},

	// The schema
	{"unknown top key", "version: 1\nhost_s: {}\nhosts: {a: {}}\n", `2:1 unknown-key unknown key "host_s"`},
	{"unknown key", "version: 1\nhosts:\n  a:\n    pakages: [x]\n", `4:5 unknown-key unknown key "pakages" in a`},
	{"unknown key with plus", "version: 1\nhosts: {a: {+pakages: [x]}}\n", `2:13 unknown-key unknown key "pakages" in a`},
	{"unknown service", "version: 1\nhosts: {a: {services: {ngnix: }}}\n", `2:24 unknown-key unknown key "ngnix" in services`},
	{"unknown service that is off", "version: 1\nhosts: {a: {services: {ngnix: false}}}\n", `2:24 unknown-key unknown key "ngnix" in services`},
	{"mistake in defaults that all override", "version: 1\ndefaults: {locale: de}\nhosts: {a: {locale: C.UTF-8}}\n", `2:20 format "de" is not a valid locale`},
	{"mistake in a group without hosts", "version: 1\ngroups: {web: {locale: de}}\nhosts: {a: {}}\n", `2:24 format "de" is not a valid locale`},
	{"one mistake for many hosts", "version: 1\ndefaults: {python: {x: {}}}\nhosts: {a: {}, b: {}, c: {}}\n", `2:21 missing-key x lacks the key "packages"`},
	{"version missing", "hosts: {a: {}}\n", `1:1 missing-key the profile lacks the key "version"`},
	{"version of the future", "version: 2\nhosts: {a: {}}\n", `1:10 value version cannot be 2`},
	{"version as text", "version: \"1\"\nhosts: {a: {}}\n", `1:10 value version cannot be "1"`},
	{"unknown release", "version: 1\nrelease: \"26.06\"\nhosts: {a: {}}\n", `2:10 format "26.06" is not a valid NixOS release`},
	{"not one of the choices", "version: 1\nhosts: {a: {desktop: kde}}\n", `2:22 value desktop cannot be "kde"`},
	{"time zone", "version: 1\nhosts: {a: {timezone: Berlin}}\n", `2:23 format "Berlin" is not a valid time zone`},
	{"nothing where a value belongs is no problem", "version: 1\nhosts: {a: {timezone: }, b: {tags: [x, ]}}\n", ``},
	{"nothing in a list", "version: 1\nhosts:\n  a:\n    tags:\n      -\n      - x\n", `5:8 type an entry of tags has no value`},
	{"map for text", "version: 1\nhosts: {a: {keyboard: de}}\n", `2:23 type keyboard must be a map, not "de"`},
	{"yes for true", "version: 1\nhosts: {a: {users: {ada: {admin: yes}}}}\n", `2:34 type admin must be true or false, not "yes"`},
	{"number for text", "version: 1\nhosts: {a: {tags: [1]}}\n", `2:20 type an entry of tags must be text, not 1`},
	{"text for a number", "version: 1\nhosts: {a: {users: {ada: {uid: \"1001\"}}}}\n", `2:32 type uid must be a whole number, not "1001"`},
	{"fraction for a whole number", "version: 1\nhosts: {a: {services: {postgresql: {port: 5432.5}}}}\n", `2:43 type port must be a whole number, not 5432.5`},
	{"text for a list", "version: 1\nhosts: {a: {packages: ripgrep}}\n", `2:23 type packages must be a list, not "ripgrep"`},
	{"text for a service", "version: 1\nhosts: {a: {services: {nginx: on}}}\n", `2:31 type nginx must be a map, true or false, not "on"`},
	{"port too large", "version: 1\nhosts: {a: {network: {tcpPorts: [22, 99999]}}}\n", `2:38 value an entry of tcpPorts cannot be 99999`},
	{"port zero", "version: 1\nhosts: {a: {services: {postgresql: {port: 0}}}}\n", `2:43 value port cannot be 0`},
	{"share too large", "version: 1\nhosts: {a: {services: {postgresql: {memory: 2}}}}\n", `2:45 value memory cannot be 2`},
	{"share of zero", "version: 1\nhosts: {a: {services: {postgresql: {memory: 0}}}}\n", `2:45 value memory cannot be 0`},
	{"empty text", "version: 1\nhosts: {a: {services: {postgresql: {databases: [\"\"]}}}}\n", `2:49 value an entry of databases is empty`},
	{"empty list", "version: 1\nhosts: {a: {services: {postgresql: {databases: []}}}}\n", `2:48 value databases cannot be an empty list`},
	{"entry twice", "version: 1\nhosts: {a: {tags: [x, y, x]}}\n", `2:26 value "x" is in the list twice`},
	{"bad package name", "version: 1\nhosts: {a: {packages: [\"${pkgs.x}\"]}}\n", `2:24 format an entry of packages cannot be "${pkgs.x}"`},
	{"user name", "version: 1\nhosts: {a: {users: {Ada: {}}}}\n", `2:21 format "Ada" is not a valid user name`},
	{"root as a user", "version: 1\nhosts: {a: {users: {root: {}}}}\n", `2:21 format "root" is not a valid user name`},
	{"private key", "version: 1\nhosts: {a: {users: {ada: {sshKeys: [\"-----BEGIN OPENSSH PRIVATE KEY-----\"]}}}}\n",
		`2:37 format "-----BEGIN OPENSSH PRIVATE KEY-----" is not a valid public ssh key`},
	{"address", "version: 1\nhosts: {a: {network: {nameservers: [9.9.9.9, 1.2.3]}}}\n", `2:46 format "1.2.3" is not a valid IPv4 address`},
	{"neither form", "version: 1\nhosts: {a: {allowUnfree: 5}}\n", `2:26 type allowUnfree must be a list, true or false, not 5`},
	{"wrong entry of one form", "version: 1\nhosts: {a: {allowUnfree: [discord, 5]}}\n", `2:36 type an entry of allowUnfree must be text, not 5`},
	{"none of two keys", "version: 1\nhosts: {a: {secrets: {s: {}}}}\n", `2:23 missing-key s needs one of file, sops`},
	{"a named thing without anything", "version: 1\nhosts:\n  a:\n    secrets:\n      s:\n", `5:7 missing-key s needs one of file, sops`},
	{"both of two keys", "version: 1\nhosts: {a: {secrets: {s: {file: /x, sops: y}}}}\n", `2:37 value s has file and sops`},
	{"empty text of one form", "version: 1\nhosts: {a: {secrets: {s: {sops: \"\"}}}}\n", `2:33 value sops is empty`},
	{"relative path", "version: 1\nhosts: {a: {secrets: {s: {file: x/y}}}}\n", `2:33 format "x/y" is not a valid absolute path`},
	{"option path", "version: 1\nhosts: {a: {nixos: {\"services.${x}\": 1}}}\n", `2:21 format "services.${x}" is not a valid option path`},
	{"several at once", "version: 1\nrelease: 26.05\nhosts:\n  a:\n    desktop: kde\n    pakages: []\n    timezone: Nowhere\n",
		"2:10 quote release is the number 26.05\n5:14 value desktop cannot be \"kde\"\n6:5 unknown-key unknown key \"pakages\" in a\n7:15 format \"Nowhere\" is not a valid time zone"},
	{"what layers lack along with other mistakes", "version: 1\ndefaults: {python: {x: {}}, pakages: []}\nhosts: {a: {locale: x}, b: {}}\n",
		"2:21 missing-key x lacks the key \"packages\"\n2:29 unknown-key unknown key \"pakages\" in defaults\n3:21 format \"x\" is not a valid locale"},
	{"wide characters before it", "version: 1\nhosts: {a: {users: {ada: {shell: \"日本\", admin: 3}}}}\n",
		"2:34 value shell cannot be \"日本\"\n2:47 type admin must be true or false, not 3"},
	{"CRLF", "version: 1\r\nhosts:\r\n  a:\r\n    desktop: kde\r\n", `4:14 value desktop cannot be "kde"`},
	{"BOM", "\ufeffversion: 2\nhosts: {a: {}}\n", `1:10 value version cannot be 2`},
}

func TestMalformed(t *testing.T) {
	schema := testSchema(t)
	if len(malformed) < 60 {
		t.Fatalf("only %d cases", len(malformed))
	}
	for _, c := range malformed {
		t.Run(c.name, func(t *testing.T) {
			src := c.yaml
			if !strings.Contains(c.name, "version") && !strings.Contains(src, "version:") && !strings.HasPrefix(c.want, "1:1 ") {
				// Line numbers stay: the schema wants a version.
				src = strings.TrimRight(src, "\n") + "\nversion: 1\n"
			}
			p, err := Load(Memory{"p.yaml": src}, "p.yaml", schema)
			var problems Problems
			if err != nil && !errors.As(err, &problems) {
				t.Fatalf("not Problems: %v", err)
			}
			if p == nil && err == nil {
				t.Error("neither a profile nor an error")
			}
			var got []string
			for _, p := range problems {
				got = append(got, fmt.Sprintf("%d:%d %s %s", p.Pos.Line, p.Pos.Column, p.Code, p.What))
				if p.Pos.File != "p.yaml" {
					t.Errorf("file %q", p.Pos.File)
				}
			}
			if g := strings.Join(got, "\n"); g != c.want {
				t.Errorf("got\n%s\nwant\n%s\nfull\n%v", g, c.want, err)
			}
		})
	}
}

// TestLimits feeds what must be refused before it costs anything.
func TestLimits(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"size", strings.Repeat("# comment\n", MaxBytes/10+1), "1:1 limit the file is larger than 8 MiB"},
		{"brackets", "a: " + strings.Repeat("[", 100_000), "1:36 limit values nest deeper than 32 levels"},
		{"braces", "a: " + strings.Repeat("{a: ", 100_000), "1:132 limit values nest deeper than 32 levels"},
		{"dashes", strings.Repeat("- ", 100_000), "1:65 limit values nest deeper than 32 levels"},
		{"indentation", func() string {
			var b strings.Builder
			for i := range 40 {
				b.WriteString(strings.Repeat(" ", i) + "a:\n")
			}
			return b.String()
		}(), "33:34 limit values nest deeper than 32 levels"},
		{"values", strings.Repeat("-\n", MaxIndicators/2+2), "1048577:1 limit more than 2097152 values"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("p.yaml", []byte(c.src))
			var ps Problems
			if !errors.As(err, &ps) {
				t.Fatalf("got %v", err)
			}
			if got := fmt.Sprintf("%d:%d %s %s", ps[0].Pos.Line, ps[0].Pos.Column, ps[0].Code, ps[0].What); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestManyProblems checks that a file full of mistakes is cut short.
func TestManyProblems(t *testing.T) {
	var b strings.Builder
	b.WriteString("version: 1\nhosts:\n")
	for i := range 3000 {
		fmt.Fprintf(&b, "  h%d: {pakages: []}\n", i)
	}
	_, err := Load(Memory{"p.yaml": b.String()}, "p.yaml", testSchema(t))
	var ps Problems
	if !errors.As(err, &ps) || len(ps) != maxProblems+1 {
		t.Fatalf("%d problems", len(ps))
	}
	if last := ps[len(ps)-1]; last.Code != CodeLimit {
		t.Errorf("last is %v", last)
	}
}

func TestReadError(t *testing.T) {
	_, err := Load(Memory{}, "p.yaml", testSchema(t))
	var ps Problems
	if !errors.Is(err, os.ErrNotExist) || errors.As(err, &ps) {
		t.Errorf("got %v", err)
	}
}
