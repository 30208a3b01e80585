package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/pin"
)

// A pin's tree is what nix hash path prints, its hosts are the derivations that
// Nix evaluates, and both are found again elsewhere.
func TestPinWithNix(t *testing.T) {
	c := newComputer(t)
	c.put(filepath.Join(c.work, "quick-deploy.yaml"), `version: 1
defaults: {system: x86_64-linux, stateVersion: "26.05", services: {openssh: {}}}
hosts: {one: {}, two: {timezone: Etc/UTC}}
`)
	run := func(want fault.Code, args ...string) string {
		t.Helper()
		out, diag, code := c.run(append([]string{"--no-probe", "--flake", filepath.Join(c.work, "flake")}, args...)...)
		if code != want {
			t.Fatalf("%v exited with %d, want %d: %s%s", args, code, want, out, diag)
		}
		return out
	}
	run(fault.OK, "generate")
	run(fault.OK, "pin", "export", "--evaluate")
	data, err := os.ReadFile(filepath.Join(c.work, pin.FileName))
	if err != nil {
		t.Fatal(err)
	}
	var p pin.Pin
	if err := json.Unmarshal(data, &p); err != nil {
		t.Fatal(err)
	}
	flake := c.env.Flake(t, filepath.Join(c.work, "flake"), nil)
	for _, host := range []string{"one", "two"} {
		want := strings.TrimSpace(string(flake.Eval(t, "nixosConfigurations."+host+".config.system.build.toplevel.drvPath", "")))
		if got, _ := json.Marshal(p.Hosts[host]); string(got) != want {
			t.Errorf("%s is pinned to %s, Nix says %s", host, got, want)
		}
	}
	plain := t.TempDir()
	if err := os.CopyFS(plain, os.DirFS(filepath.Join(c.work, "flake"))); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(plain, ".quick-deploy")); err != nil {
		t.Fatal(err)
	}
	if want := strings.TrimSpace(string(c.env.Run(t, "nix", "hash", "path", plain))); p.Tree != want {
		t.Errorf("the tree is pinned to %s, nix hash path says %s", p.Tree, want)
	}
	run(fault.OK, "pin", "verify")
	// The user's own file changes one system, and is named with it.
	c.put(filepath.Join(c.work, "flake/hosts/two/local.nix"), "{ networking.domain = \"example.org\"; }\n")
	out := run(fault.Pending, "pin", "verify")
	if !strings.Contains(out, "file hosts/two/local.nix: ") || !strings.Contains(out, "host two: ") || strings.Contains(out, "host one") {
		t.Errorf("verify said %s", out)
	}
}
