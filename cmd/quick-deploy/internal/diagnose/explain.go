package diagnose

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// explain puts the error into words: what is wrong, why, and what helps.
func (f *located) explain(x *index, e NixError) {
	a := advice(x, f, e)
	f.What, f.Why, f.Hint = a.what, a.why, a.hint
	f.Code = profile.Code(e.Kind)
}

// said is what there is to say about an error.
type said struct{ what, why, hint string }

func advice(x *index, f *located, e NixError) said {
	switch e.Kind {
	case OptionMissing:
		if strings.HasPrefix(f.Generated, "modules/") {
			return said{"option " + e.Option + " does not exist", f.Generated + " sets it, which the profile's " + f.Path + " brings in",
				didYouMean(e, "the module is made for another release of NixOS than the nixpkgs in flake.lock: see release in the profile, or quick-deploy update")}
		}
		return said{"option " + e.Option + " does not exist", x.whose(f), didYouMean(e, "nothing of this name is declared by NixOS or by what the host imports; search.nixos.org/options lists the names")}
	case OptionRemoved:
		return said{"option " + e.Option + " is gone", lastLine(e.Message), "remove it, or set what took its place"}
	case OptionType:
		return said{"option " + e.Option + " is of another type", typeWhy(e), typeHint(f, e)}
	case OptionConflict:
		return said{"option " + e.Option + " has two values", x.conflict(e), "keep one of them; in local.nix lib.mkForce decides for one"}
	case OptionReadOnly:
		return said{"option " + e.Option + " cannot be set", "NixOS computes it and another value stands against it", "remove it"}
	case OptionUnset:
		return said{"option " + e.Option + " has no value", "something that is switched on needs it and it has no default", "set it in the profile, under nixos: " + e.Option}
	case Assertion:
		return said{firstLine(e.Message), rest(e.Message), assertionHint(e.Message)}
	case AttributeMissing:
		return missingAttribute(f, e)
	case VariableMissing:
		return said{"nothing is called " + e.Name, "the name is used and nothing binds it", didYouMean(e, "a module names its arguments in its first line: { config, lib, pkgs, ... }:")}
	case AttributeTwice:
		return said{"attribute " + e.Name + " is set twice", "one file gives it two values", "keep one of them"}
	case Argument:
		return said{firstLine(e.Message), "", didYouMean(e, "")}
	case Type:
		return said{firstLine(e.Message), x.evaluating(e), ""}
	case Syntax:
		return said{firstLine(e.Message), "", "Nix stopped reading here; a missing ; or a bracket that is open on the line before is the usual cause"}
	case Recursion:
		return said{"a value depends on itself", x.evaluating(e), "look for an option that reads config of itself, or imports that depend on config; the trace in the log tells the way round"}
	case Unfree:
		name := baseName(e.Name)
		return said{"package " + name + " is not free software", "its licence is not allowed on this host", "add it to the host's allowUnfree: [" + name + "]"}
	case Insecure:
		return said{"package " + e.Name + " is insecure", strings.Join(e.Detail, "; "), fmt.Sprintf("choose another version, or accept the risk: nixos: {nixpkgs.config.permittedInsecurePackages: [%s]}", e.Name)}
	case Broken:
		return said{"package " + baseName(e.Name) + " is broken", "nixpkgs marks it so: it is known not to build", "leave it out, or choose another release of NixOS"}
	case Unsupported:
		return said{"package " + baseName(e.Name) + " is not made for this platform", "it does not list the system of the host", "leave it out on this host"}
	case PackageGone:
		return said{firstLine(e.Message), rest(e.Message), "put the package that took its place into the profile"}
	case HashMismatch:
		return said{"a download is not what was promised", strings.Join(e.Detail, ", "), "somebody changed the file upstream, or the hash in the package or in flake.lock is wrong; trying again does not help"}
	case FileMissing:
		hint := ""
		if f.Owner != OfNobody {
			hint = "write the file, or remove the reference; in a git repository Nix sees only files that git knows"
		}
		return said{"no such file: " + e.shortName(), "", hint}
	case FileUntracked:
		return said{"git does not know " + e.shortName(), "in a git repository Nix sees only files that git knows", "git add --intent-to-add " + e.shortName()}
	case Impure:
		return said{firstLine(e.Message), "a flake is evaluated without the machine around it", "copy the file into the flake and refer to it by a relative path"}
	case ImportFromBuild:
		return said{"evaluation wants to build " + baseOf(e.Name), "import from derivation is switched off", "--option allow-import-from-derivation true allows it, at the price of slow evaluation"}
	case OutputMissing:
		return said{"the flake has no " + e.Name, "", "quick-deploy generate writes the flake for the hosts of the profile; --host chooses one"}
	case LockFile:
		return said{"flake.lock does not fit flake.nix", "an input is missing from it or differs", "quick-deploy update locks it anew"}
	case Network:
		return said{firstLine(e.Message), rest(e.Message), "see whether the server answers, and try again: quick-deploy resume"}
	case Builder:
		return said{"building " + baseOf(e.Name) + " failed", cmp.Or(lastOf(e.Detail), reason(e.Message)), "nix log " + e.Name + " shows the whole log"}
	case DependencyFailure:
		return said{"something that the system needs could not be built", firstLine(e.Message), ""}
	case Throw:
		return said{firstLine(e.Message), rest(e.Message), ""}
	}
	return said{firstLine(e.Message), rest(e.Message), didYouMean(e, "")}
}

