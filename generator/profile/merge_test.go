package profile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// genPatch generates the YAML of a layer. Keys that start with l hold lists
// or nothing; all others hold anything else.
func genPatch(t *rapid.T, depth int) string {
	var fields []string
	seen := map[string]bool{}
	for range rapid.IntRange(0, 4).Draw(t, "size") {
		key := rapid.SampledFrom([]string{"a", "b", "m", "l1", "l2", "services"}).Draw(t, "key")
		if seen[key] {
			continue
		}
		seen[key] = true
		var value string
		switch {
		case key[0] == 'l':
			items := rapid.SliceOfN(rapid.SampledFrom([]string{"x", "y", "z", "1", "{q: 1}"}), 0, 3).Draw(t, "items")
			value = "[" + strings.Join(items, ", ") + "]"
			switch rapid.IntRange(0, 3).Draw(t, "form") {
			case 0:
				value = "~"
			case 1, 2:
				key = "+" + key
			}
		case key == "services":
			names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"n1", "n2", "n3"}), 0, 3, func(s string) string { return s }).Draw(t, "names")
			for i, n := range names {
				names[i] = n + ": " + rapid.SampledFrom([]string{"true", "false", "~", "{}", "{p: 1}", "{p: 2, q: ~}", "{q: 3}"}).Draw(t, "service")
			}
			value = "{" + strings.Join(names, ", ") + "}"
		default:
			value = rapid.SampledFrom([]string{"1", "text", "~", "true", "map", "map"}).Draw(t, "value")
			if value == "map" {
				value = "{}"
				if depth > 0 {
					value = genPatch(t, depth-1)
				}
			}
		}
		fields = append(fields, key+": "+value)
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

// patchOf parses YAML as a layer of the file name.
func patchOf(t rapid.TB, m *merger, name, yaml string) *Node {
	t.Helper()
	root, _, problems := parse(name, []byte(yaml))
	if len(problems) > 0 {
		t.Fatalf("%s: %v", yaml, problems)
	}
	return m.patch(root, plainSchema().Properties["defaults"], nil)
}

// TestMergeIsAssociative is what lets defaults and groups be merged once for
// all hosts.
func TestMergeIsAssociative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &merger{}
		a := patchOf(t, m, "a", genPatch(t, 2))
		b := patchOf(t, m, "b", genPatch(t, 2))
		c := patchOf(t, m, "c", genPatch(t, 2))
		left := normal(m.merge(m.merge(a, b), c))
		right := normal(m.merge(a, m.merge(b, c)))
		if diff := cmp.Diff(left.Any(), right.Any()); diff != "" {
			t.Fatalf("(a·b)·c and a·(b·c) differ:\n%s", diff)
		}
		if diff := cmp.Diff(places(left), places(right)); diff != "" {
			t.Fatalf("places differ:\n%s", diff)
		}
		if len(m.problems) > 0 {
			t.Fatal(m.problems)
		}
	})
}

// places are the positions of all scalars by their path.
func places(n *Node) map[string]string {
	out := map[string]string{}
	var walk func(n *Node, path string)
	walk = func(n *Node, path string) {
		switch n.Kind {
		case Map:
			for _, f := range n.Fields {
				walk(f.Value, path+"/"+f.Key)
			}
		case List:
			for i, item := range n.Items {
				walk(item, fmt.Sprintf("%s/%d", path, i))
			}
		default:
			out[path] = n.Pos.String()
		}
	}
	walk(n, "")
	return out
}

// TestMergeKeepsPlaces checks that every value of a merged host is found where
// its position and its pointer say.
func TestMergeKeepsPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &merger{}
		var merged *Node
		roots := map[string]*Node{}
		for _, name := range []string{"a", "b", "c"} {
			yaml := genPatch(t, 2)
			roots[name], _, _ = parse(name, []byte(yaml))
			merged = m.merge(merged, patchOf(t, m, name, yaml))
		}
		var walk func(n *Node)
		walk = func(n *Node) {
			origin := roots[n.Pos.File]
			for _, part := range splitPointer(n.Pointer) {
				if origin.Kind == List {
					origin = origin.Items[int(part[0]-'0')]
				} else {
					origin = origin.Get(part)
				}
			}
			if origin.Pos != n.Pos {
				t.Fatalf("%s says it is at %v, but that is at %v", n.Origin(), n.Pos, origin.Pos)
			}
			if n.Kind != Map && n.Kind != List && origin.Scalar != n.Scalar {
				t.Fatalf("%s is %v, there stands %v", n.Origin(), n.Scalar, origin.Scalar)
			}
			for _, f := range n.Fields {
				walk(f.Value)
			}
			if n.Kind == List && !strings.Contains(n.Pointer, "+") {
				for _, item := range n.Items {
					walk(item)
				}
			}
		}
		walk(normal(merged))
	})
}

