package deploy

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// The host is extended in a flake of its own; the user's flake and the machine stay as they are.
func TestExtend(t *testing.T) {
	nixtest.Each(t, func(t *testing.T, env *nixtest.Env) {
		m := newNixMachine(t, env)
		before, err := treeHash(m.flake)
		must(t, err)
		g := m.goal(VM)
		g.Users = nil
		g.Extend = &Extension{Args: []string{"build-vm"}, Files: map[string]string{ModuleFile: `{ flake, lib, ... }:
{
  networking.hostName = lib.mkForce "beside";
  environment.systemPackages = [ flake.homeConfigurations."ada@atlas".activationPackage ];
}
`}}
		r, err := m.deploy(t, g)
		must(t, err)
		script, err := filepath.Glob(filepath.Join(r.Built, "bin", "run-*-vm"))
		must(t, err)
		if len(script) != 1 || filepath.Base(script[0]) != "run-beside-vm" || r.System != "" {
			t.Errorf("built %s with %q, system %q", r.Built, script, r.System)
		}
		if after, err := treeHash(m.flake); err != nil || after != before {
			t.Errorf("the flake was changed, %v", err)
		}
		if r.After.Current != r.Before.Current || len(m.Log(t)) > 0 {
			t.Errorf("the machine was acted on: %q", m.Log(t))
		}
		if records, _ := m.d.store.Records(); len(records) > 0 {
			t.Errorf("what switches nothing is in the history: %+v", records)
		}

		// Another module is another machine; an input of the user's may be another one.
		g.Extend.Files[ModuleFile] = `{ lib, ... }: { networking.hostName = lib.mkForce "again"; }`
		g.NixArgs = []string{"--override-input", "home-manager", env.Overrides()["home-manager"]}
		again, err := m.deploy(t, g)
		must(t, err)
		if again.Built == r.Built {
			t.Error("a changed module is not built")
		}
		commands := strings.Join(m.Commands(t), "\n")
		if !strings.Contains(commands, "--override-input host/home-manager") {
			t.Errorf("the override is not of the throwaway flake's input:\n%s", commands)
		}

		// An error of the host is Nix's.
		must(t, os.WriteFile(filepath.Join(m.flake, "configuration.nix"), []byte("{ }: nonsense"), 0o644))
		if _, err := m.deploy(t, g); fault.CodeOf(err) != fault.Build {
			t.Errorf("a broken host: %v", err)
		}

		// It is not resumed, since nobody would get what is built then, but started again.
		st, err := m.d.Status(t.Context())
		if err != nil || st.Next != "quick-deploy vm atlas" {
			t.Errorf("next: %q, %v", st.Next, err)
		}
		_, err = m.d.PlanResume(t.Context(), func(g Goal) (Goal, error) { return g, nil })
		if fault.CodeOf(err) != fault.Usage || !strings.Contains(strings.Join(fault.HintsOf(err), ""), "quick-deploy vm atlas;") {
			t.Errorf("resumed: %v", err)
		}
	})
}

// A nixos-rebuild without the verb is told of before anything is built.
func TestExtendWithoutTheVerb(t *testing.T) {
	r, root := installed(t, "24.05", true, nil)
	d := New(Config{StateDir: filepath.Join(root, "state"), Runner: r, Machine: &preflight.Machine{}})
	s := &session{Deployer: d, goal: Goal{
		Verb: Image, Host: "atlas", FlakeDir: "/home/ada/my flake",
		Extend: &Extension{Args: []string{"build-image", "--image-variant", "iso"}, Since: "25.05"},
	}}
	err := s.preflight(t.Context())
	hints := strings.Join(fault.HintsOf(err), "\n")
	if fault.CodeOf(err) != fault.Preflight || !strings.HasSuffix(err.Error(), "nixos-rebuild has no build-image") ||
		!strings.Contains(hints, "since NixOS 25.05") || !strings.Contains(hints, "nix develop '/home/ada/my flake'") {
		t.Errorf("%v\n%s", err, hints)
	}
	if got := s.goal.onward(); got != "quick-deploy image iso atlas" {
		t.Errorf("to go on: %s", got)
	}
	s.goal.Extend.Args = []string{"build-vm"}
	if err := s.refuseVerb(t.Context()); err != nil {
		t.Errorf("build-vm: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.refuseVerb(ctx); run.CodeOf(err) == 0 && err == nil {
		t.Error("a machine that cannot be asked has the verb")
	}
}

func TestThrowawayRef(t *testing.T) {
	if got := throwawayRef("/home/jürg/100% #1?"); got != "path:/home/j%C3%BCrg/100%25%20%231%3F/flake" {
		t.Error(got)
	}
}
