package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
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

func (a *app) globalFlags() []cli.Flag {
	o := &a.opts
	return []cli.Flag{
		&cli.StringFlag{
			Name: "profile", Usage: "read the profile from `FILE` (default ./quick-deploy.yaml, then $XDG_CONFIG_HOME/quick-deploy/profile.yaml)",
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
		&cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "show errors and data only", Destination: &o.quiet, Sources: twin("quiet")},
	}
}

// before completes the flags that were left out.
func (a *app) before(ctx context.Context, _ *cli.Command) (context.Context, error) {
	// By it everything is found that is kept between runs.
	if home := os.Getenv("HOME"); !filepath.IsAbs(home) {
		return ctx, fault.New(fault.Usage, "HOME is %q, which is no absolute path", home).Hint("set it to your home directory")
	}
	if a.opts.flake == "" {
		a.opts.flake = filepath.Join(configHome(), "nixos")
	}
	abs, err := filepath.Abs(a.opts.flake)
	if err != nil {
		return ctx, err
	}
	a.opts.flake = abs
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
