package app

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/explain"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/inputs"
	"github.com/quick-deploy/quick-deploy/generator"
)

// ExplainOptions are the flags of explain.
type ExplainOptions struct {
	Option bool   // the key is an option of NixOS or of a home
	User   string // with Option, whose home
	NoEval bool   // with Option, Nix is not asked
}

// Explain says where a value of a host comes from; args are [HOST] KEY.
func Explain(ctx context.Context, a *App, args []string, o ExplainOptions) error {
	if len(args) == 0 || len(args) > 2 {
		return fault.New(fault.Usage, "explain takes a host and a key").
			Hint("quick-deploy explain web-1 services.nginx.expose")
	}
	l, err := a.load()
	if err != nil {
		return err
	}
	key, host := args[len(args)-1], args[0]
	if len(args) == 1 {
		if host, err = a.hostName(l); err != nil {
			return err
		}
	}
	if o.Option {
		return explainOption(ctx, a.forHost(host), key, o)
	}
	layers, err := explain.Layers(l.profile, host, key)
	if err != nil {
		return selectorFault("explain", err)
	}
	return a.Print(layers, layers.WriteText)
}

func explainOption(ctx context.Context, a *App, name string, o ExplainOptions) error {
	l, host, err := a.loadHost()
	if err != nil {
		return err
	}
	flake, err := generate(ctx, a, l)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(flake.Hosts, func(h generator.Host) bool { return h.Name == host })
	option, err := explain.New(flake.Hosts[at], flake.Files, o.User, name)
	if err != nil {
		return err
	}
	if !o.NoEval {
		if err := evaluateOption(ctx, a, option); err != nil {
			a.Say("note: Nix was not asked: %v", err)
		}
	}
	if err := option.Missing(); err != nil {
		return err
	}
	return a.Print(option, option.WriteText)
}

func evaluateOption(ctx context.Context, a *App, option *explain.Option) error {
	runner := a.Retrying(a.Runner())
	if _, err := runner.LookPath("nix"); err != nil {
		return err
	}
	if !exists(filepath.Join(a.Flake, inputs.FlakeFile)) {
		return fmt.Errorf("%s holds no flake yet", a.Flake)
	}
	return option.Evaluate(ctx, runner, a.Flake)
}
