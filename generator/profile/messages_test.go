package profile

import (
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/schema"
)

// TestMessages are whole messages: what is wrong, why, and what to write instead, with the user's own words.
func TestMessages(t *testing.T) {
	s, err := schema.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, yaml, want string }{
		{"list of services", "services:\n      - openssh\n      - postgresql",
			`4:5: services must be a map, not a list; write "openssh: {}" in place of "- openssh", and so on`},
		{"list of users", "users: [ada, bob]", "4:12: users must be a map, not a list; write {ada: {}, bob: {}}"},
		{"entries with dashes", "services:\n      - nginx: {expose: true}",
			`4:5: services must be a map, not a list; leave out the dashes: a line is "nginx: …"`},
		{"list for keys", "keyboard: [de]", `4:15: keyboard must be a map, not a list; write a line KEY: VALUE for each entry, without dashes`},
		{"map for a list", "packages: {git: true}", `4:15: packages must be a list, not a map; start each entry with -`},
		{"text for a map", "keyboard: de", `4:15: keyboard must be a map, not "de"; its keys are layout, options, variant`},
		{"enabled", "services: {docker: enabled}", `4:24: docker must be a map, true or false, not "enabled"; write true`},
		{"0 for false", "users: {ada: {admin: 0}}", "4:26: admin must be true or false, not 0; write false"},
		{"a unit", "services: {postgresql: {port: 5432tcp}}", `4:35: port must be a whole number, not "5432tcp"; write 5432, without tcp`},
		{"number for a size", "services: {redis: {maxMemory: 512}}",
			"4:35: maxMemory must be text, not 512; it is a size such as 512mb or 4gb; write it like 512mb"},
		{"another word", "desktop: KDE", `4:14: desktop cannot be "KDE"; it is one of cosmic, gnome, plasma, hyprland, none; did you mean "plasma"?`},
		{"another word for a key", "services: {sshd: {}}", `4:16: unknown key "sshd" in services; did you mean "openssh"?`},
		{"another word for a platform", "system: arm64", `4:13: system cannot be "arm64"; it is one of x86_64-linux, aarch64-linux; did you mean "aarch64-linux"?`},
		{"a path for a name", "users: {ada: {shell: /bin/zsh}}", `4:26: shell cannot be "/bin/zsh"; it is one of bash, zsh, fish; did you mean "zsh"?`},
		{"a Flatpak by its name", "flatpak: {apps: [firefox]}",
			`4:22: "firefox" is not a valid Flatpak app id; ids have at least three parts, as in org.mozilla.firefox; flatpak search firefox finds it`},
		{"a package by its title", `packages: ["visual studio code"]`,
			`4:16: "visual studio code" is not a valid package name; names look like vscode or kdePackages.kate, or bundles are named like bundle:cli; quick-deploy search "visual studio code" finds it`},
		{"a country for a layout", "keyboard: {layout: germany}",
			`4:24: "germany" is not a valid keyboard layout; use a name from XKB, such as us, or several separated by commas; did you mean "de"?`},
		{"the file of a key", "users: {ada: {sshKeys: [~/.ssh/id.pub]}}",
			`4:29: "~/.ssh/id.pub" is not a valid public ssh key; it is one line as in id_ed25519.pub: the kind, the key and a comment; write the line that is in the file: cat ~/.ssh/id.pub shows it`},
		{"a key mistyped that is required", "services: {nginx: {sites: {x.org: {servce: grafana}}}}", `4:40: unknown key "servce" in x.org; did you mean "service"?`},
		{"a port that is none", "services: {grafana: {port: 99999}}", "4:32: port cannot be 99999; it must be at most 65535"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(Memory{"p.yaml": "version: 1\nhosts:\n  atlas:\n    " + c.yaml + "\n"}, "p.yaml", s)
			if err == nil || strings.ReplaceAll(err.Error(), "p.yaml:", "") != c.want {
				t.Errorf("got\n%v\nwant\n%s", err, c.want)
			}
		})
	}
	for _, c := range []struct{ name, text, want string }{
		{"configuration.nix", "{ config, pkgs, ... }:\n{\n  # x\n  networking.hostName = \"x\"; # y\n}\n", `1:1: this is Nix, not YAML; quick-deploy init --adopt PATH takes a configuration over`},
		{"with a comment first", "# Edit this\n{ pkgs, ... }: {\n  services.openssh.enable = true;\n}\n", `1:1: this is Nix, not YAML; quick-deploy init --adopt PATH takes a configuration over`},
		{"a host as a list", "version: 1\nhosts:\n  - name: atlas\n    timezone: UTC\n",
			`2:1: hosts must be a map, not a list; write "atlas:" in place of "- name: atlas", and the rest below it`},
		{"no version", "hosts: {a: {}}\n", `1:1: the profile lacks the key "version"; it is required; add version: 1`},
		{"a host name", "version: 1\nhosts: {my_host!: {}}\n",
			`2:9: "my_host!" is not a valid host name; it has labels of 1 to 63 letters, digits and inner hyphens, separated by dots (RFC 1123); write my-host`},
		{"three spaces of four", "version: 1\nhosts:\n  a:\n    locale: C.UTF-8\n   timezone: UTC\n",
			"5:4: this line has 3 spaces, the line above has 4; give it 4"},
		{"a line between", "version: 1\nhosts:\n  a:\n    users:\n      ada: {}\n   timezone: UTC\n",
			"6:4: this line has 3 spaces, line 4 has 4; give it 4"},
		{"an old release", "version: 1\nrelease: \"24.11\"\nhosts: {a: {}}\n", `2:10: 24.11 is no longer supported; write "26.05"`},
		{"a new release", "version: 1\nhosts: {a: {release: \"27.05\"}}\n",
			`2:22: 27.05 is not known to this version of quick-deploy; update quick-deploy, or write "26.05"`},
		{"a tab among four", "version: 1\nhosts:\n  a:\n    locale: C.UTF-8\n\ttimezone: UTC\n",
			"5:1: a tab indents this line; YAML indents with spaces only; use 4 spaces"},
		{"a tab below a key", "version: 1\nhosts:\n    a:\n\ttimezone: UTC\n",
			"4:1: a tab indents this line; YAML indents with spaces only; use 8 spaces"},
		{"a colon in text", "version: 1\nhosts:\n  a: {users: {ada: {description: Ada: the first, admin: true}}}\n",
			`3:37: a second colon in one entry; an entry is one key: value; write description: "Ada: the first"`},
		{"a colon in text on its line", "version: 1\nhosts:\n  a:\n    timezone: see: below # not here\n",
			`4:15: a second key on this line; a line holds one key: value; write timezone: "see: below" if it is text, or start a new line`},
		{"a reserved character", "version: 1\nrelease: @x\nhosts: {a: {}}\n",
			`2:10: a value cannot start with @; YAML reserves it; write release: "@x"`},
		{"broken JSON is no Nix", "{\"version\": 1\n \"hosts\": {}}\n", `2:2: a comma is missing before this; put one between the entries, or close the bracket before them`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(Memory{"p.yaml": c.text}, "p.yaml", s)
			if err == nil || strings.ReplaceAll(err.Error(), "p.yaml:", "") != c.want {
				t.Errorf("got\n%v\nwant\n%s", err, c.want)
			}
		})
	}
}
