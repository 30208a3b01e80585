package profile

import (
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"net/mail"
	"net/netip"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/quick-deploy/quick-deploy/generator/keyboard"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// zoneNames are the names of the IANA time zone database, one a line, sorted.
//
//go:embed zones.txt
var zoneNames string

var zones = sync.OnceValue(func() []string { return strings.Fields(zoneNames) })

// format is a format of the schema: a check of text and what to say if it fails.
type format struct {
	noun  string // "is no …"
	why   string
	check func(s string) bool
	hint  func(s string) string // may be nil
}

// formats are the formats that profiles use, by the name in the schema. Those
// of JSON Schema itself that have an entry here are replaced.
var formats = map[string]format{
	"hostname": {"host name",
		"it has labels of 1 to 63 letters, digits and inner hyphens, separated by dots (RFC 1123)", isHostname,
		func(s string) string {
			return writeIf(strings.Trim(notInLabel.ReplaceAllString(s, "-"), "-."), isHostname)
		}},
	"unix-user": {"user name",
		"it starts with a lower-case letter, continues with lower-case letters, digits, - and _, and has at most 31; " +
			"root is there already", isUser,
		func(s string) string { return writeIf(strings.ToLower(strings.ReplaceAll(s, " ", "-")), isUser) }},
	"timezone": {"time zone", "use a name from the IANA database, such as Europe/Berlin", isZone, zoneHint},
	"locale":   {"locale", "use a name from glibc's list, such as de_DE.UTF-8", isLocale, localeHint},
	"xkb-layout": {"keyboard layout", "use a name from XKB, such as us, or several separated by commas",
		listed(keyboard.Layouts), listedHint(keyboard.Layouts, layoutHint)},
	"xkb-options": {"keyboard option", "use a name from XKB, such as caps:escape, or several separated by commas",
		func(s string) bool { return s == "" || listed(keyboard.Options)(s) },
		listedHint(keyboard.Options, func(name string) string { return DidYouMean(name, keyboard.Options()) })},
	"xkb-model": {"keyboard model", "use a name from XKB, such as pc105", listed(keyboard.Models),
		func(s string) string { return DidYouMean(s, keyboard.Models()) }},
	"keymap": {"console keymap", "use a name from kbd, such as de-latin1", listed(keyboard.Keymaps),
		keymapHint},
	"nix-attrpath": {"option path", "it is names separated by dots; a name with other characters needs quotes",
		isAttrPath, nil},
	"absolute-path": {"absolute path", "it starts with / and has no . or .. in it", isAbsolute,
		func(s string) string { return writeIf(path.Clean("/"+s), isAbsolute) }},
	"service-path": {"service folder",
		"it is an absolute path outside of /home, /root, /run/user, /tmp and /var/tmp, which systemd hides from services, " +
			"without blanks and %",
		isServicePath, func(s string) string { return writeIf(path.Join("/srv", path.Base(s)), isServicePath) }},
	"flake-address": {"flake address",
		"it is github:you/machines, git+ssh://host/path or a folder such as /home/you/nixos, " +
			"without blanks, # and characters of the shell",
		flakeAddress.MatchString, nil},
	"release": {"NixOS release", "releases are numbered like 26.05 and 25.11; unstable is the development branch",
		releasePattern.MatchString, nil},
	"flatpak-app": {"Flatpak application id", "it has at least three parts, as in org.mozilla.firefox", isFlatpak, nil},
	"ssh-public-key": {"public ssh key", "it is one line as in id_ed25519.pub: the kind, the key and a comment", isSSHKey,
		func(s string) string {
			switch {
			case strings.Contains(s, "PRIVATE KEY"):
				return "this is a private key: take it out of the profile and make a new one"
			case strings.HasSuffix(s, ".pub") && plainInFlow.MatchString(strings.TrimLeft(s, "~/.")):
				return "write the line that is in the file: cat " + s + " shows it"
			}
			return "copy the whole line of the .pub file"
		}},
	"github-user": {"GitHub user name", "it has 1 to 39 letters, digits and single hyphens, none at the ends",
		isGitHubUser,
		func(s string) string {
			s = strings.TrimSuffix(s, "/")
			return writeIf(strings.Trim(s[strings.LastIndexAny(s, "/@")+1:], "-_ "), isGitHubUser)
		}},
	"email": {"e-mail address", "it looks like ada@example.org", isEmail, nil},
	"cidr": {"network", "it is an address and a prefix length, as in 10.0.0.0/8",
		func(s string) bool { _, err := netip.ParsePrefix(s); return err == nil }, nil},
	"target": {"name or address of a machine",
		"it looks like web-1.example.org, 192.0.2.7, 2001:db8::7 or fe80::1%eth0; a port is targetPort",
		isTarget, nil},
	"ipv4": {"IPv4 address", "it looks like 192.0.2.1",
		func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is4() }, nil},
	"ipv6": {"IPv6 address", "it looks like 2001:db8::1",
		func(s string) bool { a, err := netip.ParseAddr(s); return err == nil && a.Is6() && a.Zone() == "" }, nil},
}

