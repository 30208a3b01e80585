// Package keyboard knows the names that keyboards are set by: layouts, variants, options
// and models of XKB, the keymaps of the Linux console, and which layout a keymap stands for.
//
// The tables are those of xkeyboard-config 2.47, kbd 2.9.0 with the names that nixpkgs
// gives its keymaps, and systemd's kbd-model-map. TestNames makes them.
package keyboard

import (
	"embed"
	"maps"
	"slices"
	"strings"
	"sync"
)

//go:embed data
var data embed.FS

// Keyboard is a keyboard in XKB's words: the values of services.xserver.xkb. Each may be
// a list with commas between.
type Keyboard struct{ Layout, Variant, Options string }

type tables struct {
	layouts                  map[string][]string // variants by layout
	console                  map[string]Keyboard // by keymap
	names                    []string            // of layouts
	options, models, keymaps []string
}

var known = sync.OnceValue(func() tables {
	t := tables{
		layouts: map[string][]string{}, console: map[string]Keyboard{},
		options: lines("options"), models: lines("models"), keymaps: lines("keymaps"),
	}
	for _, line := range lines("layouts") {
		fields := strings.Fields(line)
		t.layouts[fields[0]] = fields[1:]
	}
	for _, line := range lines("console") {
		fields := strings.Fields(line)
		for i, f := range fields {
			fields[i] = strings.TrimPrefix(f, "-") // which stands for none
		}
		t.console[fields[0]] = Keyboard{fields[1], fields[2], fields[3]}
	}
	t.names = slices.Sorted(maps.Keys(t.layouts))
	return t
})

func lines(name string) []string {
	text, err := data.ReadFile("data/" + name + ".txt")
	if err != nil {
		return nil // The test of the tables sees it.
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// Layouts returns the layouts of XKB, sorted, as are the other lists.
func Layouts() []string { return known().names }

// Variants returns the variants of a layout.
func Variants(layout string) []string { return known().layouts[layout] }

// Options returns the options of XKB.
func Options() []string { return known().options }

// Models returns the models of XKB.
func Models() []string { return known().models }

// Keymaps returns the keymaps that loadkeys(1) finds on NixOS.
func Keymaps() []string { return known().keymaps }

// languages are the layouts that go by the code of a country where one looks for that of
// the language (ISO 639-1).
var languages = map[string]string{
	"ar": "ara", "cs": "cz", "da": "dk", "el": "gr", "en": "us", "fa": "ir", "he": "il", "hi": "in", "ja": "jp",
	"ka": "ge", "ko": "kr", "nb": "no", "sl": "si", "sq": "al", "sr": "rs", "sv": "se", "vi": "vn", "zh": "cn",
}

// FromConsole returns the keyboard that a keymap of the console stands for: by systemd's table,
// which comes first since et is Estonian on the console and Ethiopian in XKB; by XKB's own
// names with the variant behind a hyphen, as systemd's converted keymaps are called; by
// what stands before the hyphen; by the language; or by a variant, of the layout us if
// that has it, as colemak.
func FromConsole(keymap string) (Keyboard, bool) {
	t := known()
	if k, ok := t.console[keymap]; ok {
		return k, true
	}
	if _, ok := t.layouts[keymap]; ok {
		return Keyboard{Layout: keymap}, true
	}
	base, rest, hyphen := strings.Cut(keymap, "-")
	if hyphen {
		k, ok := FromConsole(base)
		for _, variant := range []string{rest, keymap} {
			if slices.Contains(t.layouts[k.Layout], variant) {
				k.Variant = variant
			}
		}
		return k, ok
	}
	if layout, ok := languages[keymap]; ok {
		return Keyboard{Layout: layout}, true
	}
	for _, layout := range append([]string{"us"}, t.names...) {
		if slices.Contains(t.layouts[layout], keymap) {
			return Keyboard{Layout: layout, Variant: keymap}, true
		}
	}
	return Keyboard{}, false
}

// ToConsole returns a keymap of the console that stands for a layout, by systemd's table; "" for none.
func ToConsole(layout string) string {
	for _, keymap := range Keymaps() {
		if k, ok := known().console[keymap]; ok && k == (Keyboard{Layout: layout}) {
			return keymap
		}
	}
	return ""
}

// Known returns what of k XKB has: nothing without its layouts, which may be named as the
// console does, and no variant unless there is one for each layout.
func (k Keyboard) Known() Keyboard {
	if other, ok := FromConsole(k.Layout); ok && !strings.Contains(k.Layout, ",") && Variants(k.Layout) == nil {
		k.Layout, k.Variant = other.Layout, other.Variant
	}
	layouts, variants := strings.Split(k.Layout, ","), strings.Split(k.Variant, ",")
	out := Keyboard{Layout: k.Layout}
	for i, layout := range layouts {
		if Variants(layout) == nil {
			return Keyboard{}
		}
		if i < len(variants) && variants[i] != "" && !slices.Contains(Variants(layout), variants[i]) {
			variants = nil
		}
	}
	if len(variants) == len(layouts) {
		out.Variant = k.Variant
	}
	options := slices.DeleteFunc(strings.Split(k.Options, ","), func(o string) bool {
		return !slices.Contains(Options(), o)
	})
	out.Options = strings.Join(options, ",")
	return out
}