// TestMergeChangesNothing checks that merging leaves its inputs alone: they
// are shared by all hosts.
func TestMergeChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &merger{}
		a, b := patchOf(t, m, "a", genPatch(t, 2)), patchOf(t, m, "b", genPatch(t, 2))
		before := fmt.Sprintf("%#v%#v%v%v", a.Any(), b.Any(), places(a), places(b))
		normal(m.merge(a, b))
		normal(m.merge(b, a))
		if after := fmt.Sprintf("%#v%#v%v%v", a.Any(), b.Any(), places(a), places(b)); before != after {
			t.Fatalf("before %s\nafter %s", before, after)
		}
	})
}

func TestMergeRules(t *testing.T) {
	for _, c := range []struct{ name, below, above, want string }{
		{"scalars replace", "{a: 1, b: 2}", "{b: 3}", "{a: 1, b: 3}"},
		{"maps merge", "{a: {x: 1, y: 2}}", "{a: {y: 3, z: 4}}", "{a: {x: 1, y: 3, z: 4}}"},
		{"lists replace", "{l: [a, b]}", "{l: [c]}", "{l: [c]}"},
		{"plus appends", "{l: [a, b]}", "{+l: [b, c]}", "{l: [a, b, c]}"},
		{"plus with nothing below", "{}", "{+l: [c, c]}", "{l: [c, c]}"},
		{"plus over plus", "{+l: [a]}", "{+l: [b]}", "{l: [a, b]}"},
		{"plus on maps in lists", "{l: [{n: 1}]}", "{+l: [{n: 1}, {n: 2}]}", "{l: [{n: 1}, {n: 2}]}"},
		{"plus tells numbers from text", "{l: [1]}", "{+l: [\"1\"]}", "{l: [1, \"1\"]}"},
		{"null takes back", "{a: 1, b: {c: 1}}", "{a: ~, b: ~}", "{}"},
		{"null takes back deep down", "{b: {c: 1, d: 2}}", "{b: {c: ~}}", "{b: {d: 2}}"},
		{"null of nothing", "{}", "{a: ~}", "{}"},
		{"a map over a scalar", "{a: 1}", "{a: {b: 2}}", "{a: {b: 2}}"},
		{"a scalar over a map", "{a: {b: 2}}", "{a: 1}", "{a: 1}"},
		{"two pluses are one", "{a: 1}", "{++a: [1]}", "{a: 1, +a: [1]}"},
		{"a service by its name", "{}", "{services: {nginx: }}", "{services: {nginx: {}}}"},
		{"a service by true", "{services: {nginx: {port: 1}}}", "{services: {nginx: true}}", "{services: {nginx: {port: 1}}}"},
		{"a service is off", "{services: {nginx: {port: 1}, redis: {}}}", "{services: {nginx: false}}", "{services: {redis: {}}}"},
		{"a service is off and on", "{services: {nginx: false}}", "{services: {nginx: {port: 2}}}", "{services: {nginx: {port: 2}}}"},
		{"a user by the name", "{users: {ada: {admin: true}}}", "{users: {ada: , bob: }}", "{users: {ada: {admin: true}, bob: {}}}"},
		{"a user taken back", "{users: {ada: {admin: true}}}", "{users: {ada: ~}}", "{users: {}}"},
		{"false elsewhere is false", "{a: true}", "{a: false}", "{a: false}"},
		{"null among options is null", "{nixos: {x.y: 1}}", "{nixos: {x.y: ~, z: {q: ~}}}", "{nixos: {x.y: ~, z: {q: ~}}}"},
		{"null over all options takes back", "{nixos: {x: 1}}", "{nixos: ~}", "{}"},
		{"options append", "{nixos: {x: [1]}}", "{nixos: {+x: [2]}}", "{nixos: {x: [1, 2]}}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := &merger{}
			got := normal(m.merge(patchOf(t, m, "below", c.below), patchOf(t, m, "above", c.above)))
			want, _, problems := parse("want", []byte(c.want))
			if len(problems)+len(m.problems) > 0 {
				t.Fatal(problems, m.problems)
			}
			if diff := cmp.Diff(want.Any(), got.Any()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
