package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/interview"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
	"github.com/quick-deploy/quick-deploy/schema"
)

// schemaFile is the copy of the schema that lies beside a profile for editors.
const schemaFile = ".quick-deploy.schema.json"

func (a *app) initCommand() *cli.Command {
	return &cli.Command{
		Name:  "init",
		Usage: "write a first profile for this machine",
		Description: "Looks at the machine, asks what it cannot tell, shows the profile and the Nix it leads to, and\n" +
			"writes the profile with comments. An existing one is never overwritten. " + schemaFile + "\n" +
			"beside it is what editors check it with.\n\n" +
			"Every answer can be given by a flag, and --yes takes what is proposed for the others. Without a\n" +
			"terminal, --yes or --answers is needed. Where NO_COLOR or ACCESSIBLE is set, or TERM is dumb, the\n" +
			"questions are plain lines.\n\n" +
			"With --adopt it evaluates the configuration that a NixOS machine has (PATH, or /etc/nixos), proposes the\n" +
			"profile that says the same, and copies the rest into the flake, where local.nix imports it. It compares\n" +
			"both, says what is different, and refuses where they contradict each other. The configuration itself\n" +
			"stays as it is.",
		ArgsUsage: "[--adopt [PATH]]",
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "adopt", Usage: "take over the configuration in PATH, or /etc/nixos"},
			&cli.StringFlag{Name: "answers", Usage: "take the answers from `FILE` and ask nothing", TakesFile: true},
			&cli.StringFlag{Name: "save-answers", Usage: "write the answers to `FILE`, for --answers", TakesFile: true},
		}, answerFlags()...),
		Action: a.initAction,
	}
}

func (a *app) initAction(ctx context.Context, cmd *cli.Command) error {
	if !cmd.Bool("adopt") || cmd.Args().Len() > 1 {
		if err := noArgs(cmd); err != nil {
			return err
		}
	}
	path := a.opts.profile
	if path == "" {
		path = "quick-deploy.yaml"
	}
	save := cmd.String("save-answers")
	if !a.opts.dryRun {
		for _, file := range []string{path, save} {
			if err := absent(file); err != nil {
				return err
			}
		}
	}
	guide, err := a.newGuide(ctx, path)
	if err != nil {
		return err
	}
	if err := a.guideByConfig(ctx, cmd, guide); err != nil {
		return err
	}
	defer guide.close()
	answers, asked, err := a.answer(ctx, cmd, guide)
	if err != nil {
		return err
	}
	answers.Schema = schemaFile
	text, err := starter.Profile(answers)
	if err != nil {
		return err
	}
	if _, err := a.loadText(path, text); err != nil {
		return err
	}
	if err := guide.checkConfig(ctx, a, answers); err != nil {
		return err
	}
	if a.opts.dryRun {
		return a.printFile(path, text)
	}
	if guide.adoption != nil {
		if err := guide.adoption.place(a, answers.Hostname); err != nil {
			return err
		}
	}
	if err := writeFirst(path, text, save, answers); err != nil {
		return err
	}
	a.say("%s: written; look it over, then quick-deploy diff and quick-deploy switch", path)
	if !asked {
		return nil
	}
	return a.goOn(ctx, cmd, path)
}

// absent refuses to write over a file.
func absent(path string) error {
	if path == "" {
		return nil
	}
	_, err := os.Lstat(path)
	if err == nil {
		return fault.New(fault.Usage, "%s exists and is left as it is", path).
			Hint("edit it, or name another file")
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Usage, "write %s: %w", path, err)
	}
	return nil
}

// answer are the answers: what the machine tells, then what the answers file
// says, then what the flags say, then what the user says. Asked tells whether
// anybody was asked.
func (a *app) answer(ctx context.Context, cmd *cli.Command, g *guide) (answers starter.Answers, asked bool, err error) {
	answers = g.proposed
	file := cmd.String("answers")
	if file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return answers, false, fault.New(fault.Usage, "read the answers: %w", err)
		}
		if err := starter.Fill(&answers, data); err != nil {
			return answers, false, fault.New(fault.Usage, "%s: %w", file, err)
		}
	}
	given := flagAnswers(cmd, &answers)
	if file != "" || a.opts.yes {
		return answers, false, nil
	}
	if !a.mayAsk() {
		return answers, false, fault.New(fault.Usage, "there is nobody to ask: the input is no terminal").
			Hint("--yes takes what is proposed; --answers FILE and the flags say the rest")
	}
	s, err := g.session(a, answers, given)
	if err != nil {
		return answers, false, err
	}
	answers, err = s.Ask(ctx)
	return answers, true, err
}

