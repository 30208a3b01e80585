package nixtest

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/*/declared.json anew from the option lists")

// listed is an option in the lists of options that the tables are made from.
type listed struct {
	Type    string  `json:"type"`
	Default *string `json:"default"`
}

// The stand-ins know the options of NixOS and home-manager that families.txt names, by
// name, type and, where it is a plain value, default. What they say of them is what the manuals say.
func TestDeclaredOptionsAreThoseOfTheManuals(t *testing.T) {
	for _, tc := range []struct{ file, list, changes string }{
		{"testdata/nixpkgs/nixos/declared.json", "QUICK_DEPLOY_TEST_OPTIONS", "QUICK_DEPLOY_TEST_OPTIONS_CHANGES"},
		{"testdata/home-manager/declared.json", "QUICK_DEPLOY_TEST_HOME_OPTIONS", ""},
	} {
		t.Run(tc.file, func(t *testing.T) {
			list := os.Getenv(tc.list)
			for _, name := range []string{tc.list, tc.changes} {
				if name != "" && os.Getenv(name) == "" {
					t.Skipf("%s names no list of options to compare with", name)
				}
			}
			want := table(t, list, os.Getenv(tc.changes), families(t, filepath.Join(filepath.Dir(tc.file), "families.txt")))
			if *update {
				if err := os.WriteFile(tc.file, want, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, err := os.ReadFile(tc.file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is not what %s says; run go test ./generator/nixtest -update", tc.file, list)
			}
		})
	}
}

// families are the beginnings of names, of two parts, of the options that quick-deploy has to do with.
func families(t *testing.T, file string) map[string]bool {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	keep := map[string]bool{}
	for name := range strings.FieldsSeq(string(data)) {
		keep[name] = true
	}
	return keep
}

// table turns those options of a list that are in the families, and those that
// stand alone, into a tree of names. An option is
// {"$": type, "=": default} or {"$": …, "@": package}, beside its sub-options.
func table(t *testing.T, list, changes string, keep map[string]bool) []byte {
	t.Helper()
	var doc struct{ Options map[string]listed }
	decode(t, list, &doc)
	if changes != "" {
		var diff struct {
			Removed []string
			Added   map[string]string
		}
		decode(t, changes, &diff)
		for _, name := range diff.Removed {
			delete(doc.Options, name)
		}
		for name, typ := range diff.Added {
			doc.Options[name] = listed{Type: typ}
		}
	}

	maps.DeleteFunc(doc.Options, func(name string, _ listed) bool {
		parts := strings.Split(name, ".")
		_, alone := doc.Options[parts[0]]
		return !alone && !keep[strings.Join(parts[:min(2, len(parts))], ".")]
	})
	tree := map[string]any{}
	for name, o := range doc.Options {
		node := tree
		for part := range strings.SplitSeq(name, ".") {
			child, ok := node[part].(map[string]any)
			if !ok {
				child = map[string]any{}
				node[part] = child
			}
			node = child
		}
		node["$"] = o.Type
		if o.Default != nil {
			if pkg, ok := strings.CutPrefix(*o.Default, "pkgs."); ok && packageName.MatchString(pkg) {
				node["@"] = pkg
			} else if v, ok := literal(*o.Default); ok {
				node["="] = v
			}
		}
	}

	// One line for each two parts of a name keeps the file readable and its diffs small.
	var out bytes.Buffer
	out.WriteString("{")
	for i, name := range slices.Sorted(maps.Keys(tree)) {
		fmt.Fprintf(&out, "%s\n%q: {", map[bool]string{true: ","}[i > 0], name)
		sub := tree[name].(map[string]any)
		for j, key := range slices.Sorted(maps.Keys(sub)) {
			fmt.Fprintf(&out, "%s\n  %q: %s", map[bool]string{true: ","}[j > 0], key, marshal(t, sub[key]))
		}
		out.WriteString("}")
	}
	out.WriteString("\n}\n")
	return out.Bytes()
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(out.Bytes())
}

var (
	packageName = regexp.MustCompile(`^[a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*$`)
	plainString = regexp.MustCompile(`^"[^"\\$‹]*"$`)
	listOfPlain = regexp.MustCompile(`^\[( ("[^"\\$ ]*"|-?[0-9]+))+ \]$`)
)

// literal reads a default that is a plain value.
func literal(s string) (any, bool) {
	switch s {
	case "true", "false":
		return s == "true", true
	case "null":
		return nil, true
	case "[ ]":
		return []any{}, true
	case "{ }":
		return map[string]any{}, true
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	if plainString.MatchString(s) {
		return s[1 : len(s)-1], true
	}
	if listOfPlain.MatchString(s) {
		var items []any
		for item := range strings.FieldsSeq(s[1 : len(s)-1]) {
			v, _ := literal(item) // the pattern lets nothing else through
			items = append(items, v)
		}
		return items, true
	}
	return nil, false
}

func TestLiteral(t *testing.T) {
	for s, want := range map[string]string{
		"true": "true", "null": "null", "[ ]": "[]", "{ }": "{}", "-7": "-7", `"a b"`: `"a b"`,
		`[ "a" "b" ]`: `["a","b"]`, "[ 22 ]": "[22]",
	} {
		if v, ok := literal(s); !ok || string(marshal(t, v)) != want {
			t.Errorf("literal(%s) = %v, %v, want %s", s, v, ok, want)
		}
	}
	for _, s := range []string{"", "config.a.b", `"${x}"`, `"\n"`, "[ a ]", `[ "a b" ]`, "{ a = 1; }", "0x1f", "1.5"} {
		if v, ok := literal(s); ok {
			t.Errorf("literal(%s) = %v, want none", s, v)
		}
	}
}

func decode(t *testing.T, file string, v any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		t.Fatalf("read %s: %v", file, err)
	}
}
