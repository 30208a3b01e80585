package generator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/keyboard"
	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// named are the options whose values are names of a list that NixOS builds from, with the
// format of the schema that knows the list. To NixOS they are any text; the build, or
// nothing at all, tells of a name that is not there.
var named = map[string]string{
	"time.timeZone":                "timezone",
	"console.keyMap":               "keymap",
	"services.xserver.xkb.layout":  "xkb-layout",
	"services.xserver.xkb.options": "xkb-options",
	"services.xserver.xkb.model":   "xkb-model",
}

// names checks the values of such options, whichever way the profile sets them.
func (h *host) names() error {
	s := settings{}
	for _, a := range h.system {
		path := strings.Join(a.Path, ".")
		if _, set := s[path]; !set {
			s[path] = a
		}
	}
	// Keymaps and layouts of one's own are not in the lists.
	ownKeymaps := s.has("console.packages") || strings.Contains(s.text("console.keyMap"), "/")
	ownLayouts := s.has("services.xserver.xkb.extraLayouts") || s.has("services.xserver.xkb.dir")
	for _, path := range sortedKeys(named) {
		a := s[path]
		// What is no text is NixOS's to refuse, with the type that it wants.
		_, isText := a.Value.(nix.Str)
		own := path == "console.keyMap" && ownKeymaps || strings.HasSuffix(path, "xkb.layout") && ownLayouts
		if !isText || own {
			continue
		}
		if what, why, hint, ok := profile.Refusal(named[path], s.text(path)); !ok {
			h.problem(a.Node, what, why, hint)
		}
	}
	if !ownLayouts {
		h.variants(s)
	}
	if a, set := s["console.keyMap"]; set && s["console.useXkbConfig"].Value == nix.Bool(true) {
		h.problem(a.Node, "console.keyMap has two values",
			"the console follows the layout of the keyboard", "delete it, or the layout")
	}
	h.locales(s)
	return nil
}

// settings are what a host sets, by option path.
type settings map[string]mapping.Assignment

// text is the text that an option is set to, "" if it is none.
func (s settings) text(path string) string {
	text, _ := s[path].Value.(nix.Str)
	return string(text)
}

// has reports whether an option is set, or one below it.
func (s settings) has(path string) bool {
	for p := range s {
		if p == path || strings.HasPrefix(p, path+".") {
			return true
		}
	}
	return false
}

// variants checks xkb.variant, which has an entry for each layout. Where the profile names
// no layout, it is another's.
func (h *host) variants(s settings) {
	const path = "services.xserver.xkb."
	a, text := s[path+"variant"], s.text(path+"variant")
	layout := s.text(path + "layout")
	if text == "" || layout == "" {
		return
	}
	layouts, variants := strings.Split(layout, ","), strings.Split(text, ",")
	if len(variants) != len(layouts) {
		hint := "write an entry for each layout, an empty one for the plain layout"
		if n := len(layouts) - len(variants); n > 0 {
			hint = "write " + strconv.Quote(text+strings.Repeat(",", n)) + " if it is of the first layout"
		}
		h.problem(a.Node, fmt.Sprintf("variant %q does not go with layout %q", text, layout),
			fmt.Sprintf("XKB ignores variants unless there are as many as layouts, not %d for %d", len(variants),
				len(layouts)),
			hint)
		return
	}
	for i, v := range variants {
		known := keyboard.Variants(layouts[i])
		if v == "" || known == nil || slices.Contains(known, v) {
			continue
		}
		h.problem(a.Node, fmt.Sprintf("%q is not a variant of the layout %s", v, layouts[i]),
			"XKB has other names for it, or none", profile.Meant(profile.Nearest(v, known)))
	}
}

// locales checks the options of i18n. The name of a locale and its character set are one
// line of glibc's list.
func (h *host) locales(s settings) {
	charset := func(path string) string {
		if text := s.text(path); text != "" {
			return text
		}
		return "UTF-8"
	}
	for _, path := range sortedKeys(s) {
		a := s[path]
		switch {
		case path == "i18n.defaultLocale":
			h.locale(a.Node, s.text(path), charset("i18n.defaultCharset"))
		case strings.HasPrefix(path, "i18n.extraLocaleSettings.") && a.Path[2] != "LANGUAGE":
			h.locale(a.Node, sanitized.Replace(s.text(path)), charset("i18n.localeCharsets."+a.Path[2]))
		case (path == "i18n.extraLocales" || path == "i18n.supportedLocales") && a.Node != nil:
			for _, item := range a.Node.Items {
				if item.Str() == "all" {
					continue
				}
				name, set, pair := strings.Cut(sanitized.Replace(item.Str()), "/")
				if !pair {
					h.problem(item, fmt.Sprintf("%q names no character set", item.Str()),
						"the entries are lines of glibc's list", "write "+name+"/UTF-8")
					continue
				}
				h.locale(item, name, set)
			}
		}
	}
}

// sanitized is what NixOS does to the extra locales (nixos/modules/config/i18n.nix).
var sanitized = strings.NewReplacer("utf8", "UTF-8", "utf-8", "UTF-8", "UTF8", "UTF-8")

func (h *host) locale(node *profile.Node, name, charset string) {
	if name == "" || name == "C" || profile.SupportsLocale(name, charset) {
		return
	}
	what, why, hint, ok := profile.Refusal("locale", name)
	if ok { // in UTF-8 it is one
		what, why, hint = name+" is not a valid locale in "+charset, "glibc's list has it in UTF-8", ""
	}
	h.problem(node, what, why, hint)
}
