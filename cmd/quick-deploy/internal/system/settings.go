package system

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// option is how an installer calls an option, and its default there.
type option struct{ name, option, fallback string }

// keepSetting keeps what an installer says of an option, unless it is the default.
func keepSetting(l *hardware.Loader, o option, word string, said bool) {
	if word == "False" {
		word = "" // as toString prints it
	}
	switch {
	case !said || word == o.fallback:
		return
	case !isText(word):
		l.Unread = append(l.Unread, o.option)
		return
	}
	if l.Settings == nil {
		l.Settings = map[string]string{}
	}
	l.Settings[o.option] = word
}

// turnOn keeps a switch that is on and off by default.
func turnOn(l *hardware.Loader, name string) { keepSetting(l, option{option: name}, "true", true) }

// keepSettings keeps what an installer says of all of the options.
func keepSettings(l *hardware.Loader, options []option, said map[string]string) {
	for _, o := range options {
		word, ok := said[o.name]
		keepSetting(l, o, word, ok)
	}
}

// isText tells whether a configuration can hold a word.
func isText(word string) bool {
	control := func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f }
	return utf8.ValidString(word) && !strings.ContainsFunc(word, control)
}

// noteCommands notes that an installer does more, behind the line that names its builder.
func noteCommands(l *hardware.Loader, text []byte, builder, name string) {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	last := -1
	for i, line := range lines {
		if strings.Contains(line, builder) {
			last = i
		}
	}
	if last >= 0 && strings.TrimSpace(strings.Join(lines[last+1:], "")) != "" {
		l.Unread = append(l.Unread, name)
	}
}

// readCopies returns the files that a script of NixOS copies below some folders, by
// name, with the file of the store that each is of (extraFiles and extraEntries).
func readCopies(script []byte, below ...string) map[string]string {
	out := map[string]string{}
	for _, m := range patterns().copied.FindAllSubmatch(script, -1) {
		to := path.Clean(strings.NewReplacer(`"`, "", "'", "").Replace(string(m[4])))
		for _, dir := range below {
			if name, ok := strings.CutPrefix(to, strings.TrimSuffix(dir, "/")+"/"); ok {
				out[name] = string(slices.Concat(m[1], m[2], m[3]))
				break
			}
		}
	}
	return out
}

// systemdBootOptions are the constants of systemd-boot-builder.py.
var systemdBootOptions = []option{
	{"TIMEOUT", "boot.loader.timeout", "5"},
	{"CONSOLE_MODE", "boot.loader.systemd-boot.consoleMode", "keep"},
	{"EDITOR", "boot.loader.systemd-boot.editor", "1"},
	{"GRACEFUL", "boot.loader.systemd-boot.graceful", ""},
	{"REBOOT_FOR_BITLOCKER", "boot.loader.systemd-boot.rebootForBitlocker", ""},
	{"CONFIGURATION_LIMIT", "boot.loader.systemd-boot.configurationLimit", "0"},
}

// systemdBootFiles are what options of their own copy.
var systemdBootFiles = map[string]string{
	"efi/memtest86/memtest.efi":      "boot.loader.systemd-boot.memtest86.enable",
	"efi/netbootxyz/netboot.xyz.efi": "boot.loader.systemd-boot.netbootxyz.enable",
	"efi/edk2-uefi-shell/shell.efi":  "", // for the shell or for Windows: their entries tell
}

// systemdBootEntries are the entries that options of their own make.
var systemdBootEntries = map[string]string{
	"memtest86.conf": "", "netbootxyz.conf": "", "edk2-uefi-shell.conf": "boot.loader.systemd-boot.edk2-uefi-shell.enable",
}

