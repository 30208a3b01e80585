package generator_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator"
)

// The virtual machine of each host of each golden case, presets among them, evaluates to a derivation with NixOS's own
// modules: config.system.build.vm as nixos-rebuild build-vm builds it. No assertion of the machine inside fails, and
// nothing warns.
//
// One case: go test ./generator -run 'TestRealVM/^preset-server$'.
func TestRealVM(t *testing.T) {
	nixpkgs := newNixpkgs(t)
	ages := &ageList{cases: map[string][]string{}}
	t.Cleanup(func() { ages.report(t, nixpkgs) })
	cases, err := os.ReadDir(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name(), func(t *testing.T) {
			t.Parallel()
			tree := generate(t, os.DirFS(filepath.Join(goldenDir, c.Name())))
			dir := lay(t, tree)
			for _, h := range tree.Hosts {
				if evaluateVM(t, nixpkgs, ages, c.Name(), dir, h) {
					continue
				}
				// An age that stops a home hides the rest.
				h.Users = slices.Clone(h.Users)
				for i := range h.Users {
					h.Users[i].Home = false
				}
				evaluateVM(t, nixpkgs, ages, c.Name(), dir, h)
			}
		})
	}
}

// evaluateVM tells whether the virtual machine of a host evaluates.
func evaluateVM(t *testing.T, nixpkgs *realNixpkgs, ages *ageList, name, dir string, h generator.Host) bool {
	t.Helper()
	vm, err := h.VM(generator.VMSize{})
	if err != nil {
		t.Fatal(err)
	}
	beside := t.TempDir()
	for name, text := range vm.Files {
		if err := os.WriteFile(filepath.Join(beside, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	machine := realImage{Module: filepath.Join(beside, "module.nix")}
	got, young, err := nixpkgs.images(t, dir, h.Release, h.Name, machine)
	for _, a := range young {
		ages.add(name+"/"+h.Name, a.String())
	}
	if err != nil {
		ages.fail(t, nixpkgs, h.Release, name, h.Name, err.Error())
		return false
	}
	for _, message := range append(got.Assertions, got.Warnings...) {
		ages.fail(t, nixpkgs, h.Release, name, h.Name, message)
	}
	if len(got.Assertions) == 0 && !strings.HasSuffix(got.Drv, ".drv") {
		t.Errorf("%s: %q is no derivation", h.Name, got.Drv)
	}
	t.Logf("%s: %s", h.Name, got.Drv)
	return true
}
