package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/engine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/ssh"
	"github.com/quick-deploy/quick-deploy/generator"
)

// InstallOptions are the flags of fleet install.
type InstallOptions struct {
	Target     string // USER@ADDRESS of the machine as it runs now, "": root at the host's address
	DiskKey    string // file with the passphrase of encrypted disks
	ExtraFiles string // folder whose files are put onto the machine
	Confirm    string // the host's name, in place of typing it
	Skip       []string
}

// FleetInstall erases the disks of a machine: it shows them and wants the
// host's name typed. --yes does not stand for that, --confirm NAME does.
func FleetInstall(ctx context.Context, a *App, host string, o InstallOptions) error {
	a = a.ForHost(host)
	g, name, err := PlanHost(ctx, a)
	if err != nil {
		return err
	}
	h := g.host(name)
	if len(h.Formatted) == 0 {
		return fault.New(fault.Preflight, "%s: the profile does not lay out its disks", name).
			Hint("add disks: {layout: ext4, devices: [/dev/disk/by-id/...]} to the host")
	}
	bring := func(h generator.Host) []closed { return installable(h, o.ExtraFiles) }
	if err := keepWays(a, []string{name}, g, o.Skip, bring); err != nil {
		return err
	}
	if g.Changes.Pending() {
		return fault.New(fault.Pending, "%s is not as %s says: %s", g.Tree.Dir(), g.Name, g.Changes.Summary()).
			Hint("quick-deploy generate writes it")
	}
	in, err := o.read(g, name)
	if err != nil {
		return err
	}
	r, err := newRollout(a, g, FleetOptions{})
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
		a.Say("%s will be erased: %s", in.Target, d)
	}
	if a.DryRun {
		return nil
	}
	if err := agreeToErase(ctx, a, o.Confirm, name); err != nil {
		return err
	}
	a.Acting.Store(true)
	return r.Install(ctx, in)
}

// read reads what the flags say of a machine that is installed.
func (o InstallOptions) read(g *Generated, name string) (in engine.Install, err error) {
	h := g.host(name)
	in = engine.Install{Host: name, Devices: h.Formatted, Target: ssh.Target{User: "root", Host: h.Deployment.Host}}
	if in.Extra = o.ExtraFiles; in.Extra != "" {
		if in.Extra, err = filepath.Abs(in.Extra); err != nil {
			return in, err
		}
		if fi, err := os.Stat(in.Extra); err != nil || !fi.IsDir() {
			return in, fault.New(fault.Usage, "--extra-files: %s is not a folder", in.Extra)
		}
	}
	if text := o.Target; text != "" {
		if in.Target, err = ssh.ParseTarget(text); err != nil {
			return in, fault.New(fault.Usage, "--target %w", err)
		}
	}
	if n := g.Node(name).Get("disks", "encrypt"); n != nil && n.Scalar == true {
		if in.Key = o.DiskKey; in.Key == "" {
			return in, fault.New(fault.Usage, "the disks of %s are encrypted", name).
				Hint("name a file with their passphrase: --disk-key FILE")
		}
		if in.Key, err = filepath.Abs(in.Key); err != nil {
			return in, err
		}
		if _, err := os.Stat(in.Key); err != nil {
			return in, fault.New(fault.Usage, "--disk-key: cannot read %s: %w", in.Key, regular.Why(in.Key, err))
		}
	}
	return in, nil
}

// agreeToErase has the host's name typed.
func agreeToErase(ctx context.Context, a *App, given, name string) error {
	if given == "" {
		if !a.Asks {
			return fault.New(fault.Usage, "erasing the disks of %s needs its name typed, "+
				"and standard input is not a terminal", name).
				Hint("--confirm %s", name)
		}
		var err error
		given, err = a.Ask(ctx, fmt.Sprintf("Type %s to erase these disks: ", name))
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	if given != name {
		return fault.New(fault.Usage, "%q is not %q; nothing was erased", given, name)
	}
	return nil
}
