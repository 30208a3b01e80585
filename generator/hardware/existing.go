package hardware

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/nix/syntax"
)

// maxKept is the most that an existing file may have, in bytes.
const maxKept = 256 << 10

// keptFile is what can be read from a hardware-configuration.nix without evaluating it.
type keptFile struct {
	// code is its text without comments.
	code  string
	attrs []attr
	// path is one that it refers to, argument one that NixOS does not pass to a module: "" if there is none.
	path, argument string
}

// attr is a value that the file gives to an option.
type attr struct {
	path  []string
	value string
}

// says tells whether the code holds a text, in whatever case UUIDs are written.
func (k keptFile) says(text string) bool {
	return strings.Contains(strings.ToLower(k.code), strings.ToLower(text))
}

// defines tells whether the file sets an option or something below it.
func (k keptFile) defines(path ...string) bool {
	return slices.ContainsFunc(k.attrs, func(a attr) bool {
		return len(a.path) >= len(path) && slices.Equal(a.path[:len(path)], path)
	})
}

// sets tells whether the file sets just this option.
func (k keptFile) sets(path []string) bool {
	return slices.ContainsFunc(k.attrs, func(a attr) bool { return slices.Equal(a.path, path) })
}

// readNix reads what the attribute sets of a file define. What it does not understand it passes over.
func readNix(text string) keptFile {
	tokens, _ := syntax.Read(text)
	k := keptFile{code: syntax.Strip(text), argument: foreignArgument(tokens)}
	for _, t := range syntax.All(tokens) {
		if k.path == "" && unreadable(t) {
			k.path = t.Text
		}
	}
	settings, _ := syntax.Settings(k.code, true)
	for _, s := range settings {
		if path, err := nix.ParseAttrPath(s.Option); err == nil {
			k.attrs = append(k.attrs, attr{path, s.Value})
		}
	}
	return k
}

// unreadable tells whether a token is a path that a flake cannot read: ./disks.nix, /etc/nixos/disks.nix,
// <nixpkgs/nixos>. What boot.initrd.secrets takes, /etc/key, is copied when the boot loader is installed.
func unreadable(t syntax.Token) bool {
	return t.Kind == syntax.Lookup ||
		t.Kind == syntax.Path && (t.Text[0] != '/' || strings.HasSuffix(t.Text, ".nix"))
}

// foreignArgument returns an argument of the function that a file is which it uses and NixOS does not pass.
func foreignArgument(tokens []syntax.Token) string {
	head := slices.IndexFunc(tokens, func(t syntax.Token) bool { return t.Text[0] == '{' })
	if head < 0 || head+1 == len(tokens) || tokens[head+1].Text != ":" && tokens[head+1].Text != "@" {
		return ""
	}
	args := tokens[head].Inner
	all := syntax.All(tokens[head:])
	for i, t := range args {
		used := func(other syntax.Token) bool { return other.Text == t.Text && other.From > t.From }
		if t.Kind == syntax.Word && (i+1 == len(args) || args[i+1].Text == ",") && (i == 0 || args[i-1].Text == ",") &&
			!slices.Contains(existingTable().Arguments, t.Text) && slices.ContainsFunc(all, used) {
			return t.Text
		}
	}
	return ""
}

var uuidPattern = lazyregexp.New(`(?:/dev/disk/by-uuid/|\bUUID=)([0-9A-Za-z-]+)`)

// existingProblem says why the machine's own hardware-configuration.nix cannot
// be kept, "" if it can: it must have a root file system, stand by itself, and name no device
// that this machine lacks, as a copy from another machine would. What is marked nofail or
// noauto may be unplugged.
func (d *decider) existingProblem() string {
	f := d.facts.Existing
	switch {
	case f == nil:
		return "the machine has no hardware-configuration.nix"
	case d.facts.NixOS == "":
		return "the machine does not run NixOS"
	case len(f.Text) > maxKept:
		return fmt.Sprintf("it is larger than %d KiB", maxKept>>10)
	}
	k := readNix(f.Text)
	if d.over.FileSystems != "none" && !k.defines("fileSystems", "/") && !k.says(`fileSystems."/"`) {
		return "it has no root file system"
	}
	switch {
	case k.path != "":
		return fmt.Sprintf("it refers to %s, and a flake reads only its own files", k.path)
	case k.argument != "":
		return fmt.Sprintf("it uses the argument %s, which NixOS does not pass to a module by itself", k.argument)
	}
	for _, a := range k.attrs {
		if !slices.Contains([]string{"boot", "fileSystems", "swapDevices"}, a.path[0]) {
			continue // a rule of udev and the like
		}
		for _, m := range uuidPattern.FindAllStringSubmatch(a.value, -1) {
			known := slices.ContainsFunc(d.facts.Blocks, func(b Block) bool { return strings.EqualFold(b.UUID, m[1]) })
			if !known && !k.mayLack(a) {
				return "it names " + m[0] + ", which is not on this machine"
			}
		}
	}
	return ""
}

// mayLack tells whether what an attribute names need not be there: of a file system or an encrypted
// device with nofail, or of an element of a list with it.
func (k keptFile) mayLack(a attr) bool {
	optional := func(value string) bool {
		return slices.ContainsFunc(mountTable().Optional, func(o string) bool { return strings.Contains(value, `"`+o+`"`) })
	}
	if optional(a.value) {
		return true
	}
	above := a.path[:max(len(a.path)-1, 0)]
	return len(above) > 1 && slices.ContainsFunc(k.attrs, func(o attr) bool {
		return len(o.path) > len(above) && slices.Equal(o.path[:len(above)], above) && optional(o.value)
	})
}

// byHand returns the options that a person set in a file beside what is generated.
func (k keptFile) byHand() []string {
	var out []string
	for _, a := range k.attrs {
		usual := slices.ContainsFunc(existingTable().Generated, func(g string) bool {
			return slices.EqualFunc(strings.Split(g, "."), a.path, func(want, have string) bool {
				return want == "*" || want == have
			})
		})
		if name := strings.Join(a.path, "."); !usual && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}
