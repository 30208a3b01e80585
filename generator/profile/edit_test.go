package profile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSetIn(t *testing.T) {
	for _, c := range []struct{ name, src, path, value, want string }{
		{"into a block map", "a: 1\nb:\n  c: 1 # one\n  # last\nd: 2\n", "b.x", "{}", "a: 1\nb:\n  c: 1 # one\n  x: {}\n  # last\nd: 2\n"},
		{"into an empty map", "a:\n  b: {}\n", "a.b.x", "true", "a:\n  b: {x: true}\n"},
		{"into a flow map", "a: {b: 1, c: [2, 3]} # k\n", "a.x", "{}", "a: {b: 1, c: [2, 3], x: {}} # k\n"},
		{"behind a trailing comma", "a: {b: 1,}\n", "a.x", "2", "a: {b: 1, x: 2}\n"},
		{"behind a key without a value", "a:\n  services: # none yet\n  z: 1\n", "a.services.nginx", "{}", "a:\n  services: # none yet\n    nginx: {}\n  z: 1\n"},
		{"new maps on the way", "a: 1\n", "b.c.d", "[x]", "a: 1\nb:\n  c:\n    d: [x]\n"},
		{"new maps in braces", "a: {b}\n", "a.b.c.d", "1", "a: {b: {c: {d: 1}}}\n"},
		{"over a scalar", "a:   old  # why\nb: 1\n", "a", "new", "a:   new  # why\nb: 1\n"},
		{"over a block", "a: # k\n  b: 1\n  c: 2\nd: 1\n", "a", "{}", "a: {} # k\nd: 1\n"},
		{"over nothing", "a:\nb: 1\n", "a", "1", "a: 1\nb: 1\n"},
		{"over true", "s: {n: true}\n", "s.n.port", "80", "s: {n: {port: 80}}\n"},
		{"block value", "a:\n  b: 1\n", "a.c", "- x\n- y\n", "a:\n  b: 1\n  c:\n    - x\n    - y\n"},
		{"block list on one line", "a: 1\n", "b", "- x", "a: 1\nb:\n  - x\n"},
		{"over a block by a block", "a:\n  b: 1\n\n# c\nc: 1\n", "a", "x: 1\ny: 2", "a:\n  x: 1\n  y: 2\n\n# c\nc: 1\n"},
		{"no line end", "a: 1", "b", "2", "a: 1\nb: 2"},
		{"key that needs quotes", "a: {}\n", "a.true", "1", "a: {\"true\": 1}\n"},
		{"CRLF", "a:\r\n  b: 1 # x\r\nc: 2\r\n", "a.d", "1", "a:\r\n  b: 1 # x\r\n  d: 1\r\nc: 2\r\n"},
		{"BOM and wide text", "\uFEFFa: 日本\nb: 1\n", "a", "x", "\uFEFFa: x\nb: 1\n"},
		{"four spaces", "hosts:\n    atlas:\n        services:\n            nginx: {}\n", "hosts.atlas.services.redis", "{}",
			"hosts:\n    atlas:\n        services:\n            nginx: {}\n            redis: {}\n"},
		{"after a block scalar", "a:\n  m: |\n    text\n    # text\n\n# comment\nb: 1\n", "a.x", "1", "a:\n  m: |\n    text\n    # text\n  x: 1\n\n# comment\nb: 1\n"},
		{"in a list", "a: [x]\n", "a", "[x, y]", "a: [x, y]\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := SetIn([]byte(c.src), strings.Split(c.path, "."), c.value)
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
	for _, c := range []struct{ name, src, path, value, why string }{
		{"a list on the way", "a: [1]\n", "a.b", "1", "a is a list, not a map"},
		{"text on the way", "a: x\n", "a.b", "1", `a is "x", not a map`},
		{"a block in braces", "a: {b: 1}\n", "a.c", "x: 1\ny: 2", "a block does not fit between braces"},
		{"no value", "a: 1\n", "a", " ", "there is no value"},
		{"more than a value", "a: 1\n", "a", "1\nb: 2", "parse the value"},
		{"an escape out of the value", "a: {b: 1}\n", "a.b", "1}, c: {d: 1", "value"},
		{"a comment as value", "a: {b: 1}\n", "a.b", "2 # x", "edit by hand"},
		{"not a profile", "a: [\n", "a", "1", "never closed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := SetIn([]byte(c.src), strings.Split(c.path, "."), c.value)
			if err == nil || !strings.Contains(err.Error(), c.why) {
				t.Errorf("got %q, %v, want an error with %q", got, err, c.why)
			}
		})
	}
}
