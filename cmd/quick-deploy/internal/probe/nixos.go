package probe

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"

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

// scriptLimit bounds what is read of the switch script, which may be a wrapper
// of any kind.
const scriptLimit = 8 << 20

// installers are the names of the programs in the store that install each
// loader, by which switch-to-configuration of a system calls them.
var installers = []struct {
	mark string
	kind hardware.LoaderKind
}{
	{"install-grub", hardware.GRUB},
	{"systemd-boot", hardware.SystemdBoot},
	{"extlinux-conf-builder", hardware.ExtLinux},
	{"limine", hardware.Limine},
	{"lanzaboote", hardware.OtherLoader},
	{"lzbt", hardware.OtherLoader},
	{"refind", hardware.OtherLoader},
	{"raspberrypi", hardware.OtherLoader},
	{"uefi-stub", hardware.OtherLoader},
	{"init-script-builder", hardware.OtherLoader},
}

// patterns read what NixOS writes about its boot loader. They are compiled only
// where there is a NixOS.
type patterns struct {
	install, store, devices, value  *regexp.Regexp
	grubTarget, grubMount, grubMode *regexp.Regexp
}

var loaderPatterns = sync.OnceValue(func() patterns {
	attr := func(name string) *regexp.Regexp {
		return regexp.MustCompile(`(?s)<attr name="` + name + `">\s*<(?:string|bool) value="([^"]*)"`)
	}
	return patterns{
		install:    regexp.MustCompile(`INSTALL_BOOTLOADER[^\n\x00]{0,4}[='" ]+(/[^\s'"\x00]+)`),
		store:      regexp.MustCompile(`/nix/store/[0-9a-df-np-sv-z]{32}-[0-9A-Za-z+._?=-]+`),
		devices:    regexp.MustCompile(`(?s)<attr name="devices">\s*<list>(.*?)</list>`),
		value:      regexp.MustCompile(`<string value="([^"]*)"`),
		grubTarget: attr("grubTargetEfi"), grubMount: attr("efiSysMountPoint"), grubMode: attr("efiInstallAsRemovable"),
	}
})

// readLoader finds out what the running NixOS boots with: its switch script
// names the program that installs the loader.
func readLoader(t *tree, _ Options, f *hardware.Facts) {
	if f.NixOS == "" {
		return
	}
	f.Loader.Kind = t.loaderByScript(f)
	if f.Loader.Kind == "" {
		f.Loader.Kind = t.loaderByFiles()
	}
}

func (t *tree) loaderByScript(f *hardware.Facts) hardware.LoaderKind {
	re := loaderPatterns()
	script := t.bytes("run/current-system/bin/switch-to-configuration", scriptLimit)
	program := ""
	if m := re.install.FindSubmatch(script); m != nil {
		program = string(m[1])
	} else {
		for _, p := range re.store.FindAll(script, -1) {
			if kind := installerKind(string(p)); kind != "" {
				program = string(p)
				break
			}
		}
	}
	kind := installerKind(program)
	if kind != hardware.GRUB {
		return kind
	}
	text := t.bytes(strings.TrimPrefix(program, "/"), 1<<20)
	for _, p := range re.store.FindAll(text, -1) {
		if bytes.HasSuffix(p, []byte("grub-config.xml")) {
			t.grubConfig(strings.TrimPrefix(string(p), "/"), f)
			break
		}
	}
	return kind
}

func installerKind(program string) hardware.LoaderKind {
	for _, i := range installers {
		if strings.Contains(program, i.mark) {
			return i.kind
		}
	}
	return ""
}

// grubConfig reads what NixOS tells its GRUB installer (install-grub.pl).
func (t *tree) grubConfig(name string, f *hardware.Facts) {
	re := loaderPatterns()
	text := t.bytes(name, 1<<20)
	if m := re.devices.FindSubmatch(text); m != nil {
		for _, v := range re.value.FindAllSubmatch(m[1], -1) {
			if d := string(v[1]); d == "nodev" || strings.HasPrefix(d, "/dev/") {
				f.Loader.Devices = append(f.Loader.Devices, d)
			}
		}
	}
	if m := re.grubTarget.FindSubmatch(text); m != nil && len(m[1]) > 0 {
		f.Loader.EFI = true
		if m := re.grubMount.FindSubmatch(text); m != nil {
			f.Loader.Mount = string(m[1])
		}
	}
	if m := re.grubMode.FindSubmatch(text); m != nil {
		f.Loader.Removable = string(m[1]) == "true"
	}
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

func (t *tree) bytes(name string, limit int64) []byte {
	f, err := t.fs.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		t.warn(name, err)
		return nil
	}
	return b
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
