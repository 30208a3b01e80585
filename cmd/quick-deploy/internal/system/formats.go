package system

import (
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// What is read here has one form, wherever it lies: on a machine, in a system that was built, or in what another
// command says.

// ParseAssignments returns the lines KEY=value of a text, as in os-release(5), locale.conf(5) and sysctl.d(5). Of
// several for a key the last one counts.
func ParseAssignments(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(key, "#") {
			out[strings.TrimPrefix(strings.TrimSpace(key), "export ")] = strings.Trim(strings.TrimSpace(value), `"'`)
		}
	}
	return out
}

// ParseSections calls do for each line of a text of keys in sections, such as systemd.syntax(7), and with an empty
// key where a section begins.
func ParseSections(text string, do func(section, key, value string)) {
	section := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = strings.Trim(line, "[]")
			do(section, "", "")
			continue
		}
		if key, value, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, ";") {
			do(section, strings.TrimSpace(key), strings.TrimSpace(value))
		}
	}
}

// xorgOption is a line of xorg.conf(5) as systemd-localed and NixOS write it.
var xorgOption = lazyregexp.New(`(?m)^\s*Option "(Xkb[A-Za-z]+)" "([^"\n]*)"`)

// Keyboard returns what the X server is told of the keyboard, by the names of keyboard(5): XKBLAYOUT.
func (f files) Keyboard() map[string]string {
	out := map[string]string{}
	for _, m := range xorgOption.FindAllStringSubmatch(f.Text("etc/X11/xorg.conf.d/00-keyboard.conf"), -1) {
		out[strings.ToUpper(m[1])] = m[2]
	}
	return out
}

// ParseColumns returns the words of each line that has at least so many and is no comment.
func ParseColumns(text string, least int) [][]string {
	var out [][]string
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) >= least && f[0][0] != '#' {
			out = append(out, f)
		}
	}
	return out
}

// records returns the fields of each line that has at least so many, as in passwd(5).
func records(text string, least int) [][]string {
	var out [][]string
	for line := range strings.Lines(text) {
		if f := strings.Split(strings.TrimSuffix(line, "\n"), ":"); len(f) >= least {
			out = append(out, f)
		}
	}
	return out
}

// Mount is a line of fstab(5). The point of swap is "none".
type Mount struct {
	Device, Point, Type string
	Options             []string
}

// ParseFstab reads the file systems and swap devices of fstab(5).
func ParseFstab(text string) []Mount {
	var out []Mount
	for _, f := range ParseColumns(text, 4) {
		options := strings.Split(Unescape(f[3]), ",")
		out = append(out, Mount{Device: Unescape(f[0]), Point: Unescape(f[1]), Type: f[2], Options: options})
	}
	return out
}

// ParseCrypttab reads the volumes of crypttab(5). A key that is no file is left out.
func ParseCrypttab(text string) []hardware.CryptLine {
	var out []hardware.CryptLine
	for _, f := range ParseColumns(text, 2) {
		f = append(f, "", "")
		l := hardware.CryptLine{Name: f[0], Options: f[3]}
		if strings.HasPrefix(f[2], "/") {
			l.Key = f[2]
		}
		out = append(out, l)
	}
	return out
}

// deviceTags are how fstab(5) names a device by what udev links below /dev/disk.
var deviceTags = map[string]string{
	"UUID": "by-uuid", "LABEL": "by-label", "PARTUUID": "by-partuuid", "PARTLABEL": "by-partlabel", "ID": "by-id",
}

// DevicePath returns the path of a device that fstab(5) or the kernel's command line names; what is none is given back.
func DevicePath(spec string) string {
	if tag, value, ok := strings.Cut(spec, "="); ok && deviceTags[tag] != "" {
		return "/dev/disk/" + deviceTags[tag] + "/" + strings.Trim(value, `"`)
	}
	return spec
}

// PublicKey is a line of authorized_keys, as sshd(8) has it.
type PublicKey struct {
	Kind, Blob, Comment string
	Line                string // all of it
	Restricted          bool   // options stand before the key
}

// ParseKeys reads the keys of an authorized_keys or of a file that ssh-keygen(1) makes.
func ParseKeys(text string) []PublicKey {
	var out []PublicKey
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		i := slices.IndexFunc(f, func(s string) bool {
			return strings.HasPrefix(s, "ssh-") || strings.HasPrefix(s, "ecdsa-") || strings.HasPrefix(s, "sk-")
		})
		if i >= 0 && i+1 < len(f) && !strings.HasPrefix(f[0], "#") {
			out = append(out, PublicKey{f[i], f[i+1], strings.Join(f[i+2:], " "), strings.TrimSpace(line), i > 0})
		}
	}
	return out
}
