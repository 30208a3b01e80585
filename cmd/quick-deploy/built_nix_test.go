package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// From one system to a built one: the option that changes by its name, the
// package that comes, and whether a reboot is needed.
func TestDiffBuilt(t *testing.T) {
	c := newComputer(t)
	profile := func(zone, packages string) {
		c.put(filepath.Join(c.work, "quick-deploy.yaml"), `version: 1
hosts:
  atlas:
    system: x86_64-linux
    stateVersion: "26.05"
    hardware: {loader: {kind: systemd-boot}, fileSystems: none}
    timezone: `+zone+`
    packages: `+packages+`
    users: {ada: {admin: true}}
`)
	}
	if _, stderr, code := c.run("diff", "--built"); code == 0 {
		t.Errorf("there is nothing to compare with, and no error\n%s", stderr)
	}
	profile("Europe/Berlin", "[git]")
	c.must("switch", "--yes", "--skip", "network")
	if err := os.Symlink(c.Running(), filepath.Join(c.Root, "run/booted-system")); err != nil {
		t.Fatal(err)
	}
	profile("Europe/Rome", "[git, ripgrep]")
	var d struct {
		Options []struct {
			File, Host string
			Changes    []struct{ Option, Before, After string }
		}
	}
	if err := json.Unmarshal([]byte(c.must("--json", "diff")), &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Options) != 1 || d.Options[0].Host != "atlas" || len(d.Options[0].Changes) != 2 ||
		d.Options[0].Changes[1].Option != "time.timeZone" || d.Options[0].Changes[1].Before != `"Europe/Berlin"` || d.Options[0].Changes[1].After != `"Europe/Rome"` {
		t.Errorf("options: %+v", d.Options)
	}
	if out, want := c.must("diff", "--by-option"), "  ~ time.timeZone: \"Europe/Berlin\" → \"Europe/Rome\"\n"; !strings.Contains(out, want) {
		t.Errorf("diff --by-option lacks %q:\n%s", want, out)
	}

	out := c.must("build", "--yes", "--skip", "network")
	if want := "no reboot is needed"; !strings.Contains(out, want) {
		t.Errorf("build lacks %q:\n%s", want, out)
	}
	var b app.Built
	if err := json.Unmarshal([]byte(c.must("--json", "diff", "--built", "--units")), &b); err != nil {
		t.Fatal(err)
	}
	if b.Running != c.Running() || b.System == b.Running || b.Reboot.Needed || b.Units == nil || !b.Units.Empty() {
		t.Errorf("built: %+v", b)
	}
	found := false
	for _, p := range b.Closure.Packages {
		found = found || p.Name == "ripgrep" && p.Kind == "added"
	}
	if !found {
		t.Errorf("ripgrep is not among the added packages: %+v", b.Closure)
	}
	if _, _, code := c.run("diff", "--units"); code != fault.Usage {
		t.Errorf("diff --units exits with %d, want %d", code, fault.Usage)
	}
}

// A system that nothing here knows of runs: build tells what a switch would
// take away, and switch takes what may lock somebody out only by name.
func TestFirstSwitchTakesAwayByNameOnly(t *testing.T) {
	c := newComputer(t)
	profile := func(params string) {
		c.put(filepath.Join(c.work, "quick-deploy.yaml"), `version: 1
hosts:
  atlas:
    system: x86_64-linux
    stateVersion: "26.05"
    hardware: {loader: {kind: systemd-boot}, fileSystems: none}
    users: {ada: {admin: true}}
    nixos:
      boot.kernelParams: `+params+`
`)
	}
	profile(`["console=ttyS0,115200", iommu=pt]`)
	c.must("switch", "--yes", "--skip", "network")
	if err := os.RemoveAll(filepath.Join(c.state(), "history")); err != nil {
		t.Fatal(err)
	}
	before := c.Running()
	profile("[]")
	if out, want := c.must("build", "--yes", "--skip", "network"), "loss: the kernel parameter console=ttyS0,115200 is removed (may lock somebody out)\nloss: the kernel parameter iommu=pt is removed\n"; !strings.Contains(out, want) {
		t.Errorf("build lacks %q:\n%s", want, out)
	}
	if _, stderr, code := c.run("switch", "--yes", "--skip", "network"); code != fault.Preflight || !strings.Contains(stderr, "--accept kernel:console=ttyS0-115200") || c.Running() != before {
		t.Errorf("switch --yes exits with %d:\n%s", code, stderr)
	}
	c.vars = append(c.vars, "QUICK_DEPLOY_ACCEPT=kernel:console=ttyS0-115200")
	if out := c.must("--json", "switch", "--yes", "--skip", "network"); !strings.Contains(out, `"accepted":true`) {
		t.Errorf("the record does not say what was accepted:\n%s", out)
	}
	if c.Running() == before {
		t.Error("nothing was switched")
	}
}
