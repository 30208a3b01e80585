package play

import (
	"slices"
	"strings"
	"testing"
)

// at is the profile with the cursor where the text has ‸.
func at1(text string) cursor {
	before, after, _ := strings.Cut(text, "‸")
	lines := strings.Split(before, "\n")
	last := lines[len(lines)-1]
	return cursor{before + after, len(lines), utf16Column(last, len(last))}
}

func TestComplete(t *testing.T) {
	const host = "version: 1\nhost:\n  name: atlas\n"
	for name, c := range map[string]struct {
		text     string
		has, not []string // labels
		apply    string   // of the first in has
		from, to int      // where they are given
	}{
		"the top":                  {text: "‸", has: []string{"host:\n  ", "hosts", "version", "release"}, not: []string{"name"}},
		"not twice":                {text: "version: 1\n‸\nrelease: unstable\n", has: []string{"host"}, not: []string{"version", "release"}},
		"half a key":               {text: "rel‸", has: []string{"release"}, from: 1, to: 4},
		"in a key":                 {text: "re‸l", has: []string{"release"}, from: 1, to: 4, apply: "release: "},
		"a key with a colon":       {text: "re‸l: unstable", has: []string{"release"}, apply: "-"},
		"a host":                   {text: host + "  ‸", has: []string{"timezone", "services"}, not: []string{"name", "version"}},
		"hosts":                    {text: "hosts:\n  atlas:\n    ti‸", has: []string{"timezone"}, from: 5, to: 7},
		"below a group":            {text: "groups:\n  web:\n    ‸", has: []string{"services"}},
		"services":                 {text: host + "  services:\n    ‸", has: []string{"nginx", "postgresql"}, apply: "nginx: {}"},
		"services in braces":       {text: host + "  services: {nginx: {}, po‸}", has: []string{"postgresql"}, not: []string{"nginx"}},
		"a service in braces":      {text: host + "  services: {nginx: {‸", has: []string{"expose", "sites"}, not: []string{"nginx"}},
		"after an open brace":      {text: host + "  services: {nginx: {\n  desktop: ‸", has: []string{"gnome", "plasma"}},
		"below an open brace":      {text: host + "  services: {nginx: {},\n    ‸", has: []string{"postgresql"}, not: []string{"nginx"}},
		"a word or a map":          {text: host + "  desk‸", has: []string{"desktop"}, apply: "desktop: "},
		"an enum":                  {text: host + "  desktop: ‸", has: []string{"gnome", "none"}},
		"a number that is text":    {text: "release: ‸", has: []string{"26.05", "unstable"}, apply: `"26.05"`},
		"true or false":            {text: host + "  services: {nginx: {expose: ‸}}", has: []string{"false", "true"}},
		"no space yet":             {text: host + "  desktop:‸", not: []string{"gnome"}},
		"the other lines are torn": {text: "hosts: [\n]]: {\nhost:\n  name: 'atlas\n  desk‸", has: []string{"desktop"}},
		"users":                    {text: host + "  users:\n    ada:\n      ad‸", has: []string{"admin"}},
		"programs of a home":       {text: host + "  users:\n    ada: {home: {g‸", has: []string{"git"}},
		"presets":                  {text: "extends: [preset:‸]", has: []string{"preset:server"}, from: 11, to: 18},
		"presets as lines":         {text: "extends:\n- ‸", has: []string{"preset:server"}},
		"packages":                 {text: host + "  packages: [ripgre‸]", has: []string{"ripgrep"}, not: []string{"htop"}},
		"packages as lines":        {text: host + "  packages:\n    - htop\n    - bundle:‸", has: []string{"bundle:cli"}},
		"packages that are added":  {text: host + "  +packages: [jq, ripgre‸]", has: []string{"ripgrep"}},
		"lists that are added to":  {text: host + "  +pac‸", has: []string{"+packages"}, not: []string{"packages"}},
		"options":                  {text: host + "  nixos:\n    services.ope‸", has: []string{"services.openssh."}},
		"options that end":         {text: host + "  nixos:\n    services.openssh.‸", has: []string{"services.openssh.enable"}},
		"options below each other": {text: host + "  nixos:\n    services:\n      openssh: {ena‸", has: []string{"enable"}},
		"options of homes":         {text: host + "  home:\n    programs.gi‸", has: []string{"programs.git."}},
		"behind wide letters":      {text: host + "  users: {ada: {description: \"😀 é\", ad‸}}", has: []string{"admin"}, from: 38, to: 40},
		"keys in an item":          {text: host + "  hardware:\n    ‸", has: []string{"facts"}},
		"a comment":                {text: host + "  # ‸", not: []string{"timezone"}},
		"another item":             {text: "hosts:\n  a: {groups: [web], ‸", has: []string{"tags"}, not: []string{"groups"}},
		"text in several lines":    {text: host + "  description: |\n    desktop: x\n  ‸", has: []string{"desktop"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPage(t)
			a := ask[completions](t, p, "complete", at1(c.text))
			var labels []string
			for _, o := range a.Options {
				labels = append(labels, o.Label)
			}
			if !slices.IsSorted(labels) {
				t.Errorf("not sorted: %q", labels)
			}
			for i, want := range c.has {
				label, _, _ := strings.Cut(want, ":\n")
				at := slices.Index(labels, label)
				if at < 0 {
					t.Errorf("%q is not offered, but %.20q", label, labels)
				} else if i == 0 && c.apply != "" && a.Options[at].Apply != strings.Trim(c.apply, "-") {
					t.Errorf("writes %q, want %q", a.Options[at].Apply, c.apply)
				}
			}
			for _, no := range c.not {
				if slices.Contains(labels, no) {
					t.Errorf("%q is offered", no)
				}
			}
			if c.from > 0 && (a.From != c.from || a.To != c.to) {
				t.Errorf("replaces %d to %d, want %d to %d", a.From, a.To, c.from, c.to)
			}
		})
	}
}

