package systemdtest

import (
	"crypto/sha256"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed testdata
var testdata embed.FS

// system is a NixOS system as the tests build it. Its units are real ones.
type system struct {
	host     string
	label    string
	units    map[string]string
	wrappers string // set-uid programs
	sudoers  string
	doas     string
	wheel    string // members of the group
	polkit   bool   // lets wheel become root by polkit, as run0 asks for
	snippet  string // at the end of the activation script, before the link moves
	check    string // pre-switch check
	init     string // version of the init interface
	tools    string // which nixos-rebuild
}

const sudoers = `Defaults !fqdn
root ALL=(ALL:ALL) SETENV: ALL
%wheel ALL=(ALL:ALL) NOPASSWD:SETENV: ALL
@includedir /etc/sudoers.d
`

// service is a unit file. Which system's it is can be seen on its process.
func service(label, start, more string) string {
	const unit = "[Unit]\nDescription=A unit of %s\n[Service]\nEnvironment=VERSION=%[1]s\nExecStart=%s\n%s"
	return fmt.Sprintf(unit, label, start, more)
}

const forever = "/bin/sleep infinity"

// nixos is a system of atlas called label, old as the first one is or new as those that follow, with changes.
func nixos(label string, change func(*system)) system {
	s := system{
		host: "atlas", label: label, init: "2", tools: "ng",
		wrappers: "sudo\ndoas\n", sudoers: sudoers, doas: "permit nopass keepenv :wheel\n", wheel: "ada", polkit: true,
		units: map[string]string{
			"web.service":  service(label, forever, "ExecReload=/bin/true\n"),
			"same.service": service("any", forever, ""),
			"job.timer":    "[Timer]\nOnCalendar=weekly\nUnit=job.service\n",
			"job.service":  service(label, "/bin/true", ""),
			"echo.socket":  "[Socket]\nListenStream=/run/echo.sock\n",
			"echo.service": service(label, forever, ""),
			// A unit that fails at each start once a test says so.
			"backup.service": service("any", "/usr/bin/test ! -e /test/backup-fails", "Type=oneshot\nRemainAfterExit=yes\n"),
		},
	}
	if label == "old" {
		s.units["gone.service"] = service(label, forever, "")
		s.units["job.timer"] = "[Timer]\nOnCalendar=daily\nUnit=job.service\n"
	} else {
		s.units["fresh.service"] = service(label, forever, "")
	}
	if change != nil {
		change(&s)
	}
	return s
}

// storePath is a path in the store for name, the same one each time.
func storePath(name string) string {
	const digits = "0123456789abcdfghijklmnpqrsvwxyz"
	sum := sha256.Sum256([]byte(name))
	hash := make([]byte, 32)
	for i := range hash {
		hash[i] = digits[sum[i]%32]
	}
	return "/nix/store/" + string(hash) + "-" + name
}

func (s system) path() string { return storePath("nixos-system-" + s.host + "-" + s.label) }

// writer writes the files of a layer and remembers the first error.
type writer struct {
	dir string
	err error
}

func (w *writer) file(name, text string, mode fs.FileMode) {
	path := filepath.Join(w.dir, name)
	if w.err == nil {
		w.err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if w.err == nil {
		w.err = os.WriteFile(path, []byte(text), mode)
	}
	if w.err == nil {
		w.err = os.Chmod(path, mode)
	}
}

func (w *writer) link(name, target string) {
	path := filepath.Join(w.dir, name)
	if w.err == nil {
		w.err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if w.err == nil {
		w.err = os.Symlink(target, path)
	}
}

// program writes a stand-in with some words replaced.
func (w *writer) program(name, file string, replace ...string) {
	w.file(name, strings.NewReplacer(replace...).Replace(source(file)), 0o755)
}

// source is a file of testdata.
func source(name string) string {
	text, err := testdata.ReadFile("testdata/" + name)
	if err != nil {
		panic(err) // embedded
	}
	return string(text)
}

// tools writes Nix's commands and a kind of nixos-rebuild: ng, ng-unit or shell.
func (w *writer) tools(kind string) {
	out := storePath("tools-" + kind)
	for _, name := range []string{"nix", "nix-env", "nix-store"} {
		w.program(out+"/bin/"+name, "tools/"+name)
	}
	w.link(out+"/bin/nix-copy-closure", "nix")
	variable := "NIXOS_REBUILD_NO_SYSTEMD_RUN"
	if kind == "ng-unit" {
		kind, variable = "ng", "nothing" // before the variable was there
	}
	w.program(out+"/bin/nixos-rebuild", "tools/nixos-rebuild-"+kind, "@variable@", variable)
}

// system writes a system into the store. base is the Debian below it.
func (w *writer) system(s system, base string) {
	out := s.path()
	w.program(out+"/bin/switch-to-configuration", "system/switch-to-configuration", "@out@", out)
	w.program(out+"/activate", "system/activate", "@out@", out)
	w.program(out+"/install-boot-loader", "system/install-boot-loader", "@out@", out)
	for name, text := range map[string]string{
		"init": "", "nixos-version": "26.05." + s.label, "system": "x86_64-linux", "kernel-params": "",
		"init-interface-version": s.init,
		"wrappers":               s.wrappers, "groups": "wheel " + s.wheel + "\n", "snippet": s.snippet,
		"etc/os-release": "ID=nixos\nVERSION_ID=\"26.05\"\n", "etc/hostname": s.host + "\n",
	} {
		w.file(out+"/"+name, text, 0o644)
	}
	if s.check != "" {
		w.file(out+"/pre-switch-check", s.check, 0o755)
	}
	if s.sudoers != "" {
		w.file(out+"/etc/sudoers", s.sudoers, 0o444)
	}
	if s.doas != "" {
		w.file(out+"/etc/doas.conf", s.doas, 0o444)
	}
	rules := ""
	if s.polkit {
		rules = `polkit.addRule(function(action, subject) { if (subject.isInGroup("wheel")) return polkit.Result.YES; });`
	}
	w.file(out+"/etc/polkit-1/rules.d/10-nixos.rules", rules, 0o644)
	w.link(out+"/kernel", storePath("linux")+"/bzImage")
	w.link(out+"/initrd", storePath("initrd")+"/initrd")
	w.link(out+"/sw", storePath("tools-"+s.tools))

	units := out + "/etc/systemd/system/"
	// NixOS has systemd's own units here as well; switch-to-configuration starts the targets that it finds here.
	for _, name := range []string{"multi-user.target", "timers.target", "sockets.target"} {
		text, err := os.ReadFile(filepath.Join(base, "usr/lib/systemd/system", name))
		if err != nil && w.err == nil {
			w.err = err
		}
		w.file(units+name, string(text), 0o644)
	}
	w.link(units+"default.target", "multi-user.target")
	for _, name := range []string{"systemd-modules-load.service", "console-getty.service", "getty.target"} {
		w.link(units+name, "/dev/null") // a machine without modules and without a console
	}
	w.file(units+"sysinit-reactivation.target", "[Unit]\nDescription=Reactivate sysinit units\n", 0o644)
	for _, name := range slices.Sorted(maps.Keys(s.units)) {
		w.file(units+name, s.units[name], 0o644)
		if name == "job.service" || name == "echo.service" {
			continue // started by the timer and the socket
		}
		target := map[string]string{".timer": "timers", ".socket": "sockets"}[filepath.Ext(name)]
		if target == "" {
			target = "multi-user"
		}
		w.link(units+target+".target.wants/"+name, "../"+name)
	}
}

// home is a built home. Files are named below HOME.
type home struct {
	variant  string
	files    map[string]string
	onChange string // a step of the activation behind the links
	legacy   bool   // built by a home-manager from before gen-version
	cli      bool   // with the home-manager command in it
}

func (w *writer) home(h home, user string) {
	out := storePath("home-manager-generation-" + user + "-" + h.variant)
	files := storePath(user + "-" + h.variant + "-home-manager-files")
	for name, text := range h.files {
		w.file(files+"/"+name, text, 0o444)
	}
	w.link(out+"/home-files", files)
	w.program(out+"/activate", "home/activate", "@out@", out, "@user@", user)
	if !h.legacy {
		w.file(out+"/gen-version", "1\n", 0o444)
	}
	w.file(out+"/hm-version", "26.05\n", 0o444)
	if h.onChange != "" {
		w.file(out+"/on-change", "#!/bin/sh\n"+h.onChange+"\n", 0o755)
	}
	path := storePath("home-manager-path-" + user + "-" + h.variant)
	w.file(path+"/share/doc", "", 0o444)
	if h.cli {
		w.program(path+"/bin/home-manager", "home/home-manager")
	}
	w.link(out+"/home-path", path)
}