// whose says which key of the profile sets an option, where the profile does not name it itself.
func (x *index) whose(f *located) string {
	if f.Owner == OfUser {
		return ""
	}
	if f.node == nil || strings.Contains(f.node.Pointer, "/nixos/") || strings.Contains(f.node.Pointer, "/options/") {
		return ""
	}
	if f.Path == "" {
		return ""
	}
	return "the profile's " + f.Path + " sets it"
}

func didYouMean(e NixError, otherwise string) string {
	switch n := len(e.Suggestions); {
	case n == 0:
		return otherwise
	case n == 1:
		return "did you mean " + e.Suggestions[0] + "?"
	default:
		return "did you mean " + strings.Join(e.Suggestions[:n-1], ", ") + " or " + e.Suggestions[n-1] + "?"
	}
}

func typeWhy(e NixError) string {
	why := "it takes " + article(e.Expected)
	for _, d := range e.Definitions {
		if d.Value != "" {
			return why + ", not " + shorten(d.Value)
		}
	}
	return why
}

func article(noun string) string {
	if strings.HasPrefix(noun, "one of ") || strings.HasPrefix(noun, "null or ") || strings.HasPrefix(noun, "strings ") || strings.HasPrefix(noun, "an ") || noun == "" {
		return noun
	}
	if strings.ContainsRune("aeiou", rune(noun[0])) && !strings.HasPrefix(noun, "uni") {
		return "an " + noun
	}
	return "a " + noun
}

// typeHint says how the profile's value becomes what the option takes.
func typeHint(f *located, e NixError) string {
	n := f.node
	if n == nil && f.Owner == OfUser && strings.HasPrefix(e.Expected, "list of") {
		return "put it into brackets: [ … ]"
	}
	if n == nil {
		return ""
	}
	wants := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(e.Expected, w) {
				return true
			}
		}
		return false
	}
	text := fmt.Sprint(n.Scalar)
	switch {
	case wants("list of") && n.Kind != profile.List && n.Kind != profile.Map:
		return "write a list: [" + shorten(text) + "]"
	case wants("boolean") && n.Kind == profile.String:
		if b, ok := asBool(text); ok {
			return "write " + b + ", without quotes"
		}
		return "write true or false"
	case wants("integer", "number", "16 bit") && n.Kind == profile.String:
		return "write a number, without quotes"
	case wants("string", "path", "text") && (n.Kind == profile.Int || n.Kind == profile.Float || n.Kind == profile.Bool):
		return fmt.Sprintf("write it in quotes: %q", text)
	case wants("absolute path") && n.Kind == profile.String && !strings.HasPrefix(text, "/"):
		return "write the whole path, from / on"
	case wants("package") && n.Kind == profile.String:
		return "name a package: {$package: " + text + "}"
	case wants("attribute set", "submodule") && n.Kind != profile.Map:
		return "write a map of keys and values"
	case strings.HasPrefix(e.Expected, "one of "):
		var names []string
		for _, w := range strings.Split(strings.TrimPrefix(e.Expected, "one of "), ", ") {
			names = append(names, strings.Trim(w, `"`))
		}
		if near := profile.Nearest(text, names); near != "" {
			return "did you mean " + near + "?"
		}
	}
	return ""
}

