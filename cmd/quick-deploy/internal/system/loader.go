package system

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/storepath"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

//go:embed loaders.json
var loadersText []byte

// loaderTable is what is known of boot loaders, loaders.json, which says where it is from.
type loaderTable struct {
	Installers []struct {
		Mark string // what the program's name in the store starts with
		Kind hardware.LoaderKind
		Name string
	}
	Options map[hardware.LoaderKind][]loaderOption
	Words   map[string]string // by option
	Needed  []string
}

// loaderOption is how an installer calls an option, and its default there.
type loaderOption struct{ Said, Option, Default string }

var loaders = sync.OnceValue(func() (t loaderTable) {
	if err := json.Unmarshal(loadersText, &t); err != nil {
		panic(fmt.Errorf("loaders.json: %w", err))
	}
	return t
})

// DescribeLoaderOption returns what people call an option of boot loaders, and whether a machine that has it may not
// boot without it.
func DescribeLoaderOption(option string) (words string, needed bool) {
	return cmp.Or(loaders().Words[option], option), slices.Contains(loaders().Needed, option)
}

// What NixOS writes about its boot loader.
var (
	// makeWrapper's export INSTALL_BOOTLOADER='…', and the same in a binary wrapper.
	installVariable = lazyregexp.New(`INSTALL_BOOTLOADER` +
		`(?:[^\n\x00]{0,4}?[= ]+(?:'([^'\x00]+)'|"([^"\x00]+)"|([^\s'"\x00]+))|\x00([^\x00]+))`)
	// The script in Perl of before 25.05: a here-document.
	installPerl = lazyregexp.New(`(?s)<<'?EOFBOOTLOADER[^\n]*\n(.*?)\nEOFBOOTLOADER`)
	constant    = lazyregexp.New(`(?m)(?:^|[\s;])([A-Z][A-Z_]{4,})[ \t]*=[ \t]*` +
		`(?:int\(|Path\(|bool\()?["']?([^"'\s)=]*)["']?`)
	copied = lazyregexp.New(`(?m)\binstall -Dp (?:"([^"\n]+)"|'([^'\n]+)'|(\S+)) (\S+)$`)
)

// loaderReader reads a boot loader of a system.
type loaderReader struct {
	Toplevel
	hardware.Loader
	platform string
	faults   []*fs.PathError
}

// Loader reads the boot loader of a system for a platform, as Nix calls it: its switch script names the program
// that installs the loader, and that what it is told. The kind is empty where none is named. The faults are files
// that are not as NixOS writes them.
func (t Toplevel) Loader(platform string) (hardware.Loader, []*fs.PathError) {
	r := &loaderReader{Toplevel: t, platform: platform}
	command := t.installCommand()
	if command == "" {
		return r.Loader, nil
	}
	program := strings.Fields(command)[0]
	r.Kind, r.Program = installer(program)
	text := r.on.Data(program)
	if r.Kind == hardware.OtherLoader && r.Program == "" {
		r.Program = unknownInstaller(program, text)
	}
	switch r.Kind {
	case hardware.GRUB:
		r.readGRUB(text)
	case hardware.SystemdBoot:
		r.readSystemdBoot(text)
	case hardware.ExtLinux:
		r.readExtlinux(command + "\n" + string(text))
	case hardware.Limine:
		r.readLimine(text)
	}
	slices.Sort(r.Files)
	r.Files = slices.Compact(r.Files)
	slices.Sort(r.Unread)
	r.Unread = slices.Compact(r.Unread)
	return r.Loader, r.faults
}

func (r *loaderReader) garbled(name, what string, err error) {
	r.faults = append(r.faults, &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("%s: %w", what, err)})
}

// installCommand returns the command that installs the loader, "" if none is named.
func (t Toplevel) installCommand() string {
	script := t.Data("bin/switch-to-configuration")
	if m := installVariable.FindSubmatch(script); m != nil {
		return strings.TrimSpace(string(slices.Concat(m[1:]...)))
	}
	if m := installPerl.FindSubmatch(script); m != nil {
		return strings.TrimSpace(string(m[1]))
	}
	for _, p := range storepath.Find(string(script)) {
		if kind, name := installer(p); kind != hardware.NoLoader && (kind != hardware.OtherLoader || name != "") {
			return p
		}
	}
	return ""
}

// installer tells a loader by the program that installs it. The name is empty
// where the program is not known.
func installer(program string) (hardware.LoaderKind, string) {
	// Without a loader NixOS has: echo 'Warning: do not know how to make this configuration bootable.
	if !strings.HasPrefix(program, "/") || strings.HasSuffix(program, "/bin/true") {
		return hardware.NoLoader, ""
	}
	name := cmp.Or(storepath.Inner(program), program)
	for _, i := range loaders().Installers {
		for _, n := range []string{name, path.Base(name)} {
			rest, ok := strings.CutPrefix(n, i.Mark)
			if ok && (i.Kind == hardware.OtherLoader || rest == "" || rest[0] == '.' || rest[0] == '/') {
				return i.Kind, i.Name
			}
		}
	}
	return hardware.OtherLoader, ""
}

// unknownInstaller names a program that is not known: by what it calls, if that is known
// and of the kind other, else by itself. What it wraps is not set up in its place.
func unknownInstaller(program string, text []byte) string {
	for _, p := range storepath.Find(string(text)) {
		if kind, name := installer(p); kind == hardware.OtherLoader && name != "" {
			return name
		}
	}
	return strings.ToValidUTF8(path.Base(cmp.Or(storepath.Inner(program), program)), "?")
}

// findAllNamed returns the files of the store that a text names and whose own names contain a word.
func findAllNamed(text []byte, word string) []string {
	var out []string
	for _, p := range storepath.Find(string(text)) {
		if strings.Contains(storepath.Inner(p), word) && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}
