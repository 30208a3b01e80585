package deploy

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// withLoader names the program that installs a system's boot loader, as NixOS's wrapper of switch-to-configuration
// does, and has the script write down what it was called to do.
func withLoader(t *testing.T, system, installer string) {
	t.Helper()
	path := filepath.Join(system, "bin/switch-to-configuration")
	text, err := os.ReadFile(path)
	must(t, err)
	text = []byte(strings.Replace(string(text), "\ncase $1 in\n", `
export INSTALL_BOOTLOADER='/nix/store/`+strings.Repeat("a", 32)+`-`+installer+`'
echo "$1 ${system##*/`+noHash+`} ${NIXOS_INSTALL_BOOTLOADER-}" >> "$W/loader"
case $1 in
`, 1))
	must(t, os.WriteFile(path, text, 0o755))
}

// A boot loader of another kind is put onto the disk, and the old one again where the run comes to nothing.
func TestAnotherLoaderIsInstalled(t *testing.T) {
	for name, c := range map[string]struct {
		installer string
		fails     bool
		want      []string
	}{
		"the same": {"install-grub.sh", false, []string{"boot new-nixos-system "}},
		"another":  {"systemd-boot-builder.py", false, []string{"boot new-nixos-system 1"}},
		"another, in vain": {"systemd-boot-builder.py", true,
			[]string{"boot new-nixos-system 1", "boot first-nixos-system 1"}},
		"unknown": {"own-loader", false, []string{"boot new-nixos-system "}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			withLoader(t, w.stored("first-nixos-system"), "install-grub.sh")
			w.after = func(cmd run.Command) {
				if filepath.Base(cmd.Name) == "nixos-rebuild" {
					built, err := resolve(filepath.Join(cmd.Dir, "result"))
					must(t, err)
					withLoader(t, built, c.installer)
				}
			}
			w.writeFlake(t, "two")
			if c.fails {
				w.unitFails = "2\t" + w.hash(w.flake()) + "-nixos-system/bin/switch-to-configuration boot\t\n"
			}
			_, err := w.run(t, w.deployer(), w.goal(Switch))
			if (err != nil) != c.fails {
				t.Fatal(err)
			}
			said, err := os.ReadFile(w.path("loader"))
			must(t, err)
			var got []string
			for line := range strings.Lines(string(said)) {
				if strings.HasPrefix(line, "boot ") {
					got = append(got, strings.Replace(strings.TrimSuffix(line, "\n"), w.hash(w.flake()), "new", 1))
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
