package probe

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// scriptLimit bounds what is read of the switch script, which may be a wrapper
// of any kind, textLength what is read of the scripts and files that it names.
const (
	scriptLimit = 8 << 20
	textLength  = 1 << 20
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

// patterns read what NixOS writes about its boot loader. They are compiled only
// where there is a NixOS.
type patterns struct{ install, perl, store, hash, constant, copied *regexp.Regexp }

var loaderPatterns = sync.OnceValue(func() patterns {
	return patterns{
		// makeWrapper's export INSTALL_BOOTLOADER='…', and the same in a binary wrapper.
		install: regexp.MustCompile(`INSTALL_BOOTLOADER` +
			`(?:[^\n\x00]{0,4}?[= ]+(?:'([^'\x00]+)'|"([^"\x00]+)"|([^\s'"\x00]+))|\x00([^\x00]+))`),
		// The script in Perl of before 25.05: a here-document.
		perl:  regexp.MustCompile(`(?s)<<'?EOFBOOTLOADER[^\n]*\n(.*?)\nEOFBOOTLOADER`),
		store: regexp.MustCompile(`/nix/store/[0-9a-df-np-sv-z]{32}-[0-9A-Za-z+._?=-]+(?:/[0-9A-Za-z+._?=-]+)*`),
		hash:  regexp.MustCompile(`^/nix/store/[0-9a-z]{32}-`),
		constant: regexp.MustCompile(`(?m)(?:^|[\s;])([A-Z][A-Z_]{4,})[ \t]*=[ \t]*` +
			`(?:int\(|Path\(|bool\()?["']?([^"'\s)=]*)["']?`),
		copied: regexp.MustCompile(`(?m)\binstall -Dp (?:"([^"\n]+)"|'([^'\n]+)'|(\S+)) (\S+)$`),
	}
})

// readLoader finds out what the running NixOS boots with: its switch script
// names the program that installs the loader, and that what it is told. Files
// below /boot are guessed from only where no program is named.
func readLoader(t *tree, _ Options, f *hardware.Facts) {
	if f.System == "aarch64-linux" && !onDemand(f) && t.exists("boot/"+hardware.M1N1) {
		f.Loader.Files = append(f.Loader.Files, hardware.M1N1)
	}
	if f.NixOS == "" {
		return
	}
	command := t.installCommand()
	if command == "" {
		f.Loader.Kind = t.loaderByFiles(f)
		return
	}
	program := command
	if fields := strings.Fields(command); len(fields) > 0 {
		program = fields[0]
	}
	l := &f.Loader
	l.Kind, l.Program = installer(program)
	text := t.bytes(program, textLength)
	if l.Kind == hardware.OtherLoader && l.Program == "" {
		l.Program = t.unknown(program, text)
	}
	switch l.Kind {
	case hardware.GRUB:
		t.readGRUB(text, f)
	case hardware.SystemdBoot:
		t.readSystemdBoot(text, l)
	case hardware.ExtLinux:
		readExtlinux(command+"\n"+string(text), l)
	case hardware.Limine:
		t.readLimine(text, l)
	}
	slices.Sort(l.Files)
	l.Files = slices.Compact(l.Files)
	slices.Sort(l.Unread)
	l.Unread = slices.Compact(l.Unread)
}

// installCommand is the command that installs the loader, "" if none is named.
func (t *tree) installCommand() string {
	re := loaderPatterns()
	script := t.bytes("run/current-system/bin/switch-to-configuration", scriptLimit)
	if m := re.install.FindSubmatch(script); m != nil {
		return strings.TrimSpace(string(slices.Concat(m[1], m[2], m[3], m[4])))
	}
	if m := re.perl.FindSubmatch(script); m != nil {
		return strings.TrimSpace(string(m[1]))
	}
	for _, p := range re.store.FindAll(script, -1) {
		if kind, name := installer(string(p)); kind != hardware.NoLoader && (kind != hardware.OtherLoader || name != "") {
			return string(p)
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
	name := loaderPatterns().hash.ReplaceAllString(program, "")
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

// unknown names a program that is not known: by what it calls, if that is known
// and of the kind other, else by itself. What it wraps is not set up in its place.
func (t *tree) unknown(program string, text []byte) string {
	for _, p := range loaderPatterns().store.FindAll(text, -1) {
		if kind, name := installer(string(p)); kind == hardware.OtherLoader && name != "" {
			return name
		}
	}
	return oneLine(path.Base(loaderPatterns().hash.ReplaceAllString(program, "")))
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

// bytes reads a file that may be absent.
func (t *tree) bytes(name string, limit int64) []byte {
	name = strings.TrimPrefix(name, "/")
	f, err := t.fs.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.IsDir() {
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil && !errors.Is(err, fs.ErrInvalid) {
		t.warn(name, err)
		return nil
	}
	return b
}

// named are the files of the store that a text names and whose own names contain a word.
func named(text []byte, word string) []string {
	var out []string
	for _, p := range loaderPatterns().store.FindAll(text, -1) {
		if s := string(p); strings.Contains(loaderPatterns().hash.ReplaceAllString(s, ""), word) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
