package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/setup"
	"github.com/quick-deploy/quick-deploy/generator/bundle"
	"github.com/quick-deploy/quick-deploy/schema"
)

// answerFlags are the questions as flags.
func answerFlags(given setup.Given) []cli.Flag {
	text := func(name, usage string) cli.Flag {
		set := func(_ context.Context, _ *cli.Command, value string) error {
			given[name] = []string{value}
			return nil
		}
		return &cli.StringFlag{Name: name, Usage: usage, Action: set}
	}
	list := func(name, usage string) cli.Flag {
		set := func(_ context.Context, _ *cli.Command, values []string) error {
			given[name] = values
			return nil
		}
		return &cli.StringSliceFlag{Name: name, Usage: usage, Action: set}
	}
	return []cli.Flag{
		text("preset", "start from the preset `NAME`"),
		text("hostname", "call the machine `NAME`"),
		text("timezone", "time `ZONE`, as in Europe/Berlin"),
		text("locale", "`LOCALE`, as in de_DE.UTF-8"),
		text("layout", "keyboard `LAYOUT`, as in de"),
		text("variant", "`VARIANT` of the layout, as in nodeadkeys"),
		text("keyboard-options", "XKB `OPTIONS`, as in caps:escape"),
		text("desktop", "desktop `NAME`: cosmic, gnome, plasma, hyprland or none"),
		text("user", "user `NAME` of the administrator"),
		text("name", "full `NAME` of that user, also for git"),
		text("email", "e-mail `ADDRESS` for git"),
		text("shell", "login `SHELL`: bash, zsh or fish"),
		text("github", "show the ssh keys of `ACCOUNT` on github.com, and let them log in if you agree"),
		list("ssh-key", "public ssh `KEY` that may log in"),
		list("service", "run the service `NAME`"),
		list("no-service", "leave out the service `NAME` of the preset"),
		list("package", "install the package `NAME`, or bundle:NAME"),
	}
}

// answerWords are what may be answered.
var answerWords = words{
	"preset":     presetWords,
	"service":    func(a *app.App, _ []string) []word { return serviceWords(a, func(bool) bool { return true }) },
	"no-service": func(a *app.App, _ []string) []word { return serviceWords(a, func(bool) bool { return true }) },
	"package":    packageWords,
	"desktop":    oneOf("cosmic", "gnome", "plasma", "hyprland", "none"),
	"shell":      oneOf("bash", "zsh", "fish"),
}

// presetWords are the presets.
func presetWords(*app.App, []string) []word {
	all, err := schema.PresetList()
	return wordsOf(all, err, func(p schema.Preset) word { return word{p.Name, p.Summary} })
}

// bundleWords are the bundles of packages.
func bundleWords(*app.App, []string) []word {
	all, err := bundle.All()
	return wordsOf(all, err, func(b bundle.Bundle) word { return word{"bundle:" + b.Name, b.Summary} })
}
