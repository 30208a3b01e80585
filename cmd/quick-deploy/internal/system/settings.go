package system

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// keep keeps what an installer says of an option, unless it is the default.
func (r *loaderReader) keep(option, fallback, word string) {
	if word == "False" {
		word = "" // as toString prints it
	}
	switch {
	case word == fallback:
		return
	case !isText(word), strings.Contains(word, "password"): // of a menu; it would become readable for everybody
		r.unread(option)
		return
	}
	if r.Settings == nil {
		r.Settings = map[string]string{}
	}
	r.Settings[option] = word
}

// keepAll keeps what an installer says of options.
func (r *loaderReader) keepAll(options []loaderOption, said map[string]string) {
	for _, o := range options {
		if word, ok := said[o.Said]; ok {
			r.keep(o.Option, o.Default, word)
		}
	}
}

// turnOn keeps a switch that is on and off by default.
func (r *loaderReader) turnOn(option string) { r.keep(option, "", "true") }

// unread notes an option that is set and cannot be kept.
func (r *loaderReader) unread(option string) { r.Unread = append(r.Unread, option) }

// isText tells whether a configuration can hold a word.
func isText(word string) bool {
	control := func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f }
	return utf8.ValidString(word) && !strings.ContainsFunc(word, control)
}

// noteCommands notes that an installer does more, behind the line that names its builder.
func (r *loaderReader) noteCommands(text []byte, builder, option string) {
	i := bytes.LastIndex(text, []byte(builder))
	_, rest, _ := bytes.Cut(text[max(i, 0):], []byte("\n"))
	if i >= 0 && len(bytes.TrimSpace(rest)) > 0 {
		r.unread(option)
	}
}

// withNamed returns a text and, behind it, the files of the store that it names and whose names contain a word.
func (r *loaderReader) withNamed(text []byte, word string) []byte {
	for _, p := range findAllNamed(text, word) {
		text = slices.Concat(text, []byte("\n"), r.on.Data(p))
	}
	return text
}

// readCopies returns the files that a script of NixOS copies below some folders, by
// name, with the file of the store that each is of (extraFiles and extraEntries).
func readCopies(script []byte, below ...string) map[string]string {
	out := map[string]string{}
	for _, m := range copied.FindAllSubmatch(script, -1) {
		to := path.Clean(strings.NewReplacer(`"`, "", "'", "").Replace(string(m[4])))
		for _, dir := range below {
			if name, ok := strings.CutPrefix(to, strings.TrimSuffix(dir, "/")+"/"); ok {
				out[name] = string(slices.Concat(m[1:4]...))
				break
			}
		}
	}
	return out
}

const systemdBoot = "boot.loader.systemd-boot."

// systemdBootCopied are the options that copy a file, "" where another file tells: an EFI shell is copied for the
// shell and for Windows.
var systemdBootCopied = map[string]string{
	"efi/memtest86/memtest.efi": "memtest86.enable", "loader/entries/memtest86.conf": "",
	"efi/netbootxyz/netboot.xyz.efi": "netbootxyz.enable", "loader/entries/netbootxyz.conf": "",
	"efi/edk2-uefi-shell/shell.efi": "", "loader/entries/edk2-uefi-shell.conf": "edk2-uefi-shell.enable",
}

// readSystemdBoot reads what NixOS tells its installer of systemd-boot.
func (r *loaderReader) readSystemdBoot(text []byte) {
	r.noteCommands(text, "systemd-boot", systemdBoot+"extraInstallCommands")
	text = r.withNamed(text, "systemd-boot")
	said := map[string]string{}
	for _, m := range slices.Backward(constant.FindAllSubmatch(text, -1)) {
		said[string(m[1])] = string(m[2]) // the first one counts
	}
	r.keepAll(loaders().Options[r.Kind], said)
	if said["BOOT_COUNTING"] == "True" {
		r.unread(systemdBoot + "bootCounting")
	}
	if at := said["EFI_SYS_MOUNT_POINT"]; strings.HasPrefix(at, "/") {
		r.Mount = at
		if boot := said["BOOT_MOUNT_POINT"]; strings.HasPrefix(boot, "/") && boot != at {
			r.XBOOTLDR = boot
		}
	}
	touch, ok := said["CAN_TOUCH_EFI_VARIABLES"]
	r.KeepsVariables = ok && touch != "1" && touch != "True"
	text = r.withNamed(text, "copy-extra-files")
	for name, source := range readCopies(text, cmp.Or(r.XBOOTLDR, r.Mount, "/boot")) {
		r.readCopied(name, source)
	}
	// The key is not the installer's, but each generation's.
	var spec struct {
		Loader struct{ SortKey string } `json:"org.nixos.systemd-boot"`
	}
	if json.Unmarshal(r.Data("boot.json"), &spec) == nil && spec.Loader.SortKey != "" {
		r.keep(systemdBoot+"sortKey", "nixos", spec.Loader.SortKey)
	}
}

