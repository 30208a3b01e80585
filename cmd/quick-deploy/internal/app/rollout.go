package app

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fleet"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/inputs"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/ssh"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/flake"
)

// wavesOf are the waves of the selected hosts, or the only one of a name.
func wavesOf(a *App, g *Generated, only string) ([]fleet.Wave, error) {
	selected, err := a.Selected(g.Loaded)
	if err != nil {
		return nil, err
	}
	waves, err := fleet.Waves(g.Profile, g.Flake.Fleet, selected)
	if err != nil {
		return nil, err
	}
	if only == "" {
		return waves, nil
	}
	w, ok := fleet.Only(waves, only)
	if !ok {
		var names []string
		for _, w := range waves {
			names = append(names, w.Name)
		}
		return nil, fault.New(fault.Usage, "unknown wave %q among the selected hosts", only).
			Hint("there are %s", strings.Join(names, ", "))
	}
	return []fleet.Wave{w}, nil
}

// newRollout reads the fleet from the flake as it lies on disk.
func newRollout(a *App, g *Generated, o FleetOptions) (*fleet.Fleet, error) {
	waves, err := wavesOf(a, g, o.Wave)
	if err != nil {
		return nil, err
	}
	me, err := Username()
	if err != nil {
		return nil, err
	}
	dir := g.Tree.Dir()
	if i := strings.IndexAny(dir, "#?%\n"); i >= 0 {
		return nil, fault.New(fault.Usage, "the flake directory %q has a %q in its name, which a flake reference cannot hold",
			dir, dir[i])
	}
	r := &fleet.Fleet{
		Waves: waves, Hosts: map[string]*fleet.Host{},
		Config: deploy.Config{
			Runner: a.Runner(), StateDir: fleet.StateDir(StateDir(), dir), User: me, Tool: a.Version,
			Now: time.Now, Retry: a.Retry(),
			Events:          func(e journal.Event) { showFleetEvent(a, e) },
			BuildTimeout:    cmp.Or(a.Limits.Build, 4*time.Hour),
			ActivateTimeout: cmp.Or(a.Limits.Activation, 15*time.Minute),
			LockTimeout:     a.Limits.Lock,
			ConfirmTimeout:  o.ConfirmTimeout,
		},
		Flake: dir, Engine: g.Flake.Fleet.Engine, Parallel: g.Flake.Fleet.Parallel,
		SSH: strings.Fields(os.Getenv("NIX_SSHOPTS")), Flags: o.Flags, Again: o.Again,
	}
	r.KeepOnFailure = o.Keep != nil && *o.Keep
	data, err := regular.Read(filepath.Join(dir, inputs.LockFile))
	if err != nil {
		return nil, noFlake(dir, err)
	}
	locked, err := flake.ReadLock(data)
	if err != nil {
		return nil, err
	}
	sources := fleet.NewSources(dir, locked)
	for _, w := range waves {
		for _, name := range w.Hosts {
			if r.Hosts[name], err = newFleetHost(a, g, g.host(name), sources); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// newFleetHost is a host as fleet knows it. What it should be is recognised by a fingerprint of its part of the flake.
func newFleetHost(a *App, g *Generated, h generator.Host, sources *fleet.Sources) (*fleet.Host, error) {
	fingerprint, err := sources.Fingerprint(h)
	if err != nil {
		return nil, err
	}
	host := &fleet.Host{
		Name: h.Name, Fingerprint: fingerprint, System: h.System, Homes: homes(h), BuildOnTarget: h.Deployment.BuildOnTarget,
		Target: ssh.Target{
			User: h.Deployment.User, Host: h.Deployment.Host, Port: h.Deployment.Port, Timeout: a.Limits.Network,
		},
	}
	for _, c := range HealthChecks(g, h.Name) {
		if c.Kind.Remote() {
			host.Checks = append(host.Checks, c)
		}
	}
	return host, nil
}

// showFleetEvent shows what happens, each line with the machine that it is about.
func showFleetEvent(a *App, e journal.Event) {
	level := slog.LevelInfo
	if e.Status == journal.Failed || e.Type == "retry" {
		level = slog.LevelWarn
	}
	a.Log.Log(context.Background(), level, cmp.Or(e.Message, string(e.Status)),
		"type", e.Type, "host", e.Host, "step", e.Step)
	if a.JSON {
		_ = a.PrintEvent(e) // it shows when the summary is written
		return
	}
	subject := cmp.Or(e.Host, e.Step, "fleet")
	switch {
	case (e.Type == "line" || e.Type == "diff" || e.Type == "health") && !a.Debug:
	case e.Type == "line" && e.Host+e.Step == "":
		a.Tell("%s", e.Message)
	case e.Type == "step" && e.Status == journal.Running:
		a.Tell("%s: %s ...", subject, e.Step)
	case e.Type == "step" && e.Status == journal.Failed:
		a.Tell("%s: %s failed: %s", subject, e.Step, e.Message)
	case e.Message != "":
		a.Tell("%s: %s", subject, e.Message)
	}
}
