package hardware

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// windowsEntry starts the options of an entry for another EFI system partition.
const windowsEntry = "boot.loader.systemd-boot.windows."

var keptLoader = because("the running NixOS sets it")

// keepSettings takes over what the running NixOS tells the same loader, and
// names what cannot be taken over.
func (d *decider) keepSettings() {
	l := d.Loader
	for _, option := range slices.Sorted(maps.Keys(l.Settings)) {
		kind := loaderOptions().Kinds[option]
		if strings.HasPrefix(option, windowsEntry) {
			kind = "text"
		}
		if kind != "" && !d.decided(option) {
			d.set(option, d.settingValue(option, kind, l.Settings[option]), keptLoader)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.Entries)) {
		path := []string{"boot", "loader", "systemd-boot", "extraEntries", name}
		d.setPath(path, d.firm(nix.Text(l.Entries[name])), keptLoader)
	}
	const again = "set it again in local.nix, or the switch removes it"
	if len(l.Unread) > 0 {
		d.warn("the running NixOS sets %s, but its boot loader does not show the value: "+again, strings.Join(l.Unread, ", "))
	}
	if len(l.Files) > 0 {
		d.warn("the running NixOS copies %s to the boot partition with extraFiles: "+again, strings.Join(l.Files, ", "))
	}
}

// decided tells whether an option has its value already.
func (d *decider) decided(option string) bool {
	return slices.ContainsFunc(d.settings, func(s setting) bool { return strings.Join(s.path, ".") == option })
}

// settingValue returns the value that an installer's word stands for, read as data/loader-options.json says.
func (d *decider) settingValue(option, kind, word string) nix.Expr {
	var value nix.Expr = nix.Null{}
	switch kind {
	case "null":
		return overDefaults(value)
	case "bool":
		// Nix prints it in XML and JSON as true, and by toString as 1.
		value = nix.Bool(word == "true" || word == "1" || word == "True")
	case "int":
		if n, err := strconv.Atoi(word); err == nil && n >= 0 {
			value = nix.Int(n)
		}
	case "lines":
		value = nix.Text(word)
	case "list", "paths":
		list := strs(strings.Split(word, "\n"))
		for i, item := range list {
			if kind == "paths" {
				list[i] = nix.Attrs{Body: []nix.Binding{{Path: []string{"path"}, Value: item}}}
			}
		}
		value = list
	case "text":
		if word != "" {
			value = nix.Str(word)
		}
	}
	if _, memtest := d.Loader.Settings["boot.loader.grub.memtest86.enable"]; memtest &&
		option == "boot.loader.grub.extraEntries" {
		return value // beside the entry that memtest86 adds
	}
	return d.firm(value)
}
