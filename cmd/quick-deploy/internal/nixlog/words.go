package nixlog

import (
	"cmp"
	"regexp"
	"strings"
)

// Words put an error into words: what is wrong, why, and what helps.
type Words struct{ What, Why, Hint string }

// words are what is said of each kind. Names in braces stand for what the error
// tells, see Words. A hint gives way to the names that Nix itself proposes.
var words = map[Kind]Words{
	OptionMissing: {"option {option} does not exist", "",
		"nothing of this name is declared by NixOS or by what the host imports; search.nixos.org/options lists the names"},
	OptionRemoved:  {"option {option} is gone", "{last}", "remove it, or set what took its place"},
	OptionType:     {"option {option} is of another type", "", ""},
	OptionConflict: {"option {option} has two values", "", "keep one of them; in local.nix lib.mkForce decides for one"},
	OptionReadOnly: {"option {option} cannot be set", "NixOS computes it and another value stands against it", "remove it"},
	OptionUnset: {"option {option} has no value", "something that is switched on needs it and it has no default",
		"set it in the profile, under nixos: {option}"},
	AttributeMissing: {"attribute {name} is missing", "", ""},
	VariableMissing: {"nothing is called {name}", "the name is used and nothing binds it",
		"a module names its arguments in its first line: { config, lib, pkgs, ... }:"},
	AttributeTwice: {"attribute {name} is set twice", "one file gives it two values", "keep one of them"},
	Argument:       {"{first}", "", ""},
	Type:           {"{first}", "{evaluating}", ""},
	Syntax:         {"{first}", "", "Nix stopped reading here; a missing ; or a bracket that is open on the line before is the usual cause"},
	Recursion: {"a value depends on itself", "{evaluating}",
		"look for an option that reads config of itself, or imports that depend on config; the trace in the log tells the way round"},
	Unfree: {"package {package} is not free software", "its licence is not allowed on this host", "add it to the host's allowUnfree: [{package}]"},
	Insecure: {"package {name} is insecure", "{detail}",
		"choose another version, or accept the risk: nixos: {nixpkgs.config.permittedInsecurePackages: [{name}]}"},
	Broken:      {"package {package} is broken", "nixpkgs marks it so: it is known not to build", "leave it out, or choose another release of NixOS"},
	Unsupported: {"package {package} is not made for this platform", "it does not list the system of the host", "leave it out on this host"},
	PackageGone: {"{first}", "{rest}", "put the package that took its place into the profile"},
	HashMismatch: {"a download is not what was promised", "{detail}",
		"somebody changed the file upstream, or the hash in the package or in flake.lock is wrong; trying again does not help"},
	FileMissing:   {"no such file: {file}", "", "write the file, or remove the reference; in a git repository Nix sees only files that git knows"},
	FileUntracked: {"git does not know {file}", "in a git repository Nix sees only files that git knows", "git add --intent-to-add {file}"},
	FileInTheWay:  {"{name} is in home-manager's way", "", "move the file, or have its content in the profile"},
	Impure:        {"{first}", "a flake is evaluated without the machine around it", "copy the file into the flake and refer to it by a relative path"},
	ImportFromBuild: {"evaluation wants to build {derivation}", "import from derivation is switched off",
		"--option allow-import-from-derivation true allows it, at the price of slow evaluation"},
	OutputMissing:     {"the flake has no {name}", "", "quick-deploy generate writes the flake for the hosts of the profile; --host chooses one"},
	LockFile:          {"flake.lock does not fit flake.nix", "an input is missing from it or differs", "quick-deploy update locks it anew"},
	Disk:              {"{first}", "", "free space: nix-collect-garbage --delete-older-than 30d"},
	Memory:            {"{first}", "", "add swap, or build on another machine"},
	Network:           {"{first}", "{rest}", "see whether the server answers, then try again"},
	Server:            {"{first}", "{rest}", "see whether the server answers, then try again"},
	RateLimit:         {"{first}", "{rest}", "the server limits requests; an access token in nix.conf (access-tokens) raises GitHub's limit"},
	NotFound:          {"{first}", "", "the address in the package or in flake.lock is wrong, or what was there is gone; quick-deploy update locks anew"},
	Denied:            {"{first}", "{rest}", "the server wants a key or a token that it knows: access-tokens and netrc-file in nix.conf, or a key for ssh"},
	Trust:             {"{first}", "", "an unsigned path wants trusted-public-keys, or a build on the machine itself; an unknown certificate or host key is for you to check"},
	NoBuilder:         {"{first}", "Nix does not build for that platform here", "deployment: {buildOnTarget: true}, boot.binfmt.emulatedSystems or a remote builder"},
	Builder:           {"building {derivation} failed", "{reason}", "nix log {name} shows the whole log"},
	DependencyFailure: {"something that the system needs could not be built", "{first}", ""},
}