// readSystemdBoot reads what NixOS tells its installer of systemd-boot.
func (r *loaderReader) readSystemdBoot(text []byte) {
	l := r.l
	noteCommands(l, text, "systemd-boot", "boot.loader.systemd-boot.extraInstallCommands")
	for _, p := range findAllNamed(text, "systemd-boot") {
		text = slices.Concat(text, []byte("\n"), r.on.Data(p))
	}
	said := map[string]string{}
	for _, m := range patterns().constant.FindAllSubmatch(text, -1) {
		if _, again := said[string(m[1])]; !again {
			said[string(m[1])] = string(m[2])
		}
	}
	keepSettings(l, systemdBootOptions, said)
	if said["BOOT_COUNTING"] == "True" {
		l.Unread = append(l.Unread, "boot.loader.systemd-boot.bootCounting")
	}
	if at := said["EFI_SYS_MOUNT_POINT"]; strings.HasPrefix(at, "/") {
		l.Mount = at
		if boot := said["BOOT_MOUNT_POINT"]; strings.HasPrefix(boot, "/") && boot != at {
			l.XBOOTLDR = boot
		}
	}
	touch, ok := said["CAN_TOUCH_EFI_VARIABLES"]
	l.KeepsVariables = ok && touch != "1" && touch != "True"
	for _, p := range findAllNamed(text, "copy-extra-files") {
		text = slices.Concat(text, []byte("\n"), r.on.Data(p))
	}
	r.systemdBootCopies(readCopies(text, cmp.Or(l.XBOOTLDR, l.Mount, "/boot")))
	// The key is not the installer's, but each generation's.
	var spec struct {
		Loader struct{ SortKey string } `json:"org.nixos.systemd-boot"`
	}
	if json.Unmarshal(r.Data("boot.json"), &spec) == nil && spec.Loader.SortKey != "" {
		keepSetting(l, option{option: "boot.loader.systemd-boot.sortKey", fallback: "nixos"}, spec.Loader.SortKey, true)
	}
}

// systemdBootCopies sorts out what is copied beside the kernels: by options of
// its own, entries that a person wrote, files of the store.
func (r *loaderReader) systemdBootCopies(files map[string]string) {
	l := r.l
	for name, source := range files {
		entry, isEntry := strings.CutPrefix(name, "loader/entries/")
		switch by, known := systemdBootFiles[name]; {
		case known:
			if by != "" {
				turnOn(l, by)
			}
			continue
		case !isEntry:
			l.Files = append(l.Files, name)
			continue
		}
		text := string(r.on.Data(source))
		by, known := systemdBootEntries[entry]
		windows, isWindows := strings.CutPrefix(strings.TrimSuffix(entry, ".conf"), "windows_")
		switch {
		case by != "":
			turnOn(l, by)
		case known:
		case isWindows && windowsHandle.MatchString(text):
			readWindows(windows, text, l)
		case text == "" || !isText(text):
			l.Unread = append(l.Unread, "boot.loader.systemd-boot.extraEntries")
		default:
			if l.Entries == nil {
				l.Entries = map[string]string{}
			}
			l.Entries[entry] = text
		}
	}
}

// windowsHandle finds boot.loader.systemd-boot.windows.<name>.efiDeviceHandle in an entry.
var windowsHandle = regexp.MustCompile(`(?m)^options .* ([A-Za-z0-9]+):EFI\\Microsoft`)

func readWindows(name, entry string, l *hardware.Loader) {
	at := "boot.loader.systemd-boot.windows." + name + "."
	keepSetting(l, option{option: at + "efiDeviceHandle"}, windowsHandle.FindStringSubmatch(entry)[1], true)
	for line := range strings.Lines(entry) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "title":
			keepSetting(l, option{option: at + "title", fallback: "Windows " + name}, strings.TrimSpace(value), true)
		case "sort-key":
			keepSetting(l, option{option: at + "sortKey", fallback: "o_windows_" + name}, strings.TrimSpace(value), true)
		}
	}
}

