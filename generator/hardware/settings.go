package hardware

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// settingType is how an installer's word becomes a value of an option.
type settingType int

const (
	asBool  settingType = iota
	asInt               // or null, where it is no number: boot.loader.timeout
	asText              // or null, where it is empty
	asLines             // text of several lines
	asList              // of lines
	asNull              // whatever it says
)

// settings are the options that are taken over from the installer of the
// running NixOS (nixos/modules/system/boot/loader). Others are not known here,
// and a report cannot set them.
var settings = map[string]settingType{
	"boot.loader.timeout": asInt,

	"boot.loader.grub.copyKernels":             asBool,
	"boot.loader.grub.default":                 asText,
	"boot.loader.grub.enableCryptodisk":        asBool,
	"boot.loader.grub.entryOptions":            asText,
	"boot.loader.grub.extraConfig":             asLines,
	"boot.loader.grub.extraEntries":            asLines,
	"boot.loader.grub.extraEntriesBeforeNixOS": asBool,
	"boot.loader.grub.extraGrubInstallArgs":    asList,
	"boot.loader.grub.extraPerEntryConfig":     asLines,
	"boot.loader.grub.forceInstall":            asBool,
	"boot.loader.grub.forcei686":               asBool,
	"boot.loader.grub.fsIdentifier":            asText,
	"boot.loader.grub.gfxmodeBios":             asText,
	"boot.loader.grub.gfxmodeEfi":              asText,
	"boot.loader.grub.gfxpayloadBios":          asText,
	"boot.loader.grub.gfxpayloadEfi":           asText,
	"boot.loader.grub.memtest86.enable":        asBool,
	"boot.loader.grub.splashImage":             asNull,
	"boot.loader.grub.storePath":               asText,
	"boot.loader.grub.subEntryOptions":         asText,
	"boot.loader.grub.timeoutStyle":            asText,
	"boot.loader.grub.useOSProber":             asBool,

	"boot.loader.systemd-boot.consoleMode":            asText,
	"boot.loader.systemd-boot.editor":                 asBool,
	"boot.loader.systemd-boot.edk2-uefi-shell.enable": asBool,
	"boot.loader.systemd-boot.graceful":               asBool,
	"boot.loader.systemd-boot.memtest86.enable":       asBool,
	"boot.loader.systemd-boot.netbootxyz.enable":      asBool,
	"boot.loader.systemd-boot.rebootForBitlocker":     asBool,
	"boot.loader.systemd-boot.sortKey":                asText,

	"boot.loader.limine.biosDevice":              asText,
	"boot.loader.limine.biosSupport":             asBool,
	"boot.loader.limine.efiInstallAsRemovable":   asBool,
	"boot.loader.limine.efiSupport":              asBool,
	"boot.loader.limine.enableEditor":            asBool,
	"boot.loader.limine.enrollConfig":            asBool,
	"boot.loader.limine.extraConfig":             asLines,
	"boot.loader.limine.extraEntries":            asLines,
	"boot.loader.limine.force":                   asBool,
	"boot.loader.limine.panicOnChecksumMismatch": asBool,
	"boot.loader.limine.partitionIndex":          asInt,
	"boot.loader.limine.secureBoot.enable":       asBool,
	"boot.loader.limine.validateChecksums":       asBool,

	"boot.loader.generic-extlinux-compatible.mirroredBoots":           asList, // paths
	"boot.loader.generic-extlinux-compatible.useGenerationDeviceTree": asBool,
	"hardware.deviceTree.name":                                        asText,
}

// windowsEntry starts the options of an entry for another EFI system partition.
const windowsEntry = "boot.loader.systemd-boot.windows."

// limits are the options for the number of generations in the menu.
var limits = map[LoaderKind]string{
	SystemdBoot: "boot.loader.systemd-boot.configurationLimit",
	GRUB:        "boot.loader.grub.configurationLimit",
	ExtLinux:    "boot.loader.generic-extlinux-compatible.configurationLimit",
	Limine:      "boot.loader.limine.maxGenerations",
}

var keptLoader = because("what this NixOS tells its boot loader already")

// keepSettings takes over what the running NixOS tells the same loader, and
// names what cannot be taken over.
func (d *decider) keepSettings() {
	l := d.Loader
	for _, option := range slices.Sorted(maps.Keys(l.Settings)) {
		kind, known := settings[option]
		if strings.HasPrefix(option, windowsEntry) {
			kind, known = asText, true
		}
		if !known || d.decided(option) {
			continue
		}
		d.set(option, d.settingValue(option, kind, l.Settings[option]), keptLoader)
	}
	for _, name := range slices.Sorted(maps.Keys(l.Entries)) {
		path := []string{"boot", "loader", "systemd-boot", "extraEntries", name}
		d.setPath(path, d.firm(lines(l.Entries[name])), keptLoader)
	}
	const again = "say it again in local.nix, or it is gone after the switch"
	if len(l.Unread) > 0 {
		d.warn("the running NixOS sets %s, which cannot be read from its boot loader: "+again, strings.Join(l.Unread, ", "))
	}
	if len(l.Files) > 0 {
		d.warn("the running NixOS copies %s to the boot partition, by extraFiles: "+again, strings.Join(l.Files, ", "))
	}
}

// decided tells whether an option has its value already.
func (d *decider) decided(option string) bool {
	return slices.ContainsFunc(d.settings, func(s setting) bool { return strings.Join(s.path, ".") == option })
}

// settingValue is the value that an installer's word stands for.
func (d *decider) settingValue(option string, kind settingType, word string) nix.Expr {
	_, memtest := d.Loader.Settings["boot.loader.grub.memtest86.enable"]
	switch {
	case option == "boot.loader.grub.extraEntries" && memtest:
		return lines(word) // beside the entry that memtest86 adds
	case kind == asNull: // NixOS has a default of its own, by mkDefault
		return overDefaults(nix.Null{})
	}
	return d.firm(kind.value(option, word))
}

// value reads a word.
func (kind settingType) value(option, word string) nix.Expr {
	switch kind {
	case asBool:
		return nix.Bool(truth(word))
	case asInt:
		if n, err := strconv.Atoi(word); err == nil && n >= 0 {
			return nix.Int(n)
		}
		return nix.Null{}
	case asLines:
		return lines(word)
	case asList:
		list := strs(strings.Split(word, "\n"))
		if option == "boot.loader.generic-extlinux-compatible.mirroredBoots" {
			for i, path := range list {
				list[i] = nix.Attrs{Body: []nix.Binding{{Path: []string{"path"}, Value: path}}}
			}
		}
		return list
	}
	if word == "" {
		return nix.Null{}
	}
	return nix.Str(word)
}

func lines(text string) nix.Expr {
	if strings.Contains(text, "\n") {
		return nix.Text(text)
	}
	return nix.Str(text)
}

// truth reads a bool as Nix prints it in XML and JSON (true), and as toString does (1).
func truth(word string) bool { return word == "true" || word == "1" || word == "True" }
