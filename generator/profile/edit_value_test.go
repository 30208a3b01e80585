package profile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSetIn(t *testing.T) {
	for _, c := range []struct{ name, src, path, value, want string }{
		{"into a block map", "a:\n  b: 1 # one\nc: 2\n", "a.x", "true", "a:\n  b: 1 # one\n  x: true\nc: 2\n"},
		{"into a flow map", "a: {b: 1} # k\n", "a.x", `["y", 2]`, "a: {b: 1, x: [\"y\", 2]} # k\n"},
		{"on a new way", "a: 1\n", "b.c", "{d: e}", "a: 1\nb:\n  c: {d: e}\n"},
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
	for value, why := range map[string]string{
		"1\nb: 2": "not a value in one line", "[1": "not a value in one line", "1, c: 2": "not a value in one line", "1, y": "edit by hand", "1 # x": "edit by hand",
	} {
		if got, err := SetIn([]byte("a: {z: 1}\n"), []string{"a", "x"}, value); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%q: %s, %v, want an error with %q", value, got, err, why)
		}
	}
}

func TestAppendIn(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"to a flow list", "a:\n  p: [x, y] # k\nb: 1\n", "a:\n  p: [x, y, new] # k\nb: 1\n"},
		{"to an empty list", "a:\n  p: []\n", "a:\n  p: [new]\n"},
		{"behind a trailing comma", "a:\n  p: [x, y,]\n", "a:\n  p: [x, y, new]\n"},
		{"over lines", "a:\n  p: [x,\n    y]\n", "a:\n  p: [x,\n    y, new]\n"},
		{"to lines", "a:\n  p:\n    - x # k\n    # last\nb: 1\n", "a:\n  p:\n    - x # k\n    - new\n    # last\nb: 1\n"},
		{"to lines that are not indented", "a:\n  p:\n  - x\n  - y\nb: 1\n", "a:\n  p:\n  - x\n  - y\n  - new\nb: 1\n"},
		{"where none is", "a:\n  b: 1\n", "a:\n  b: 1\n  p: [new]\n"},
		{"CRLF", "a:\r\n  p:\r\n    - x\r\n", "a:\r\n  p:\r\n    - x\r\n    - new\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := AppendIn([]byte(c.src), []string{"a", "p"}, "new")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	got, err := AppendIn([]byte("a: {p: [x]}\n"), []string{"a", "p"}, "bundle:cli")
	if want := "a: {p: [x, \"bundle:cli\"]}\n"; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	if _, err := AppendIn([]byte("a: {p: x}\n"), []string{"a", "p"}, "new"); err == nil || !strings.Contains(err.Error(), `a.p`) {
		t.Errorf("%v, want an error that names a.p", err)
	}
}