// grubOptions are the names in grub-config.xml.
var grubOptions = []option{
	{"copyKernels", "boot.loader.grub.copyKernels", "false"},
	{"configurationLimit", "boot.loader.grub.configurationLimit", "100"},
	{"default", "boot.loader.grub.default", "0"},
	{"enableCryptodisk", "boot.loader.grub.enableCryptodisk", "false"},
	{"entryOptions", "boot.loader.grub.entryOptions", "--class nixos --unrestricted"},
	{"extraConfig", "boot.loader.grub.extraConfig", ""},
	{"extraEntries", "boot.loader.grub.extraEntries", ""},
	{"extraEntriesBeforeNixOS", "boot.loader.grub.extraEntriesBeforeNixOS", "false"},
	{"extraGrubInstallArgs", "boot.loader.grub.extraGrubInstallArgs", ""},
	{"extraPerEntryConfig", "boot.loader.grub.extraPerEntryConfig", ""},
	{"forceInstall", "boot.loader.grub.forceInstall", "false"},
	{"fsIdentifier", "boot.loader.grub.fsIdentifier", "uuid"},
	{"gfxmodeBios", "boot.loader.grub.gfxmodeBios", "1024x768"},
	{"gfxmodeEfi", "boot.loader.grub.gfxmodeEfi", "auto"},
	{"gfxpayloadBios", "boot.loader.grub.gfxpayloadBios", "text"},
	{"gfxpayloadEfi", "boot.loader.grub.gfxpayloadEfi", "keep"},
	{"storePath", "boot.loader.grub.storePath", "/nix/store"},
	{"subEntryOptions", "boot.loader.grub.subEntryOptions", "--class nixos"},
	{"timeout", "boot.loader.timeout", "5"},
	{"timeoutStyle", "boot.loader.grub.timeoutStyle", "menu"},
	{"useOSProber", "boot.loader.grub.useOSProber", "false"},
}

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
	l := r.l
	noteCommands(l, text, "grub-config.xml", "boot.loader.grub.extraInstallCommands")
	for i, name := range findAllNamed(text, "grub-config.xml") {
		said, err := grubConfig(r.on.Data(name))
		if err != nil {
			r.garbled(name, "not the XML that NixOS writes", err)
			continue
		}
		if i == 0 {
			r.grubSettings(said)
		}
		l.Mirrors = append(l.Mirrors, readMirror(said))
	}
	if strings.Contains(string(text), "GRUB_ENABLE_CRYPTODISK=y") {
		turnOn(l, "boot.loader.grub.enableCryptodisk")
	}
	if len(l.Mirrors) == 1 && l.Mirrors[0].Path == "/boot" && l.Mirrors[0].ID == "" {
		l.Mirrors = nil // what boot.loader.grub.device alone makes
	}
}

// grubConfig returns the attributes of grub-config.xml by name.
func grubConfig(data []byte) (map[string]grubValue, error) {
	var doc grubValue
	if err := xml.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	said := map[string]grubValue{}
	for _, set := range doc.Items {
		for _, attr := range set.Items {
			if len(attr.Items) == 1 {
				said[attr.Name] = attr.Items[0]
			}
		}
	}
	return said, nil
}

// grubDefault is the picture that a GRUB of NixOS shows unless told.
const grubDefault = "simple-dark-gray-bootloader"

func (r *loaderReader) grubSettings(said map[string]grubValue) {
	l := r.l
	for _, d := range strings.Split(said["devices"].text(), "\n") {
		if d == "nodev" || strings.HasPrefix(d, "/dev/") {
			l.Devices = append(l.Devices, d)
		}
	}
	l.Removable = said["efiInstallAsRemovable"].Value == "true"
	l.KeepsVariables = !l.Removable && said["canTouchEfiVariables"].Value == "false"
	if target := said["grubTargetEfi"].Value; target != "" {
		l.EFI, l.Mount = true, said["efiSysMountPoint"].Value
		if target == "i386-efi" && r.platform == "x86_64-linux" {
			turnOn(l, "boot.loader.grub.forcei686")
		}
	}
	for _, o := range grubOptions {
		v, ok := said[o.name]
		// A password of GRUB's menu would become readable for everybody.
		if word := v.text(); strings.Contains(word, "password") {
			l.Unread = append(l.Unread, o.option)
		} else {
			keepSetting(l, o, word, ok)
		}
	}
	l.Unread = append(l.Unread, grubUnread(said)...)
	if s, ok := said["splashImage"]; ok && s.Value == "" {
		keepSetting(l, option{option: "boot.loader.grub.splashImage", fallback: grubDefault}, "", true) // text mode
	}
	grubFiles(said, l)
}

