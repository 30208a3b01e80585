package setup

import (
	"context"
	"path/filepath"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// TakeOver says which configuration is taken over, if any is.
type TakeOver struct {
	Adopt    bool   // somebody asked for it
	Path     string // where the configuration lies, "": /etc/nixos
	Fresh    bool   // none
	Answered bool   // an answers file says it
}

// ReadConfig takes the proposals from the configuration that is to be taken over. That is the one that the
// machine has, unless a fresh start or another one is asked for.
func (g *Guide) ReadConfig(ctx context.Context, o TakeOver) error {
	switch {
	case o.Adopt && o.Fresh:
		return fault.New(fault.Usage, "--adopt and --fresh cannot be used together")
	case o.Adopt && o.Answered:
		return fault.New(fault.Usage, "--adopt and --answers cannot be used together").
			Hint("an answers file says itself what is taken over")
	case !o.Adopt && g.config == "" && g.machine.NixOS && !o.Fresh && !o.Answered:
		g.Say("note: /etc/nixos has no configuration to adopt; " +
			"quick-deploy init --adopt PATH adopts one from elsewhere")
		return nil
	case !o.Adopt && (o.Fresh || g.config == "" || o.Answered):
		return nil
	}
	path := o.Path
	if path == "" {
		path = system.Inside(g.Root, "/etc/nixos")
	}
	if !o.Adopt {
		g.Say("this machine is configured by %s, which is taken over and stays as it is; --fresh starts without it", g.config)
	}
	g.Say("evaluating %s ...", path)
	var err error
	if g.adoption, err = newAdoption(ctx, g, path); err != nil {
		return bothWays(g, o.Adopt, err)
	}
	g.adoption.propose(g)
	return nil
}

// Check makes sure that what was taken over fits the answers, and reports.
func (g *Guide) Check(ctx context.Context, answers starter.Answers) error {
	if answers.Adopt == "" {
		g.sayGone(answers)
		return nil
	}
	if g.adoption == nil {
		var err error
		if g.adoption, err = newAdoption(ctx, g, answers.Adopt); err != nil {
			return err
		}
	}
	if err := Absent(filepath.Join(g.Flake, "hosts", answers.Hostname, "legacy.nix"), "--hostname NAME"); err != nil {
		return err
	}
	differences, err := g.adoption.compare(ctx, g, answers)
	if err != nil {
		return bothWays(g, true, err)
	}
	g.adoption.report(g, answers, differences)
	return nil
}

// Place writes the configuration that was taken over, if one was, into the flake.
func (g *Guide) Place(host string) error {
	if g.adoption == nil {
		return nil
	}
	return g.adoption.place(g, host)
}

// Close removes what evaluations have left.
func (g *Guide) Close() {
	if g.adoption != nil {
		g.adoption.close()
	}
}
