package profile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAddIn(t *testing.T) {
	for _, c := range []struct{ name, src, path, want string }{
		{"into a block map", "a: 1\nb:\n  c: 1 # one\n  # last\nd: 2\n", "b.x", "a: 1\nb:\n  c: 1 # one\n  x: {}\n  # last\nd: 2\n"},
		{"into an empty map", "a:\n  b: {}\n", "a.b.x", "a:\n  b: {x: {}}\n"},
		{"into a comment in braces", "a: { # none\n}\n", "a.x", "a: {x: {} # none\n}\n"},
		{"into a flow map", "a: {b: 1, c: [2, 3]} # k\n", "a.x", "a: {b: 1, c: [2, 3], x: {}} # k\n"},
		{"behind a trailing comma", "a: {b: 1,}\n", "a.x", "a: {b: 1, x: {}}\n"},
		{"behind a key without a value", "a:\n  services: # none yet\n  z: 1\n", "a.services.nginx", "a:\n  services: # none yet\n    nginx: {}\n  z: 1\n"},
		{"new maps on the way", "a: 1\n", "b.c.d", "a: 1\nb:\n  c:\n    d: {}\n"},
		{"new maps in braces", "a: {b}\n", "a.b.c.d", "a: {b: {c: {d: {}}}}\n"},
		{"over true", "s: {n: true}\n", "s.n.port", "s: {n: {port: {}}}\n"},
		{"over nothing in braces", "s: {n: }\n", "s.n.port", "s: {n: {port: {}} }\n"},
		{"no line end", "a: 1", "b", "a: 1\nb: {}"},
		{"key that needs quotes", "a: {}\n", "a.true", "a: {\"true\": {}}\n"},
		{"CRLF", "a:\r\n  b: 1 # x\r\nc: 2\r\n", "a.d", "a:\r\n  b: 1 # x\r\n  d: {}\r\nc: 2\r\n"},
		{"BOM and wide text", "\uFEFFa: 日本\nb: 1\n", "c", "\uFEFFa: 日本\nb: 1\nc: {}\n"},
		{"four spaces", "hosts:\n    atlas:\n        services:\n            nginx: {}\n", "hosts.atlas.services.redis",
			"hosts:\n    atlas:\n        services:\n            nginx: {}\n            redis: {}\n"},
		{"after a block scalar", "a:\n  m: |\n    text\n    # text\n\n# comment\nb: 1\n", "a.x", "a:\n  m: |\n    text\n    # text\n  x: {}\n\n# comment\nb: 1\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := AddIn([]byte(c.src), strings.Split(c.path, "."))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestRemoveIn(t *testing.T) {
	for _, c := range []struct{ name, src, path, want string }{
		{"from a block map", "a:\n  b: 1 # gone\n  # stays\n  c: 2\n", "a.b", "a:\n  # stays\n  c: 2\n"},
		{"a block", "a:\n  b:\n    x: 1\n    y: [1,\n      2]\n  c: 2\n", "a.b", "a:\n  c: 2\n"},
		{"the last line", "a:\n  b: 1\n  c: 2", "a.c", "a:\n  b: 1\n"},
		{"the only entry", "a: # k\n  b: 1\nc: 1\n", "a.b", "a: {} # k\nc: 1\n"},
		{"from a flow map", "a: {b: 1, c: 2, d: 3}\n", "a.c", "a: {b: 1, d: 3}\n"},
		{"first of a flow map", "a: {b: 1, c: 2}\n", "a.b", "a: {c: 2}\n"},
		{"last of a flow map", "a: {b: 1, c: 2} # x\n", "a.c", "a: {b: 1} # x\n"},
		{"only one of a flow map", "a: {b: 1}\n", "a.b", "a: {}\n"},
		{"what is not there", "a: 1\n", "b.c", "a: 1\n"},
		{"CRLF", "a: 1\r\nb: 2\r\nc: 3\r\n", "b", "a: 1\r\nc: 3\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := RemoveIn([]byte(c.src), strings.Split(c.path, "."))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestEditRefuses(t *testing.T) {
	for _, c := range []struct{ name, src, path, why string }{
		{"a list on the way", "a: [1]\n", "a.b", "a is a list, not a map"},
		{"text on the way", "a: x\n", "a.b", `a is "x", not a map`},
		{"what is there", "a: {b: {}}\n", "a.b", "it is there already"},
		{"a comma in a comment", "a: {b: 1 # x, y\n}\n", "a.c", "edit by hand"},
		{"not a profile", "a: [\n", "a", "never closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := AddIn([]byte(c.src), strings.Split(c.path, "."))
			if err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("got %q, %v, want an error with %q", got, err, c.why)
			}
		})
	}
}