// readCopied sorts out a file that is copied beside the kernels: by an option of its own, an entry that a person
// wrote, or a file of the store.
func (r *loaderReader) readCopied(name, source string) {
	option, known := systemdBootCopied[name]
	entry, isEntry := strings.CutPrefix(name, "loader/entries/")
	windows, isWindows := strings.CutPrefix(strings.TrimSuffix(entry, ".conf"), "windows_")
	text := string(r.on.Data(source))
	switch {
	case option != "":
		r.turnOn(systemdBoot + option)
	case known:
	case !isEntry:
		r.Files = append(r.Files, name)
	case isWindows && windowsHandle.MatchString(text):
		r.readWindows(windows, text)
	case text == "" || !isText(text):
		r.unread(systemdBoot + "extraEntries")
	default:
		if r.Entries == nil {
			r.Entries = map[string]string{}
		}
		r.Entries[entry] = text
	}
}

// windowsHandle finds boot.loader.systemd-boot.windows.<name>.efiDeviceHandle in an entry.
var windowsHandle = lazyregexp.New(`(?m)^options .* ([A-Za-z0-9]+):EFI\\Microsoft`)

func (r *loaderReader) readWindows(name, entry string) {
	at := systemdBoot + "windows." + name + "."
	r.keep(at+"efiDeviceHandle", "", windowsHandle.FindStringSubmatch(entry)[1])
	for line := range strings.Lines(entry) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "title":
			r.keep(at+"title", "Windows "+name, strings.TrimSpace(value))
		case "sort-key":
			r.keep(at+"sortKey", "o_windows_"+name, strings.TrimSpace(value))
		}
	}
}

const grub = "boot.loader.grub."

// grubValue is a value as builtins.toXML writes it.
type grubValue struct {
	Name  string      `xml:"name,attr"`
	Value string      `xml:"value,attr"`
	Items []grubValue `xml:",any"`
}

// text returns a value as a word; the items of a list are lines.
func (v grubValue) text() string {
	if len(v.Items) == 0 {
		return v.Value
	}
	var lines []string
	for _, i := range v.Items {
		lines = append(lines, i.text())
	}
	return strings.Join(lines, "\n")
}

// readGRUB reads what NixOS tells its GRUB installer (install-grub.pl): a file
// for each of boot.loader.grub.mirroredBoots.
func (r *loaderReader) readGRUB(text []byte) {
	r.noteCommands(text, "grub-config.xml", grub+"extraInstallCommands")
	for i, name := range findAllNamed(text, "grub-config.xml") {
		said, err := grubConfig(r.on.Data(name))
		if err != nil {
			r.garbled(name, "not the XML that NixOS writes", err)
			continue
		}
		if i == 0 {
			r.readGRUBConfig(said)
		}
		r.Mirrors = append(r.Mirrors, readMirror(said))
	}
	if strings.Contains(string(text), "GRUB_ENABLE_CRYPTODISK=y") {
		r.turnOn(grub + "enableCryptodisk")
	}
	if len(r.Mirrors) == 1 && r.Mirrors[0].Path == "/boot" && r.Mirrors[0].ID == "" {
		r.Mirrors = nil // what boot.loader.grub.device alone makes
	}
}

// grubConfig returns the attributes of grub-config.xml by name.
func grubConfig(data []byte) (map[string]string, error) {
	var doc grubValue
	if err := xml.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	said := map[string]string{}
	for _, set := range doc.Items {
		for _, attr := range set.Items {
			if len(attr.Items) == 1 {
				said[attr.Name] = attr.Items[0].text()
			}
		}
	}
	return said, nil
}

// grubDefault is the picture that a GRUB of NixOS shows unless told.
const grubDefault = "simple-dark-gray-bootloader"

func (r *loaderReader) readGRUBConfig(said map[string]string) {
	for _, d := range strings.Split(said["devices"], "\n") {
		if d == "nodev" || strings.HasPrefix(d, "/dev/") {
			r.Devices = append(r.Devices, d)
		}
	}
	r.Removable = said["efiInstallAsRemovable"] == "true"
	r.KeepsVariables = !r.Removable && said["canTouchEfiVariables"] == "false"
	if target := said["grubTargetEfi"]; target != "" {
		r.EFI, r.Mount = true, said["efiSysMountPoint"]
		if target == "i386-efi" && r.platform == "x86_64-linux" {
			r.turnOn(grub + "forcei686")
		}
	}
	r.keepAll(loaders().Options[r.Kind], said)
	// Options that hold files of the store or passwords.
	picture, ok := said["splashImage"]
	for option, set := range map[string]bool{
		"theme": said["theme"] != "", "users": said["users"] != "",
		"splashImage": picture != "" && !strings.Contains(picture, grubDefault),
		"font":        said["font"] != "" && !strings.HasSuffix(said["font"], "/unicode.pf2"),
	} {
		if set {
			r.unread(grub + option)
		}
	}
	if ok && picture == "" {
		r.keep(grub+"splashImage", grubDefault, "") // text mode
	}
	r.readGRUBFiles(said)
}