// answerFlags are the questions as flags.
func answerFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "preset", Usage: "start from the preset `NAME`"},
		&cli.StringFlag{Name: "hostname", Usage: "call the machine `NAME`"},
		&cli.StringFlag{Name: "timezone", Usage: "time `ZONE`, as in Europe/Berlin"},
		&cli.StringFlag{Name: "locale", Usage: "`LOCALE`, as in de_DE.UTF-8"},
		&cli.StringFlag{Name: "layout", Usage: "keyboard `LAYOUT`, as in de"},
		&cli.StringFlag{Name: "desktop", Usage: "desktop `NAME`: cosmic, gnome, plasma, hyprland or none"},
		&cli.StringFlag{Name: "user", Usage: "user `NAME` of the administrator"},
		&cli.StringFlag{Name: "name", Usage: "full `NAME` of that user, also for git"},
		&cli.StringFlag{Name: "email", Usage: "e-mail `ADDRESS` for git"},
		&cli.StringFlag{Name: "shell", Usage: "login `SHELL`: bash, zsh or fish"},
		&cli.StringSliceFlag{Name: "ssh-key", Usage: "public ssh `KEY` that may log in; may be repeated"},
		&cli.StringSliceFlag{Name: "service", Usage: "run the service `NAME`; may be repeated"},
		&cli.StringSliceFlag{Name: "package", Usage: "install the package `NAME`, or bundle:NAME; may be repeated"},
	}
}

// flagAnswers sets the answers that flags give, and tells which these are.
func flagAnswers(cmd *cli.Command, answers *starter.Answers) map[string]bool {
	given := map[string]bool{}
	for name, p := range map[string]*string{
		"preset": &answers.Preset, "hostname": &answers.Hostname, "timezone": &answers.Timezone, "locale": &answers.Locale,
		"layout": &answers.Layout, "desktop": &answers.Desktop, "user": &answers.User, "name": &answers.Name,
		"email": &answers.Email, "shell": &answers.Shell,
	} {
		if given[name] = cmd.IsSet(name); given[name] {
			*p = cmd.String(name)
		}
	}
	for name, p := range map[string]*[]string{
		"ssh-key": &answers.SSHKeys, "service": &answers.Services, "package": &answers.Packages,
	} {
		if given[name] = cmd.IsSet(name); given[name] {
			*p = cmd.StringSlice(name)
		}
	}
	return given
}

// mayAsk tells whether there is somebody to ask: a terminal, or a program that
// stands for one and says so.
func (a *app) mayAsk() bool { return isTerminal(a.stdin) || os.Getenv("ACCESSIBLE") != "" }

// plain tells whether questions are plain lines instead of a form.
func (a *app) plain() bool {
	return !isTerminal(a.stdin) || !isTerminal(a.stderr) || os.Getenv("NO_COLOR") != "" || os.Getenv("ACCESSIBLE") != "" ||
		slices.Contains([]string{"", "dumb"}, os.Getenv("TERM"))
}

// writeFirst writes the profile, the schema beside it and, if asked for, the
// answers. The profile comes last: where it is, the rest is too.
func writeFirst(path string, text []byte, save string, answers starter.Answers) error {
	bundle, err := schema.Bundle()
	if err != nil {
		return err
	}
	w := atomic.Writer{}
	if err := w.WriteFile(filepath.Join(filepath.Dir(path), schemaFile), bundle, 0o644); err != nil {
		return err
	}
	if save != "" {
		data, err := starter.File(answers)
		if err != nil {
			return err
		}
		if err := w.WriteFile(save, data, 0o644); err != nil {
			return err
		}
	}
	return w.WriteFile(path, text, 0o644)
}

// goOn offers what one does next.
func (a *app) goOn(ctx context.Context, cmd *cli.Command, path string) error {
	for _, next := range []struct {
		title    string
		command  []string
		proposed bool
	}{
		{"Show the options that it sets (quick-deploy diff --by-option)?", []string{"diff", "--by-option"}, true},
		{"Build it and activate it (quick-deploy switch)?", []string{"switch"}, false},
	} {
		yes, err := interview.Confirm(ctx, a.stdin, a.stderr, a.plain(), next.title, next.proposed)
		if err != nil {
			// The profile is written, and that was the task.
			return nil
		}
		if !yes {
			continue
		}
		other := newApp(a.stdin, a.stdout, a.stderr)
		if err := other.run(ctx, append(globals(cmd, path), next.command...)); err != nil {
			return err
		}
	}
	return nil
}

// globals is a command line that begins as this one does, for the profile at path.
func globals(cmd *cli.Command, path string) []string {
	args := []string{cmd.Root().Name, "--profile=" + path}
	for _, name := range []string{"flake", "root", "options", "home-options"} {
		if cmd.IsSet(name) {
			args = append(args, "--"+name+"="+cmd.String(name))
		}
	}
	for _, name := range []string{"debug", "no-probe", "allow-root", "quiet"} {
		if cmd.Bool(name) {
			args = append(args, "--"+name)
		}
	}
	return args
}

// me is the account of who runs the program, where the machine has it, else the first one.
func me(m machine.Machine) machine.User {
	name := os.Getenv("USER")
	for _, u := range m.Users {
		if u.Name == name {
			return u
		}
	}
	if len(m.Users) > 0 {
		return m.Users[0]
	}
	return machine.User{}
}
