package powerlevel10k

import (
	"fmt"
	"strconv"
	"strings"
)

// Config is the text of the file that zsh sources after the theme.
func Config(c Choices) (string, error) {
	if err := c.complete(); err != nil {
		return "", err
	}
	w := &writer{}
	w.line("# Configuration of powerlevel10k: %s style, %s colours.", c.Style, c.Colors)
	w.elements(c)
	w.set("MODE", "nerdfont-v3")
	w.shape(c)
	w.segments(c)
	w.set("INSTANT_PROMPT", "quiet")
	w.set("TRANSIENT_PROMPT", c.Transient)
	w.set("DISABLE_HOT_RELOAD", "true")
	return w.text.String(), nil
}

type writer struct{ text strings.Builder }

func (w *writer) line(format string, args ...any) {
	fmt.Fprintf(&w.text, format+"\n", args...)
}

// set defines one variable of the theme. Values are chosen here and hold no quote.
func (w *writer) set(name, value string) {
	if value == "" {
		w.line("typeset -g POWERLEVEL9K_%s=", name)
		return
	}
	w.line("typeset -g POWERLEVEL9K_%s='%s'", name, value)
}

func (w *writer) color(name string, color int) {
	w.set(name, strconv.Itoa(color))
}

// elements lists what stands left and right.
func (w *writer) elements(c Choices) {
	var left []string
	if c.Icon {
		left = append(left, "os_icon")
	}
	left = append(left, "dir", "vcs", "newline", "prompt_char")
	right := []string{"status", "command_execution_time", "background_jobs", "direnv", "nix_shell"}
	if c.Venv {
		right = append(right, "virtualenv", "anaconda")
	}
	if c.Context != "never" {
		right = append(right, "context")
	}
	if c.Time != "off" {
		right = append(right, "time")
	}
	w.line("typeset -g POWERLEVEL9K_LEFT_PROMPT_ELEMENTS=(%s)", strings.Join(left, " "))
	w.line("typeset -g POWERLEVEL9K_RIGHT_PROMPT_ELEMENTS=(%s)", strings.Join(right, " "))
}

// shape sets the background and what separates the segments. The arrows are
// the private-use characters of Powerline fonts, which the theme reads as \u….
func (w *writer) shape(c Choices) {
	back, line := shade(c.Background)
	w.set("BACKGROUND", back)
	w.set("PROMPT_ADD_NEWLINE", "true")
	switch c.Style {
	case "classic", "rainbow":
		w.set("LEFT_SEGMENT_SEPARATOR", `\uE0B0`)
		w.set("RIGHT_SEGMENT_SEPARATOR", `\uE0B2`)
		w.set("LEFT_SUBSEGMENT_SEPARATOR", "%"+line+`F\uE0B1`)
		w.set("RIGHT_SUBSEGMENT_SEPARATOR", "%"+line+`F\uE0B3`)
		w.set("LEFT_PROMPT_LAST_SEGMENT_END_SYMBOL", `\uE0B0`)
		w.set("RIGHT_PROMPT_FIRST_SEGMENT_START_SYMBOL", `\uE0B2`)
		// The second line holds the prompt sign alone.
		w.set("PROMPT_CHAR_BACKGROUND", "")
		w.set("PROMPT_CHAR_LEFT_PROMPT_LAST_SEGMENT_END_SYMBOL", "")
		w.set("PROMPT_CHAR_LEFT_PROMPT_FIRST_SEGMENT_START_SYMBOL", "")
		w.set("PROMPT_CHAR_LEFT_LEFT_WHITESPACE", "")
	default:
		w.set("LEFT_LEFT_WHITESPACE", "")
		w.set("LEFT_RIGHT_WHITESPACE", "")
		w.set("RIGHT_LEFT_WHITESPACE", "")
		w.set("RIGHT_RIGHT_WHITESPACE", "")
		w.set("LEFT_SEGMENT_SEPARATOR", "")
		w.set("RIGHT_SEGMENT_SEPARATOR", "")
		w.set("LEFT_SUBSEGMENT_SEPARATOR", " ")
		w.set("RIGHT_SUBSEGMENT_SEPARATOR", " ")
		w.set("PROMPT_CHAR_LEFT_RIGHT_WHITESPACE", " ")
	}
}

