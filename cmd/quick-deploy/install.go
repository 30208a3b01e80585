package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/engine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/ssh"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator"
)

// fleetInstall erases the disks of a machine: it shows them and wants the
// host's name typed. --yes does not stand for that, --confirm NAME does.
func (a *app) fleetInstall(ctx context.Context, cmd *cli.Command) error {
	if cmd.Args().Len() != 1 {
		return fault.New(fault.Usage, "fleet install takes one host")
	}
	a.opts.host = cmd.Args().First()
	g, err := a.plan(ctx)
	if err != nil {
		return err
	}
	name, err := a.hostName(g.loaded)
	if err != nil {
		return err
	}
	h := g.host(name)
	if len(h.Formatted) == 0 {
		return fault.New(fault.Preflight, "%s: the profile does not lay out its disks", name).
			Hint("add disks: {layout: ext4, devices: [/dev/disk/by-id/...]} to the host")
	}
	bring := func(h generator.Host) []closed { return installable(h, cmd.String("extra-files")) }
	if err := a.keepWays([]string{name}, g, cmd.StringSlice("skip"), bring); err != nil {
		return err
	}
	if g.changes.Pending() {
		return fault.New(fault.Pending, "%s is not as %s says: %s", g.tree.Dir(), g.name, g.changes.Summary()).
			Hint("quick-deploy generate writes it")
	}
	in, err := newMachine(cmd, g, name)
	if err != nil {
		return err
	}
	r, err := a.roll(g, "")
	if err != nil {
		return err
	}
	disks, err := r.CheckDisks(ctx, in)
	if err != nil {
		var away *ssh.UnreachableError
		if errors.As(err, &away) {
			return fault.New(fault.Network, "install %s: %w", name, err)
		}
		return err
	}
	for _, d := range disks {
		a.say("%s will be erased: %s", in.Target, d)
	}
	if a.opts.dryRun {
		return nil
	}
	if err := a.typed(ctx, cmd.String("confirm"), name); err != nil {
		return err
	}
	a.acting.Store(true)
	return r.Install(ctx, in)
}

// newMachine reads what the flags say of a machine that is installed.
func newMachine(cmd *cli.Command, g *generated, name string) (in engine.Install, err error) {
	h := g.host(name)
	in = engine.Install{Host: name, Devices: h.Formatted, Target: ssh.Target{User: "root", Host: h.Deployment.Host}}
	if in.Extra = cmd.String("extra-files"); in.Extra != "" {
		if in.Extra, err = filepath.Abs(in.Extra); err != nil {
			return in, err
		}
		if fi, err := os.Stat(in.Extra); err != nil || !fi.IsDir() {
			return in, fault.New(fault.Usage, "--extra-files: %s is no folder", in.Extra)
		}
	}
	if text := cmd.String("target"); text != "" {
		if in.Target, err = parseTarget(text); err != nil {
			return in, err
		}
	}
	if n := g.node(name).Get("disks", "encrypt"); n != nil && n.Scalar == true {
		if in.Key = cmd.String("disk-key"); in.Key == "" {
			return in, fault.New(fault.Usage, "the disks of %s are encrypted", name).Hint("name a file with their passphrase: --disk-key FILE")
		}
		if in.Key, err = filepath.Abs(in.Key); err != nil {
			return in, err
		}
		if _, err := os.Stat(in.Key); err != nil {
			return in, fault.New(fault.Usage, "--disk-key: %w", err)
		}
	}
	return in, nil
}

// typed has the host's name typed.
func (a *app) typed(ctx context.Context, given, name string) error {
	if given == "" {
		if !term.Is(a.stdin) {
			return fault.New(fault.Usage, "erasing the disks of %s needs its name typed, and nobody can be asked", name).Hint("--confirm %s", name)
		}
		fmt.Fprintf(a.stderr, "Type %s to erase these disks: ", name)
		var err error
		if given, err = a.readLine(ctx); err != nil {
			return err
		}
	}
	if given != name {
		return fault.New(fault.Usage, "%q is not %q; nothing was erased", given, name)
	}
	return nil
}

// parseTarget reads USER@ADDRESS, with :PORT behind it where there is one.
func parseTarget(text string) (ssh.Target, error) {
	t := ssh.Target{User: "root", Host: text}
	if user, host, ok := strings.Cut(text, "@"); ok {
		t.User, t.Host = user, host
	}
	if host, port, ok := strings.Cut(t.Host, ":"); ok && !strings.Contains(port, ":") {
		n, err := strconv.Atoi(port)
		if err != nil {
			return t, fault.New(fault.Usage, "--target %q: %w", text, err)
		}
		t.Host, t.Port = host, n
	}
	if t.User == "" || t.Host == "" || strings.HasPrefix(t.Host, "-") || strings.HasPrefix(t.User, "-") {
		return t, fault.New(fault.Usage, "--target %q is not USER@ADDRESS", text)
	}
	return t, nil
}
