package nix

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

func TestNest(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   []Binding
		want string
	}{
		{"nothing", nil, "{ }"},
		{"single chain", []Binding{bind("a.b.c", Int(1))}, "{\n  a.b.c = 1;\n}"},
		{"siblings", []Binding{bind("a.b", Int(1)), bind("c", Int(2)), bind("a.d.e", Int(3))}, `{
  a = {
    b = 1;
    d.e = 3;
  };
  c = 2;
}`},
		{"fork below a chain", []Binding{bind("a.b.c", Int(1)), bind("a.b.d", Int(2))}, `{
  a.b = {
    c = 1;
    d = 2;
  };
}`},
		{"sets merge", []Binding{bind("a", set(bind("b.c", Int(1)), bind("d", Int(2)))), bind("a.b.e", Int(3))}, `{
  a = {
    b = {
      c = 1;
      e = 3;
    };
    d = 2;
  };
}`},
		{"set of one", []Binding{bind("a", set(bind("b", set(bind("c", Int(1))))))}, "{\n  a.b.c = 1;\n}"},
		{"explicit empty set", []Binding{bind("a.b", Attrs{})}, "{\n  a.b = { };\n}"},
		{"empty set with more", []Binding{bind("a", Attrs{}), bind("a.b", Int(1))}, "{\n  a.b = 1;\n}"},
		{"quoted", []Binding{bind(`a."b.c".d`, Int(1)), bind(`a."b.c".e`, Int(2))}, `{
  a."b.c" = {
    d = 1;
    e = 2;
  };
}`},
		{"comments", []Binding{commented("one", bind("a.b", Int(1))), commented("two", bind("a.c", set(commented("three", bind("d", Int(2))))))}, `{
  a = {
    # one
    b = 1;
    # two
    # three
    c.d = 2;
  };
}`},
		{"empty lines", []Binding{bind("a.b", Int(1)), blank(bind("a.c", Int(2))), blank(bind("d.e", Int(3))), blank(bind("d.f", Int(4)))}, `{
  a = {
    b = 1;

    c = 2;
  };

  d = {
    e = 3;

    f = 4;
  };
}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nested, err := Nest(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Print(nested)
			if err != nil || string(got) != tt.want+"\n" {
				t.Errorf("got %v\n%s\nwant\n%s", err, got, tt.want)
			}
		})
	}
}

func TestNestConflicts(t *testing.T) {
	for _, tt := range []struct {
		name string
		in   []Binding
		want string
	}{
		{"twice", []Binding{bind("a.b", Int(1)), bind("a.b", Int(1))}, "a.b"},
		{"value, then below it", []Binding{bind("a", Int(1)), bind("a.b", Int(1))}, "a"},
		{"set, then value", []Binding{bind("a.b", Int(1)), bind("a", Int(1))}, "a"},
		{"value, then set", []Binding{bind("a", Int(1)), bind("a", set(bind("b", Int(1))))}, "a"},
		{"value, then empty set", []Binding{bind("a", Int(1)), bind("a", Attrs{})}, "a"},
		{"call and below it", []Binding{bind("a.b", Call{Ref{"lib", "mkIf"}, []Expr{Bool(true), Attrs{}}}), bind("a.b.c", Int(1))}, "a.b"},
		{"in a set", []Binding{bind("a", set(bind(`"x.y"`, Int(1)), bind(`"x.y"`, Int(2))))}, `a."x.y"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for i := range tt.in {
				tt.in[i].Origin = fmt.Sprintf("p.yaml#/%d", i)
			}
			_, err := Nest(tt.in)
			var conflict *ConflictError
			if !errors.As(err, &conflict) {
				t.Fatalf("got %v, want a conflict", err)
			}
			if got := FormatAttrPath(conflict.Path); got != tt.want {
				t.Errorf("got a conflict at %s, want %s", got, tt.want)
			}
			if first := "p.yaml#/0"; conflict.First != first {
				t.Errorf("got %q as the first origin, want %q", conflict.First, first)
			}
			if last := fmt.Sprintf("p.yaml#/%d", len(tt.in)-1); conflict.Second != last {
				t.Errorf("got %q as the second origin, want %q", conflict.Second, last)
			}
		})
	}
}

