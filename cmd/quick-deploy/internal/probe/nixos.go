package probe

import (
	"slices"
	"strings"

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

// readLoader finds out what the running NixOS boots with: its switch script
// names the program that installs the loader, and GRUB's is told where to.
func readLoader(t *tree, _ Options, f *hardware.Facts) {
	if f.NixOS == "" {
		return
	}
	l := system.Open(t.fs, "run/current-system").Loader()
	if f.Loader.Kind = l.Kind; l.Kind == "" {
		f.Loader.Kind = t.loaderByFiles()
	}
	if l.Kind != hardware.GRUB {
		return
	}
	for _, d := range l.Devices {
		if d == "nodev" || strings.HasPrefix(d, "/dev/") {
			f.Loader.Devices = append(f.Loader.Devices, d)
		}
	}
	if l.Settings["grubTargetEfi"] != "" {
		f.Loader.EFI, f.Loader.Mount = true, l.Settings["efiSysMountPoint"]
	}
	f.Loader.Removable = l.Settings["efiInstallAsRemovable"] == "true"
}

func (t *tree) loaderByFiles() hardware.LoaderKind {
	switch {
	case t.exists("boot/extlinux/extlinux.conf"):
		return hardware.ExtLinux
	case t.exists("boot/loader/loader.conf"):
		return hardware.SystemdBoot
	case t.exists("boot/grub/grub.cfg"):
		return hardware.GRUB
	}
	return ""
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
