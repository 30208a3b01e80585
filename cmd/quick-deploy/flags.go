package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
)

// options are the global flags.
type options struct {
	profile string
	flake   string
	host    string
	on      []string
	root    string
	json    bool
	dryRun  bool
	yes     bool
	debug   bool
	quiet   bool
	// retries is how often what the network broke is tried again.
	retries int
	limits  limits
	noProbe bool
	// extendsFrom are folders that a profile may extend files of, beside its own.
	extendsFrom []string
	// options and homeOptions are lists that options are checked against.
	options     string
	homeOptions string
	// allowRoot permits running as root, for installer images.
	allowRoot bool
}

// twin is the environment variable that stands for a flag.
func twin(flag string) cli.ValueSourceChain {
	return cli.EnvVars("QUICK_DEPLOY_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_")))
}

// limits are how long things may take. Zero is the default, which docs/tuning.md lists.
type limits struct {
	build, activation, network, lock time.Duration
}

func (l *limits) flags() []cli.Flag {
	flag := func(name, usage string, to *time.Duration) cli.Flag {
		return &cli.DurationFlag{Name: name, Usage: usage, Destination: to, Sources: twin(name), HideDefault: true, Validator: func(d time.Duration) error {
			if d < 0 {
				return fmt.Errorf("%s is less than 0", d)
			}
			return nil
		}}
	}
	return []cli.Flag{
		flag("build-timeout", "stop a build after `TIME`, such as 2h", &l.build),
		flag("activation-timeout", "stop an activation after `TIME` (default 15m)", &l.activation),
		flag("network-timeout", "wait `TIME` for a binary cache or a machine to answer (default 10s)", &l.network),
		flag("lock-timeout", "wait `TIME` for another run to end (default: not at all)", &l.lock),
	}
}

func (a *app) globalFlags() []cli.Flag {
	o := &a.opts
	return append([]cli.Flag{
		&cli.StringFlag{
			Name: "profile",
			Usage: "read the profile from `FILE` (default ./quick-deploy.yaml, then " +
				"$XDG_CONFIG_HOME/quick-deploy/profile.yaml); builtin: is the built-in one",
			Destination: &o.profile, Sources: twin("profile"), TakesFile: true,
		},
		&cli.StringSliceFlag{
			Name: "extends-from", Usage: "let the profile extend files below `DIR`, too (default: its own folder); may be given several times",
			Destination: &o.extendsFrom, Sources: twin("extends-from"), TakesFile: true,
		},
		&cli.StringFlag{
			Name: "flake", Aliases: []string{"o", "output"}, Usage: "keep the flake in `DIR` (default $XDG_CONFIG_HOME/nixos)",
			Destination: &o.flake, Sources: twin("flake"), TakesFile: true,
		},
		&cli.StringFlag{
			Name: "host", Usage: "act on the host `NAME` (default: the profile's only one, else this machine)",
			Destination: &o.host, Sources: twin("host"),
		},
		onFlag(a),
		&cli.StringFlag{
			Name: "root", Usage: "read /sys, /proc and /etc below `DIR`", Value: "/",
			Destination: &o.root, Sources: twin("root"), TakesFile: true,
		},
		&cli.StringFlag{
			Name: "options", Usage: "check options of NixOS against the list in `FILE` (nixpkgs' options.json)",
			Destination: &o.options, Sources: twin("options"), TakesFile: true,
		},
		&cli.StringFlag{
			Name: "home-options", Usage: "check options of home-manager against the list in `FILE`",
			Destination: &o.homeOptions, Sources: twin("home-options"), TakesFile: true,
		},
		&cli.BoolFlag{Name: "json", Usage: "print data as JSON", Destination: &o.json, Sources: twin("json")},
		&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Usage: "show what would be done and do nothing", Destination: &o.dryRun, Sources: twin("dry-run")},
		&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: "answer yes to every question", Destination: &o.yes, Sources: twin("yes")},
		&cli.BoolFlag{Name: "debug", Aliases: []string{"d"}, Usage: "show and log every command", Destination: &o.debug, Sources: twin("debug")},
		&cli.BoolFlag{Name: "no-probe", Usage: "do not look at this machine's hardware", Destination: &o.noProbe, Sources: twin("no-probe")},
		&cli.BoolFlag{Name: "allow-root", Usage: "run as root, as on an installer image", Destination: &o.allowRoot, Sources: twin("allow-root")},
		&cli.IntFlag{
			Name: "retries", Usage: "try `N` times more what the network broke", Value: retry.Default().Attempts - 1,
			// RETRY_MAX_ATTEMPTS is the name that version 3.0.0 gave it.
			Destination: &o.retries, Sources: cli.EnvVars("QUICK_DEPLOY_RETRIES", "RETRY_MAX_ATTEMPTS"), Validator: notNegative,
		},
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "show errors and data only", Destination: &o.quiet, Sources: twin("quiet")},
	}, o.limits.flags()...)
}

func notNegative(n int) error {
	if n < 0 {
		return fmt.Errorf("%d is less than 0", n)
	}
	return nil
}

// before completes the flags that were left out.
func (a *app) before(ctx context.Context, _ *cli.Command) (context.Context, error) {
	// By it everything is found that is kept between runs.
	if home := os.Getenv("HOME"); !filepath.IsAbs(home) {
		return ctx, fault.New(fault.Usage, "HOME is %q, which is no absolute path", home).Hint("set it to your home directory")
	}
	level, err := logfile.ParseLevel(os.Getenv("LOG_LEVEL"))
	if err != nil {
		return ctx, fault.New(fault.Usage, "%w", err)
	}
	if a.logLevel = level; a.opts.debug {
		a.logLevel = slog.LevelDebug
	}
	a.begun = true
	if a.opts.flake == "" {
		a.opts.flake = filepath.Join(configHome(), "nixos")
	}
	for _, dir := range []*string{&a.opts.flake, &a.opts.root} {
		if *dir, err = filepath.Abs(*dir); err != nil {
			return ctx, err
		}
	}
	return ctx, nil
}

// configHome is $XDG_CONFIG_HOME, by the XDG base directory specification.
func configHome() string {
	if dir := os.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(os.Getenv("HOME"), ".config")
}

// stateHome is $XDG_STATE_HOME, by the XDG base directory specification.
func stateHome() string {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return dir
	}
	return filepath.Join(os.Getenv("HOME"), ".local", "state")
}

func skipFlag(usage string) cli.Flag {
	return &cli.StringSliceFlag{Name: "skip", Usage: usage, Sources: twin("skip")}
}
