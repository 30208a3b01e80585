// Package starter writes the first profile of a machine: short, commented,
// filled in with what the machine tells about itself.
package starter

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"text/template"

	"github.com/goccy/go-yaml"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// Answers are what the profile is made from. Empty ones are left out, or
// stand in the profile as a comment to fill in. The keys of an answers file are
// the names of the flags of init.
type Answers struct {
	Preset       string `yaml:"preset"`
	Release      string `yaml:"release"`
	Hostname     string `yaml:"hostname"`
	StateVersion string `yaml:"state-version"`
	Timezone     string `yaml:"timezone"`
	Locale       string `yaml:"locale"`
	Layout       string `yaml:"layout"`
	Variant      string `yaml:"variant"` // of the layout
	Options      string `yaml:"keyboard-options"`
	Desktop      string `yaml:"desktop"`
	User         string `yaml:"user"`
	Name         string `yaml:"name"` // full name, also for git
	Email        string `yaml:"email"`
	Shell        string `yaml:"shell"`
	GitHub       string `yaml:"github"` // account on github.com
	// Home is none where somebody else makes the home of the user.
	Home string `yaml:"home"`
	// Adopt is the configuration that was taken over, empty if there was none.
	Adopt string `yaml:"adopt"`
	// FileSystems and Loader are none where the configuration that was taken over says them.
	FileSystems string   `yaml:"file-systems"`
	Loader      string   `yaml:"loader"`
	SSHKeys     []string `yaml:"ssh-key"`
	Services    []string `yaml:"service"`
	NoServices  []string `yaml:"no-service"` // of the preset
	Packages    []string `yaml:"package"`
	// Others are further accounts of the machine. They are named, since NixOS
	// removes an account that a configuration declared once and does not any more.
	Others []machine.User `yaml:"others"`
	// Schema is the address of the schema for editors.
	Schema string `yaml:"-"`
}

//go:embed profile.yaml.tmpl
var profileText string

var first = sync.OnceValue(func() *template.Template {
	funcs := template.FuncMap{"text": scalar, "example": example}
	return template.Must(template.New("profile").Funcs(funcs).Parse(profileText))
})

// Profile returns the text of the profile.
func Profile(a Answers) ([]byte, error) {
	var out bytes.Buffer
	if err := first().Execute(&out, a); err != nil {
		return nil, fmt.Errorf("write the profile: %w", err)
	}
	return out.Bytes(), nil
}

// Workstation tells whether the preset is one that people sit at.
func (a Answers) Workstation() bool { return strings.HasSuffix(a.Preset, "workstation") }

// Dormant returns the services that a workstation often comes to need, in the form that one wants then, without
// those that are on. They stand in its first profile as comments.
func (a Answers) Dormant() []string {
	return slices.DeleteFunc([]string{
		"postgresql: {databases: [aidb]}", "redis: {}", "nginx: {}", "prometheus: {}", "grafana: {}", "fail2ban: {}",
		"auto-upgrade: {flake: github:you/machines}",
	}, func(s string) bool {
		name, _, _ := strings.Cut(s, ":")
		return slices.Contains(a.Services, name)
	})
}

// example returns a name for a comment in flow style: one of nobody where the user's own would need quotes.
func example(name string) string {
	if name == "" || strings.ContainsAny(name, ",{}[]\n") {
		return "Ada Lovelace"
	}
	return name
}

// plain are texts that mean themselves in YAML without quotes.
var plain = lazyregexp.New(`^[A-Za-z_/][A-Za-z0-9_./+-]*( [A-Za-z0-9_./+-]+)*$`)

// scalar returns s as a YAML scalar that reads back as the same string.
func scalar(s string) (string, error) {
	if plain.MatchString(s) && isString(s) {
		return s, nil
	}
	quoted, err := yaml.MarshalWithOptions(s, yaml.JSON())
	return strings.TrimSpace(string(quoted)), err
}

// isString tells whether YAML reads the bare s as a string, not as a number, a truth value or null.
func isString(s string) bool {
	var v any
	return yaml.Unmarshal([]byte(s), &v) == nil && v == any(s)
}

// For fills in what machine m tells about itself.
func For(m machine.Machine, preset string) Answers {
	a := Answers{
		Preset: preset, Release: generator.DefaultRelease(), StateVersion: generator.DefaultRelease(),
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
		if !slices.Contains([]string{"bash", "zsh", "fish"}, u.Shell) {
			u.Shell = "" // none that a profile can name
		}
		if i == 0 {
			a.User, a.Name, a.Shell = u.Name, u.Description, u.Shell
			continue
		}
		a.Others = append(a.Others, u)
	}
	return a
}

var (
	hostname = lazyregexp.New(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	stable   = lazyregexp.New(`^[0-9]{2}\.(03|04|05|09|10|11|12)$`)
)