// Words are what there is to say about e by itself.
func (e Error) Words() Words {
	w, known := words[e.Kind]
	if !known {
		w = Words{"{first}", "{rest}", ""}
	}
	first, rest, _ := strings.Cut(e.Message, "\n")
	last := e.Message[strings.LastIndexByte(e.Message, '\n')+1:]
	evaluating := ""
	if e.Option != "" {
		evaluating = "found while evaluating the option " + e.Option
	}
	fill := strings.NewReplacer(
		"{option}", e.Option, "{name}", e.Name, "{package}", PackageName(e.Name), "{derivation}", ShortName(e.Name),
		"{file}", e.File(), "{detail}", strings.Join(e.Detail, ", "), "{reason}", e.reason(), "{evaluating}", evaluating,
		"{first}", sentence(first), "{rest}", Shorten(strings.Join(strings.Fields(head(rest)), " "), 300), "{last}", sentence(last),
	)
	w = Words{fill.Replace(w.What), fill.Replace(w.Why), fill.Replace(w.Hint)}
	switch n := len(e.Suggestions); {
	case n == 1:
		w.Hint = "did you mean " + e.Suggestions[0] + "?"
	case n > 1:
		w.Hint = "did you mean " + strings.Join(e.Suggestions[:n-1], ", ") + " or " + e.Suggestions[n-1] + "?"
	}
	return w
}

// reason is why a build failed: the last line of its log, else what Nix says.
func (e Error) reason() string {
	if n := len(e.Detail); n > 0 {
		return e.Detail[n-1]
	}
	if _, why, ok := strings.Cut(e.Line(), "Reason: "); ok {
		return sentence(why)
	}
	_, why, _ := strings.Cut(e.Line(), "failed ")
	return strings.TrimSuffix(why, ";")
}

// stored is a file of a flake as Nix copies it into the store, whatever folder the store is in.
var stored = regexp.MustCompile(`^.*/[0-9a-df-np-sv-z]{32}-[^/]+/(.+)$`)

// InFlake is a path below the store path or the «source» that it is in; ok is false for any other.
func InFlake(name string) (path string, ok bool) {
	if i := strings.LastIndex(name, "»"); i >= 0 {
		return strings.TrimPrefix(name[i+len("»"):], "/"), true
	}
	if m := stored.FindStringSubmatch(name); m != nil {
		return m[1], true
	}
	return "", false
}

// File is Name without the store path before it.
func (e Error) File() string {
	path, _ := InFlake(e.Name)
	return cmp.Or(path, e.Name)
}

// PackageName is a package's name without its version: lib.getName ends the name
// before the first hyphen that is not followed by a letter.
func PackageName(name string) string {
	for i := 0; i+1 < len(name); i++ {
		if c := name[i+1]; name[i] == '-' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return name[:i]
		}
	}
	return name
}

func sentence(s string) string { return strings.TrimSuffix(strings.TrimSpace(s), ".") }

// Shorten cuts s after so many characters.
func Shorten(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
