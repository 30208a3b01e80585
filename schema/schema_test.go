package schema

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"path"
	"path/filepath"
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
	c := jsonschema.NewCompiler()
	if err := c.AddResource(ID, bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Compile(ID); err != nil {
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
	"acceleration": false, "nvidia": false, "powerlevel10k": false, "secrets": false, "raw": false, "pins": false, "fleet": false, "disks": false,
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
		for _, key := range sortedKeys(n.Properties) {
			// defaults, groups.<g> and host are the same schema as hosts.<h>.
			if path == "" && (key == "defaults" || key == "groups" || key == "host") {
				continue
			}
			walk(n.Properties[key], strings.TrimPrefix(path+"."+key, "."), covered || len(n.rulesWith(key)) > 0)
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
	host := parsed(t).Properties["host"]
	for name, n := range host.Properties["services"].Properties {
		if n.Service == nil {
			t.Errorf("services/%s.json has no x-service", name)
			continue
		}
		needModule(t, name+".nix")
		for _, need := range n.Service.Needs {
			if host.Properties["services"].Properties[need] == nil {
				t.Errorf("services/%s.json needs %s, which does not exist", name, need)
			}
		}
		for _, p := range n.Service.Ports {
			if p.Key != "" && n.Properties[p.Key] == nil {
				t.Errorf("services/%s.json: port %s names the key %s, which does not exist", name, p.Name, p.Key)
			}
			if p.Protocol != "tcp" && p.Protocol != "udp" {
				t.Errorf("services/%s.json: port %s has the protocol %q", name, p.Name, p.Protocol)
			}
		}
		if h := n.Service.Health; h != nil && !slices.ContainsFunc(n.Service.Ports, func(p Port) bool { return p.Name == h.Port }) {
			t.Errorf("services/%s.json: its health names the port %q, which it does not have", name, h.Port)
		}
		for _, unit := range n.Service.Units {
			if _, err := path.Match(unit, ""); err != nil || strings.ContainsAny(unit, ".@") {
				t.Errorf("services/%s.json: %q is not the name of a unit without its kind", name, unit)
			}
		}
	}
	for name, n := range host.Properties["users"].Additional.Properties["home"].Properties {
		if n.Home != nil {
			needModule(t, "home/"+cmp.Or(n.Home.Module, name)+".nix")
		}
	}
}

func needModule(t *testing.T, file string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join("../modules", file)); err != nil {
		t.Error(err)
	}
}

func TestReferenceIsFresh(t *testing.T) {
	var want bytes.Buffer
	if err := Markdown(&want, parsed(t)); err != nil {
		t.Fatal(err)
	}
	const file = "../docs/profile.md"
	if os.Getenv("GOLDIE_UPDATE") != "" {
		if err := os.WriteFile(file, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s is stale: GOLDIE_UPDATE=1 go test ./schema", file)
	}
}

func TestRules(t *testing.T) {
	for _, tt := range []struct {
		rule Rule
		ok   bool
	}{
		{Rule{Option: "a.b"}, true},
		{Rule{Option: "a.b", As: "package"}, true},
		{Rule{Home: "a.b", When: true, Value: "x"}, true},
		{Rule{Code: "expose"}, true},
		{Rule{}, false},
		{Rule{Option: "a", Home: "b"}, false},
		{Rule{Option: "a", As: "secret", Value: 1}, false},
		{Rule{Option: "a", As: "nonsense"}, false},
		{Rule{Option: "a", Priority: "urgent"}, false},
		{Rule{Code: "x", As: "package"}, false},
	} {
		t.Run(fmt.Sprintf("%+v", tt.rule), func(t *testing.T) {
			if err := tt.rule.check(); (err == nil) != tt.ok {
				t.Errorf("check: %v", err)
			}
		})
	}
}

func parsed(t *testing.T) *Node {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	return root
}
