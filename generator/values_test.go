package generator_test

import (
	"io/fs"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/bundle"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// saidOf is what is said of a host with some keys, by loading its profile and generating its flake.
func saidOf(t *testing.T, keys string) string {
	t.Helper()
	p, err := load(t, fstest.MapFS{"profile.yaml": {Data: []byte(`version: 1
defaults: {stateVersion: "26.05"}
hosts:
  atlas:
    ` + keys + "\n")}})
	if err == nil {
		_, err = generator.Generate(generator.Input{Profile: p, Schema: schemaRoot(t), Files: profile.FS{Files: fstest.MapFS{}}})
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// Names that the build of a machine looks up are looked up here, whichever key sets them.
func TestNamesRefused(t *testing.T) {
	for keys, want := range map[string]string{
		`release: "25.11"`: `2:26: stateVersion 26.05 is newer than the release; the host follows NixOS 25.11; ` +
			"write the release that it was first installed with, 25.11 or older",
		`users: {ada: {home: {stateVersion: "26.11"}}}`:                  "5:40: stateVersion 26.11 is newer than the release; the host follows NixOS 26.05",
		`keyboard: {layout: uk}`:                                         `5:24: "uk" is not a valid keyboard layout; use a name from XKB, such as us, or several separated by commas; did you mean "gb"?`,
		`keyboard: {layout: de, variant: nodeadkys}`:                     `5:37: "nodeadkys" is not a variant of the layout de; XKB has other names for it, or none; did you mean "nodeadkeys"?`,
		`keyboard: {layout: "us,de", variant: dvorak}`:                   `write "dvorak," if it is of the first layout`,
		`keyboard: {layout: "us,de", variant: ",dvorka"}`:                `"dvorka" is not a variant of the layout de`,
		`keyboard: {layout: us, variant: "dvorak,"}`:                     `not 2 for 1`,
		`keyboard: {layout: us, options: "caps:escap"}`:                  `did you mean "caps:escape"?`,
		`locale: en_DE.UTF-8`:                                            `5:13: "en_DE.UTF-8" is not a valid locale; use a name from glibc's list, such as de_DE.UTF-8; did you mean en_DK.UTF-8 or en_IE.UTF-8?`,
		`locale: de_DE.UTF-8@euro`:                                       `write de_DE.UTF-8`,
		`nixos: {console.keyMap: de-latin1-nodedkeys}`:                   `did you mean "de-latin1-nodeadkeys"?`,
		`nixos: {console: {keyMap: gb}}`:                                 `"gb" is not a valid console keymap`,
		`nixos: {services.xserver.xkb.layout: uk}`:                       `did you mean "gb"?`,
		`nixos: {services.xserver.xkb.options: caps:escap}`:              `did you mean "caps:escape"?`,
		`nixos: {services.xserver.xkb.model: pc1055}`:                    `did you mean "pc105"?`,
		`nixos: {services.xserver: {xkb: {layout: de, variant: neoo}}}`:  `did you mean "neo"?`,
		`nixos: {i18n.defaultLocale: de_DE}`:                             `write de_DE.UTF-8`,
		`nixos: {i18n.extraLocaleSettings.LC_TIME: en_DE.UTF-8}`:         `did you mean en_DK.UTF-8 or en_IE.UTF-8?`,
		`nixos: {i18n.extraLocaleSettings: {LC_MONETARY: de_DE@euro}}`:   `write de_DE.UTF-8`,
		`nixos: {i18n.extraLocales: [de_DE.UTF-8/UTF-8, fr_FR.UTF-8]}`:   `write fr_FR.UTF-8/UTF-8`,
		`nixos: {i18n.supportedLocales: [en_US.UTF-8]}`:                  `write en_US.UTF-8/UTF-8`,
		`nixos: {i18n.extraLocales: [de_DE.UTF-8/ISO-8859-1]}`:           `de_DE.UTF-8 is not a valid locale in ISO-8859-1`,
		`nixos: {time.timeZone: Berlin}`:                                 `did you mean "Europe/Berlin"?`,
		"keyboard: {layout: de}\n    nixos: {console.keyMap: de-latin1}": "console.keyMap has two values",
	} {
		if got := saidOf(t, keys); !strings.Contains(got, want) {
			t.Errorf("%s: %q lacks %q", keys, got, want)
		}
	}
}

func TestNamesTaken(t *testing.T) {
	for _, keys := range []string{
		`keyboard: {layout: "us,de", variant: "dvorak,", options: "grp:alt_shift_toggle,caps:escape"}`,
		`keyboard: {layout: us, variant: "", options: ""}`,
		`keyboard: {variant: nodeadkeys}`, // of a layout that local.nix sets
		`locale: en_IN`, `locale: sr_RS@latin`, `locale: C.UTF-8`, `locale: eo`,
		`nixos: {console.keyMap: de-latin1-nodeadkeys}`,
		`nixos: {console.keyMap: /etc/keymap.map}`,
		`nixos: {console.keyMap: mine, console.packages: [{$package: terminus_font}]}`,
		`nixos: {services.xserver.xkb: {layout: mine, extraLayouts.mine: {description: Mine, languages: [eng]}}}`,
		`nixos: {i18n.extraLocaleSettings: {LC_TIME: de_DE.utf8, LC_COLLATE: C, LANGUAGE: "de:en"}}`,
		`nixos: {i18n.extraLocales: [de_DE.UTF-8/UTF-8, de_DE@euro/ISO-8859-15, en_IN/UTF-8]}`, `nixos: {i18n.extraLocales: all}`,
		`nixos: {i18n.supportedLocales: [all]}`,
		`nixos: {i18n.defaultLocale: de_DE@euro, i18n.defaultCharset: ISO-8859-15}`,
		`nixos: {i18n.defaultLocale: C}`,
		`nixos: {console.keyMap: us, console.useXkbConfig: false}`,
	} {
		if got := saidOf(t, keys); got != "" {
			t.Errorf("%s: %s", keys, got)
		}
	}
}

// What nixpkgs has for another platform only is left out, wherever it is named, and the rest of the host is made.
func TestOtherPlatforms(t *testing.T) {
	tree := generate(t, fstest.MapFS{"profile.yaml": {Data: []byte(`version: 1
defaults:
  stateVersion: "26.05"
  packages: [discord, git, ubootRaspberryPi4_64bit]
  users: {ada: {home: {packages: [spotify, ripgrep]}}}
  nixos:
    programs.steam.enable: true
    hardware.graphics.enable32Bit: false
    users.users.ada.packages: {$packages: [slack, jq]}
hosts:
  desk: {system: x86_64-linux}
  pi: {system: aarch64-linux, +packages: [steam, htop]}
`)}})
	var got []string
	for _, n := range tree.Notices {
		if strings.Contains(n.Text, "left out") {
			got = append(got, n.Host+" "+strconv.Itoa(n.Pos.Line)+" "+n.Text)
		}
	}
	want := []string{
		"desk 4 ubootRaspberryPi4_64bit is left out of desk, which is x86_64-linux: nixpkgs has it for aarch64-linux only",
		"pi 4 discord is left out of pi, which is aarch64-linux: nixpkgs has it for x86_64-linux only",
		"pi 12 steam is left out of pi, which is aarch64-linux: nixpkgs has it for x86_64-linux only",
		"pi 5 spotify is left out of pi, which is aarch64-linux: nixpkgs has it for x86_64-linux only",
		"pi 7 programs.steam.enable is left out of pi, which is aarch64-linux: nixpkgs has it for x86_64-linux only",
		"pi 9 slack is left out of pi, which is aarch64-linux: nixpkgs has it for x86_64-linux only",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for file, lines := range map[string][]string{
		"hosts/desk/configuration.nix": {"discord", "slack", "programs.steam.enable = true"},
		"hosts/pi/configuration.nix":   {"git", "htop", "jq", "enable32Bit = false"},
		"hosts/pi/home.nix":            {"ripgrep"},
	} {
		for _, line := range lines {
			if !strings.Contains(string(tree.File(file)), line) {
				t.Errorf("%s lacks %q:\n%s", file, line, tree.File(file))
			}
		}
	}
	for _, name := range []string{"steam", "discord", "spotify", "slack"} {
		if strings.Contains(string(tree.File("hosts/pi/configuration.nix"))+string(tree.File("hosts/pi/home.nix")), name) {
			t.Errorf("pi has %s", name)
		}
	}
}

// Nothing that the program brings is refused on either platform.
func TestPresetsAndBundlesOnBothPlatforms(t *testing.T) {
	bundles, err := bundle.All()
	if err != nil {
		t.Fatal(err)
	}
	var packages []string
	for _, b := range bundles {
		packages = append(packages, `"bundle:`+b.Name+`"`)
	}
	presets, err := fs.Glob(schema.Presets(), "*.yaml")
	if err != nil || len(presets) == 0 {
		t.Fatal(presets, err)
	}
	for _, preset := range presets {
		generate(t, fstest.MapFS{"profile.yaml": {Data: []byte("version: 1\nextends: [\"preset:" + strings.TrimSuffix(preset, ".yaml") + `"]
defaults: {stateVersion: "26.05", packages: [` + strings.Join(packages, ", ") + `]}
hosts:
  desk: {system: x86_64-linux}
  pi: {system: aarch64-linux}
`)}})
	}
}
