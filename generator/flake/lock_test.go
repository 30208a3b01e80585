package flake

import (
	"bytes"
	"encoding/json"
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

func lock(t *testing.T, inputs []Input) []byte {
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
		data := lock(t, inputs)
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
	for i, in := range pinned {
		if inputs[i], err = inputs[i].Repin(Pin{Rev: in.Rev, NarHash: in.NarHash, LastModified: in.LastModified}); err != nil {
			t.Fatal(err)
		}
	}
	got := lock(t, inputs)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// Names of nodes: depth first in the order of the names, with _2, _3 where one is taken.
func TestLockNamesNodes(t *testing.T) {
	leaf := func(name, rev string) Input {
		in := Input{Name: name, URL: "github:o/" + name}
		in, err := in.Repin(Pin{Rev: strings.Repeat(rev, 40), NarHash: "sha256-lDebytrYdd47IBLwvNOD+6AGeoqZ78CIKlp70hzW280=", LastModified: 1})
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	a, b, util := leaf("a", "1"), leaf("b", "2"), leaf("util", "5")
	a.Inputs = []Input{leaf("util", "3")}
	b.Inputs = []Input{leaf("util", "4")}
	var got lockFile
	if err := json.Unmarshal(lock(t, []Input{util, b, a}), &got); err != nil {
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
	with := func(f func(*Input)) []Input {
		in := good
		f(&in)
		return []Input{in}
	}
	for name, tc := range map[string]struct {
		inputs []Input
		want   string
	}{
		"no pin":           {with(func(in *Input) { in.Locked = nil }), "input nixpkgs: not pinned"},
		"name":             {with(func(in *Input) { in.Name = "a b" }), `input "a b"`},
		"self":             {with(func(in *Input) { in.Name = "self" }), "input self"},
		"twice":            {[]Input{good, good}, "declared twice"},
		"follows nowhere":  {with(func(in *Input) { in.Follows = map[string]string{"x": "gone"} }), `follows "gone", which is no input`},
		"follows too deep": {with(func(in *Input) { in.Follows = map[string]string{"x": "nixpkgs/gone"} }), "which is no input"},
		"circle":           {with(func(in *Input) { in.Follows = map[string]string{"x": "nixpkgs/x"} }), "which is no input"},
		"indirect":         {with(func(in *Input) { in.URL = "nixpkgs" }), "neither github:"},
		"code":             {with(func(in *Input) { in.URL = "github:a/b#c" }), "no #fragment"},
		"no repository":    {with(func(in *Input) { in.URL = "github:a" }), "owner/repository"},
		"encoded slash":    {with(func(in *Input) { in.URL = "gitlab:a%2Fb/c" }), "an encoded slash"},
		"parameter":        {with(func(in *Input) { in.URL = "github:a/b?x=y" }), "unknown parameter"},
		"relative path":    {with(func(in *Input) { in.URL = "path:../x" }), "not absolute"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Lock(tc.inputs)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error with %q", err, tc.want)
			}
		})
	}
}

func TestRepin(t *testing.T) {
	pin := Pin{
		Rev:          strings.Repeat("a", 40),
		NarHash:      "sha256-djcLt/JJphyNt4eDY9XTly+/WbCK5lqWq9lSgCmJkkQ=",
		LastModified: 1,
	}
	in, err := builtin(t, "26.05", "nixpkgs")[0].Repin(pin)
	if err != nil {
		t.Fatal(err)
	}
	want := &Locked{Type: "github", Owner: "NixOS", Repo: "nixpkgs", Rev: pin.Rev, NarHash: pin.NarHash, LastModified: 1}
	if diff := cmp.Diff(want, in.Locked); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for name, bad := range map[string]Pin{
		"short rev":     {Rev: "abc", NarHash: pin.NarHash, LastModified: 1},
		"sha1":          {Rev: pin.Rev, NarHash: "sha1-jbh1qkXHu5vqAn6xGHUVWWUVhcE=", LastModified: 1},
		"short hash":    {Rev: pin.Rev, NarHash: "sha256-AAAA", LastModified: 1},
		"no hash":       {Rev: pin.Rev, LastModified: 1},
		"no time":       {Rev: pin.Rev, NarHash: pin.NarHash},
		"rev injection": {Rev: `"; x`, NarHash: pin.NarHash, LastModified: 1},
	} {
		if _, err := in.Repin(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestRelock(t *testing.T) {
	stable := builtin(t, "26.05", "nixpkgs", "home-manager")
	newer := strings.Repeat("f", 40)
	// What nix flake update leaves: another revision of the same references.
	updated := bytes.ReplaceAll(lock(t, stable), []byte(stable[0].Locked.Rev), []byte(newer))

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
		if diff := cmp.Diff(string(lock(t, unstable)), string(got)); diff != "" {
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
		if diff := cmp.Diff(string(lock(t, stable)), string(got)); diff != "" {
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
	inputs[2].Follows = map[string]string{"nixpkgs": "home-manager/nixpkgs", "other": "elsewhere"}
	got := Variant(inputs, "canary")
	var names []string
	for _, in := range got {
		names = append(names, in.Name)
	}
	if diff := cmp.Diff([]string{"nixpkgs-canary", "home-manager-canary", "sops-nix-canary"}, names); diff != "" {
		t.Errorf("names, -want +got:\n%s", diff)
	}
	want := map[string]string{"nixpkgs": "home-manager-canary/nixpkgs", "other": "elsewhere"}
	if diff := cmp.Diff(want, got[2].Follows); diff != "" {
		t.Errorf("follows, -want +got:\n%s", diff)
	}
	if inputs[0].Name != "nixpkgs" || inputs[2].Follows["nixpkgs"] != "home-manager/nixpkgs" {
		t.Error("the originals changed")
	}
}
