package app

import (
	"bytes"
	"context"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/inputs"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/optionlist"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// generated is a flake in memory with what writing it would change.
type generated struct {
	*loaded
	flake   *generator.Tree
	tree    *tree.Tree
	changes tree.Changes
	// inputs are what the flake is built from, where the command tells of it.
	inputs []inputs.Input

	hosts map[string]generator.Host
}

// planFlake generates the flake and compares it with the one on disk.
func planFlake(ctx context.Context, a *App) (*generated, error) {
	l, err := a.load()
	if err != nil {
		return nil, err
	}
	flake, err := generate(ctx, a, l)
	if err != nil {
		return nil, err
	}
	showNotices(a, flake)
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
	return &generated{loaded: l, flake: flake, tree: t, changes: changes, hosts: hosts}, nil
}

// planHost is planFlake for the host that the command acts on.
func planHost(ctx context.Context, a *App) (*generated, string, error) {
	g, err := planFlake(ctx, a)
	if err != nil {
		return nil, "", err
	}
	host, err := a.hostName(g.loaded)
	return g, host, err
}

// planInputs is planFlake with what the flake is built from. It tells of old inputs. With keep,
// flake.lock is not written, and with force it is, whoever changed it.
func planInputs(ctx context.Context, a *App, keep, force bool) (*generated, error) {
	g, err := planFlake(ctx, a)
	if err != nil {
		return nil, err
	}
	if g.inputs, err = readInputs(a, g, keep, force); err != nil {
		return nil, err
	}
	return g, sayAges(a, g)
}

func showNotices(a *App, t *generator.Tree) {
	for _, n := range t.Notices {
		if n.Pos.IsValid() {
			a.Say("%s: note: %s", n.Pos, n.Text)
			continue
		}
		a.Say("note: host %s: %s", n.Host, n.Text)
	}
}

// host is a generated host.
func (g *generated) host(name string) generator.Host { return g.hosts[name] }

// generate makes the flake in memory. Of its notices those about other hosts
// than --host and --on name are left out.
func generate(ctx context.Context, a *App, l *loaded) (*generator.Tree, error) {
	facts, err := probeHosts(ctx, a, l)
	if err != nil {
		return nil, err
	}
	l.facts = facts
	check, err := optionCheck(a)
	if err != nil {
		return nil, err
	}
	_, many := a.hostName(l) // an error of Nix is traced back for one host
	t, err := generator.Generate(generator.Input{
		Profile: l.profile, Schema: l.schema, Facts: facts, Files: l.source, Check: check, Explain: many == nil,
	})
	if err != nil {
		return nil, err
	}
	selected, err := a.selected(l)
	if err != nil {
		return nil, err
	}
	t.Notices = slices.DeleteFunc(t.Notices, func(n generator.Notice) bool {
		return n.Host != "" && !slices.ContainsFunc(selected, func(h *profile.Host) bool { return h.Name == n.Host })
	})
	a.Log.Info("generated", "profile", l.name, "hosts", len(l.profile.Hosts),
		"files", len(t.Files), "notices", len(t.Notices))
	return t, nil
}

// probeHosts returns the facts of machines: those whose facts the profile names by a file,
// and this machine, if it is one of the hosts and names none.
func probeHosts(ctx context.Context, a *App, l *loaded) (map[string]hardware.Facts, error) {
	facts := map[string]hardware.Facts{}
	for _, h := range l.profile.Hosts {
		n := h.Node.Get("hardware", "facts")
		if n == nil {
			continue
		}
		data, err := l.readBeside(n)
		if err != nil {
			return nil, profile.Problems{{
				Pos: n.Pos, Path: "hosts." + h.Name + ".hardware.facts", What: "hardware.facts cannot be read",
				Why: err.Error(), Hint: "write it on that machine with: quick-deploy probe --json > " + n.Str(),
			}}
		}
		f, err := hardware.Read(bytes.NewReader(data))
		if err != nil {
			return nil, profile.Problems{{
				Pos: n.Pos, Path: "hosts." + h.Name + ".hardware.facts", What: "hardware.facts cannot be read", Why: err.Error(),
			}}
		}
		facts[h.Name] = f
	}
	name := l.machine.Hostname
	if len(l.profile.Hosts) == 1 {
		name = l.profile.Hosts[0].Name
	}
	if _, known := facts[name]; known || a.NoProbe {
		return facts, nil
	}
	for _, h := range l.profile.Hosts {
		if h.Name == name {
			f, warnings := probe.Run(ctx, probe.Options{Root: a.Root})
			a.Log.Info("probed", "host", name, "warnings", len(warnings))
			facts[name] = f
		}
	}
	return facts, nil
}

// optionCheck checks options against the lists that --options and
// --home-options name; nil if neither is given.
func optionCheck(a *App) (func(user string, path []string, value nix.Expr) error, error) {
	if a.OptionList == "" && a.HomeOptionList == "" {
		return nil, nil
	}
	system, err := readOptions(a.OptionList)
	if err != nil {
		return nil, err
	}
	home, err := readOptions(a.HomeOptionList)
	if err != nil {
		return nil, err
	}
	return func(user string, path []string, value nix.Expr) error {
		list := system
		if user != "" {
			list = home
		}
		if list == nil {
			return nil
		}
		return list.Check(path, value)
	}, nil
}

func readOptions(name string) (*optionlist.List, error) {
	if name == "" {
		return nil, nil
	}
	f, err := regular.Open(name)
	if err != nil {
		return nil, fault.New(fault.Usage, "read the option list: %w", err)
	}
	defer f.Close()
	list, err := optionlist.Read(f)
	if err != nil {
		return nil, fault.New(fault.Usage, "%s: %w", name, err)
	}
	return list, nil
}
