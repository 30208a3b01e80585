package flake

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadLock(t *testing.T) {
	got, err := ReadLock(lock(t, builtin(t, "26.05", "nixpkgs", "home-manager", "deploy-rs")))
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, in := range got {
		paths = append(paths, in.Path)
	}
	want := []string{"deploy-rs", "deploy-rs/flake-compat", "deploy-rs/utils", "deploy-rs/utils/systems", "home-manager", "nixpkgs"}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	pin := builtin(t, "26.05", "nixpkgs")[0].Locked
	nixpkgs := LockedInput{Path: "nixpkgs", Rev: pin.Rev, Ref: "nixos-26.05", NarHash: pin.NarHash, LastModified: pin.LastModified}
	if diff := cmp.Diff(nixpkgs, got[len(got)-1]); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCompareLocks(t *testing.T) {
	before := lock(t, builtin(t, "26.05", "nixpkgs", "home-manager"))
	after := lock(t, builtin(t, "26.05", "nixpkgs", "disko"))
	rev := builtin(t, "26.05", "nixpkgs")[0].Locked.Rev
	after = bytes.ReplaceAll(after, []byte(rev), []byte(strings.Repeat("f", 40)))
	got, err := CompareLocks(before, after)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range got {
		switch {
		case c.Old == nil:
			lines = append(lines, "new "+c.Path)
		case c.New == nil:
			lines = append(lines, "gone "+c.Path)
		default:
			lines = append(lines, c.Path+" "+c.Old.Rev[:7]+" "+c.New.Rev[:7])
		}
	}
	want := []string{"new disko", "gone home-manager", "nixpkgs " + rev[:7] + " fffffff"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got, err := CompareLocks(before, before); err != nil || len(got) != 0 {
		t.Errorf("the same lock: %v, %v", got, err)
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
func TestFormatRef(t *testing.T) {
	rev := strings.Repeat("a1", 20)
	for _, ref := range []string{
		"github:NixOS/nixpkgs",
		"github:NixOS/nixpkgs/nixos-26.05",
		"github:NixOS/nixpkgs/a/b",
		"github:NixOS/nixpkgs/" + rev,
		"github:NixOS/nixpkgs/nixos-26.05?dir=lib&host=git.example.org",
		"sourcehut:~user/repo/main",
		"git+https://example.org/x.git",
		"git+ssh://git@example.org/x.git?dir=a%2Fb&ref=main&rev=" + rev,
		"git+file:///srv/x?ref=refs%2Fheads%2Fmain&shallow=1&submodules=0",
		"path:/srv/x?dir=sub",
		"https://example.org/x.tar.gz?a=b&dir=sub",
		"tarball+https://example.org/latest",
	} {
		a, err := parseRef(ref)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := FormatRef(a); err != nil || got != ref {
			t.Errorf("got %s, %v, want %s", got, err, ref)
		}
	}
	for _, a := range []map[string]any{
		{"type": "indirect", "id": "nixpkgs"},
		{"type": "github", "owner": "o", "repo": "r", "unknown": "x"},
		{"type": "git", "url": ":"},
	} {
		if got, err := FormatRef(a); err == nil {
			t.Errorf("%v became %s", a, got)
		}
	}
}
