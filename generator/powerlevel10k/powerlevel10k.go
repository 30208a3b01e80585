// Package powerlevel10k writes the configuration of the powerlevel10k prompt
// from the few answers that its wizard asks for. Every answer has an effect in
// every style. The variables are those of powerlevel10k's README and of the
// configurations that it ships.
package powerlevel10k

import (
	"cmp"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"text/template"
)

// Choices are the answers. The zero value of each stands for its default.
type Choices struct {
	// Style is lean (the default), classic, rainbow or pure.
	Style string
	// Colors names a colour scheme: default, dracula, gruvbox, nord, solarized,
	// catppuccin or mono.
	Colors string
	// Background is the shade behind the segments that have no colour of their
	// own: transparent, dark, medium or light. Without it the style decides.
	Background string
	// Time is off (the default), 24h or 12h.
	Time string
	// Path is short (the default: what does not fit is cut), or full.
	Path string
	// Context, user and host, is shown on remote (the default) machines and for
	// root, always, or never.
	Context string
	// Transient shrinks the prompts of past commands: off (the default), always,
	// or same-dir, which keeps the prompt after a change of folder.
	Transient string
	// Icon shows the logo of the operating system.
	Icon bool
	// Venv names the Python environment that is active.
	Venv bool
}

// scheme is a set of colours of the 256-colour palette.
type scheme struct {
	Dir    int // the folder
	Clean  int // a repository without changes
	Dirty  int // one with changes
	OK     int // the prompt sign after success
	Fail   int // the same after a failure
	Quiet  int // time, context and other asides
	Accent int // the operating system's logo, environments
}

var schemes = map[string]scheme{
	"default":    {Dir: 31, Clean: 76, Dirty: 178, OK: 76, Fail: 196, Quiet: 244, Accent: 37},
	"dracula":    {Dir: 141, Clean: 84, Dirty: 215, OK: 84, Fail: 203, Quiet: 61, Accent: 212},
	"gruvbox":    {Dir: 109, Clean: 142, Dirty: 214, OK: 142, Fail: 167, Quiet: 245, Accent: 208},
	"nord":       {Dir: 110, Clean: 108, Dirty: 222, OK: 108, Fail: 131, Quiet: 103, Accent: 109},
	"solarized":  {Dir: 33, Clean: 64, Dirty: 136, OK: 64, Fail: 160, Quiet: 245, Accent: 37},
	"catppuccin": {Dir: 111, Clean: 151, Dirty: 223, OK: 151, Fail: 211, Quiet: 103, Accent: 183},
	"mono":       {Dir: 255, Clean: 250, Dirty: 255, OK: 255, Fail: 255, Quiet: 244, Accent: 250},
}

// shade is the colour of a background, 0 for none, and of what stands between
// the segments on it.
type shade struct{ Back, Line int }

var shades = map[string]shade{"transparent": {0, 242}, "dark": {236, 242}, "medium": {240, 248}, "light": {252, 244}}

//go:embed p10k.zsh.tmpl
var source string

var parsed = sync.OnceValues(func() (*template.Template, error) { return template.New("p10k.zsh").Parse(source) })

// Config is the text of the file that zsh sources after the theme. An answer
// that does not exist is an error, so the text holds no other words than ours.
func Config(c Choices) (string, error) {
	backgrounds := "transparent dark medium light"
	if c.Style == "classic" || c.Style == "rainbow" {
		backgrounds = "dark transparent medium light"
	}
	for _, choice := range []struct {
		key    string
		value  *string
		values string // the first is the default
	}{
		{"style", &c.Style, "lean classic rainbow pure"},
		{"colors", &c.Colors, "default dracula gruvbox nord solarized catppuccin mono"},
		{"background", &c.Background, backgrounds},
		{"time", &c.Time, "off 24h 12h"},
		{"path", &c.Path, "short full"},
		{"context", &c.Context, "remote always never"},
		{"transient", &c.Transient, "off always same-dir"},
	} {
		values := strings.Fields(choice.values)
		*choice.value = cmp.Or(*choice.value, values[0])
		if !slices.Contains(values, *choice.value) {
			return "", fmt.Errorf("powerlevel10k: %s %q is not one of %s", choice.key, *choice.value, strings.Join(values, ", "))
		}
	}
	t, err := parsed()
	if err != nil {
		return "", fmt.Errorf("powerlevel10k: %w", err)
	}
	var text strings.Builder
	err = t.Execute(&text, struct {
		Choices
		Scheme scheme
		Shade  shade
	}{c, schemes[c.Colors], shades[c.Background]})
	return text.String(), err
}
