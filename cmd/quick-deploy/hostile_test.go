package main

import (
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// Whatever a profile, its name or an argument holds, only text is printed.
func TestHostileProfiles(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: runs all commands with each profile")
	}
	const raw = "a\x1b]52;c;ZXZpbA==\a\x1b[31m\u009b1m\u202eb"
	const escaped = `a\x1b]52;c;ZXZpbA==\a\x1b[31m\u009b1m\u202eb`
	for _, line := range []string{
		`"` + escaped + `": 1`, `timezone: "` + escaped + `"`, `services: {"` + escaped + `": {}}`, `groups: ["` + escaped + `"]`,
		`users: {"` + escaped + `": {}}`, `tags: ["` + escaped + `"]`, `nixos: {environment.variables.X: "` + escaped + `"}`,
		`nixos: {'a."` + raw + `"': 1}`, `extends: ["` + escaped + `"]`, `packages: ["` + escaped + `"]`, `timezone: ` + raw, `x: [` + raw,
		`services: {grafana: {adminPasswordSecret: "` + escaped + `"}}`, `hardware: {facts: "` + escaped + `"}`,
	} {
		text := "version: 1\nhost:\n  name: atlas\n  system: x86_64-linux\n  stateVersion: \"26.05\"\n  " + line + "\n"
		for _, args := range [][]string{
			{"validate"}, {"--json", "validate"}, {"explain", "timezone"}, {"explain", raw}, {"--json", "explain", "tags"}, {"list"}, {"--flake", "out", "generate"},
			{"--flake", "out", "diff"}, {"--flake", "out", "--json", "diff"}, {"--flake", "out", "plan"}, {"--host", raw, "plan"}, {raw}, {"--" + raw}, {"--profile", raw, "validate"},
			{"hosts"}, {"--json", "hosts"}, {"history"},
		} {
			out, _ := said(t, map[string]string{"quick-deploy.yaml": text}, args...)
			for _, r := range out {
				if r != '\n' && r != '\t' && term.Hidden(r) {
					t.Errorf("%q of %q prints U+%04X:\n%q", args, line, r, out)
					break
				}
			}
		}
	}
	// A file may be called anything.
	out, _ := said(t, map[string]string{raw + ".yaml": "version: 1\nx: 1\n"}, "--profile", raw+".yaml", "validate")
	if strings.ContainsAny(out, "\x1b\a\u202e\u009b") {
		t.Errorf("%q", out)
	}
}