// assertionHint is what the profile can do about an assertion that every new machine meets.
func assertionHint(message string) string {
	switch {
	case strings.Contains(message, "root file system"):
		return "run quick-deploy probe on the machine itself, or give its disks in the profile"
	case strings.Contains(message, "boot.loader.grub.devices"):
		return "run quick-deploy probe on the machine itself, or set hardware.loader in the profile"
	}
	return ""
}

func asBool(s string) (string, bool) {
	switch strings.ToLower(s) {
	case "true", "yes", "on", "enable", "enabled":
		return "true", true
	case "false", "no", "off", "disable", "disabled":
		return "false", true
	}
	return "", false
}

// conflict lists who says what.
func (x *index) conflict(e NixError) string {
	var out []string
	for _, d := range e.Definitions {
		name := d.File
		if f := x.find(d.File); f != nil {
			name = f.path
		} else if i := strings.Index(name, "-source/"); i >= 0 {
			name = "NixOS' " + name[i+len("-source/"):]
		}
		if d.Value == "" {
			out = append(out, name)
			continue
		}
		out = append(out, name+" says "+shorten(d.Value))
	}
	return strings.Join(out, ", ")
}

// evaluating tells what Nix was about to find out.
func (x *index) evaluating(e NixError) string {
	if e.Option == "" {
		return ""
	}
	return "found while evaluating the option " + e.Option
}

// missingAttribute tells a package that does not exist from other attributes.
func missingAttribute(f *located, e NixError) said {
	line := ""
	if len(e.Places) > 0 {
		line = e.Places[0].Text
	}
	hint := didYouMean(e, "")
	if f.Owner == OfUser && strings.Contains(line, "pkgs.") || f.node != nil && strings.Contains(f.node.Pointer, "/packages/") {
		return said{"no package is called " + e.Name, "the pinned nixpkgs has none of this name", cmp.Or(hint, "search.nixos.org/packages finds the name")}
	}
	return said{"attribute " + e.Name + " is missing", "", hint}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return strings.TrimSuffix(strings.TrimSpace(line), ".")
}

// rest is a message without its first line, on one line and not too long.
func rest(s string) string {
	_, more, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return shortenTo(strings.Join(strings.Fields(more), " "), 300)
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return strings.TrimSuffix(strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:]), ".")
}

func lastOf(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return lines[len(lines)-1]
}

func reason(message string) string {
	for line := range strings.Lines(message) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "Reason: "); ok {
			return strings.TrimSuffix(text, ".")
		}
	}
	_, text, _ := strings.Cut(firstLine(message), "failed ")
	return strings.TrimSuffix(text, ";")
}

func shorten(s string) string { return shortenTo(s, 80) }

func shortenTo(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}

// shortName is a file without the store path before it.
func (e NixError) shortName() string {
	if m := storeSource.FindStringSubmatch(e.Name); m != nil {
		return m[1]
	}
	if i := strings.LastIndex(e.Name, "»"); i >= 0 {
		return strings.TrimPrefix(e.Name[i+len("»"):], "/")
	}
	return e.Name
}

// baseOf is a derivation or store path by its name: no folder, hash or .drv.
func baseOf(path string) string {
	name, _, _ := strings.Cut(path[strings.LastIndexByte(path, '/')+1:], ".drv")
	if len(name) > 33 && name[32] == '-' {
		return name[33:]
	}
	return name
}
