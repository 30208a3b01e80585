package flake

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadLock(t *testing.T) {
	got, err := ReadLock(lockOf(t, builtin(t, "26.05", "nixpkgs", "home-manager", "deploy-rs")))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"deploy-rs", "deploy-rs/flake-compat", "deploy-rs/utils", "deploy-rs/utils/systems", "home-manager", "nixpkgs"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff([]string{"deploy-rs", "home-manager", "nixpkgs"}, Direct(got)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	pin := builtin(t, "26.05", "nixpkgs")[0].node.locked
	seconds, _ := pin["lastModified"].(json.Number).Int64()
	nixpkgs := Locked{Rev: text(pin, "rev"), Ref: "nixos-26.05", NarHash: text(pin, "narHash"), LastModified: seconds}
	if diff := cmp.Diff(nixpkgs, got["nixpkgs"]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestReadLockOfManyWays(t *testing.T) {
	var file strings.Builder
	file.WriteString(`{"nodes":{"root":{"inputs":{"a":"n0","b":"n0"}}`)
	for i := range 100 {
		fmt.Fprintf(&file, `,"n%d":{"inputs":{"a":"n%d","b":"n%d"}}`, i, i+1, i+1)
	}
	file.WriteString(`,"n100":{}},"root":"root","version":7}`)
	if _, err := ReadLock([]byte(file.String())); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("got %v", err)
	}
}

// A reference that was read from a lock file is the one that flake.nix states.
func TestForgeRef(t *testing.T) {
	rev := strings.Repeat("a1", 20)
	for _, ref := range []string{
		"github:NixOS/nixpkgs", "github:NixOS/nixpkgs/nixos-26.05", "github:NixOS/nixpkgs/a/b", "gitlab:o/r/" + rev,
		"sourcehut:~user/repo/main",
	} {
		a, err := parseRef(ref)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := forgeRef(&node{original: a}); err != nil || got != ref {
			t.Errorf("got %s, %v, want %s", got, err, ref)
		}
	}
	for _, a := range []attrs{
		{"type": "indirect", "id": "nixpkgs"},
		{"type": "github", "owner": "o", "repo": "r", "dir": "x"},
		{"type": "git", "url": "https://example.org/x.git"},
	} {
		if got, err := forgeRef(&node{original: a}); err == nil {
			t.Errorf("%v became %s", a, got)
		}
	}
}

// A lock file whose nodes share one another doubles the ways with each: what is kept of it is looked at once.
func TestRelockOfManyWays(t *testing.T) {
	inputs := builtin(t, "26.05", "nixpkgs")
	original, err := json.Marshal(inputs[0].node.original)
	if err != nil {
		t.Fatal(err)
	}
	var file strings.Builder
	fmt.Fprintf(&file, `{"nodes":{"root":{"inputs":{"nixpkgs":"n0"}},"n0":{"original":%s,"inputs":{"a":"n1","b":"n1"}}`, original)
	for i := range 100 {
		fmt.Fprintf(&file, `,"n%d":{"inputs":{"a":"n%d","b":"n%d"}}`, i+1, i+2, i+2)
	}
	file.WriteString(`,"n101":{}},"root":"root","version":7}`)
	if _, err := Relock([]byte(file.String()), inputs); err != nil {
		t.Error(err)
	}
}
