package fleet

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/flake"
)

// A fingerprint changes with each thing that a host is built from, and with nothing of another host.
func TestFingerprint(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"modules/base.nix", "modules/web.nix", "hosts/a/local.nix", "hosts/b/local.nix"} {
		write(name, "{ }")
	}
	a := generator.Host{Name: "a", System: "x86_64-linux", Modules: []string{"modules/base.nix"}, Inputs: []string{"nixpkgs"}}
	b := generator.Host{
		Name: "b", System: "x86_64-linux", Modules: []string{"modules/base.nix", "modules/web.nix"}, Inputs: []string{"nixpkgs-canary"},
	}
	locked := map[string]flake.Locked{"nixpkgs": {NarHash: "1"}, "nixpkgs-canary": {NarHash: "2"}, "nixpkgs/lib": {NarHash: "3"}}
	prints := func() [2]string {
		t.Helper()
		sources := NewSources(dir, locked)
		var out [2]string
		for i, h := range []generator.Host{a, b} {
			var err error
			if out[i], err = sources.Fingerprint(h); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
	was := prints()
	for _, step := range []struct {
		what   string
		change func()
		a, b   bool // whose changes
	}{
		{"nothing", func() {}, false, false},
		{"a module of both", func() { write("modules/base.nix", "{ x = 1; }") }, true, true},
		{"a module of b", func() { write("modules/web.nix", "{ x = 1; }") }, false, true},
		{"a file of a", func() { write("hosts/a/local.nix", "{ x = 1; }") }, true, false},
		{"a file more of b", func() { write("hosts/b/more/x.nix", "{ }") }, false, true},
		{"an input of a", func() { locked["nixpkgs"] = flake.Locked{NarHash: "4"} }, true, false},
		{"an input's own input", func() { locked["nixpkgs/lib"] = flake.Locked{NarHash: "5"} }, true, false},
		{"the platform of b", func() { b.System = "aarch64-linux" }, false, true},
		{"what the packages of a are made with", func() { a.Packages = "config.cudaSupport = true" }, true, false},
	} {
		step.change()
		is := prints()
		if (is[0] != was[0]) != step.a || (is[1] != was[1]) != step.b {
			t.Errorf("%s: a changed %t, b changed %t", step.what, is[0] != was[0], is[1] != was[1])
		}
		was = is
	}
}