// Wherever the cursor is in a profile, valid or not, there is an answer, and each key of a golden profile is known.
func TestEveryCursor(t *testing.T) {
	p := newPage(t)
	for name, q := range cases(t) {
		lines := strings.Split(q.Profile, "\n")
		for i, line := range lines[:min(len(lines), 60)] {
			for column := 1; column <= min(utf16Column(line, len(line)), 90); column += 3 {
				c := cursor{q.Profile, i + 1, column}
				if got, err := p.complete(c); err != nil || got.From > got.To || got.From > column || got.To < column {
					t.Fatalf("%s:%d:%d: %+v %v", name, i+1, column, got, err)
				}
				if _, err := p.hover(c); err != nil {
					t.Fatalf("%s:%d:%d: %v", name, i+1, column, err)
				}
			}
		}
		for _, token := range scan(q.Profile).tokens {
			if nodes, options, _ := p.nodesAt(append(slices.Clone(token.path), token.text)); token.key && nodes == nil && options == nil &&
				!slices.Contains(token.path, "settings") && !slices.Contains(token.path, "files") {
				t.Errorf("%s:%d: no schema for %q in %q", name, token.line+1, token.text, token.path)
			}
		}
	}
}

func TestHover(t *testing.T) {
	const host = "host:\n  name: atlas\n"
	for name, c := range map[string]struct {
		text  string
		title string // "" for none
		has   string // in the text, the type and the default
		from  int
	}{
		"a key":         {text: host + "  time‸zone: Etc/UTC", title: "timezone", has: "Time zone", from: 3},
		"its end":       {text: "version‸: 1", title: "version", has: "Version of this file format", from: 1},
		"a default":     {text: "rel‸ease: unstable", title: "release", has: `26.05, 25.11, unstable "26.05"`, from: 1},
		"a service":     {text: host + "  services: {ng‸inx: {}}", title: "nginx", has: "service", from: 14},
		"an option":     {text: host + "  nixos: {services.openssh.en‸able: true}", title: "services.openssh.enable", has: "boolean false", from: 11},
		"a bundle":      {text: host + "  packages: [bundle:c‸li]", title: "bundle:cli", has: "ripgrep", from: 14},
		"a value":       {text: host + "  timezone: Etc/‸UTC"},
		"an unknown":    {text: host + "  timezon‸e2: Etc/UTC"},
		"nothing there": {text: host + "‸"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask[*tooltip](t, newPage(t), "hover", at1(c.text))
			if got == nil || c.title == "" {
				if got != nil || c.title != "" {
					t.Errorf("%+v, want %q", got, c.title)
				}
				return
			}
			if all := got.Text + " " + got.Type + " " + got.Default; got.Title != c.title || !strings.Contains(all, c.has) ||
				got.From != c.from {
				t.Errorf("%+v, want %q at %d with %q", got, c.title, c.from, c.has)
			}
		})
	}
}
