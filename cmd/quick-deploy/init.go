package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/engine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/interview"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
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
			"Then it has Nix lock the newest nixpkgs of the release, as update does, so that a first switch does not\n" +
			"take a current machine back to the one that is built into the program. Where that fails, as without a\n" +
			"network, the built-in one stays. --lock says it beforehand; a flake that is there already is left alone.\n\n" +
			"A machine that has a configuration in /etc/nixos keeps what it says: init evaluates it, proposes the\n" +
			"profile that says the same, and copies the rest into the flake, where local.nix imports it. It compares\n" +
			"both, says what is different, and refuses where they contradict each other, or where a flake cannot\n" +
			"evaluate it. The configuration itself stays as it is. --adopt PATH takes over another one. --fresh\n" +
			"starts without any, and names what that leaves behind.",
		ArgsUsage: "[--fresh | --adopt [PATH]]",
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "adopt", Usage: "take over the configuration in PATH, or /etc/nixos"},
			&cli.BoolFlag{Name: "fresh", Usage: "start without the configuration that the machine has"},
			&cli.StringFlag{Name: "answers", Usage: "take the answers from `FILE` and ask nothing", TakesFile: true},
			&cli.StringFlag{Name: "save-answers", Usage: "write the answers to `FILE`, for --answers", TakesFile: true},
			&cli.StringFlag{Name: "lock", Usage: "lock `WHICH` nixpkgs: newest, which must succeed then, or built-in", Sources: twin("lock")},
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
	which := cmd.String("lock")
	if !slices.Contains([]string{"", lockNewest, byProgram}, which) {
		return fault.New(fault.Usage, "--lock %q is neither %s nor %s", which, lockNewest, byProgram)
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
	l, err := a.loadText(path, text)
	if err != nil {
		return err
	}
	if err := guide.checkConfig(ctx, a, answers); err != nil {
		return err
	}
	if a.opts.dryRun {
		return errors.Join(a.printFile(path, text), a.firstLock(ctx, l, which, false))
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
	if err := a.firstLock(ctx, l, which, asked); err != nil || !asked {
		return err
	}
	return a.goOn(ctx, cmd, path)
}

// lockNewest is the value of --lock for the newest revision of the release.
const lockNewest = "newest"

// hasty are options of Nix (nix.conf) with which a missing network shows in
// seconds, and a dead connection in less than a minute.
var hasty = []string{
	"--option", "connect-timeout", "5", "--option", "stalled-download-timeout", "15", "--option", "download-attempts", "1",
}

// firstLock locks the newest revisions for a flake that is yet to be written,
// if that is wanted, and tells of the age of what is locked in the end. Only
// where the newest was asked for by its name is it an error that it cannot be had.
func (a *app) firstLock(ctx context.Context, l *loaded, which string, ask bool) error {
	if exists(filepath.Join(a.opts.flake, flakeFile)) || exists(filepath.Join(a.opts.flake, lockFile)) {
		if which == lockNewest {
			return fault.New(fault.Usage, "%s has a flake already", a.opts.flake).Hint("quick-deploy update locks it anew")
		}
		return nil
	}
	f, err := a.lockable(ctx, l)
	if err != nil {
		return err
	}
	inputs, err := a.lockedInputs(f.lock, f.builtin, f.pinned)
	if err != nil {
		return err
	}
	nixpkgs := inputs[slices.IndexFunc(inputs, func(in lockedInput) bool { return isNixpkgs(in.Input) })]
	// One attempt: the program must not seem to hang where there is no network.
	nix := engine.Nix{Runner: retry.Runner{Runner: a.fleetRunner(), Policy: retry.Policy{Attempts: 1}}, Args: hasty}
	if _, err := nix.Runner.LookPath("nix"); err != nil && which != lockNewest {
		which = byProgram
	}
	if which == "" && ask {
		title := fmt.Sprintf("Lock the newest nixpkgs of %s? The built-in one is %s", nixpkgs.Ref, nixpkgs.age())
		yes, err := interview.Confirm(ctx, a.stdin, a.stderr, a.plain(), title, true)
		if err != nil {
			return nil // the profile is written, and that was the task
		}
		if !yes {
			which = byProgram
		}
	}
	if which == byProgram {
		a.sayAge(inputs...)
		return nil
	}
	if a.opts.dryRun {
		a.say("would lock the newest nixpkgs of %s; the built-in one is %s", nixpkgs.Ref, nixpkgs.age())
		return nil
	}
	a.say("locking the newest nixpkgs of %s ...", nixpkgs.Ref)
	err = a.update(ctx, f, nix, nil)
	if err == nil || which == lockNewest || ctx.Err() != nil {
		return err
	}
	a.say("note: it could not be locked: %s", firstCause(err))
	a.sayAge(inputs...)
	return nil
}

// firstCause is the line of Nix that says why it failed.
func firstCause(err error) string {
	var spent *retry.SpentError
	if errors.As(err, &spent) {
		return spent.Reason
	}
	if hints := fault.HintsOf(err); fault.CodeOf(err) == fault.Build && len(hints) > 0 {
		return oneLine(hints[0])
	}
	return err.Error()
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
		data, err := regular.Read(file)
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
		&cli.StringFlag{Name: "variant", Usage: "`VARIANT` of the layout, as in nodeadkeys"},
		&cli.StringFlag{Name: "keyboard-options", Usage: "XKB `OPTIONS`, as in caps:escape"},
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
	given, before := map[string]bool{}, *answers
	for name, p := range map[string]*string{
		"preset": &answers.Preset, "hostname": &answers.Hostname, "timezone": &answers.Timezone, "locale": &answers.Locale,
		"layout": &answers.Layout, "variant": &answers.Variant, "keyboard-options": &answers.Options, "desktop": &answers.Desktop, "user": &answers.User, "name": &answers.Name,
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
	answers.Settle(before)
	return given
}

// mayAsk tells whether there is somebody to ask: a terminal, or a program that
// stands for one and says so.
func (a *app) mayAsk() bool { return term.Is(a.stdin) || os.Getenv("ACCESSIBLE") != "" }

// plain tells whether questions are plain lines instead of a form.
func (a *app) plain() bool {
	return !term.Is(a.stdin) || !term.Is(a.stderr) || os.Getenv("NO_COLOR") != "" || os.Getenv("ACCESSIBLE") != "" ||
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
		yes, err := interview.Confirm(ctx, a.stdin, a.stderr.Raw(), a.plain(), next.title, next.proposed)
		if err != nil {
			// The profile is written, and that was the task.
			return nil
		}
		if !yes {
			continue
		}
		if err := a.another(ctx, append(globals(cmd, path), next.command...)...); err != nil {
			return err
		}
	}
	return nil
}

// globals is a command line that begins as this one does, for the profile at path, if one is given.
func globals(cmd *cli.Command, path string) []string {
	args := []string{cmd.Root().Name}
	if path != "" {
		args = append(args, "--profile="+path)
	}
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
