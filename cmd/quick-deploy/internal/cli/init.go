package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/interview"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/setup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
)

func initCommand(a *app.App, another func(context.Context, ...string) error) *cli.Command {
	o := app.InitOptions{Given: setup.Given{}}
	return &cli.Command{
		Name:  "init",
		Usage: "write a first profile for this machine",
		Description: described("Looks at the machine, asks what it cannot tell, shows the profile and the Nix it leads to, and\n"+
			"writes the profile with comments. An existing one is never overwritten. "+app.SchemaFile+"\n"+
			"beside it is what editors check it with.\n\n"+
			"Every answer can be given by a flag, and --yes takes what is proposed for the others. Without a\n"+
			"terminal, --yes or --answers is needed. Where NO_COLOR or ACCESSIBLE is set, or TERM is dumb, the\n"+
			"questions are plain lines.\n\n"+
			"Then it has Nix lock the newest nixpkgs of the release, as update does, so that a first switch does not\n"+
			"take a current machine back to the one that is built into the program. Where that fails, as without a\n"+
			"network, the built-in one stays. --lock says it beforehand; a flake that is there already is left alone.\n\n"+
			"A machine that has a configuration in /etc/nixos keeps what it says: init evaluates it, proposes the\n"+
			"profile that says the same, and copies the rest into the flake, where local.nix imports it. It compares\n"+
			"both, says what is different, and refuses where they contradict each other, or where a flake cannot\n"+
			"evaluate it. The configuration itself stays as it is. --adopt PATH takes over another one. --fresh\n"+
			"starts without any, and names what that leaves behind.",
			"quick-deploy init",
			"quick-deploy init --yes --preset server --service postgresql --service grafana",
			"quick-deploy init --save-answers answers.yaml",
			"quick-deploy --profile laptop.yaml init --answers answers.yaml",
			"quick-deploy init --adopt"),
		ArgsUsage: "[--fresh | --adopt [PATH]]",
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "adopt", Usage: "take over the configuration in PATH, or /etc/nixos", Destination: &o.Adopt},
			&cli.BoolFlag{Name: "fresh", Usage: "start without the configuration that the machine has", Destination: &o.Fresh},
			&cli.StringFlag{
				Name: "answers", Usage: "take the answers from `FILE` and ask nothing", TakesFile: true, Destination: &o.AnswersFile,
			},
			&cli.StringFlag{
				Name: "save-answers", Usage: "write the answers to `FILE`, for --answers", TakesFile: true, Destination: &o.SaveAnswers,
			},
			textFlag("lock", "lock `WHICH` nixpkgs: newest, which must succeed then, or built-in", &o.Lock),
		}, answerFlags(o.Given)...),
		ShellComplete: answerWords.complete(a),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			paths := 0
			if o.Adopt {
				paths = 1
			}
			return someArgs(paths, func(ctx context.Context, args []string) error {
				o.Path = append(args, "")[0]
				path, asked, err := app.Init(ctx, a, o)
				if err != nil || !asked {
					return err
				}
				return goOn(ctx, a, path, another)
			})(ctx, cmd)
		},
	}
}

// answerFlags are the questions as flags.
func answerFlags(given setup.Given) []cli.Flag {
	text := func(name, usage string, field func(*starter.Answers) *string) cli.Flag {
		return &cli.StringFlag{Name: name, Usage: usage, Action: func(_ context.Context, _ *cli.Command, value string) error {
			given[name] = func(a *starter.Answers) { *field(a) = value }
			return nil
		}}
	}
	list := func(name, usage string, field func(*starter.Answers) *[]string) cli.Flag {
		return &cli.StringSliceFlag{Name: name, Usage: usage, Action: func(_ context.Context, _ *cli.Command, value []string) error {
			given[name] = func(a *starter.Answers) { *field(a) = value }
			return nil
		}}
	}
	type A = starter.Answers
	return []cli.Flag{
		text("preset", "start from the preset `NAME`", func(a *A) *string { return &a.Preset }),
		text("hostname", "call the machine `NAME`", func(a *A) *string { return &a.Hostname }),
		text("timezone", "time `ZONE`, as in Europe/Berlin", func(a *A) *string { return &a.Timezone }),
		text("locale", "`LOCALE`, as in de_DE.UTF-8", func(a *A) *string { return &a.Locale }),
		text("layout", "keyboard `LAYOUT`, as in de", func(a *A) *string { return &a.Layout }),
		text("variant", "`VARIANT` of the layout, as in nodeadkeys", func(a *A) *string { return &a.Variant }),
		text("keyboard-options", "XKB `OPTIONS`, as in caps:escape", func(a *A) *string { return &a.Options }),
		text("desktop", "desktop `NAME`: cosmic, gnome, plasma, hyprland or none", func(a *A) *string { return &a.Desktop }),
		text("user", "user `NAME` of the administrator", func(a *A) *string { return &a.User }),
		text("name", "full `NAME` of that user, also for git", func(a *A) *string { return &a.Name }),
		text("email", "e-mail `ADDRESS` for git", func(a *A) *string { return &a.Email }),
		text("shell", "login `SHELL`: bash, zsh or fish", func(a *A) *string { return &a.Shell }),
		list("ssh-key", "public ssh `KEY` that may log in; may be repeated", func(a *A) *[]string { return &a.SSHKeys }),
		list("service", "run the service `NAME`; may be repeated", func(a *A) *[]string { return &a.Services }),
		list("package", "install the package `NAME`, or bundle:NAME; may be repeated", func(a *A) *[]string { return &a.Packages }),
	}
}

// answerWords are what may be answered.
var answerWords = words{
	"preset":  func(*app.App, []string) []app.Word { return app.PresetWords() },
	"service": func(a *app.App, _ []string) []app.Word { return a.ServiceWords(func(bool) bool { return true }) },
	"package": func(*app.App, []string) []app.Word { return app.BundleWords() },
	"desktop": oneOf("cosmic", "gnome", "plasma", "hyprland", "none"),
	"shell":   oneOf("bash", "zsh", "fish"),
}

// goOn offers what one does next.
func goOn(ctx context.Context, a *app.App, path string, another func(context.Context, ...string) error) error {
	for _, next := range []struct {
		title    string
		command  []string
		proposed bool
	}{
		{"Show the options that it sets (quick-deploy diff --by-option)?", []string{"diff", "--by-option"}, true},
		{"Build it and activate it (quick-deploy switch)?", []string{"switch"}, false},
	} {
		yes, err := interview.Confirm(ctx, a.In, a.Err.Raw(), a.PlainForms(), next.title, next.proposed)
		if err != nil {
			// The profile is written, and that was the task.
			return nil
		}
		if !yes {
			continue
		}
		if err := another(ctx, append(globalArgs(a, path), next.command...)...); err != nil {
			return err
		}
	}
	return nil
}
