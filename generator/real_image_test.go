package generator_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/image"
)

// Each variant of an image evaluates to a derivation for hosts of every kind: each preset, and golden hosts whose disks
// are laid out, encrypted and mirrored, with drivers of their own, with settings that a variant has, too. No assertion
// fails. A nixpkgs older than image.modules has them by testdata/real/images.nix, as far as it has their modules.
//
// One of them: go test ./generator -run 'TestRealImages/^preset-server$/^atlas$/^iso$'.
func TestRealImages(t *testing.T) {
	nixpkgs := newNixpkgs(t)
	all := os.Getenv("QUICK_DEPLOY_TEST_ALL") != ""
	ages := &ageList{cases: map[string][]string{}}
	t.Cleanup(func() { ages.report(t, nixpkgs) })
	for _, c := range []struct {
		name, hosts string
		variants    string // those that a run without QUICK_DEPLOY_TEST_ALL is about; "": all
	}{
		{"preset-server", "atlas", ""},
		{"preset-minimal", "atlas", "qemu lxc"},
		{"preset-homelab", "atlas", "qemu-efi proxmox"},
		{"preset-workstation", "atlas", "iso iso-installer proxmox-lxc"},
		{"preset-ai-workstation", "atlas", "raw-efi vmware"},
		{"openssh", "full", "amazon linode"},                // root is kept out of sshd
		{"fleet-disks", "bios store twin", "qemu qemu-efi"}, // LUKS, ZFS, mirrored btrfs
		{"ollama", "plain", "qemu-efi"},                     // NVIDIA's driver, disks by UUID
		{"flat", "atlas", "sd-card raw-efi"},                // aarch64-linux
		{"vm-first", "machine", "qemu-efi iso"},             // a kernel and a loader of its own
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tree := generate(t, os.DirFS(filepath.Join(goldenDir, c.name)))
			dir := lay(t, tree)
			for _, h := range tree.Hosts {
				for _, v := range image.Variants {
					chosen := c.variants == "" || all || slices.Contains(strings.Fields(c.variants), v.Name)
					if why, _ := v.Unfit(h.System); why != "" || !chosen || !slices.Contains(strings.Fields(c.hosts), h.Name) {
						continue
					}
					t.Run(h.Name+"/"+v.Name, func(t *testing.T) {
						got, young, err := evaluateImage(t, nixpkgs, dir, h, v)
						for _, a := range young {
							ages.add(c.name+"/"+v.Name, a.String())
						}
						if err != nil {
							ages.fail(t, nixpkgs, h.Release, c.name, v.Name, err.Error())
						} else if !strings.HasSuffix(got.Drv, ".drv") {
							t.Errorf("%q is no derivation", got.Drv)
						}
					})
				}
			}
		})
	}
}

// evaluateImage evaluates an image of a host of the flake in dir.
func evaluateImage(
	t *testing.T, nixpkgs *realNixpkgs, dir string, h generator.Host, v image.Variant,
) (realSystem, []age, error) {
	t.Helper()
	files, err := v.Files("module.nix", h.Name, h.System, h.Access.SSH.RootLogin)
	if err != nil {
		t.Fatal(err)
	}
	beside := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(beside, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return nixpkgs.images(t, dir, h.Release, h.Name, realImage{v.Name, filepath.Join(beside, "module.nix")})
}
