package keyboard

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestTables(t *testing.T) {
	for _, c := range []struct {
		name  string
		list  []string
		least int
		has   []string
		not   []string
	}{
		{"layouts", Layouts(), 110, []string{"us", "gb", "latam", "ara", "ee"}, []string{"uk", "en", "pc", "inet", "custom"}},
		{"variants of de", Variants("de"), 20, []string{"nodeadkeys", "neo", "mac"}, []string{"dvorak-l"}},
		{"variants of us", Variants("us"), 50, []string{"dvorak", "intl", "colemak_dh", "basic"}, nil},
		{"options", Options(), 200, []string{"caps:escape", "grp:alt_shift_toggle", "compose:ralt",
			"terminate:ctrl_alt_bksp"}, []string{"caps"}},
		{"models", Models(), 100, []string{"pc105", "applealu_ansi"}, nil},
		{"keymaps", Keymaps(), 200, []string{"uk", "de-latin1-nodeadkeys", "cz-qwertz", "colemak"},
			[]string{"gb", "en-latin9"}},
	} {
		if len(c.list) < c.least || !slices.IsSorted(c.list) {
			t.Errorf("%s: %d, sorted: %t", c.name, len(c.list), slices.IsSorted(c.list))
		}
		for _, name := range c.has {
			if !slices.Contains(c.list, name) {
				t.Errorf("%s lack %s", c.name, name)
			}
		}
		for _, name := range c.not {
			if slices.Contains(c.list, name) {
				t.Errorf("%s have %s", c.name, name)
			}
		}
	}
}

func TestFromConsole(t *testing.T) {
	for keymap, want := range map[string]Keyboard{
		"uk": {Layout: "gb"}, "sg": {Layout: "ch", Variant: "de_nodeadkeys"}, "trq": {Layout: "tr"}, "et": {Layout: "ee"},
		"cf": {Layout: "ca"},
		"us": {Layout: "us"}, "de": {Layout: "de"}, "de-latin1-nodeadkeys": {Layout: "de", Variant: "nodeadkeys"},
		"ru": {"ru,us", "", "grp:shifts_toggle,grp_led:scroll"}, "bg_pho-utf8": {"bg,us", "phonetic,",
			"grp:shifts_toggle,grp_led:scroll"},
		"colemak": {Layout: "us", Variant: "colemak"}, "neo": {Layout: "de", Variant: "neo"},
		"dvorak-l": {Layout: "us", Variant: "dvorak-l"},
		"dvorak":   {Layout: "us", Variant: "dvorak"}, "dvorak-programmer": {Layout: "us", Variant: "dvorak"},
		"gb": {Layout: "gb"}, "us-intl": {Layout: "us", Variant: "intl"}, "fr-bepo": {Layout: "fr", Variant: "bepo"},
		"es-cp850":  {Layout: "es"},
		"cz-qwertz": {Layout: "cz"}, "pl": {Layout: "pl"}, "en": {Layout: "us"}, "sv": {Layout: "se"},
		"": {}, "xyz": {}, "sunkeymap": {}, "/nix/store/x-xkb-console-keymap": {},
	} {
		got, ok := FromConsole(keymap)
		if got != want || ok != (want != Keyboard{}) {
			t.Errorf("%s: %+v %t", keymap, got, ok)
		}
	}
}

func TestToConsole(t *testing.T) {
	for layout, want := range map[string]string{"gb": "uk", "ee": "et", "se": "sv-latin1", "latam": "la-latin1", "kr": "",
		"": "", "xx": ""} {
		if got := ToConsole(layout); got != want {
			t.Errorf("%s: %q, want %q", layout, got, want)
		}
	}
}

// What is proposed for a machine must be taken.
func TestConsoleLeadsToNamesOfXKB(t *testing.T) {
	for _, keymap := range slices.Concat(Keymaps(), slices.Collect(maps.Keys(known().console))) {
		k, ok := FromConsole(keymap)
		if !ok {
			continue
		}
		variants := strings.Split(k.Variant, ",")
		for i, layout := range strings.Split(k.Layout, ",") {
			if !slices.Contains(Layouts(), layout) {
				t.Errorf("%s: no layout %q", keymap, layout)
			}
			if i < len(variants) && variants[i] != "" && !slices.Contains(Variants(layout), variants[i]) {
				t.Errorf("%s: %s has no variant %q", keymap, layout, variants[i])
			}
		}
		for _, o := range strings.Split(k.Options, ",") {
			if o != "" && !slices.Contains(Options(), o) {
				t.Errorf("%s: no option %q", keymap, o)
			}
		}
	}
}
