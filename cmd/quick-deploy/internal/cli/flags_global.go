package cli

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
)

// globalFlags are those of every command.
func globalFlags(a *app.App) []cli.Flag {
	extends := listFlag("extends-from",
		"let the profile also extend files below `DIR` (default: its own folder)", &a.ExtendsFrom)
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
			"$XDG_CONFIG_HOME/quick-deploy/profile.yaml); builtin: means the built-in one", &a.Profile),
		extends,
		flake,
		textFlag("host", "act on the host `NAME` (default: the profile's only one, or this machine)", &a.Host),
		listFlag("on",
			"act on the hosts that match `SELECTOR`: web-1, web-*, @tag, @group, !web-2, separated by commas", &a.On),
		root,
		boolFlag("json", "print data as JSON", &a.JSON),
		boolFlag("dry-run", "show what would be done and do nothing", &a.DryRun, "n"),
		boolFlag("yes", "answer yes to every question", &a.Yes, "y"),
		boolFlag("debug", "show and log every command", &a.Debug, "d"),
		boolFlag("no-probe", "do not look at this machine's hardware", &a.NoProbe),
		boolFlag("allow-root", "run as root, as on an installer image", &a.AllowRoot),
		&cli.IntFlag{
			Name: "retries", Usage: "retry `N` times what failed because of the network", Value: retry.Default().Attempts - 1,
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
		{"profile", path}, {"flake", a.Flake}, {"root", a.Root},
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
