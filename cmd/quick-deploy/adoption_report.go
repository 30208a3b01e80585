package main

import (
	"fmt"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/adopt"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/settings"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// report says what the profile says now, what stays with the old
// configuration, and what is different from before.
func (ad *adoption) report(a *app, answers starter.Answers, differences []difference) {
	a.say("%s is taken over, and stays as it is.", ad.config.Dir)
	said := []string{"host name, time zone, locale, stateVersion"}
	var users []string
	for _, u := range ad.machine.Users {
		users = append(users, u.Name)
	}
	if len(users) > 0 {
		said = append(said, "the accounts of "+strings.Join(users, ", "))
	}
	if len(answers.Services) > 0 {
		said = append(said, "the services "+strings.Join(answers.Services, ", "))
	}
	a.say("The profile says: %s.", strings.Join(said, "; "))
	kept := ad.kept()
	a.say("legacy.nix keeps %s: %s.", count(len(kept), "option"), shortList(kept))
	if ad.unlisted != nil {
		a.say("note: they are listed by the text of the files, and there may be more: %v", ad.unlisted)
	}
	for _, brought := range ad.legacy.Brought {
		a.say("note: copied into the flake from outside: %s", brought)
	}
	for _, left := range ad.legacy.Left {
		a.say("note: not copied: %s", left)
	}
	for _, place := range ad.legacy.Secrets {
		a.say("note: %s looks like a secret: it would lie in the flake and in the store, which everybody may read, as it does now", place)
	}
	if ad.otherHardware {
		a.say("note: hardware-configuration.nix is another machine's: this one has no %s. It does not come along, "+
			"and this machine is probed instead; what it sets: %s", ad.machine.Root, strings.Join(ad.options(ofHardware), ", "))
	}
	for _, d := range differences {
		before, now := brief(d.before), brief(d.now)
		if adopt.IsSecret(d.path) {
			before, now = "…", "…"
		}
		a.say("note: %s changes: %s → %s", nix.FormatAttrPath(d.path), before, now)
	}
	ad.reportRelease(a, answers)
	if len(differences) == 0 && ad.uncompared == nil {
		a.say("Compared with it, none of the options that the profile sets changes.")
	}
}

// reportRelease says what is not known where the machine and the profile are of two releases.
func (ad *adoption) reportRelease(a *app, answers starter.Answers) {
	if ad.machine.Release == answers.Release || ad.machine.Release > generator.DefaultRelease {
		return
	}
	a.say("note: this machine runs NixOS %s, and the profile is for %s: whether legacy.nix fits that release is seen "+
		"when it is built. Options that were renamed or removed since stand in the release notes of NixOS; "+
		"quick-deploy build changes nothing, and rollback leads back", ad.machine.Release, answers.Release)
	if ad.uncompared != nil {
		a.say("note: the options could not be compared: %v", ad.uncompared)
	}
	for _, o := range ad.legacy.Obstacles {
		a.say("note: %s", o)
	}
}

// brief is a value as Nix writes it, on one line that is not too long.
func brief(v any) string {
	if list, ok := v.([]any); ok {
		// Definitions in two places give an item twice.
		var distinct []any
		for _, item := range list {
			if !slices.ContainsFunc(distinct, func(other any) bool { return reflect.DeepEqual(item, other) }) {
				distinct = append(distinct, item)
			}
		}
		v = distinct
	}
	text := inNix(v)
	if r := []rune(text); len(r) > 60 {
		text = string(r[:60]) + "…"
	}
	return text
}

// inNix writes a value as Nix does.
func inNix(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return nix.Quote(v)
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = inNix(item) + " "
		}
		return "[ " + strings.Join(parts, "") + "]"
	case map[string]any:
		var b strings.Builder
		for _, key := range sortedKeys(v) {
			fmt.Fprintf(&b, "%s = %s; ", nix.FormatAttrPath([]string{key}), inNix(v[key]))
		}
		return "{ " + b.String() + "}"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// kept are the options that the old files define and the profile does not say.
func (ad *adoption) kept() []string {
	said := map[string]bool{
		"networking.hostName": true, "time.timeZone": true, "i18n.defaultLocale": true, "system.stateVersion": true,
		"nixpkgs.hostPlatform": true,
	}
	for _, s := range ad.machine.Services {
		said[nix.FormatAttrPath(s.Option)] = true
	}
	return ad.options(func(d adopt.Definition) bool {
		return !said[nix.FormatAttrPath(d.Path)] && (!ofHardware(d) || !ad.otherHardware)
	})
}

// maxGone is how many settings are named that a fresh start leaves behind.
const maxGone = 20

// probed are options of NixOS that the profile or the hardware says without the configuration.
var probed = []string{
	"imports", "networking.hostName", "time.timeZone", "i18n.defaultLocale", "system.stateVersion",
	"boot.loader.systemd-boot.enable", "boot.loader.efi.canTouchEfiVariables", "boot.loader.grub.enable",
	"boot.loader.grub.device", "boot.loader.grub.devices", "boot.loader.grub.useOSProber",
}

// gone is what the text of the configuration sets and a profile with these answers does not say.
func (g *guide) gone(answers starter.Answers) []string {
	if g.config == "" {
		return nil
	}
	text, err := regular.Read(machine.Inside(g.root, g.config))
	if err != nil || path.Base(g.config) == "flake.nix" {
		return []string{"all that " + g.config + " sets"}
	}
	set, err := settings.Read(text)
	if err != nil {
		return []string{"all that " + g.config + " sets"}
	}
	// What keeps a machine from starting, or out of reach, comes first.
	rank := func(s settings.Setting) int {
		first, _, _ := strings.Cut(s.Option, ".")
		return slices.Index([]string{"services", "networking", "boot", "console"}, first)
	}
	slices.SortStableFunc(set, func(x, y settings.Setting) int { return rank(y) - rank(x) })
	var out []string
	for _, s := range set {
		switch {
		case s.Option == "imports" && strings.Trim(s.Value, "[] ") != "./hardware-configuration.nix":
			out = append(out, fmt.Sprintf("what it imports (line %d)", s.Line))
		case s.Value == `""`, expressed(s, answers):
		case isKeyboard(s.Option):
			out = append(out, fmt.Sprintf("%s = %s (line %d)", s.Option, term.Line(s.Value), s.Line))
		default:
			// The value may be a secret.
			out = append(out, fmt.Sprintf("%s (line %d)", s.Option, s.Line))
		}
	}
	if len(out) > maxGone {
		out = append(out[:maxGone], fmt.Sprintf("and %d more", len(out)-maxGone))
	}
	return out
}

// expressed tells whether a profile with these answers, or the hardware, says what a configuration sets.
func expressed(s settings.Setting, answers starter.Answers) bool {
	account := strings.HasPrefix(s.Option, "users.users.") &&
		(strings.HasSuffix(s.Option, ".isNormalUser") || strings.HasSuffix(s.Option, ".description"))
	layout := isKeyboard(s.Option) && s.Value == fmt.Sprintf("%q", answers.Layout)
	return account || layout || slices.Contains(probed, s.Option)
}

// isKeyboard tells whether an option says what keyboard there is.
func isKeyboard(option string) bool {
	return option == "console.keyMap" || strings.HasPrefix(option, "services.xserver.xkb") ||
		option == "services.xserver.layout"
}

// sayGone names what a fresh start leaves behind.
func (g *guide) sayGone(a *app, answers starter.Answers) {
	gone := g.gone(answers)
	if answers.Adopt != "" || len(gone) == 0 {
		return
	}
	a.say("note: %s is not taken over. The first switch takes away what it sets beyond the profile: %s",
		g.config, strings.Join(gone, "; "))
	a.say("note: quick-deploy init --adopt takes it over instead")
}