// grubUnread returns the options that hold files of the store or passwords.
func grubUnread(said map[string]grubValue) []string {
	var out []string
	if said["theme"].Value != "" {
		out = append(out, "boot.loader.grub.theme")
	}
	if s, ok := said["splashImage"]; ok && s.Value != "" && !strings.Contains(s.Value, grubDefault) {
		out = append(out, "boot.loader.grub.splashImage")
	}
	if s := said["font"].Value; s != "" && !strings.HasSuffix(s, "/unicode.pf2") {
		out = append(out, "boot.loader.grub.font")
	}
	if len(said["users"].Items) > 0 {
		out = append(out, "boot.loader.grub.users")
	}
	return out
}

// copyLine is a line that extraFiles makes in extraPrepareConfig.
var copyLine = regexp.MustCompile(`(?m)^\s*/nix/store/\S+/bin/install -Dp .*$`)

// memtestEntry is what boot.loader.grub.memtest86 adds to extraEntries.
var memtestEntry = regexp.MustCompile(`\n?menuentry "Memtest86\+" \{\n +linux @bootRoot@/memtest\.bin *\n\}\n?`)

// grubFiles sorts out extraPrepareConfig: what extraFiles copies, for each of
// the mirrors, and commands.
func grubFiles(said map[string]grubValue, l *hardware.Loader) {
	script := []byte(said["extraPrepareConfig"].Value)
	if len(bytes.TrimSpace(copyLine.ReplaceAll(script, nil))) > 0 {
		l.Unread = append(l.Unread, "boot.loader.grub.extraPrepareConfig")
	}
	const entries = "boot.loader.grub.extraEntries"
	for name := range readCopies(script, cmp.Or(said["efiSysMountPoint"].Value, "/boot"), "@bootPath@", "/boot") {
		own := memtestEntry.ReplaceAllString(l.Settings[entries], "")
		if name != "memtest.bin" || own == l.Settings[entries] {
			l.Files = append(l.Files, name)
			continue
		}
		turnOn(l, "boot.loader.grub.memtest86.enable")
		if l.Settings[entries] = own; strings.TrimSpace(own) == "" {
			delete(l.Settings, entries)
		}
	}
}

// readMirror returns the place that a grub-config.xml is for.
func readMirror(said map[string]grubValue) hardware.Mirror {
	m := hardware.Mirror{Path: said["bootPath"].Value, EFI: said["efiSysMountPoint"].Value}
	if m.Path == "" {
		m.Path = "/boot"
	}
	for _, d := range strings.Split(said["devices"].text(), "\n") {
		if d != "" {
			m.Devices = append(m.Devices, d)
		}
	}
	if id := said["bootloaderId"].Value; id != "" && id != "NixOS"+strings.ReplaceAll(m.EFI, "/", "-") {
		m.ID = id
	}
	return m
}

// extlinuxArguments are those of extlinux-conf-builder.sh.
var extlinuxArguments = regexp.MustCompile(`extlinux-conf-builder\.?(?:sh)?((?: +-(?:[gtnd] +\S+|r|c))+)`)

