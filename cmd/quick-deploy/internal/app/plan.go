package app

import (
	"context"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/internal/built"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/inputs"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Generated is a flake in memory with what writing it would change.
type Generated struct {
	*Loaded
	Flake   *generator.Tree
	Tree    *tree.Tree
	Changes tree.Changes
	// inputs are what the flake is built from, where the command tells of it.
	Inputs []inputs.Input

	// age is what is to be told about the age of the inputs, "" for nothing.
	age   string
	hosts map[string]generator.Host
}

// PlanFlake generates the flake and compares it with the one on disk. It tells the notices.
func PlanFlake(ctx context.Context, a *App) (*Generated, error) {
	g, err := planFlake(ctx, a)
	if err == nil {
		ShowNotices(a, g.Flake)
	}
	return g, err
}

func planFlake(ctx context.Context, a *App) (*Generated, error) {
	l, err := a.Load()
	if err != nil {
		return nil, err
	}
	flake, err := Generate(ctx, a, l, true)
	if err != nil {
		return nil, err
	}
	t, err := tree.Open(a.Flake, atomic.Writer{})
	if err != nil {
		return nil, err
	}
	changes, err := t.Plan(flake.Files, tree.Meta{Tool: a.Version, Profile: l.hash()})
	if err != nil {
		return nil, err
	}
	a.Log.Info("compared", "flake", t.Dir(), "changes", changes.Summary())
	hosts := map[string]generator.Host{}
	for _, h := range flake.Hosts {
		hosts[h.Name] = h
	}
	return &Generated{Loaded: l, Flake: flake, Tree: t, Changes: changes, hosts: hosts}, nil
}

// PlanHost is PlanFlake for the host that the command acts on.
func PlanHost(ctx context.Context, a *App) (*Generated, string, error) {
	g, err := PlanFlake(ctx, a)
	if err != nil {
		return nil, "", err
	}
	host, err := a.HostName(g.Loaded)
	return g, host, err
}

// PlanInputs is PlanFlake with what the flake is built from. It tells of old inputs. With keep,
// flake.lock is not written, and with force it is, whoever changed it.
func PlanInputs(ctx context.Context, a *App, keep, force bool) (*Generated, error) {
	g, err := PlanFlake(ctx, a)
	if err != nil {
		return nil, err
	}
	if g.Inputs, err = readInputs(a, g, keep, force); err != nil {
		return nil, err
	}
	g.age, err = agesOf(a, g)
	tellAge(a, g.age)
	return g, err
}

// host is a generated host.
func (g *Generated) host(name string) generator.Host { return g.hosts[name] }

// Generate makes the flake in memory, with or without its files. Of its notices those about other hosts
// than --host and --on name are left out.
func Generate(ctx context.Context, a *App, l *Loaded, files bool) (*generator.Tree, error) {
	return generate(ctx, a, l, files, true)
}

// generate is Generate; without names it looks none up, since other pins may have those that the present ones lack.
func generate(ctx context.Context, a *App, l *Loaded, files, names bool) (*generator.Tree, error) {
	facts, unread := generator.NamedFacts(l.Profile, l.source)
	if err := probeHost(ctx, a, l, facts); err != nil {
		return nil, err
	}
	var err error
	if l.names, err = newNames(ctx, a); err != nil {
		return nil, err
	}
	l.input = a.inputOf(l, facts, files)
	if !names {
		l.input.Index = nil
	}
	t, err := generator.Generate(l.input)
	if err := profile.Join(unread, err); err != nil {
		tell(a, l.names.warnings(nil))
		return nil, err
	}
	selected, err := a.Selected(l)
	if err != nil {
		return nil, err
	}
	about := map[string]bool{"": true}
	for _, h := range selected {
		about[h.Name] = true
	}
	t.Notices = slices.DeleteFunc(t.Notices, func(n generator.Notice) bool { return !about[n.Host] })
	t.Notices = append(t.Notices, l.names.warnings(about)...)
	a.Log.Info("generated", "profile", l.Name, "hosts", len(l.Profile.Hosts),
		"files", len(t.Files), "notices", len(t.Notices))
	return t, nil
}

// inputOf is what the flake of the profile is made from.
func (a *App) inputOf(l *Loaded, facts map[string]hardware.Facts, files bool) generator.Input {
	_, many := a.HostName(l) // an error of Nix is traced back for one host
	return generator.Input{
		Profile: l.Profile, Schema: l.schema, Facts: facts, Files: l.source, Index: l.names.index, Warn: l.names.warn,
		Explain: many == nil, NoFiles: !files, Tool: built.Source(builtFrom),
	}
}

// probeHost adds the facts of this machine, if it is one of the hosts and names none.
func probeHost(ctx context.Context, a *App, l *Loaded, facts map[string]hardware.Facts) error {
	name := l.machine.Hostname
	if len(l.Profile.Hosts) == 1 && !l.Profile.Partial {
		name = l.Profile.Hosts[0].Name
	}
	if a.NoProbe {
		return nil
	}
	for _, h := range l.Profile.Hosts {
		if h.Name == name && h.Facts == nil {
			f, warnings := probe.Run(ctx, probe.Options{Root: a.Root})
			a.Log.Info("probed", "host", name, "warnings", len(warnings))
			facts[name] = f
			var err error
			if l.probed, err = factsHash(f); err != nil {
				return err
			}
		}
	}
	return nil
}
