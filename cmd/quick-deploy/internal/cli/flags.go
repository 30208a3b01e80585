package cli

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
)

// variable is the environment variable that stands for a flag.
func variable(flag string) cli.ValueSourceChain {
	return cli.EnvVars("QUICK_DEPLOY_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_")))
}

// boolFlag is a flag for which a variable may stand, as all below are.
func boolFlag(name, usage string, to *bool, aliases ...string) *cli.BoolFlag {
	return &cli.BoolFlag{Name: name, Usage: usage, Destination: to, Aliases: aliases, Sources: variable(name)}
}

// plainFlag is a flag for which no variable stands.
func plainFlag(name, usage string, to *bool) *cli.BoolFlag {
	return &cli.BoolFlag{Name: name, Usage: usage, Destination: to}
}

func textFlag(name, usage string, to *string) *cli.StringFlag {
	return &cli.StringFlag{Name: name, Usage: usage, Destination: to, Sources: variable(name)}
}

func fileFlag(name, usage string, to *string) *cli.StringFlag {
	f := textFlag(name, usage, to)
	f.TakesFile = true
	return f
}

func listFlag(name, usage string, to *[]string) *cli.StringSliceFlag {
	return &cli.StringSliceFlag{Name: name, Usage: usage, Destination: to, Sources: variable(name)}
}

// globalFlags are those of every command.
func globalFlags(a *app.App) []cli.Flag {
	extends := listFlag("extends-from",
		"let the profile extend files below `DIR`, too (default: its own folder); may be given several times", &a.ExtendsFrom)
	extends.TakesFile = true
	flake := fileFlag("flake", "keep the flake in `DIR` (default $XDG_CONFIG_HOME/nixos)", &a.Flake)
	flake.Aliases = []string{"o", "output"}
	root := fileFlag("root", "read /sys, /proc and /etc below `DIR`", &a.Root)
	root.Value = "/"
	limit := func(name, usage string, to *time.Duration) cli.Flag {
		return &cli.DurationFlag{
			Name: name, Usage: usage, Destination: to, Sources: variable(name), HideDefault: true,
			Validator: notNegative[time.Duration],
		}
	}
	return []cli.Flag{
		fileFlag("profile", "read the profile from `FILE` (default ./quick-deploy.yaml, then "+
			"$XDG_CONFIG_HOME/quick-deploy/profile.yaml); builtin: is the built-in one", &a.Profile),
		extends,
		flake,
		textFlag("host", "act on the host `NAME` (default: the profile's only one, else this machine)", &a.Host),
		listFlag("on",
			"act on the hosts that `SELECTOR` names: web-1, web-*, @tag, @group, !web-2, several with commas", &a.On),
		root,
		fileFlag("options", "check options of NixOS against the list in `FILE` (nixpkgs' options.json)", &a.OptionList),
		fileFlag("home-options", "check options of home-manager against the list in `FILE`", &a.HomeOptionList),
		boolFlag("json", "print data as JSON", &a.JSON),
		boolFlag("dry-run", "show what would be done and do nothing", &a.DryRun, "n"),
		boolFlag("yes", "answer yes to every question", &a.Yes, "y"),
		boolFlag("debug", "show and log every command", &a.Debug, "d"),
		boolFlag("no-probe", "do not look at this machine's hardware", &a.NoProbe),
		boolFlag("allow-root", "run as root, as on an installer image", &a.AllowRoot),
		&cli.IntFlag{
			Name: "retries", Usage: "try `N` times more what the network broke", Value: retry.Default().Attempts - 1,
			// RETRY_MAX_ATTEMPTS is the name that version 3.0.0 gave it.
			Sources:     cli.EnvVars("QUICK_DEPLOY_RETRIES", "RETRY_MAX_ATTEMPTS"),
			Destination: &a.Retries, Validator: notNegative[int],
		},
		boolFlag("quiet", "show errors and data only", &a.Quiet, "q"),
		limit("build-timeout", "stop a build after `TIME`, such as 2h", &a.Limits.Build),
		limit("activation-timeout", "stop an activation after `TIME` (default 15m)", &a.Limits.Activation),
		limit("network-timeout", "wait `TIME` for a binary cache or a machine to answer (default 10s)", &a.Limits.Network),
		limit("lock-timeout", "wait `TIME` for another run to end (default: not at all)", &a.Limits.Lock),
	}
}

func notNegative[N int | time.Duration](n N) error {
	if n < 0 {
		return fmt.Errorf("%v is less than 0", n)
	}
	return nil
}