var (
	releasePattern = lazyregexp.New(`^([0-9]{2}\.(05|11)|unstable)$`)
	// userPattern is what useradd accepts (shadow, NAME_REGEX) and NixOS can build a home for.
	userPattern = lazyregexp.New(`^[a-z_][a-z0-9_-]{0,30}$`)
	// flatpakPattern is the D-Bus form that flatpak checks ids against.
	flatpakPattern = lazyregexp.New(`^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*){2,}$`)
	// flakeAddress is what nixos-rebuild takes. nixpkgs puts it into a script as it is.
	flakeAddress = lazyregexp.New(
		`^(/|path:/|github:|gitlab:|sourcehut:|git\+(https?|ssh|file)://)[A-Za-z0-9._~/:@%+?=-]+$`)
)

// githubPattern is GitHub's rule for names of accounts; the length comes beside it.
var githubPattern = lazyregexp.New(`^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$`)

func isGitHubUser(s string) bool { return len(s) <= 39 && githubPattern.MatchString(s) }

// zonePattern is the name of a network interface, as a link-local address has it behind %.
var zonePattern = lazyregexp.New(`^[A-Za-z0-9._-]*$`)

// isTarget reports whether s is where ssh can connect to; an IPv6 address may stand in brackets.
func isTarget(s string) bool {
	inner, inBrackets := s, strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]")
	if inBrackets {
		inner = s[1 : len(s)-1]
	}
	a, err := netip.ParseAddr(inner)
	if err != nil {
		return isHostname(s)
	}
	return zonePattern.MatchString(a.Zone()) && (!inBrackets || a.Is6())
}

