package system

import (
	"regexp"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

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

var (
	installer = regexp.MustCompile(`INSTALL_BOOTLOADER[^\n\x00]{0,4}[='" ]+(/[^\s'"\x00]+)`)
	constant  = regexp.MustCompile(`(?m)^([A-Z_]+) = (?:Path|int|bool)?\(?"([^"]*)"`)
	attribute = regexp.MustCompile(`(?s)<attr name="(\w+)">\s*<(?:string|bool|int) value="([^"]*)"`)
	devices   = regexp.MustCompile(`(?s)<attr name="devices">\s*<list>(.*?)</list>`)
	element   = regexp.MustCompile(`<string value="([^"]*)"`)
	entry     = regexp.MustCompile(`loader/entries/"?'?([^\s"']+\.conf)`)
)

// Installer finds the program that installs the boot loader in the text of a
// switch-to-configuration, and the loader's kind by the program's name.
func Installer(script string) (program string, kind hardware.LoaderKind) {
	candidates := storePath.FindAllString(script, -1)
	if m := installer.FindStringSubmatch(script); m != nil {
		candidates = m[1:]
	}
	for _, p := range candidates {
		for _, i := range installers {
			if strings.Contains(p, i.mark) {
				return p, i.kind
			}
		}
	}
	if len(candidates) == 1 && installer.MatchString(script) {
		return candidates[0], ""
	}
	return "", ""
}

// Loader is a boot loader and how it is set.
type Loader struct {
	// Program is what installs it, "" if nothing does.
	Program  string
	Kind     hardware.LoaderKind
	Settings map[string]string // by the names that the loader's installer gives them
	Devices  []string          // of GRUB
	Entries  []string          // own entries in the menu of systemd-boot
}

// Loader reads the boot loader of a system: what its switch-to-configuration
// installs, and what that is told. systemd-boot's installer has constants, GRUB's a grub-config.xml.
func (t Toplevel) Loader() Loader {
	l := Loader{Settings: map[string]string{}}
	l.Program, l.Kind = Installer(t.Text("bin/switch-to-configuration"))
	text := t.text(l.Program)
	switch l.Kind {
	case hardware.SystemdBoot:
		for _, p := range storePath.FindAllString(text, -1) {
			if builder := t.text(p); strings.Contains(builder, "EFI_SYS_MOUNT_POINT") {
				l.set(constant, builder)
				for _, m := range entry.FindAllStringSubmatch(t.text(named(builder, "copy-extra-files")), -1) {
					l.Entries = append(l.Entries, m[1])
				}
			}
		}
	case hardware.GRUB:
		config := t.text(named(text, "grub-config.xml"))
		l.set(attribute, config)
		if m := devices.FindStringSubmatch(config); m != nil {
			for _, v := range element.FindAllStringSubmatch(m[1], -1) {
				l.Devices = append(l.Devices, v[1])
			}
		}
	}
	return l
}

// set takes the settings of a text by a pattern for name and value.
func (l *Loader) set(pattern *regexp.Regexp, text string) {
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		l.Settings[m[1]] = m[2]
	}
}
