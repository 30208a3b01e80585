package system

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/storepath"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// installers are the programs by which a NixOS installs its boot loader: what
// their names in the store start with, the loader, and for loaders that are not
// set up here their name. The sources are system.build.installBootLoader in
// nixpkgs, and the modules of lanzaboote and nixos-raspberrypi.
var installers = []struct {
	mark string
	kind hardware.LoaderKind
	name string
}{
	{"install-grub", hardware.GRUB, ""},
	{"install-systemd-boot", hardware.SystemdBoot, ""},
	{"systemd-boot", hardware.SystemdBoot, ""}, // before 23.11, and so the next
	{"systemd-boot-builder", hardware.SystemdBoot, ""},
	{"install-extlinux-conf", hardware.ExtLinux, ""},
	{"extlinux-conf-builder", hardware.ExtLinux, ""}, // before 26.05
	{"limine-install", hardware.Limine, ""},
	{"no-bootloader", hardware.NoLoader, ""},
	{"bootinstall", hardware.OtherLoader, "lanzaboote"}, // up to 1.0
	{"lzbt", hardware.OtherLoader, "lanzaboote"},
	{"lanzaboote", hardware.OtherLoader, "lanzaboote"},
	{"lanzatool", hardware.OtherLoader, "lanzaboote"},
	{"refind-install", hardware.OtherLoader, "rEFInd"},
	{"raspberrypi-builder", hardware.OtherLoader, "Raspberry Pi's firmware"},
	{"uboot-builder", hardware.OtherLoader, "Raspberry Pi's firmware and U-Boot"},
	{"uefi-builder", hardware.OtherLoader, "Raspberry Pi's firmware and UEFI"},
	{"kernelboot", hardware.OtherLoader, "Raspberry Pi's firmware"},
	{"nixos-generations-builder", hardware.OtherLoader, "Raspberry Pi's firmware"},
	{"firmware-builder", hardware.OtherLoader, "Raspberry Pi's firmware"},
	{"generations-dir-builder", hardware.OtherLoader, "generationsDir"},
	{"init-script-builder", hardware.OtherLoader, hardware.InitScript},
	{"install-lxc-sbin-init", hardware.OtherLoader, hardware.LXCContainer},
	{"install-lxd-sbin-init", hardware.OtherLoader, hardware.LXCContainer},
}

// loaderPatterns read what NixOS writes about its boot loader. They are compiled only where there is one to read.
type loaderPatterns struct{ install, perl, constant, copied *regexp.Regexp }

var patterns = sync.OnceValue(func() loaderPatterns {
	return loaderPatterns{
		// makeWrapper's export INSTALL_BOOTLOADER='…', and the same in a binary wrapper.
		install: regexp.MustCompile(`INSTALL_BOOTLOADER` +
			`(?:[^\n\x00]{0,4}?[= ]+(?:'([^'\x00]+)'|"([^"\x00]+)"|([^\s'"\x00]+))|\x00([^\x00]+))`),
		// The script in Perl of before 25.05: a here-document.
		perl: regexp.MustCompile(`(?s)<<'?EOFBOOTLOADER[^\n]*\n(.*?)\nEOFBOOTLOADER`),
		constant: regexp.MustCompile(`(?m)(?:^|[\s;])([A-Z][A-Z_]{4,})[ \t]*=[ \t]*` +
			`(?:int\(|Path\(|bool\()?["']?([^"'\s)=]*)["']?`),
		copied: regexp.MustCompile(`(?m)\binstall -Dp (?:"([^"\n]+)"|'([^'\n]+)'|(\S+)) (\S+)$`),
	}
})

// loaderReader reads a boot loader of a system into l.
type loaderReader struct {
	Toplevel
	platform string
	l        *hardware.Loader
	faults   []*fs.PathError
}

// Loader reads the boot loader of a system for a platform, as Nix calls it: its switch script names the program
// that installs the loader, and that what it is told. The kind is empty where none is named. The faults are files
// that are not as NixOS writes them.
func (t Toplevel) Loader(platform string) (hardware.Loader, []*fs.PathError) {
	var l hardware.Loader
	r := &loaderReader{Toplevel: t, platform: platform, l: &l}
	command := r.installCommand()
	if command == "" {
		return l, nil
	}
	program := command
	if fields := strings.Fields(command); len(fields) > 0 {
		program = fields[0]
	}
	l.Kind, l.Program = installer(program)
	text := r.on.Data(program)
	if l.Kind == hardware.OtherLoader && l.Program == "" {
		l.Program = unknownInstaller(program, text)
	}
	switch l.Kind {
	case hardware.GRUB:
		r.readGRUB(text)
	case hardware.SystemdBoot:
		r.readSystemdBoot(text)
	case hardware.ExtLinux:
		readExtlinux(command+"\n"+string(text), &l)
	case hardware.Limine:
		r.readLimine(text)
	}
	slices.Sort(l.Files)
	l.Files = slices.Compact(l.Files)
	slices.Sort(l.Unread)
	l.Unread = slices.Compact(l.Unread)
	return l, r.faults
}

func (r *loaderReader) garbled(name, what string, err error) {
	r.faults = append(r.faults, &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("%s: %w", what, err)})
}

// installCommand returns the command that installs the loader, "" if none is named.
func (t Toplevel) installCommand() string {
	re := patterns()
	script := t.Data("bin/switch-to-configuration")
	if m := re.install.FindSubmatch(script); m != nil {
		return strings.TrimSpace(string(slices.Concat(m[1], m[2], m[3], m[4])))
	}
	if m := re.perl.FindSubmatch(script); m != nil {
		return strings.TrimSpace(string(m[1]))
	}
	for _, p := range storepath.Find(string(script)) {
		if kind, name := installer(p); kind != hardware.NoLoader && (kind != hardware.OtherLoader || name != "") {
			return p
		}
	}
	return ""
}

// installer tells a loader by the program that installs it. The name is empty
// where the program is not known.
func installer(program string) (hardware.LoaderKind, string) {
	if !strings.HasPrefix(program, "/") {
		return hardware.NoLoader, "" // NixOS's own: echo 'Warning: do not know how to make this configuration bootable
	}
	if strings.HasSuffix(program, "/bin/true") {
		return hardware.NoLoader, ""
	}
	name := cmp.Or(storepath.Inner(program), program)
	for _, i := range installers {
		for _, n := range []string{name, path.Base(name)} {
			rest, ok := strings.CutPrefix(n, i.mark)
			if ok && (i.kind == hardware.OtherLoader || rest == "" || rest[0] == '.' || rest[0] == '/') {
				return i.kind, i.name
			}
		}
	}
	return hardware.OtherLoader, ""
}

// unknownInstaller names a program that is not known: by what it calls, if that is known
// and of the kind other, else by itself. What it wraps is not set up in its place.
func unknownInstaller(program string, text []byte) string {
	for _, p := range storepath.Find(string(text)) {
		if kind, name := installer(p); kind == hardware.OtherLoader && name != "" {
			return name
		}
	}
	return strings.ToValidUTF8(path.Base(cmp.Or(storepath.Inner(program), program)), "?")
}

// findAllNamed returns the files of the store that a text names and whose own names contain a word.
func findAllNamed(text []byte, word string) []string {
	var out []string
	for _, p := range storepath.Find(string(text)) {
		if strings.Contains(storepath.Inner(p), word) && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}
