package powerlevel10k

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
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

// choice is one answer with the values it may have; the first is the default.
type choice struct {
	key    string
	value  *string
	values []string
}

func (c *Choices) list() []choice {
	return []choice{
		{"style", &c.Style, []string{"lean", "classic", "rainbow", "pure"}},
		{"colors", &c.Colors, schemeNames()},
		{"background", &c.Background, []string{defaultBackground(c.Style), "transparent", "dark", "medium", "light"}},
		{"time", &c.Time, []string{"off", "24h", "12h"}},
		{"path", &c.Path, []string{"short", "full"}},
		{"context", &c.Context, []string{"remote", "always", "never"}},
		{"transient", &c.Transient, []string{"off", "always", "same-dir"}},
	}
}

// complete fills in the defaults and refuses values that do not exist.
func (c *Choices) complete() error {
	for _, ch := range c.list() {
		*ch.value = cmp.Or(*ch.value, ch.values[0])
		if !slices.Contains(ch.values, *ch.value) {
			return fmt.Errorf("powerlevel10k: %s %q is none of %s", ch.key, *ch.value, strings.Join(ch.values, ", "))
		}
	}
	return nil
}

func defaultBackground(style string) string {
	switch style {
	case "classic", "rainbow":
		return "dark"
	}
	return "transparent"
}
