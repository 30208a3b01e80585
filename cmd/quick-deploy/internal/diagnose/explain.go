package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// explain puts the error into words: what is wrong, why, and what helps. What the
// profile and the flake tell goes before what Nix' words tell alone.
func (f *located) explain(x *index, e nixlog.Error) {
	w := e.Words()
	switch e.Kind {
	case nixlog.OptionMissing:
		w.Why = whose(f)
		if strings.HasPrefix(f.Generated, "modules/") {
			w.Why = f.Generated + " sets it, which the profile's " + f.Path + " brings in"
			if len(e.Suggestions) == 0 {
				w.Hint = "the module is made for another release of NixOS than the nixpkgs in flake.lock: " +
					"see release in the profile, or quick-deploy update"
			}
		}
	case nixlog.OptionType:
		w.Why, w.Hint = typeWhy(e), typeHint(f, e)
	case nixlog.OptionConflict:
		w.Why = x.conflict(e)
	case nixlog.Assertion:
		w.Hint = assertionHint(e.Message)
	case nixlog.AttributeMissing:
		ofUser := f.Owner == OfUser && len(e.Places) > 0 && strings.Contains(e.Places[0].Text, "pkgs.")
		if ofUser || f.node != nil && strings.Contains(f.node.Pointer, "/packages/") {
			w.What, w.Why = "unknown package "+e.Name, "the pinned nixpkgs has none by that name"
			w.Hint = cmp.Or(w.Hint, "search.nixos.org/packages finds the name")
		}
	}
	f.What, f.Why, f.Hint = w.What, w.Why, w.Hint
	f.Code = profile.Code(e.Kind)
}

// whose says which key of the profile sets an option, where the profile does not name it itself.
func whose(f *located) string {
	if f.Owner == OfUser || f.node == nil || f.Path == "" ||
		strings.Contains(f.node.Pointer, "/nixos/") || strings.Contains(f.node.Pointer, "/options/") {
		return ""
	}
	return "the profile's " + f.Path + " sets it"
}

func typeWhy(e nixlog.Error) string {
	why := "it takes " + article(e.Expected)
	for _, d := range e.Definitions {
		if d.Value != "" {
			return why + ", not " + shorten(d.Value)
		}
	}
	return why
}

func article(noun string) string {
	switch first, _, _ := strings.Cut(noun, " "); {
	case slices.Contains([]string{"", "one", "null", "strings", "an"}, first):
		return noun
	case strings.ContainsRune("aeiou", rune(noun[0])) && !strings.HasPrefix(noun, "uni"):
		return "an " + noun
	}
	return "a " + noun
}

// typeHint says how the profile's value becomes what the option takes.
func typeHint(f *located, e nixlog.Error) string {
	n := f.node
	if n == nil && f.Owner == OfUser && strings.HasPrefix(e.Expected, "list of") {
		return "put it into brackets: [ … ]"
	}
	if n == nil {
		return ""
	}
	wants := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(e.Expected, w) })
	}
	text := fmt.Sprint(n.Scalar)
	noText := n.Kind == profile.Int || n.Kind == profile.Float || n.Kind == profile.Bool
	switch {
	case wants("list of") && n.Kind != profile.List && n.Kind != profile.Map:
		return "write a list: [" + shorten(text) + "]"
	case wants("boolean") && n.Kind == profile.String:
		if b, ok := bools[strings.ToLower(text)]; ok {
			return "write " + b + ", without quotes"
		}
		return "write true or false"
	case wants("integer", "number", "16 bit") && n.Kind == profile.String:
		return "write a number, without quotes"
	case wants("string", "path", "text") && noText:
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

// bools are words that somebody may write for a boolean.
var bools = map[string]string{
	"true": "true", "yes": "true", "on": "true", "enable": "true", "enabled": "true",
	"false": "false", "no": "false", "off": "false", "disable": "false", "disabled": "false",
}

// conflict lists who says what.
func (x *index) conflict(e nixlog.Error) string {
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

func shorten(s string) string { return nixlog.Shorten(s, 80) }
