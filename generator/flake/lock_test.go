package flake

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func builtin(t *testing.T, release string, names ...string) []Input {
	t.Helper()
	pins, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := pins.Inputs(release, names...)
	if err != nil {
		t.Fatal(err)
	}
	return inputs
}

func lockOf(t *testing.T, inputs []Input) []byte {
	t.Helper()
	data, err := Lock(inputs)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestLockOfEveryBuiltinInput(t *testing.T) {
	pins, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, release := range pins.Releases() {
		inputs, err := pins.Inputs(release, pins.Names(release)...)
		if err != nil {
			t.Fatal(err)
		}
		data := lockOf(t, inputs)
		if !json.Valid(data) || !bytes.HasSuffix(data, []byte("}\n")) {
			t.Errorf("%s: not the JSON of a lock file:\n%s", release, data)
		}
		// Whatever an input brings along, nixpkgs is there once.
		if n := bytes.Count(data, []byte(`"repo": "nixpkgs"`)); n != 2 {
			t.Errorf("%s: nixpkgs is named %d times, want 2 (locked and original)", release, n)
		}
	}
}

func TestLockIsWhatNixWrites(t *testing.T) {
	want, err := os.ReadFile("testdata/default.lock")
	if err != nil {
		t.Fatal(err)
	}
	pinned, err := ReadLock(want)
	if err != nil {
		t.Fatal(err)
	}
	inputs := builtin(t, "26.05", "home-manager", "nixpkgs")
	for i, in := range inputs {
		if inputs[i], err = in.Repin(pinned[in.Name]); err != nil {
			t.Fatal(err)
		}
	}
	got := lockOf(t, inputs)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// leaf is an input that brings along others.
func leaf(t *testing.T, name, rev string, inputs ...Input) Input {
	t.Helper()
	in := Input{Name: name, URL: "github:o/" + name, node: &node{inputs: map[string]edge{}}}
	for _, child := range inputs {
		in.node.inputs[child.Name] = edge{node: child.node}
	}
	in, err := in.Repin(Locked{Rev: strings.Repeat(rev, 40), NarHash: "sha256-lDebytrYdd47IBLwvNOD+6AGeoqZ78CIKlp70hzW280=", LastModified: 1})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// follow redirects an input of in.
func follow(in Input, name string, to ...string) Input {
	n := *in.node
	n.inputs = maps.Clone(n.inputs)
	n.inputs[name] = edge{follows: to}
	in.node = &n
	return in
}

// Names of nodes: depth first in the order of the names, with _2, _3 where one is taken.
func TestLockNamesNodes(t *testing.T) {
	a, b, util := leaf(t, "a", "1", leaf(t, "util", "3")), leaf(t, "b", "2", leaf(t, "util", "4")), leaf(t, "util", "5")
	var got lockFile
	if err := json.Unmarshal(lockOf(t, []Input{util, b, a}), &got); err != nil {
		t.Fatal(err)
	}
	for name, rev := range map[string]string{"a": "1", "b": "2", "util": "3", "util_2": "4", "util_3": "5"} {
		if r := text(got.Nodes[name].Locked, "rev"); r != strings.Repeat(rev, 40) {
			t.Errorf("node %s is at %q, want %s…", name, r, rev)
		}
	}
	if got := got.Nodes["root"].Inputs["util"]; got != "util_3" {
		t.Errorf("root's util is node %v, want util_3", got)
	}
}

func TestInputsThatCannotBeLocked(t *testing.T) {
	good := builtin(t, "26.05", "nixpkgs")[0]
	named := good
	for name, tc := range map[string]struct {
		name   string
		inputs []Input
		want   string
	}{
		"name":             {name: "a b", want: `input "a b"`},
		"follows nowhere":  {inputs: []Input{follow(good, "x", "gone")}, want: "x follows gone, which is not an input"},
		"follows too deep": {inputs: []Input{follow(good, "x", "nixpkgs", "gone")}, want: "which is not an input"},
		"circle":           {inputs: []Input{follow(good, "x", "nixpkgs", "x")}, want: "which is not an input"},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.inputs == nil {
				named.Name = tc.name
				tc.inputs = []Input{named}
			}
			_, err := Lock(tc.inputs)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}

func TestRepin(t *testing.T) {
	pin := Locked{
		Rev:          strings.Repeat("a", 40),
		NarHash:      "sha256-djcLt/JJphyNt4eDY9XTly+/WbCK5lqWq9lSgCmJkkQ=",
		LastModified: 1,
	}
	nixpkgs := builtin(t, "26.05", "nixpkgs")[0]
	for url, want := range map[string]attrs{
		nixpkgs.URL:                       {"type": "github", "owner": "NixOS", "repo": "nixpkgs"},
		"gitlab:g/r?dir=d&host=h":         {"type": "gitlab", "owner": "g", "repo": "r", "dir": "d", "host": "h"},
		"git+https://h/r?ref=b&dir=":      {"type": "git", "url": "https://h/r", "ref": "b"},
		"git+file:///r?shallow=1":         {"type": "git", "url": "file:///r", "shallow": true},
		"git+file:///r?submodules=0":      {"type": "git", "url": "file:///r"},
		"github:NixOS/nixpkgs/" + pin.Rev: {"type": "github", "owner": "NixOS", "repo": "nixpkgs"},
	} {
		in := nixpkgs
		in.URL = url
		in, err := in.Repin(pin)
		if err != nil {
			t.Fatal(err)
		}
		want["rev"], want["narHash"], want["lastModified"] = pin.Rev, pin.NarHash, pin.LastModified
		if diff := cmp.Diff(want, in.node.locked); diff != "" || !in.Fixed {
			t.Errorf("%s: -want +got:\n%s", url, diff)
		}
	}
	for url, want := range map[string]string{
		"nixpkgs":                   "neither github:",
		"github:a/b#c":              "no #fragment",
		"github:a":                  "owner/repository",
		"gitlab:a%2Fb/c":            "an encoded slash",
		"github:a/b?x=y":            "unknown parameter",
		"path:/x":                   "which have revisions",
		"https://example.org/x.zip": "which have revisions",
		"github:NixOS/nixpkgs/" + strings.Repeat("b", 40): "names revision bbb",
	} {
		in := nixpkgs
		in.URL = url
		if _, err := in.Repin(pin); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", url, err, want)
		}
	}
}

func TestRelock(t *testing.T) {
	stable := builtin(t, "26.05", "nixpkgs", "home-manager")
	newer := strings.Repeat("f", 40)
	// What nix flake update leaves: another revision of the same references.
	updated := bytes.ReplaceAll(lockOf(t, stable), []byte(text(stable[0].node.locked, "rev")), []byte(newer))

	t.Run("same inputs keep their revisions", func(t *testing.T) {
		got, err := Relock(updated, stable)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(updated), string(got)); diff != "" {
			t.Errorf("-have +got:\n%s", diff)
		}
	})
	t.Run("a new input is added", func(t *testing.T) {
		got, err := Relock(updated, builtin(t, "26.05", "nixpkgs", "home-manager", "disko"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(got, []byte(newer)) || !bytes.Contains(got, []byte(`"disko"`)) {
			t.Errorf("want the newer nixpkgs and disko:\n%s", got)
		}
	})
	t.Run("an input no longer wanted goes", func(t *testing.T) {
		got, err := Relock(updated, stable[:1])
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(got, []byte("home-manager")) {
			t.Errorf("home-manager is still there:\n%s", got)
		}
	})
	t.Run("another release moves both", func(t *testing.T) {
		unstable := builtin(t, "unstable", "nixpkgs", "home-manager")
		got, err := Relock(updated, unstable)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(lockOf(t, unstable)), string(got)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
	t.Run("a pin of the profile wins", func(t *testing.T) {
		fixed := append([]Input{}, stable...)
		fixed[0].Fixed = true
		got, err := Relock(updated, fixed)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(lockOf(t, stable)), string(got)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	})
	t.Run("what is no lock file", func(t *testing.T) {
		for _, bad := range []string{"", "{}", "null", `{"nodes":{"root":{}},"root":"x","version":7}`, `{"nodes":{"root":{"inputs":{"a":"root"}}},"root":"root","version":7}`,
			`{"nodes":{"root":{"inputs":{"a":1}}},"root":"root","version":7}`, `{"nodes":{"root":{}},"root":"root","version":8}`} {
			if _, err := Relock([]byte(bad), stable); err == nil {
				t.Errorf("%s: no error", bad)
			}
		}
	})
}

func TestVariant(t *testing.T) {
	inputs := builtin(t, "26.05", "nixpkgs", "home-manager", "sops-nix")
	inputs[2] = follow(follow(inputs[2], "nixpkgs", "home-manager", "nixpkgs"), "other", "elsewhere")
	got := Variant(inputs, "canary")
	var names []string
	for _, in := range got {
		names = append(names, in.Name)
	}
	if diff := cmp.Diff([]string{"nixpkgs-canary", "home-manager-canary", "sops-nix-canary"}, names); diff != "" {
		t.Errorf("names, -want +got:\n%s", diff)
	}
	follows := func(in Input, name string) string { return strings.Join(in.node.inputs[name].follows, "/") }
	if got := follows(got[2], "nixpkgs"); got != "home-manager-canary/nixpkgs" {
		t.Errorf("nixpkgs follows %s", got)
	}
	if got := follows(got[2], "other"); got != "elsewhere" {
		t.Errorf("other follows %s", got)
	}
	if inputs[0].Name != "nixpkgs" || follows(inputs[2], "nixpkgs") != "home-manager/nixpkgs" {
		t.Error("the originals changed")
	}
}
