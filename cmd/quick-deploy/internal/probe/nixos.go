package probe

import (
	"cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
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
	if said := system.ParseAssignments(text); said["ID"] == "nixos" {
		f.NixOS = oneLine(cmp.Or(said["BUILD_ID"], said["VERSION_ID"]))
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