// globalArgs begin another command line as this one began, for the profile at path, if one is given.
func globalArgs(a *app.App, path string) []string {
	var args []string
	for _, f := range [][2]string{
		{"profile", path}, {"flake", a.Flake}, {"root", a.Root}, {"options", a.OptionList},
		{"home-options", a.HomeOptionList},
	} {
		if f[1] != "" {
			args = append(args, "--"+f[0]+"="+f[1])
		}
	}
	for _, f := range []struct {
		name string
		on   bool
	}{{"debug", a.Debug}, {"no-probe", a.NoProbe}, {"allow-root", a.AllowRoot}, {"quiet", a.Quiet}} {
		if f.on {
			args = append(args, "--"+f.name)
		}
	}
	return args
}

// runFlags are those of build, test, boot, switch and resume.
func runFlags(o *app.RunOptions) []cli.Flag {
	space := &cli.StringFlag{
		Name: "min-free", Usage: "refuse if the store has less than `SIZE` free, such as 20GiB",
		DefaultText: `"50GiB"`, Sources: variable("min-free"),
		Action: func(_ context.Context, _ *cli.Command, size string) error {
			if size == "" {
				return nil
			}
			n, err := humanize.ParseBytes(size)
			if err != nil || n > math.MaxInt64 {
				return fault.New(fault.Usage, "--min-free %q is not a size", size).Hint("20GiB, 500MB, or a number of bytes")
			}
			o.MinFree = int64(n)
			return nil
		},
	}
	return append([]cli.Flag{
		forceFlag(&o.Force),
		listFlag("skip", "leave out the preflight check `CHECK`; it is recorded", &o.Skip),
		listFlag("accept", "let a first switch take `NAME` away, as it is listed; it is recorded", &o.Accept),
		boolFlag("retry-bad", "switch to a closure that failed before", &o.RetryBad),
		boolFlag("no-home", "leave the homes alone", &o.NoHome),
		boolFlag("no-generate", "take the flake as it lies there", &o.NoGenerate),
		boolFlag("offline", "use no network", &o.Offline),
		boolFlag("show-trace", "show the whole trace of an evaluation error", &o.ShowTrace, "t"),
		space,
		boolFlag("nom", "show the build with nix-output-monitor", &o.Nom),
	}, switchFlags(o)...)
}

// switchFlags are those of every command that switches this machine.
func switchFlags(o *app.RunOptions) []cli.Flag {
	return append(healthFlags(&o.HealthOptions),
		boolFlag("live-display", "restart the display manager from inside its own session", &o.LiveDisplay),
		boolFlag("ignore-inhibitors", "switch even if the new system asks for a reboot", &o.IgnoreInhibitors),
		elevateFlag(&o.Elevate),
	)
}

// healthFlags are those of every command that looks whether a machine came up after it was switched.
func healthFlags(o *app.HealthOptions) []cli.Flag {
	return []cli.Flag{
		skipHealthFlag(&o.SkipHealth),
		healthTimeoutFlag(&o.HealthTimeout),
		&cli.BoolFlag{
			Name: "rollback-on-failure", Usage: "put system and homes back if activation or a health check fails", Value: true,
			Sources: variable("rollback-on-failure"),
			// A run that is taken up keeps its own, unless somebody says something.
			Action: func(_ context.Context, _ *cli.Command, back bool) error {
				keep := !back
				o.KeepOnFailure = &keep
				return nil
			},
		},
		&cli.DurationFlag{
			Name: "confirm-timeout", Usage: "let the machine go back by itself after `DURATION` without a word from here",
			DefaultText: "1m0s", Destination: &o.ConfirmTimeout, Sources: variable("confirm-timeout"),
			Validator: func(d time.Duration) error {
				if d < 2*time.Second {
					return fmt.Errorf("%s is too short: the checks need a moment between two words", d)
				}
				return nil
			},
		},
	}
}

func skipHealthFlag(to *bool) *cli.BoolFlag {
	return boolFlag("skip-health-check", "do not look whether the services came up", to)
}

func healthTimeoutFlag(to *time.Duration) *cli.DurationFlag {
	return &cli.DurationFlag{
		Name: "health-timeout", Usage: "wait `DURATION` for what is not up, such as 90s",
		DefaultText: health.DefaultTimeout.String(), Destination: to, Sources: variable("health-timeout"),
		Validator: func(d time.Duration) error {
			if d <= 0 {
				return fmt.Errorf("%s is no time to wait; --skip-health-check leaves the checks out", d)
			}
			return nil
		},
	}
}

func elevateFlag(to *string) cli.Flag {
	f := textFlag("elevate", "become root by `METHOD`: auto, sudo, run0, doas or none", to)
	f.Value = "auto"
	return f
}

func forceFlag(to *bool) *cli.BoolFlag {
	return boolFlag("force-update", "replace files that were edited by hand, after a backup", to, "f")
}
