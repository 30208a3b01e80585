package system

import (
	"io/fs"
	"path"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/storepath"
)

// Toplevel is a NixOS system as it was built (system.build.toplevel): a folder
// in the store with activate, etc, kernel-params and more.
type Toplevel struct {
	files         // its own, such as etc/fstab
	on    Machine // what it lies on, with the store that its files name
}

// Open returns the system at path, an absolute one below root.
func Open(root fs.FS, path string) Toplevel { return Toplevel{files{root, path}, Of(root)} }

// Readable reports whether its etc can be read as files. Where /etc is an
// overlay without a plain tree beside it, it cannot.
func (t Toplevel) Readable() bool { return t.isDir("etc") }

// maxDepth is how deep Etc looks; nothing that NixOS puts into /etc is deeper.
const maxDepth = 8

// Etc lists the files below etc but those in folders that skip names. The
// companions .mode, .uid and .gid of a file that is copied are left out (nixos/modules/system/etc/etc.nix).
func (t Toplevel) Etc(skip func(name string) bool) []string {
	var out []string
	var walk func(dir string, depth int)
	walk = func(dir string, depth int) {
		for _, n := range t.List(dir) {
			name := path.Join(dir, n)
			switch ext := path.Ext(n); {
			case skip(name), ext == ".uid" || ext == ".gid" || ext == ".mode":
			case t.isDir(name):
				if depth < maxDepth {
					walk(name, depth+1)
				}
			default:
				out = append(out, name)
			}
		}
	}
	walk("etc", 0)
	return out
}

// Unit is a unit of systemd.
type Unit struct {
	Text string
	// Wanted says that another unit pulls it in, which is how NixOS enables one.
	Wanted bool
}

const unitDir = "etc/systemd/system"

// Units returns the units in its etc/systemd/system by name. A masked one, which
// leads to /dev/null, is none.
func (t Toplevel) Units() map[string]Unit {
	units := map[string]Unit{}
	var wanted []string
	for _, name := range t.List(unitDir) {
		switch ext := path.Ext(name); ext {
		case ".wants", ".requires", ".upholds":
			wanted = append(wanted, t.List(path.Join(unitDir, name))...)
		case ".d":
		default:
			if t.isFile(path.Join(unitDir, name)) {
				units[name] = Unit{Text: t.Text(path.Join(unitDir, name))}
			}
		}
	}
	for _, name := range wanted {
		if u, ok := units[name]; ok {
			u.Wanted = true
			units[name] = u
		}
	}
	return units
}

// Description returns what the unit says of itself.
func (u Unit) Description() string {
	for line := range strings.Lines(u.Text) {
		if d, ok := strings.CutPrefix(strings.TrimSpace(line), "Description="); ok {
			return d
		}
	}
	return ""
}

// Scripts returns the scripts that a unit starts with, one behind the other: NixOS
// writes addresses, routes and the rules of the firewall into them.
func (t Toplevel) Scripts(u Unit) string {
	var b strings.Builder
	for line := range strings.Lines(u.Text) {
		key, value, _ := strings.Cut(line, "=")
		if key != "ExecStart" && key != "ExecStartPre" && key != "ExecStartPost" {
			continue
		}
		for _, p := range storepath.Find(value) {
			if text := t.on.Text(p); strings.HasPrefix(text, "#!") {
				b.WriteString(text)
				b.WriteByte('\n')
			}
		}
	}
	return b.String()
}

// findNamed finds the first store path in a text whose last part ends in suffix.
func findNamed(text, suffix string) string {
	for _, p := range storepath.Find(text) {
		if strings.HasSuffix(p, suffix) {
			return p
		}
	}
	return ""
}
