package probe

import (
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// readNixOS reads the version of the NixOS that runs.
func readNixOS(t *tree, _ Options, f *hardware.Facts) {
	if !t.exists("run/current-system") && !t.exists("etc/NIXOS") {
		return
	}
	if s, ok := t.text("run/current-system/nixos-version"); ok {
		f.NixOS = oneLine(s)
		return
	}
	text, ok := t.whole("etc/os-release", 16<<10)
	if !ok {
		return
	}
	if !slices.Contains(strings.Split(text, "\n"), "ID=nixos") {
		return
	}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if name == "BUILD_ID" || name == "VERSION_ID" && f.NixOS == "" {
			f.NixOS = oneLine(strings.Trim(value, `"`))
		}
	}
}

// readExisting reads the file that nixos-generate-config left.
func readExisting(t *tree, o Options, f *hardware.Facts) {
	const name = "etc/nixos/hardware-configuration.nix"
	if f.NixOS == "" || o.Target != "" && o.Target != "/" || !t.exists(name) {
		return
	}
	if text, ok := t.whole(name, 1<<20); ok {
		f.Existing = &hardware.ExistingFile{Path: "/" + name, Text: text}
	}
}
