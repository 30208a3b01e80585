// Package starter writes the first profile of a machine: short, commented,
// filled in with what the machine tells about itself.
package starter

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/generator"
)

// Answers are what the profile is made from. Empty ones are left out, or
// stand in the profile as a comment to fill in. The keys of an answers file are
// the names of the flags of init.
type Answers struct {
	Preset       string   `yaml:"preset"`
	Release      string   `yaml:"release"`
	Hostname     string   `yaml:"hostname"`
	StateVersion string   `yaml:"state-version"`
	Timezone     string   `yaml:"timezone"`
	Locale       string   `yaml:"locale"`
	Layout       string   `yaml:"layout"`
	Variant      string   `yaml:"variant"` // of the layout
	Options      string   `yaml:"keyboard-options"`
	Desktop      string   `yaml:"desktop"`
	User         string   `yaml:"user"`
	Name         string   `yaml:"name"` // full name, also for git
	Email        string   `yaml:"email"`
	Shell        string   `yaml:"shell"`
	SSHKeys      []string `yaml:"ssh-key"`
	Services     []string `yaml:"service"`
	Packages     []string `yaml:"package"`
	// Others are further accounts of the machine. They are named, since NixOS
	// removes an account that a configuration declared once and does not any more.
	Others []Account `yaml:"others"`
	// Adopt is the configuration that was taken over, empty if there was none.
	Adopt string `yaml:"adopt"`
	// Home is none where somebody else makes the home of the user.
	Home string `yaml:"home"`
	// FileSystems and Loader are none where the configuration that was taken over says them.
	FileSystems string `yaml:"file-systems"`
	Loader      string `yaml:"loader"`
	// Schema is the address of the schema for editors.
	Schema string `yaml:"-"`
}

// Account is somebody who has an account on the machine.
type Account struct {
	User  string `yaml:"user"`
	Name  string `yaml:"name"`
	Shell string `yaml:"shell"`
	Admin bool   `yaml:"admin"`
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
	w.keyboard(a)
	w.pair(2, "desktop", a.Desktop)
	w.hardware(a)
	w.users(a)
	w.services(a)
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

func (w *writer) keyboard(a Answers) {
	if a.Layout == "" {
		return
	}
	text := "layout: " + w.scalar(a.Layout)
	if a.Variant != "" {
		text += ", variant: " + w.scalar(a.Variant)
	}
	if a.Options != "" {
		text += ", options: " + w.scalar(a.Options)
	}
	w.line(2, "keyboard: {"+text+"}")
}

// hardware is what the configuration that was taken over says itself.
func (w *writer) hardware(a Answers) {
	var keys []string
	if a.FileSystems != "" {
		keys = append(keys, "mode: probe", "fileSystems: "+w.scalar(a.FileSystems))
	}
	if a.Loader != "" {
		keys = append(keys, "loader: {kind: "+w.scalar(a.Loader)+"}")
	}
	if len(keys) > 0 {
		w.line(2, "# legacy.nix says these; the rest of the hardware is probed.")
		w.line(2, "hardware: {"+strings.Join(keys, ", ")+"}")
	}
}

func (w *writer) users(a Answers) {
	if a.User == "" {
		return
	}
	w.line(2, "users:")
	w.line(3, w.scalar(a.User)+":")
	w.pair(4, "description", a.Name)
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
	if a.Home != "none" {
		w.home(a)
	}
	for _, o := range a.Others {
		w.account(o)
	}
}

func (w *writer) home(a Answers) {
	w.line(4, "home:")
	if a.Shell != "" {
		w.line(5, a.Shell+": {}")
	}
	if a.Email == "" {
		w.line(5, "# git: {name: "+example(a.Name, "Ada Lovelace")+", email: ada@example.org}")
		w.line(5, "git: {}")
	} else {
		w.line(5, "git:")
		w.pair(6, "name", a.Name)
		w.pair(6, "email", a.Email)
	}
}

func (w *writer) account(o Account) {
	if o == (Account{User: o.User}) {
		w.line(3, w.scalar(o.User)+": {}")
		return
	}
	w.line(3, w.scalar(o.User)+":")
	w.pair(4, "description", o.Name)
	if o.Admin {
		w.line(4, "admin: true")
	}
	w.pair(4, "shell", o.Shell)
}

// dormant are services that a workstation often comes to need, in the form that
// one wants then. They stand in its first profile as comments.
var dormant = []struct{ name, value string }{
	{"postgresql", "{databases: [aidb]}"},
	{"redis", "{}"},
	{"nginx", "{}"},
	{"prometheus", "{}"},
	{"grafana", "{}"},
	{"fail2ban", "{}"},
	{"auto-upgrade", "{flake: github:you/machines}"},
}

// workstation tells whether a preset is one that people sit at.
func workstation(preset string) bool { return strings.HasSuffix(preset, "workstation") }

func (w *writer) services(a Answers) {
	if len(a.Services) == 0 {
		w.line(2, "# quick-deploy services list shows what can be named here.")
	}
	if !workstation(a.Preset) && len(a.Services) == 0 {
		w.line(2, "services: {}")
		return
	}
	w.line(2, "services:")
	for _, name := range a.Services {
		w.line(3, w.scalar(name)+": {}")
	}
	if !workstation(a.Preset) {
		return
	}
	if len(a.Services) == 0 {
		// A key without a value would take away what the preset has.
		w.line(3, "fwupd: {} # updates firmware; the preset has it too")
	}
	w.line(3, "# None of these runs. Taking away a # switches one on.")
	for _, s := range dormant {
		if !slices.Contains(a.Services, s.name) {
			w.line(3, "# "+s.name+": "+s.value)
		}
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
	// JSON is YAML.
	var quoted strings.Builder
	enc := json.NewEncoder(&quoted)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		w.err = fmt.Errorf("write the profile: %w", err)
	}
	return strings.TrimSuffix(quoted.String(), "\n")
}

// isString tells whether YAML reads the bare s as a string, not as a number, a truth value or null.
func isString(s string) bool {
	var v any
	return yaml.Load([]byte(s), &v) == nil && v == any(s)
}

// For fills in what machine m tells about itself.
func For(m machine.Machine, preset string) Answers {
	a := Answers{
		Preset: preset, Release: generator.DefaultRelease, StateVersion: generator.DefaultRelease,
		Hostname: "nixos", Timezone: m.Timezone, Locale: m.Locale,
		Layout: m.Keyboard.Layout, Variant: m.Keyboard.Variant, Options: m.Keyboard.Options,
	}
	if hostname.MatchString(m.Hostname) {
		a.Hostname = m.Hostname
	}
	// A running NixOS keeps the stateVersion of its configuration; where that does not say it
	// in plain words, the release that runs is the best guess.
	for _, v := range []string{m.Release, m.StateVersion} {
		if stable.MatchString(v) {
			a.StateVersion = v
		}
	}
	for i, u := range m.Users {
		account := Account{User: u.Name, Name: u.Description, Shell: shell(u), Admin: u.Admin}
		if i == 0 {
			a.User, a.Name, a.Shell = account.User, account.Name, account.Shell
			continue
		}
		a.Others = append(a.Others, account)
	}
	return a
}

// shell is the login shell of u, where it is one that a profile can name.
func shell(u machine.User) string {
	switch u.Shell {
	case "bash", "zsh", "fish":
		return u.Shell
	}
	return ""
}

var (
	hostname = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	stable   = regexp.MustCompile(`^[0-9]{2}\.(03|04|05|09|10|11|12)$`)
)