// labelPattern is one label of a host name (RFC 1123).
var labelPattern = lazyregexp.New(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

func isHostLabel(s string) bool { return labelPattern.MatchString(s) }

func isHostname(s string) bool {
	other := func(label string) bool { return !isHostLabel(label) }
	return len(s) <= 253 && !slices.ContainsFunc(strings.Split(s, "."), other)
}

func isUser(s string) bool { return userPattern.MatchString(s) && s != "root" }

func isZone(s string) bool {
	_, found := slices.BinarySearch(zones(), s)
	return found
}

// zoneOf are the zones of places and abbreviations that people look for and the database lacks.
var zoneOf = map[string]string{
	"Bangalore": "Asia/Kolkata", "Beijing": "Asia/Shanghai", "Delhi": "Asia/Kolkata", "Mumbai": "Asia/Kolkata",
	"San_Francisco": "America/Los_Angeles", "Seattle": "America/Los_Angeles", "Washington": "America/New_York",
	"Geneva": "Europe/Zurich", "Munich": "Europe/Berlin", "Shenzhen": "Asia/Shanghai", "CEST": "Europe/Berlin",
	"EDT": "America/New_York", "CST": "America/Chicago", "CDT": "America/Chicago", "MDT": "America/Denver",
	"PST": "America/Los_Angeles", "PDT": "America/Los_Angeles", "BST": "Europe/London", "IST": "Asia/Kolkata",
	"JST": "Asia/Tokyo",
}

// offset is a distance from Greenwich as people write it; east is +.
var offset = lazyregexp.New(`^(?:Etc/)?(?:UTC|GMT)([+-])0?([0-9]{1,2})(?::?00)?$`)

func zoneHint(s string) string {
	if m := offset.FindStringSubmatch(s); m != nil {
		zone := "Etc/GMT" + map[string]string{"+": "-", "-": "+"}[m[1]] + m[2]
		if isZone(zone) {
			return "write " + zone + ", whose sign is the other way round, or a place, which knows summer time"
		}
	}
	place := strings.ReplaceAll(s[strings.LastIndexByte(s, '/')+1:], " ", "_")
	near := zoneOf[place]
	for _, zone := range zones() {
		if strings.EqualFold(zone, strings.ReplaceAll(s, " ", "_")) ||
			near == "" && strings.EqualFold(zone[strings.LastIndexByte(zone, '/')+1:], place) {
			near = zone
		}
	}
	// Of two abbreviations, or of two offsets, one is not the other mistyped.
	if near == "" && strings.ToUpper(s) != s {
		near = Nearest(s, zones())
	}
	if near == "" {
		return "timedatectl list-timezones lists them"
	}
	return Meant(near)
}

func isAbsolute(s string) bool {
	return path.IsAbs(s) && (path.Clean(s) == s || path.Clean(s)+"/" == s) && !strings.ContainsAny(s, "\n\x00")
}

// isServicePath reports whether a unit with ProtectHome= and PrivateTmp= (systemd.exec(5)) sees
// the path, and tmpfiles.d(5) can name it as it is.
func isServicePath(s string) bool {
	for _, hidden := range []string{"/home", "/root", "/run/user", "/tmp", "/var/tmp"} {
		if s == hidden || strings.HasPrefix(s, hidden+"/") {
			return false
		}
	}
	return s != "/" && isAbsolute(s) && !strings.ContainsAny(s, " \t%\"'\\")
}

func isFlatpak(s string) bool { return len(s) <= 255 && flatpakPattern.MatchString(s) }

func isEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

// isAttrPath reports whether s is an attribute path of Nix without
// antiquotation: services.nginx.virtualHosts."a.b".root.
func isAttrPath(s string) bool {
	parts, err := nix.ParseAttrPath(s)
	return err == nil && !slices.ContainsFunc(parts, func(part string) bool {
		return part == "" || strings.ContainsAny(part, "\n\x00") || strings.Contains(part, "${")
	})
}

// sshKinds are the key types that OpenSSH 9 and later accept in
// authorized_keys (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
var sshKinds = []string{
	"ssh-ed25519", "sk-ssh-ed25519@openssh.com", "ssh-rsa",
	"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "sk-ecdsa-sha2-nistp256@openssh.com",
}

// isSSHKey reports whether s is a line of authorized_keys: options, the kind,
// and a key that says the same kind inside (RFC 4253, section 6.6).
func isSSHKey(s string) bool {
	if strings.ContainsAny(s, "\n\r") {
		return false
	}
	fields := strings.Fields(s)
	for i, kind := range fields {
		if !slices.Contains(sshKinds, kind) || i+1 == len(fields) {
			continue
		}
		blob, err := base64.StdEncoding.DecodeString(fields[i+1])
		if err != nil || len(blob) < 4 {
			return false
		}
		size := binary.BigEndian.Uint32(blob)
		rest := blob[4:]
		return uint64(size) < uint64(len(rest)) && string(rest[:size]) == kind
	}
	return false
}

// writeIf is a hint to write s, if that is right.
func writeIf(s string, check func(string) bool) string {
	if !check(s) {
		return ""
	}
	return "write " + s
}
