package setup

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/adopt"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// report says what the profile says now, what stays with the old
// configuration, and what is different from before.
func (ad *adoption) report(g *Guide, answers starter.Answers, differences []difference) {
	g.Say("%s is taken over, and stays as it is.", ad.config.Dir)
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
	g.Say("The profile says: %s.", strings.Join(said, "; "))
	kept := ad.kept()
	g.Say("legacy.nix keeps %s: %s.", term.Count(len(kept), "option"), term.List(kept))
	if ad.unlisted != nil {
		g.Say("note: they are listed by the text of the files, and there may be more: %v", ad.unlisted)
	}
	for _, brought := range ad.legacy.Brought {
		g.Say("note: copied into the flake from outside: %s", brought)
	}
	for _, left := range ad.legacy.Left {
		g.Say("note: not copied: %s", left)
	}
	for _, place := range ad.legacy.Secrets {
		g.Say("note: %s looks like a secret: it would be in the flake and in the store, "+
			"which everybody may read, as it does now", place)
	}
	if ad.otherHardware {
		g.Say("note: hardware-configuration.nix is another machine's: this one has no %s. It does not come along, "+
			"and this machine is probed instead; what it sets: %s", ad.machine.Root, strings.Join(ad.options(ofHardware), ", "))
	}
	for _, d := range differences {
		before, now := brief(d.before), brief(d.now)
		if adopt.IsSecret(d.path) {
			before, now = "…", "…"
		}
		g.Say("note: %s changes: %s → %s", nix.FormatAttrPath(d.path), before, now)
	}
	ad.reportRelease(g, answers)
	if len(differences) == 0 && ad.uncompared == nil {
		g.Say("Compared with it, none of the options that the profile sets changes.")
	}
}

// reportRelease says what is not known where the machine and the profile are of two releases.
func (ad *adoption) reportRelease(g *Guide, answers starter.Answers) {
	if ad.machine.Release == answers.Release || ad.machine.Release > generator.DefaultRelease() {
		return
	}
	g.Say("note: this machine runs NixOS %s, and the profile is for %s: whether legacy.nix fits that release is seen "+
		"when it is built. The release notes of NixOS list options that were renamed or removed since; "+
		"quick-deploy build changes nothing, and rollback undoes a switch", ad.machine.Release, answers.Release)
	if ad.uncompared != nil {
		g.Say("note: the options could not be compared: %v", ad.uncompared)
	}
	for _, o := range ad.legacy.Obstacles {
		g.Say("note: %s", o)
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
	text := fmt.Sprint(v)
	if e, err := nix.FromValue(v); err == nil {
		if printed, err := nix.Print(e); err == nil {
			text = strings.Join(strings.Fields(string(printed)), " ")
		}
	}
	if r := []rune(text); len(r) > 60 {
		text = string(r[:60]) + "…"
	}
	return text
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
