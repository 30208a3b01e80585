package cli

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// runFlags are those of build, test, boot, switch and resume.
func runFlags(o *app.RunOptions) []cli.Flag {
	return slices.Concat(buildFlags(o), []cli.Flag{
		listFlag("accept", "let a first switch remove `NAME`, as it is listed; this is recorded", &o.Accept),
		boolFlag("retry-bad", "switch to a build that failed before", &o.RetryBad),
		boolFlag("no-home", "leave the homes alone", &o.SkipHome),
	}, switchFlags(o))
}

// buildFlags are those of every command that builds from the flake.
func buildFlags(o *app.RunOptions) []cli.Flag {
	space := sizeFlag("min-free", "refuse if the store has less than `SIZE` free, such as 20GiB", &o.MinFree)
	space.DefaultText, space.Sources = `"50GiB"`, variable("min-free")
	return []cli.Flag{
		forceFlag(&o.Force),
		skipFlag("skip the preflight check `CHECK`; this is recorded", &o.SkipChecks),
		boolFlag("no-generate", "take the flake as it is on disk", &o.NoGenerate),
		boolFlag("offline", "use no network", &o.Offline),
		boolFlag("show-trace", "show the whole trace of an evaluation error", &o.ShowTrace, "t"),
		space,
		boolFlag("nom", "show the build with nix-output-monitor", &o.Nom),
	}
}

// sizeFlag is a number of bytes.
func sizeFlag(name, usage string, to *int64) *cli.StringFlag {
	return &cli.StringFlag{
		Name: name, Usage: usage,
		Action: func(_ context.Context, _ *cli.Command, size string) error {
			if size == "" {
				return nil
			}
			n, err := humanize.ParseBytes(size)
			if err != nil || n > math.MaxInt64 {
				return fault.New(fault.Usage, "--%s %q is not a size", name, size).Hint("20GiB, 500MB, or a number of bytes")
			}
			*to = int64(n)
			return nil
		},
	}
}

// switchFlags are those of every command that switches this machine.
func switchFlags(o *app.RunOptions) []cli.Flag {
	return append(healthFlags(&o.SwitchOptions),
		boolFlag("live-display", "restart the display manager from inside its own session", &o.LiveDisplay),
		boolFlag("ignore-inhibitors", "switch even if the new system asks for a reboot", &o.IgnoreInhibitors),
		elevateFlag(&o.Elevate),
	)
}

// healthFlags are those of every command that checks that a machine came up after it was switched.
func healthFlags(o *app.SwitchOptions) []cli.Flag {
	return []cli.Flag{
		skipHealthFlag(&o.SkipHealth),
		healthTimeoutFlag(&o.HealthTimeout),
		&cli.BoolFlag{
			Name: "rollback-on-failure", Usage: "roll system and homes back if activation or a health check fails", Value: true,
			Sources: variable("rollback-on-failure"),
			// A run that is taken up keeps its own, unless somebody says something.
			Action: func(_ context.Context, _ *cli.Command, back bool) error {
				keep := !back
				o.Keep = &keep
				return nil
			},
		},
		&cli.DurationFlag{
			Name: "confirm-timeout", Usage: "have the machine roll back by itself if it hears nothing for `DURATION`",
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
	return boolFlag("skip-health-check", "do not check that the services came up", to)
}

func healthTimeoutFlag(to *time.Duration) *cli.DurationFlag {
	return &cli.DurationFlag{
		Name: "health-timeout", Usage: "wait `DURATION` for services to come up, such as 90s",
		DefaultText: health.DefaultTimeout.String(), Destination: to, Sources: variable("health-timeout"),
		Validator: func(d time.Duration) error {
			if d <= 0 {
				return fmt.Errorf("%s is not a valid time to wait; --skip-health-check leaves the checks out", d)
			}
			return nil
		},
	}
}

func elevateFlag(to *string) cli.Flag {
	f := textFlag("elevate", "become root with `METHOD`: auto, sudo, run0, doas or none", to)
	f.Value = "auto"
	return f
}

// skipFlag leaves checks of preflight out. Commands that make few of them take the names of all: the variable is one
// for every command.
func skipFlag(usage string, to *[]string) cli.Flag {
	f := listFlag("skip", usage, to)
	f.Action = func(_ context.Context, _ *cli.Command, names []string) error {
		known := preflight.Names()
		for _, name := range names {
			if slices.Contains(known, name) {
				continue
			}
			if near := profile.Nearest(name, known); near != "" {
				return fault.New(fault.Usage, "unknown check %q; did you mean %s?", name, near)
			}
			return fault.New(fault.Usage, "unknown check %q", name).Hint("the checks are %s", strings.Join(known, ", "))
		}
		return nil
	}
	return f
}

// checkWords are the checks of preflight.
func checkWords(*app.App, []string) []word {
	return wordsOf(preflight.List(), nil, func(c preflight.Check) word { return word{c.Name, c.Doc} })
}

func forceFlag(to *bool) *cli.BoolFlag {
	return boolFlag("force-update", "replace files that were edited by hand, after backing them up", to, "f")
}
