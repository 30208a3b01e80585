package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

func TestBundleCompiles(t *testing.T) {
	data, err := Bundle()
	if err != nil {
		t.Fatal(err)
	}
	const id = "https://github.com/quick-deploy/quick-deploy/schema/profile.schema.json"
	c := jsonschema.NewCompiler()
	if err := c.AddResource(id, bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Compile(id); err != nil {
		t.Fatalf("%#v", err)
	}
	again, err := Bundle()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(data, again) {
		t.Error("two bundles differ")
	}
}

// handlers are the names that the schema may give to code; schema/README.md explains each.
var handlers = map[string]bool{
	"profile": false, "release": false, "hardware": false, "home": false, "packages": false, "python": false,
	"unfree": false, "expose": false, "desktop": false, "memory": false,
	"acceleration": false, "nvidia": false, "powerlevel10k": false, "secrets": false, "raw": false, "pins": false,
	"fleet": false, "disks": false, "tool": false,
	"person": false, "login": false, "account": false, "group": false, "service": false, "role": false, "device": false,
}

// Every leaf of the schema sets an option or is named as handled in code, and
// no option is set by two keys unless both may be lists or constants.
func TestEveryLeafIsMapped(t *testing.T) {
	root := parsed(t)
	owners := map[string]string{}
	visit(root, "", false, func(path string, n *Node, covered bool) {
		for _, r := range n.Rules {
			if r.Code != "" {
				if _, known := handlers[r.Code]; !known {
					t.Errorf("%s: no code is called %s", path, r.Code)
				}
				handlers[r.Code] = true
				continue
			}
			if r.Value != nil || r.Map != nil || r.Each != nil || r.When != nil || isList(n) {
				continue
			}
			target := r.Option + "|" + r.Home
			if other, taken := owners[target]; taken && other != path {
				t.Errorf("%s is set by %s and by %s", strings.Trim(target, "|"), other, path)
			}
			owners[target] = path
		}
		if n.IsLeaf() && len(n.Rules) == 0 && !covered {
			t.Errorf("%s sets nothing and is not named as handled in code", path)
		}
		if n.Description == "" && !strings.HasSuffix(path, ".<>") {
			t.Errorf("%s has no description", path)
		}
	})
	for name, used := range handlers {
		if !used {
			t.Errorf("no key of the schema names the code %s", name)
		}
	}
}

func isList(n *Node) bool { return len(n.Types) == 1 && n.Types[0] == "array" }

// visit calls f for every key of the profile once. Covered tells whether a rule above already takes the value whole.
func visit(root *Node, path string, covered bool, f func(string, *Node, bool)) {
	seen := map[*Node]bool{}
	var walk func(n *Node, path string, covered bool)
	walk = func(n *Node, path string, covered bool) {
		if seen[n] {
			return
		}
		seen[n] = true
		f(path, n, covered)
		for _, r := range n.Rules {
			if r.When == nil && r.Value == nil {
				covered = true
			}
		}
		for key, below := range n.All() {
			// defaults, groups.<g> and host are the same schema as hosts.<h>.
			if path == "" && (key == "defaults" || key == "groups" || key == "host") {
				continue
			}
			walk(below, strings.TrimPrefix(path+"."+key, "."), covered || len(n.rulesWith(key)) > 0)
		}
		if n.Additional != nil {
			walk(n.Additional, path+".<"+n.Key+">", covered)
		}
		if n.Items != nil && !covered {
			walk(n.Items, path+"[]", covered)
		}
	}
	walk(root, path, covered)
}

// A service is one module and one schema file; neither is without the other.
func TestCatalogueIsComplete(t *testing.T) {
	host := parsed(t).Property("host")
	services := host.Property("services")
	for name, n := range services.All() {
		if n.Service == nil {
			t.Errorf("services/%s.json has no x-service", name)
			continue
		}
		needModule(t, name+".nix")
		for _, need := range n.Service.Needs {
			if services.Properties[need] == nil {
				t.Errorf("services/%s.json needs %s, which does not exist", name, need)
			}
		}
		for _, p := range n.Service.Ports {
			if p.Key != "" && n.Properties[p.Key] == nil {
				t.Errorf("services/%s.json: port %s names the key %s, which does not exist", name, p.Name, p.Key)
			}
			if p.Port < 1 || p.Port > 65535 {
				t.Errorf("services/%s.json: port %s has the number %d: it is port, or the default of key", name, p.Name, p.Port)
			}
			if p.Protocol != "tcp" && p.Protocol != "udp" {
				t.Errorf("services/%s.json: port %s has the protocol %q", name, p.Name, p.Protocol)
			}
		}
		hasPort := func(name string) bool {
			return slices.ContainsFunc(n.Service.Ports, func(p Port) bool { return p.Name == name })
		}
		if h := n.Service.Health; h != nil && !hasPort(h.Port) {
			t.Errorf("services/%s.json: its health names the port %q, which it does not have", name, h.Port)
		}
		for _, unit := range n.Service.Units {
			if _, err := path.Match(unit, ""); err != nil || strings.ContainsAny(unit, ".@") {
				t.Errorf("services/%s.json: %q is not the name of a unit without its kind", name, unit)
			}
		}
	}
	for name, n := range host.Property("users").Additional.Property("home").All() {
		if n.Home != nil {
			needModule(t, "home/"+name+".nix")
		}
	}
}

func needModule(t *testing.T, file string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("../modules", file)); err != nil {
		t.Error(err)
	}
}