// readExtlinux reads the arguments by which NixOS calls its builder.
func readExtlinux(text string, l *hardware.Loader) {
	const at = "boot.loader.generic-extlinux-compatible."
	var paths []string
	for _, call := range extlinuxArguments.FindAllStringSubmatch(text, -1) {
		args := strings.Fields(call[1])
		for i, a := range args {
			value := ""
			if i+1 < len(args) {
				value = strings.Trim(args[i+1], `'"`)
			}
			switch a {
			case "-g":
				keepSetting(l, option{option: at + "configurationLimit", fallback: "20"}, value, true)
			case "-t":
				keepSetting(l, option{option: "boot.loader.timeout", fallback: "5"}, value, true)
			case "-n":
				keepSetting(l, option{option: "hardware.deviceTree.name"}, value, true)
			case "-r":
				keepSetting(l, option{option: at + "useGenerationDeviceTree"}, "false", true)
			case "-d":
				paths = append(paths, value)
			}
		}
	}
	keepSetting(l, option{option: at + "mirroredBoots", fallback: "/boot"}, strings.Join(paths, "\n"), len(paths) > 0)
}

// limineOptions are the names in limine-install.json.
var limineOptions = []option{
	{"biosDevice", "boot.loader.limine.biosDevice", "nodev"},
	{"efiSupport", "boot.loader.limine.efiSupport", "true"},
	{"enableEditor", "boot.loader.limine.enableEditor", "false"},
	{"extraConfig", "boot.loader.limine.extraConfig", ""},
	{"extraEntries", "boot.loader.limine.extraEntries", ""},
	{"force", "boot.loader.limine.force", "false"},
	{"maxGenerations", "boot.loader.limine.maxGenerations", "0"},
	{"panicOnChecksumMismatch", "boot.loader.limine.panicOnChecksumMismatch", "false"},
	{"partitionIndex", "boot.loader.limine.partitionIndex", ""},
	{"timeout", "boot.loader.timeout", "5"},
	{"validateChecksums", "boot.loader.limine.validateChecksums", "true"},
}

// readLimine reads what NixOS tells its installer of Limine.
func (r *loaderReader) readLimine(text []byte) {
	l := r.l
	noteCommands(l, text, "limine-install", "boot.loader.limine.extraInstallCommands")
	for _, p := range findAllNamed(text, "limine-install") {
		text = slices.Concat(text, []byte("\n"), r.on.Data(p))
	}
	config := findAllNamed(text, "limine-install.json")
	if len(config) == 0 {
		return
	}
	var said map[string]any
	if err := json.Unmarshal(r.on.Data(config[0]), &said); err != nil {
		r.garbled(config[0], "not the JSON that NixOS writes", err)
		return
	}
	limineSettings(said, l)
}

func limineSettings(said map[string]any, l *hardware.Loader) {
	words := map[string]string{}
	for key, value := range said {
		if words[key] = fmt.Sprint(value); value == nil {
			words[key] = ""
		}
	}
	keepSettings(l, limineOptions, words)
	// Defaults that NixOS computes from other options.
	touch := words["canTouchEfiVariables"] == "true"
	keepSettings(l, []option{
		{"biosSupport", "boot.loader.limine.biosSupport", fmt.Sprint(words["efiSupport"] == "false")},
		{"efiRemovable", "boot.loader.limine.efiInstallAsRemovable", fmt.Sprint(!touch)},
		{"enrollConfig", "boot.loader.limine.enrollConfig", fmt.Sprint(words["panicOnChecksumMismatch"] == "true")},
	}, words)
	_, ok := said["canTouchEfiVariables"]
	l.KeepsVariables = ok && !touch
	if at := words["efiMountPoint"]; strings.HasPrefix(at, "/") {
		l.Mount = at
	}
	if s, ok := said["secureBoot"].(map[string]any); ok && s["enable"] == true {
		turnOn(l, "boot.loader.limine.secureBoot.enable")
	}
	if files, ok := said["additionalFiles"].(map[string]any); ok {
		for name := range files {
			l.Files = append(l.Files, name)
		}
	}
	if style, ok := said["style"].(map[string]any); ok && styled(style) {
		l.Unread = append(l.Unread, "boot.loader.limine.style")
	}
}

// styled tells whether a menu of Limine has another look than NixOS's own.
func styled(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		for key, item := range v {
			if key != "backdrop" && key != "wallpaperStyle" && styled(item) {
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