// segments sets colour and content of each segment.
func (w *writer) segments(c Choices) {
	s := schemeOf(c.Colors)
	w.color("OS_ICON_FOREGROUND", s.accent)
	w.dir(c, s)
	w.vcs(c, s)
	w.sign(c, s)

	w.set("STATUS_OK", "false")
	w.color("STATUS_ERROR_FOREGROUND", s.fail)
	w.set("COMMAND_EXECUTION_TIME_THRESHOLD", "3")
	w.color("COMMAND_EXECUTION_TIME_FOREGROUND", s.quiet)
	w.set("BACKGROUND_JOBS_VERBOSE", "false")
	w.color("BACKGROUND_JOBS_FOREGROUND", s.accent)
	w.color("DIRENV_FOREGROUND", s.dirty)
	w.color("NIX_SHELL_FOREGROUND", s.accent)
	if c.Venv {
		for _, kind := range []string{"VIRTUALENV", "ANACONDA"} {
			w.color(kind+"_FOREGROUND", s.accent)
			w.set(kind+"_LEFT_DELIMITER", "")
			w.set(kind+"_RIGHT_DELIMITER", "")
		}
		w.set("VIRTUALENV_SHOW_PYTHON_VERSION", "false")
	}
	w.context(c, s)
	w.time(c, s)
	if c.Style == "pure" {
		// Pure has no icons but the logo that was asked for.
		for _, kind := range []string{
			"DIR", "VCS", "STATUS", "COMMAND_EXECUTION_TIME", "BACKGROUND_JOBS", "DIRENV",
			"NIX_SHELL", "VIRTUALENV", "ANACONDA", "CONTEXT", "TIME",
		} {
			w.set(kind+"_VISUAL_IDENTIFIER_EXPANSION", "")
		}
		// Without its icon this one would be empty.
		w.set("DIRENV_CONTENT_EXPANSION", "direnv")
		w.set("BACKGROUND_JOBS_CONTENT_EXPANSION", "&")
	}
}

// onColor is the text on a segment with a background of its own.
const onColor = 232

func (w *writer) dir(c Choices, s scheme) {
	if c.Style == "rainbow" {
		w.color("DIR_BACKGROUND", s.dir)
		w.color("DIR_FOREGROUND", onColor)
		w.color("DIR_SHORTENED_FOREGROUND", onColor)
		w.color("DIR_ANCHOR_FOREGROUND", onColor)
	} else {
		w.color("DIR_FOREGROUND", s.dir)
		w.color("DIR_SHORTENED_FOREGROUND", s.quiet)
		w.color("DIR_ANCHOR_FOREGROUND", s.dir)
	}
	if c.Path == "full" {
		w.set("SHORTEN_STRATEGY", "none")
		return
	}
	w.set("SHORTEN_STRATEGY", "truncate_to_unique")
	w.set("SHORTEN_DELIMITER", "")
	w.set("DIR_MAX_LENGTH", "80")
	w.set("DIR_ANCHOR_BOLD", "true")
}

func (w *writer) vcs(c Choices, s scheme) {
	w.set("VCS_BACKENDS", "git")
	colors := []struct {
		state string
		color int
	}{{"CLEAN", s.clean}, {"UNTRACKED", s.clean}, {"MODIFIED", s.dirty}, {"CONFLICTED", s.fail}, {"LOADING", s.quiet}}
	for _, v := range colors {
		if c.Style == "rainbow" {
			w.color("VCS_"+v.state+"_BACKGROUND", v.color)
			w.color("VCS_"+v.state+"_FOREGROUND", onColor)
			continue
		}
		w.color("VCS_"+v.state+"_FOREGROUND", v.color)
	}
}

// sign is the sign before the cursor; its colour tells whether the last command failed.
func (w *writer) sign(c Choices, s scheme) {
	w.color("PROMPT_CHAR_OK_{VIINS,VICMD,VIVIS,VIOWR}_FOREGROUND", s.ok)
	w.color("PROMPT_CHAR_ERROR_{VIINS,VICMD,VIVIS,VIOWR}_FOREGROUND", s.fail)
	w.set("PROMPT_CHAR_{OK,ERROR}_VIINS_CONTENT_EXPANSION", "❯")
	w.set("PROMPT_CHAR_{OK,ERROR}_VICMD_CONTENT_EXPANSION", "❮")
	w.set("PROMPT_CHAR_{OK,ERROR}_VIVIS_CONTENT_EXPANSION", "V")
}

func (w *writer) context(c Choices, s scheme) {
	if c.Context == "never" {
		return
	}
	w.set("CONTEXT_TEMPLATE", "%n@%m")
	w.color("CONTEXT_FOREGROUND", s.quiet)
	w.color("CONTEXT_{REMOTE,REMOTE_SUDO}_FOREGROUND", s.dirty)
	w.color("CONTEXT_ROOT_FOREGROUND", s.fail)
	if c.Context == "remote" {
		w.set("CONTEXT_{DEFAULT,SUDO}_CONTENT_EXPANSION", "")
		w.set("CONTEXT_{DEFAULT,SUDO}_VISUAL_IDENTIFIER_EXPANSION", "")
	}
}

func (w *writer) time(c Choices, s scheme) {
	format := map[string]string{"24h": "%D{%H:%M:%S}", "12h": "%D{%I:%M:%S %p}"}[c.Time]
	if format == "" {
		return
	}
	w.set("TIME_FORMAT", format)
	w.color("TIME_FOREGROUND", s.quiet)
}
