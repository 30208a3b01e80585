package powerlevel10k_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator/powerlevel10k"
)

func config(t *testing.T, c powerlevel10k.Choices) string {
	t.Helper()
	text, err := powerlevel10k.Config(c)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var styles = []string{"lean", "classic", "rainbow", "pure"}

// Each answer must change what the theme is told, whatever the style: the
// wizard of release 3.0.0 asked for three that it never used.
func TestEveryChoiceHasAnEffectInEveryStyle(t *testing.T) {
	for _, style := range styles {
		choices := map[string]powerlevel10k.Choices{
			"colors":               {Style: style, Colors: "nord"},
			"background medium":    {Style: style, Background: "medium"},
			"background light":     {Style: style, Background: "light"},
			"time 24h":             {Style: style, Time: "24h"},
			"time 12h":             {Style: style, Time: "12h"},
			"full path":            {Style: style, Path: "full"},
			"context always":       {Style: style, Context: "always"},
			"context never":        {Style: style, Context: "never"},
			"transient":            {Style: style, Transient: "always"},
			"transient, same dir":  {Style: style, Transient: "same-dir"},
			"icon":                 {Style: style, Icon: true},
			"virtual environments": {Style: style, Venv: true},
		}
		seen := map[string]string{variables(config(t, powerlevel10k.Choices{Style: style})): "the defaults"}
		for name, c := range choices {
			text := variables(config(t, c))
			if other, same := seen[text]; same {
				t.Errorf("%s: %s gives what %s gives", style, name, other)
			}
			seen[text] = name
		}
	}
}

// variables is the configuration without its comment.
func variables(text string) string {
	_, rest, _ := strings.Cut(text, "\n")
	return rest
}

func TestStylesAndColorsDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, style := range styles {
		for _, colors := range []string{"default", "dracula", "gruvbox", "nord", "solarized", "catppuccin", "mono"} {
			text := variables(config(t, powerlevel10k.Choices{Style: style, Colors: colors}))
			if other, same := seen[text]; same {
				t.Errorf("%s %s looks like %s", style, colors, other)
			}
			seen[text] = style + " " + colors
		}
	}
}

// Every line is a comment or one assignment that cannot run anything.
func TestTheTextOnlyAssigns(t *testing.T) {
	line := regexp.MustCompile(`^(#.*|typeset -g POWERLEVEL9K_[A-Z0-9_{},]+=('[^']+'|\([a-z_ ]+\)|))$`)
	for _, style := range styles {
		text := config(t, powerlevel10k.Choices{Style: style, Icon: true, Venv: true, Time: "12h", Context: "always"})
		if !strings.HasSuffix(text, "\n") {
			t.Errorf("%s: no newline at the end", style)
		}
		for l := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
			if !line.MatchString(l) {
				t.Errorf("%s: %s", style, l)
			}
		}
	}
}

func TestTheZeroValueIsTheDefaults(t *testing.T) {
	explicit := powerlevel10k.Choices{
		Style: "lean", Colors: "default", Background: "transparent", Time: "off", Path: "short", Context: "remote", Transient: "off",
	}
	if config(t, powerlevel10k.Choices{}) != config(t, explicit) {
		t.Error("the zero value is not the documented default")
	}
	if !strings.Contains(config(t, powerlevel10k.Choices{Style: "classic"}), "BACKGROUND='236'") {
		t.Error("the classic style has no background")
	}
}

func TestUnknownValuesAreRefused(t *testing.T) {
	for _, c := range []powerlevel10k.Choices{
		{Style: "round"}, {Colors: "blue'; rm -rf /"}, {Background: "x"}, {Time: "1h"}, {Path: "x"}, {Context: "x"}, {Transient: "on"},
	} {
		if _, err := powerlevel10k.Config(c); err == nil {
			t.Errorf("%+v was accepted", c)
		}
	}
}