// The reference is written twice from the schema, as documentation and as a manual page (GOLDIE_UPDATE=1 writes them).
func TestReferenceIsFresh(t *testing.T) {
	sections := Reference(parsed(t))
	for file, want := range map[string][]byte{"../docs/profile.md": markdown(sections), "quick-deploy.yaml.5": manual(sections)} {
		if os.Getenv("GOLDIE_UPDATE") != "" {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is stale: GOLDIE_UPDATE=1 go test ./schema", file)
		}
	}
}

// Annotations have no key that Node does not read, and rules are unambiguous.
func TestAnnotations(t *testing.T) {
	d, err := document()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var walk func(v any, at string)
	walk = func(v any, at string) {
		// Of a reference, editors and Root read no more than this.
		if m, ok := v.(map[string]any); ok && m["$ref"] != nil && len(m) > 1 && (len(m) > 2 || m["description"] == nil) {
			t.Errorf("%s: there is something beside the reference", at)
		}
		for key, part := range parts(v) {
			at := at + "/" + key
			var into any
			switch key {
			case "x-nixos":
				if _, one := part.(map[string]any); one {
					part = []any{part}
				}
				into = &[]Rule{}
			case "x-service":
				into = &Service{}
			case "x-home":
				into = &Home{}
			default:
				walk(part, at)
				continue
			}
			n++
			data, err := json.Marshal(part)
			if err != nil {
				t.Fatal(err)
			}
			dec := json.NewDecoder(bytes.NewReader(data))
			dec.UseNumber()
			dec.DisallowUnknownFields()
			if err := dec.Decode(into); err != nil {
				t.Errorf("%s: %v", at, err)
			}
			if rules, ok := into.(*[]Rule); ok {
				for i, r := range *rules {
					if err := ambiguous(r); err != "" {
						t.Errorf("%s: %s", at, err)
					}
					if read := rule(object(list(part)[i])); !reflect.DeepEqual(read, r) {
						t.Errorf("%s is read as %+v", at, read)
					}
				}
			}
		}
	}
	walk(d.Whole(), "#")
	if n < 400 {
		t.Errorf("%d annotations found", n)
	}
}

// What a pattern wants stands beside it in words, with an example that it takes: no message shows a regular expression.
// One that decides on a branch, or that a not refuses, appears in no message.
func TestPatternsSayWhatTheyWant(t *testing.T) {
	d, err := document()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	var walk func(v any, at string)
	walk = func(v any, at string) {
		parts := parts(v)
		if pattern, ok := parts["pattern"].(string); ok {
			n++
			wants, _ := parts["x-wants"].(map[string]any)
			text, _ := wants["text"].(string)
			example, _ := wants["example"].(string)
			noun, _ := wants["noun"].(string)
			if !strings.HasPrefix(text, "it ") && noun == "" || strings.HasSuffix(text, ".") || strings.ContainsAny(text, `\[]{}`) {
				t.Errorf("%s: x-wants says %q", at, text)
			}
			if ok, err := regexp.MatchString(pattern, example); err != nil || !ok {
				t.Errorf("%s: the example %q does not match: %v", at, example, err)
			}
			for key := range wants {
				if !slices.Contains([]string{"text", "example", "noun", "hint"}, key) {
					t.Errorf("%s: x-wants has the key %s", at, key)
				}
			}
		}
		for key, part := range parts {
			if key != "if" && key != "not" {
				walk(part, at+"/"+key)
			}
		}
	}
	walk(d.Whole(), "#")
	if n < 100 {
		t.Errorf("%d patterns found", n)
	}
}

// parts are the values of an object or a list by their names.
func parts(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case []any:
		out := map[string]any{}
		for i, item := range v {
			out[fmt.Sprint(i)] = item
		}
		return out
	}
	return nil
}

// ambiguous says why a rule could be read in two ways; empty if it cannot.
func ambiguous(r Rule) string {
	count := func(set ...bool) int { return len(slices.DeleteFunc(set, func(b bool) bool { return !b })) }
	shapes := count(r.As != "", r.Each != nil, r.Value != nil, r.Map != nil)
	switch {
	case count(r.Option != "", r.Home != "", r.Code != "") != 1:
		return "a rule has exactly one of option, home and code"
	case shapes > 1:
		return "a rule has at most one of as, each, value and map"
	case r.Code != "" && (shapes > 0 || r.Priority != ""):
		return "a rule with code has nothing beside it but when, since and until"
	case !slices.Contains([]string{"", "package", "packages", "secret", "path", "flags"}, r.As):
		return "unknown as: " + r.As
	case !slices.Contains([]string{"", "default", "force", "before"}, r.Priority):
		return "unknown priority: " + r.Priority
	}
	return ""
}

func parsed(t *testing.T) *Node {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	return root
}
