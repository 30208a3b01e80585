package profile

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

// FuzzParse feeds any bytes: parsing never panics, every problem lies in the
// file, every node is where it says, and its values are those of the library.
func FuzzParse(f *testing.F) {
	for _, src := range samples {
		f.Add([]byte(src))
	}
	for _, c := range malformed {
		if len(c.yaml) < 1<<12 {
			f.Add([]byte(c.yaml))
		}
	}
	f.Add(fleetYAML(2))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		root, text, problems := parse("p.yaml", data)
		for _, p := range problems {
			if p.Pos.Line < 1 || p.Pos.Line > len(text.lines) || p.Pos.Column < 1 {
				t.Errorf("%v is outside of the file", p)
			}
			if p.What == "" || strings.HasSuffix(p.message(), ".") {
				t.Errorf("badly worded: %v", p)
			}
		}
		if err := problems.err(); err != nil {
			if err := problems.Render(io.Discard, func(string) ([]byte, error) { return data, nil }, true); err != nil {
				t.Error(err)
			}
			return
		}
		checkNode(t, text, root)
		if _, err := json.Marshal(root.Any()); err != nil {
			t.Errorf("the tree is no JSON: %v", err)
		}
		first, _, _ := documents(text.src)
		checkValues(t, first, root)
	})
}

// checkNode checks positions, pointers and values of n.
func checkNode(t *testing.T, text *text, root *Node) {
	t.Helper()
	var walk func(n *Node, pointer string, depth int)
	walk = func(n *Node, pointer string, depth int) {
		if depth > MaxDepth+1 {
			t.Fatalf("%s is too deep", pointer)
		}
		if n.Pointer != pointer {
			t.Errorf("pointer %q, want %q", n.Pointer, pointer)
		}
		if n.Kind != Null {
			if n.span.from > n.span.to || int(n.span.to) > len(text.src) {
				t.Fatalf("%s spans %v", pointer, n.span)
			}
			if s := text.src[n.span.from:n.span.to]; n.Kind != List && n.Kind != Map || s[0] == '[' || s[0] == '{' {
				if end, ok := map[byte]byte{'"': '"', '\'': '\'', '[': ']', '{': '}'}[s[0]]; ok && s[len(s)-1] != end {
					t.Errorf("%s is %q", pointer, s)
				}
			}
			if got := text.pos(int(n.span.from)); got != n.Pos {
				t.Errorf("%s is at %v, its text at %v", pointer, n.Pos, got)
			}
		}
		if s, ok := n.Scalar.(string); ok && (!utf8.ValidString(s) || strings.Contains(s, "\x00")) {
			t.Errorf("%s holds %q", pointer, s)
		}
		for i, item := range n.Items {
			walk(item, pointer+"/"+itoa(i), depth+1)
		}
		for _, f := range n.Fields {
			if n.Get(f.Key) != f.Value {
				t.Errorf("%s has no own %q", pointer, f.Key)
			}
			walk(f.Value, pointerTo(pointer, f.Key), depth+1)
		}
	}
	walk(root, "", 0)
}

func itoa(i int) string {
	b, _ := json.Marshal(i)
	return string(b)
}

// checkValues compares n with the node of the library that it was made from.
func checkValues(t *testing.T, y *yaml.Node, n *Node) {
	t.Helper()
	switch y.Kind {
	case yaml.MappingNode:
		if n.Kind != Map || 2*len(n.Fields) != len(y.Content) {
			t.Fatalf("%s has %d fields of %d", n.Pointer, len(n.Fields), len(y.Content)/2)
		}
		for i, f := range n.Fields {
			if f.Key != y.Content[2*i].Value {
				t.Errorf("%s: the key is %q", n.Pointer, y.Content[2*i].Value)
			}
			checkValues(t, y.Content[2*i+1], f.Value)
		}
	case yaml.SequenceNode:
		if n.Kind != List || len(n.Items) != len(y.Content) {
			t.Fatalf("%s has %d items of %d", n.Pointer, len(n.Items), len(y.Content))
		}
		for i, item := range n.Items {
			checkValues(t, y.Content[i], item)
		}
	default:
		if n.Kind == Map || n.Kind == List || n.Kind == String && n.Str() != y.Value {
			t.Errorf("%s is %v, not %q", n.Pointer, n.Any(), y.Value)
		}
	}
}

// FuzzLoad feeds any profile to everything behind the parser.
func FuzzLoad(f *testing.F) {
	for _, c := range malformed {
		if len(c.yaml) < 1<<12 {
			f.Add(c.yaml, "version: 1\ndefaults: {services: {nginx: }, packages: [a]}\n")
		}
	}
	schema := testSchema(f)
	f.Fuzz(func(t *testing.T, own, base string) {
		if len(own)+len(base) > 1<<14 {
			return
		}
		files := Memory{"p.yaml": own, "base.yaml": base, "preset:x": base}
		p, err := Load(files, "p.yaml", schema)
		if err != nil {
			var ps Problems
			if !errors.As(err, &ps) || len(ps) == 0 {
				t.Fatalf("not Problems: %v", err)
			}
			return
		}
		m := &merger{}
		root := whole(p)
		again := normal(m.patch(root, plainSchema(), nil))
		if diff := cmp.Diff(root.Any(), again.Any()); diff != "" && !strings.Contains(own+base, "+") {
			t.Errorf("not the normal form:\n%s", diff)
		}
		for _, h := range p.Hosts {
			if !isHostLabel(h.Name) {
				t.Errorf("host %q", h.Name)
			}
			for _, f := range h.Node().Fields {
				if steps, err := p.Explain(h.Name, dotted([]string{f.Key})); err != nil || len(steps) == 0 {
					t.Errorf("explain %s: %v", f.Key, err)
				}
			}
		}
	})
}

// subsequence reports whether all bytes of a are in b, in order.
func subsequence(a, b []byte) bool {
	for _, c := range b {
		if len(a) > 0 && a[0] == c {
			a = a[1:]
		}
	}
	return len(a) == 0
}

// FuzzEdit adds and removes keys in any profile: either it refuses, or exactly
// that key has changed.
func FuzzEdit(f *testing.F) {
	for _, src := range samples {
		f.Add(src, "a.x")
		f.Add(src, "a")
	}
	f.Add("a: {b: 1, # c\n  c: 2 # d\n}\n", "a.x")
	f.Fuzz(func(t *testing.T, src, path string) {
		if len(src) > 1<<12 || len(path) > 64 {
			return
		}
		before, err := Parse("p", []byte(src))
		if err != nil {
			return
		}
		parts := strings.Split(path, ".")
		if _, err := RemoveIn([]byte(src), parts); err != nil && !strings.Contains(err.Error(), "by hand") {
			t.Errorf("remove from %q: %v", src, err)
		}
		out, err := AddIn([]byte(src), parts)
		if err != nil {
			return
		}
		after, err := Parse("p", out)
		if err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		if after.Get(parts...) == nil {
			t.Fatalf("%q was not added to %q", parts, out)
		}
		for i := range parts {
			if n := before.Get(parts[:i]...); n != nil && n.Kind != Map {
				return // null or true on the way gives way to a map
			}
		}
		if !subsequence([]byte(src), out) {
			t.Fatalf("not all of %q is in %q", src, out)
		}
		if _, err := RemoveIn(out, parts); err != nil && !strings.Contains(err.Error(), "by hand") {
			t.Errorf("remove again from %q: %v", out, err)
		}
	})
}
