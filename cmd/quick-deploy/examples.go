package main

import (
	"strings"

	"github.com/urfave/cli/v3"
)

// examples are command lines to learn from, by command; --help and the manual
// pages show them. A test holds them against the commands and flags there are.
var examples = map[string][]string{
	"": {
		"quick-deploy init",
		"quick-deploy diff",
		"quick-deploy switch",
		"quick-deploy --dry-run --host atlas",
	},
	"init": {
		"quick-deploy init",
		"quick-deploy init --yes --preset server --service postgresql --service grafana",
		"quick-deploy init --save-answers answers.yaml",
		"quick-deploy --profile laptop.yaml init --answers answers.yaml",
		"quick-deploy init --adopt",
	},
	"validate": {"quick-deploy validate", "quick-deploy --profile fleet.yaml --json validate"},
	"probe":    {"quick-deploy probe --explain", "quick-deploy --json probe > atlas.facts.json"},
	"generate": {"quick-deploy -o ./flake generate", "quick-deploy generate --check"},
	"diff":     {"quick-deploy diff", "quick-deploy diff --built", "quick-deploy --json diff"},
	"build":    {"quick-deploy build", "quick-deploy build -- --print-build-logs"},
	"test":     {"quick-deploy test", "quick-deploy test --skip-health-check"},
	"boot":     {"quick-deploy boot", "quick-deploy --yes boot"},
	"switch": {
		"quick-deploy switch",
		"quick-deploy --yes switch --no-home",
		"quick-deploy --dry-run --json switch",
	},
	"status":   {"quick-deploy status", "quick-deploy --json status"},
	"history":  {"quick-deploy history", "quick-deploy --json history"},
	"rollback": {"quick-deploy rollback", "quick-deploy rollback --to 12", "quick-deploy --dry-run rollback --home"},
	"resume":   {"quick-deploy resume"},
	"health":   {"quick-deploy health", "quick-deploy health --fix"},
	"backup":   {"quick-deploy backup list", "quick-deploy backup restore 20260501_100000"},

	"backup list":    {"quick-deploy backup list", "quick-deploy backup list 20260501_100000"},
	"backup restore": {"quick-deploy backup restore 20260501_100000", "quick-deploy backup restore 20260501_100000 /etc/hosts"},

	"services":        {"quick-deploy services list", "quick-deploy services add grafana prometheus"},
	"services list":   {"quick-deploy services list", "quick-deploy --json services list"},
	"services show":   {"quick-deploy services show postgresql"},
	"services add":    {"quick-deploy services add grafana prometheus", "quick-deploy --host atlas --dry-run services add redis"},
	"services remove": {"quick-deploy services remove grafana"},

	"hosts":         {"quick-deploy hosts", "quick-deploy --json hosts --on @canary"},
	"explain":       {"quick-deploy explain timezone", "quick-deploy explain web-1 services.nginx.expose", "quick-deploy explain --option networking.hostName"},
	"fleet":         {"quick-deploy fleet status", "quick-deploy fleet deploy --wave canary"},
	"fleet deploy":  {"quick-deploy fleet deploy --on @web", "quick-deploy --dry-run fleet deploy"},
	"fleet status":  {"quick-deploy fleet status", "quick-deploy --json fleet status"},
	"fleet install": {"quick-deploy fleet install web-3"},
	"update":        {"quick-deploy update", "quick-deploy update nixpkgs", "quick-deploy update --undo"},
	"pin":           {"quick-deploy pin export", "quick-deploy pin verify"},
	"pin export":    {"quick-deploy pin export", "quick-deploy pin export --evaluate -"},
	"pin verify":    {"quick-deploy pin verify"},
	"pin show":      {"quick-deploy pin show nixpkgs"},
	"schema":        {"quick-deploy schema > .quick-deploy.schema.json"},
	"man":           {"quick-deploy man switch | man -l -", "quick-deploy man quick-deploy.yaml | man -l -"},
	"help":          {"quick-deploy help", "quick-deploy help fleet deploy"},
}

// addExamples puts the examples under the descriptions of c and the commands
// below it, indented as Markdown wants it for the manual pages.
func addExamples(c *cli.Command, path string) {
	if lines := examples[path]; len(lines) > 0 {
		if c.Description != "" {
			c.Description += "\n\n"
		}
		c.Description += "Examples:\n\n    " + strings.Join(lines, "\n    ")
	}
	for _, sub := range c.Commands {
		addExamples(sub, strings.TrimSpace(path+" "+sub.Name))
	}
}
