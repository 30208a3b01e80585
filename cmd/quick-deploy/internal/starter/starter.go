// Package starter writes the first profile of a machine: short, commented,
// filled in with what the machine tells about itself.
package starter

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/generator"
)

// Answers are what the profile is made from. Empty ones are left out, or
// stand in the profile as a comment to fill in.
type Answers struct {
	Preset       string
	Release      string
	Hostname     string
	StateVersion string
	Timezone     string
	Locale       string
	Layout       string
	Desktop      string
	User         string
	Description  string
	Shell        string
	Email        string
	SSHKeys      []string
	Services     []string
	Packages     []string
	// Schema is the address of the schema for editors.
	Schema string
}

// Profile is the text of the profile.
func Profile(a Answers) ([]byte, error) {
	w := &writer{}
	if a.Schema != "" {
		w.line(0, "# yaml-language-server: $schema="+a.Schema)
	}
	w.line(0, "# One profile, one machine or many. quick-deploy diff shows what a change does.")
	w.line(0, "version: 1")
	w.pair(0, "release", a.Release)
	if a.Preset != "" {
		w.list(0, "extends", []string{"preset:" + a.Preset})
	}
	w.line(0, "")
	w.line(0, "hosts:")
	w.line(1, w.scalar(a.Hostname)+":")
	w.line(2, "# The release this machine was installed with. It stays, also after upgrades.")
	w.pair(2, "stateVersion", a.StateVersion)
	w.optional(2, "timezone", a.Timezone, "Europe/Berlin")
	w.pair(2, "locale", a.Locale)
	if a.Layout != "" {
		w.line(2, "keyboard: {layout: "+w.scalar(a.Layout)+"}")
	}
	w.pair(2, "desktop", a.Desktop)
	w.users(a)
	w.services(a.Services)
	w.list(2, "packages", a.Packages)
	return []byte(w.text.String()), w.err
}

type writer struct {
	text strings.Builder
	err  error
}

func (w *writer) line(depth int, s string) {
	if s != "" {
		w.text.WriteString(strings.Repeat("  ", depth) + s)
	}
	w.text.WriteByte('\n')
}

func (w *writer) pair(depth int, key, value string) {
	if value != "" {
		w.line(depth, key+": "+w.scalar(value))
	}
}

// optional writes an empty value as a comment that shows an example.
func (w *writer) optional(depth int, key, value, example string) {
	if value == "" {
		w.line(depth, "# "+key+": "+example)
		return
	}
	w.pair(depth, key, value)
}

func (w *writer) list(depth int, key string, items []string) {
	if len(items) == 0 {
		return
	}
	quoted := make([]string, len(items))
	for i, item := range items {
		quoted[i] = w.scalar(item)
	}
	w.line(depth, key+": ["+strings.Join(quoted, ", ")+"]")
}

func (w *writer) users(a Answers) {
	if a.User == "" {
		return
	}
	w.line(2, "users:")
	w.line(3, w.scalar(a.User)+":")
	w.pair(4, "description", a.Description)
	w.line(4, "admin: true")
	w.pair(4, "shell", a.Shell)
	if len(a.SSHKeys) == 0 {
		w.line(4, "# sshKeys: [ssh-ed25519 AAAA… you@laptop]")
	} else {
		w.line(4, "sshKeys:")
		for _, key := range a.SSHKeys {
			w.line(5, "- "+w.scalar(key))
		}
	}
	w.line(4, "home:")
	if a.Shell != "" {
		w.line(5, a.Shell+": {}")
	}
	if a.Email == "" {
		w.line(5, "# git: {name: "+example(a.Description, "Ada Lovelace")+", email: ada@example.org}")
		w.line(5, "git: {}")
		return
	}
	w.line(5, "git:")
	w.pair(6, "name", a.Description)
	w.pair(6, "email", a.Email)
}

func (w *writer) services(names []string) {
	if len(names) == 0 {
		w.line(2, "# quick-deploy services list shows what can be named here.")
		w.line(2, "services: {}")
		return
	}
	w.line(2, "services:")
	for _, name := range names {
		w.line(3, name+": {}")
	}
}

func example(text, fallback string) string {
	if text == "" || strings.ContainsAny(text, ",{}[]\n") {
		return fallback
	}
	return text
}

// plain are texts that mean themselves in YAML without quotes.
var plain = regexp.MustCompile(`^[A-Za-z_/][A-Za-z0-9_./+-]*( [A-Za-z0-9_./+-]+)*$`)

// scalar is s as a YAML scalar that reads back as the same string.
func (w *writer) scalar(s string) string {
	if plain.MatchString(s) && isString(s) {
		return s
	}
	q, err := yaml.MarshalWithOptions(s, yaml.JSON())
	if err != nil {
		w.err = fmt.Errorf("write the profile: %w", err)
	}
	return strings.TrimSpace(string(q))
}

// isString tells whether YAML reads the bare s as a string, not as a number, a truth value or null.
func isString(s string) bool {
	var v any
	return yaml.Unmarshal([]byte(s), &v) == nil && v == any(s)
}

// For fills in what machine m tells about itself.
func For(m machine.Machine, preset string) Answers {
	a := Answers{
		Preset: preset, Release: generator.DefaultRelease, StateVersion: generator.DefaultRelease,
		Hostname: "nixos", Timezone: m.Timezone, Locale: m.Locale, Layout: m.Layout,
	}
	if hostname.MatchString(m.Hostname) {
		a.Hostname = m.Hostname
	}
	// A running NixOS keeps its release as the stateVersion unless the user knows better.
	if stable.MatchString(m.Release) {
		a.StateVersion = m.Release
	}
	if len(m.Users) > 0 {
		u := m.Users[0]
		a.User, a.Description = u.Name, u.Description
		if u.Shell == "bash" || u.Shell == "zsh" || u.Shell == "fish" {
			a.Shell = u.Shell
		}
	}
	return a
}

var (
	hostname = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	stable   = regexp.MustCompile(`^[0-9]{2}\.(05|11)$`)
)
