package probe

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// readLoader finds out what the running NixOS boots with. Files below /boot are
// guessed from only where its system names no program that installs a loader.
func readLoader(t *tree, _ Options, f *hardware.Facts) {
	if f.NixOS != "" {
		var faults []*fs.PathError
		f.Loader, faults = system.Open(t.fs, "run/current-system").Loader(f.System)
		for _, fault := range faults {
			t.garbled(fault.Path, "%v", fault.Err)
		}
		if f.Loader.Kind == "" {
			f.Loader.Kind = t.loaderByFiles(f)
		}
	}
	if f.System == "aarch64-linux" && !onDemand(f) && t.exists("boot/"+hardware.M1N1) {
		f.Loader.Files = append(f.Loader.Files, hardware.M1N1)
		slices.Sort(f.Loader.Files)
	}
}

// onDemand tells whether /boot would be mounted by a look into it.
func onDemand(f *hardware.Facts) bool {
	return slices.ContainsFunc(f.Mounts, func(m hardware.Mount) bool { return m.Point == "/boot" && m.Type == "autofs" })
}

// loaderByFiles guesses. A /boot that is mounted on demand is not touched.
func (t *tree) loaderByFiles(f *hardware.Facts) hardware.LoaderKind {
	switch {
	case onDemand(f):
		return ""
	case t.exists("boot/extlinux/extlinux.conf"):
		return hardware.ExtLinux
	case t.has("boot/EFI/Linux", "nixos-generation-"):
		f.Loader.Program = "lanzaboote"
		return hardware.OtherLoader
	case t.exists("boot/limine/limine.conf"):
		return hardware.Limine
	case t.exists("boot/loader/loader.conf"):
		return hardware.SystemdBoot
	case t.exists("boot/grub/grub.cfg"):
		return hardware.GRUB
	}
	return ""
}

// has tells whether a folder has a file whose name starts so.
func (t *tree) has(dir, start string) bool {
	return slices.ContainsFunc(t.list(dir, false), func(name string) bool { return strings.HasPrefix(name, start) })
}