// genTree makes nested maps whose leaves are numbers.
func genTree(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		if depth == 0 || rapid.IntRange(0, 2).Draw(t, "leaf") == 0 {
			return float64(rapid.IntRange(0, 9).Draw(t, "value"))
		}
		return rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c", "d.e", "or", ""}), genTree(depth-1), 0, 4).Draw(t, "map")
	})
}

// flatten writes a tree as bindings, opening maps at random.
func flatten(t *rapid.T, path []string, v any) []Binding {
	m, ok := v.(map[string]any)
	if !ok {
		return []Binding{{Path: path, Value: Int(v.(float64))}}
	}
	if len(path) > 0 && (len(m) == 0 || rapid.IntRange(0, 3).Draw(t, "closed") == 0) {
		var body []Binding
		for k, v := range m {
			body = append(body, flatten(t, []string{k}, v)...)
		}
		return []Binding{{Path: path, Value: Attrs{Body: body}}}
	}
	var bs []Binding
	for k, v := range m {
		bs = append(bs, flatten(t, append(path[:len(path):len(path)], k), v)...)
	}
	return bs
}

// Nesting keeps the meaning, repeats no key (statix: repeated_keys) and leaves
// no set of one that could be a path.
func TestNestProperty(t *testing.T) {
	env := nixtest.New(t)
	rapid.Check(t, func(rt *rapid.T) {
		var want []any
		var list List
		for range rapid.IntRange(1, 40).Draw(rt, "n") {
			tree := rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c"}), genTree(4), 0, 4).Draw(rt, "tree")
			bs := rapid.Permutation(flatten(rt, nil, any(tree))).Draw(rt, "order")
			nested, err := Nest(bs)
			if err != nil {
				rt.Fatal(err)
			}
			checkNested(rt, nested)
			want = append(want, tree)
			list = append(list, nested)
		}
		source, err := Print(list)
		if err != nil {
			rt.Fatal(err)
		}
		out, err := env.TryEval(t.Context(), string(source))
		if err != nil {
			rt.Fatal(err)
		}
		var got []any
		if err := json.Unmarshal(out, &got); err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("-want +got:\n%s\n%s", diff, source)
		}
	})
}

func checkNested(t *rapid.T, a Attrs) {
	seen := map[string]bool{}
	for _, b := range a.Body {
		if seen[b.Path[0]] {
			t.Fatalf("%q is repeated", b.Path[0])
		}
		seen[b.Path[0]] = true
		if inner, ok := b.Value.(Attrs); ok {
			if len(inner.Body) == 1 {
				t.Fatalf("%q is a set of one", b.Path)
			}
			checkNested(t, inner)
		}
	}
}

func TestNestKeepsOrigins(t *testing.T) {
	nested, err := Nest([]Binding{
		{Path: []string{"services"}, Origin: "p.yaml#/services", Value: set(
			bind("nginx.enable", Bool(true)),
			Binding{Path: []string{"redis", "enable"}, Origin: "p.yaml#/services/redis", Value: Bool(true)},
		)},
		{Path: []string{"networking", "hostName"}, Origin: "p.yaml#/name", Value: Str("atlas")},
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := File{Header: "Header", Body: nested}.Print()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, l := range splitLines(p.Source) {
		got = append(got, fmt.Sprintf("%-30s %s", l, p.Lines[i]))
	}
	want := []string{
		"# Header                       ",
		"{                              ",
		"  services = {                 p.yaml#/services",
		"    nginx.enable = true;       p.yaml#/services",
		"    redis.enable = true;       p.yaml#/services/redis",
		"  };                           p.yaml#/services",
		`  networking.hostName = "atlas"; p.yaml#/name`,
		"}                              ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func splitLines(source []byte) []string {
	return strings.Split(strings.TrimSuffix(string(source), "\n"), "\n")
}