// copyLine is a line that extraFiles makes in extraPrepareConfig.
var copyLine = lazyregexp.New(`(?m)^\s*/nix/store/\S+/bin/install -Dp .*$`)

// memtestEntry is what boot.loader.grub.memtest86 adds to extraEntries.
var memtestEntry = lazyregexp.New(`\n?menuentry "Memtest86\+" \{\n +linux @bootRoot@/memtest\.bin *\n\}\n?`)

// readGRUBFiles sorts out extraPrepareConfig: what extraFiles copies, for each of
// the mirrors, and commands.
func (r *loaderReader) readGRUBFiles(said map[string]string) {
	script := []byte(said["extraPrepareConfig"])
	if len(bytes.TrimSpace(copyLine.ReplaceAll(script, nil))) > 0 {
		r.unread(grub + "extraPrepareConfig")
	}
	const entries = grub + "extraEntries"
	for name := range readCopies(script, cmp.Or(said["efiSysMountPoint"], "/boot"), "@bootPath@", "/boot") {
		own := memtestEntry.ReplaceAllString(r.Settings[entries], "")
		if name != "memtest.bin" || own == r.Settings[entries] {
			r.Files = append(r.Files, name)
			continue
		}
		r.turnOn(grub + "memtest86.enable")
		if r.Settings[entries] = own; strings.TrimSpace(own) == "" {
			delete(r.Settings, entries)
		}
	}
}

// readMirror returns the place that a grub-config.xml is for.
func readMirror(said map[string]string) hardware.Mirror {
	m := hardware.Mirror{Path: cmp.Or(said["bootPath"], "/boot"), EFI: said["efiSysMountPoint"]}
	for _, d := range strings.Split(said["devices"], "\n") {
		if d != "" {
			m.Devices = append(m.Devices, d)
		}
	}
	if id := said["bootloaderId"]; id != "NixOS"+strings.ReplaceAll(m.EFI, "/", "-") {
		m.ID = id
	}
	return m
}

// extlinuxArguments are those of extlinux-conf-builder.sh.
var extlinuxArguments = lazyregexp.New(`extlinux-conf-builder\.?(?:sh)?((?: +-(?:[gtnd] +\S+|r|c))+)`)

// readExtlinux reads the arguments by which NixOS calls its builder.
func (r *loaderReader) readExtlinux(text string) {
	said := map[string]string{}
	var paths []string
	for _, call := range extlinuxArguments.FindAllStringSubmatch(text, -1) {
		args := append(strings.Fields(call[1]), "")
		for i, a := range args[:len(args)-1] {
			value := strings.Trim(args[i+1], `'"`)
			switch a {
			case "-r":
				value = "false"
			case "-d":
				paths = append(paths, value)
				value = strings.Join(paths, "\n")
			}
			said[a] = value
		}
	}
	r.keepAll(loaders().Options[r.Kind], said)
}

const limine = "boot.loader.limine."

// readLimine reads what NixOS tells its installer of Limine.
func (r *loaderReader) readLimine(text []byte) {
	r.noteCommands(text, "limine-install", limine+"extraInstallCommands")
	config := findAllNamed(r.withNamed(text, "limine-install"), "limine-install.json")
	if len(config) == 0 {
		return
	}
	var said map[string]any
	if err := json.Unmarshal(r.on.Data(config[0]), &said); err != nil {
		r.garbled(config[0], "not the JSON that NixOS writes", err)
		return
	}
	words := map[string]string{}
	for key, value := range said {
		if words[key] = fmt.Sprint(value); value == nil {
			words[key] = ""
		}
	}
	touch, ok := words["canTouchEfiVariables"]
	r.KeepsVariables = ok && touch != "true"
	r.keepAll(loaders().Options[r.Kind], words)
	// Defaults that NixOS computes from other options.
	r.keepAll([]loaderOption{
		{"biosSupport", limine + "biosSupport", fmt.Sprint(words["efiSupport"] == "false")},
		{"efiRemovable", limine + "efiInstallAsRemovable", fmt.Sprint(touch != "true")},
		{"enrollConfig", limine + "enrollConfig", fmt.Sprint(words["panicOnChecksumMismatch"] == "true")},
	}, words)
	if at := words["efiMountPoint"]; strings.HasPrefix(at, "/") {
		r.Mount = at
	}
	if s, ok := said["secureBoot"].(map[string]any); ok && s["enable"] == true {
		r.turnOn(limine + "secureBoot.enable")
	}
	files, _ := said["additionalFiles"].(map[string]any)
	for name := range files {
		r.Files = append(r.Files, name)
	}
	if style, ok := said["style"].(map[string]any); ok && isStyled(style) {
		r.unread(limine + "style")
	}
}

// isStyled tells whether a menu of Limine has another look than NixOS's own.
func isStyled(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, item := range v {
			if key != "backdrop" && key != "wallpaperStyle" && isStyled(item) {
				return true
			}
		}
		return false
	case []any:
		return len(v) != 1 || !strings.Contains(fmt.Sprint(v[0]), grubDefault)
	case string:
		return v != ""
	}
	return v != nil && v != false
}
