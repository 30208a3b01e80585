package deploy

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/backup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/elevate"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// With a real Nix: evaluation, builds, closures and generations are real; the
// machine is a directory, nixos-rebuild, sudo and switch-to-configuration are
// the stand-ins of package nixtest.

type nixMachine struct {
	*nixtest.Machine
	env   *nixtest.Env
	flake string
	d     *Deployer
	lines []string
}

const nixFlake = `{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
  inputs.home-manager.url = "github:nix-community/home-manager/release-26.05";
  inputs.home-manager.inputs.nixpkgs.follows = "nixpkgs";
  outputs = { self, nixpkgs, home-manager }: {
    nixosConfigurations.atlas = nixpkgs.lib.nixosSystem { modules = [ ./configuration.nix ]; };
    homeConfigurations."ada@atlas" = home-manager.lib.homeManagerConfiguration {
      inherit (self.nixosConfigurations.atlas) pkgs;
      modules = [ ./home.nix ];
    };
  };
}
`

// nixLock names the inputs, with the revisions that stand for a pin: the stand-ins take their place.
const nixLock = `{
  "nodes": {
    "home-manager": {
      "inputs": { "nixpkgs": [ "nixpkgs" ] },
      "locked": {
        "lastModified": 1783740085, "narHash": "sha256-qajyHfZY29G2oEQk+uHxmsJcRoBUBXP9maTpFlwP/dI=",
        "owner": "nix-community", "repo": "home-manager", "rev": "3cd22efe6471dc7365c822bd9ad73a21e55f38fb", "type": "github"
      },
      "original": { "owner": "nix-community", "ref": "release-26.05", "repo": "home-manager", "type": "github" }
    },
    "nixpkgs": {
      "locked": {
        "lastModified": 1784011430, "narHash": "sha256-lDebytrYdd47IBLwvNOD+6AGeoqZ78CIKlp70hzW280=",
        "owner": "NixOS", "repo": "nixpkgs", "rev": "8eeec934ae0dbeca3d7868c059568a65c08b2fc3", "type": "github"
      },
      "original": { "owner": "NixOS", "ref": "nixos-26.05", "repo": "nixpkgs", "type": "github" }
    },
    "root": { "inputs": { "home-manager": "home-manager", "nixpkgs": "nixpkgs" } }
  },
  "root": "root",
  "version": 7
}
`

func newNixMachine(t *testing.T, env *nixtest.Env, change ...func(*Config)) *nixMachine {
	t.Helper()
	m := &nixMachine{Machine: env.Machine(t), env: env, flake: filepath.Join(env.Home(), ".config/nixos")}
	must(t, os.MkdirAll(m.flake, 0o755))
	must(t, os.MkdirAll(filepath.Join(m.Root, "etc"), 0o755))
	must(t, os.WriteFile(filepath.Join(m.flake, "flake.nix"), []byte(nixFlake), 0o644))
	must(t, os.WriteFile(filepath.Join(m.flake, "flake.lock"), []byte(nixLock), 0o644))
	m.write(t, "git", "hello")
	environ := append(env.Environ(), m.Vars()...)
	environ = append(environ, "USER=ada")
	x := &run.Exec{Environ: environ}
	el, err := elevate.New(x, elevate.Config{Method: elevate.Sudo, UID: 1000})
	must(t, err)
	t.Cleanup(el.Close)
	home := env.Home()
	cfg := Config{
		StateDir: filepath.Join(home, ".local/state/quick-deploy"),
		Paths:    system.PathsUnder(m.Root), Runner: el, Path: env.Path(),
		User: "ada", HomeDir: home, StateHome: filepath.Join(home, ".local/state"), HostName: "atlas",
		Output: func(step string, _ run.Stream, line string) { m.lines = append(m.lines, step+": "+line) },
	}
	cfg.Health = &health.Checker{
		Runner: el, Root: m.Root, Now: time.Now, Timeout: time.Millisecond,
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Paths: cfg.Paths, StateHome: func(string) string { return cfg.StateHome },
	}
	for _, f := range change {
		f(&cfg)
	}
	m.d = New(cfg)
	return m
}

// write makes the configuration: a package and a greeting tell two of them apart.
func (m *nixMachine) write(t *testing.T, pkg, greeting string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(m.flake, "configuration.nix"), fmt.Appendf(nil, `{ pkgs, ... }:
{
  networking.hostName = "atlas";
  nixpkgs.hostPlatform = "x86_64-linux";
  environment.systemPackages = [ pkgs.%s ];
  system.stateVersion = "26.05";
}
`, pkg), 0o644))
	must(t, os.WriteFile(filepath.Join(m.flake, "home.nix"), fmt.Appendf(nil, `{ pkgs, ... }:
{
  home = {
    username = "ada";
    homeDirectory = "/home/ada";
    stateVersion = "26.05";
    file.".greeting".text = "%s";
    packages = [ pkgs.%s ];
  };
}
`, greeting, pkg), 0o644))
}

func (m *nixMachine) goal(verb Verb) Goal {
	return Goal{Verb: verb, Host: "atlas", FlakeDir: m.flake, Users: []User{{"ada", m.env.Home()}}, Yes: true}
}

func (m *nixMachine) deploy(t *testing.T, g Goal) (journal.Record, error) {
	t.Helper()
	p, err := m.d.Plan(t.Context(), g)
	must(t, err)
	r, err := m.d.Run(t.Context(), p)
	if err != nil && t.Failed() {
		t.Log(strings.Join(m.lines, "\n"))
	}
	return r, err
}

func (m *nixMachine) homeGeneration(t *testing.T) (int, string) {
	t.Helper()
	return nixtest.Generation(t, filepath.Join(m.env.Home(), ".local/state/nix/profiles/home-manager"))
}

func (m *nixMachine) greeting(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(m.env.Home(), ".greeting"))
	must(t, err)
	return string(data)
}

func TestMain(m *testing.M) {
	if world := os.Getenv("QUICK_DEPLOY_TEST_KILL"); world != "" {
		os.Exit(killChild(world))
	}
	nixtest.Main(m)
}

func TestNixSwitchChangeSwitchRollback(t *testing.T) {
	nixtest.Each(t, func(t *testing.T, env *nixtest.Env) {
		m := newNixMachine(t, env)
		first, err := m.deploy(t, m.goal(Switch))
		if err != nil {
			t.Fatalf("%v\n%s", err, strings.Join(m.lines, "\n"))
		}
		n1, s1 := m.Generation(t)
		h1, p1 := m.homeGeneration(t)
		if m.Running() != s1 || m.Default() != s1 || n1 != 1 || h1 != 1 || m.greeting(t) != "hello" {
			t.Fatalf("after the first switch: runs %s, boots %s, generation %d %s, home %d", m.Running(), m.Default(),
				n1, s1, h1)
		}
		if first.After.System.Path != s1 || first.After.Homes["ada"].Path != p1 {
			t.Errorf("the record says %+v", first.After)
		}

		m.write(t, "ripgrep", "good evening")
		diff := ""
		m.d.cfg.Events = func(e journal.Event) {
			if e.Type == "diff" {
				diff = e.Message
			}
		}
		if _, err := m.deploy(t, m.goal(Switch)); err != nil {
			t.Fatalf("%v\n%s", err, strings.Join(m.lines, "\n"))
		}
		if !strings.Contains(diff, "ripgrep") {
			t.Errorf("the closures' difference: %q", diff)
		}
		n2, s2 := m.Generation(t)
		h2, _ := m.homeGeneration(t)
		if n2 != 2 || s2 == s1 || m.Running() != s2 || h2 != 2 || m.greeting(t) != "good evening" {
			t.Fatalf("after the second switch: generation %d %s, home %d", n2, s2, h2)
		}

		// Garbage collection between: the rollback point is held.
		env.Run(t, "nix-collect-garbage")
		if !exists(s1) {
			t.Fatal("the rollback point was collected")
		}
		r, err := m.d.Run(t.Context(), planBack(t, m.d, 0))
		if err != nil {
			t.Fatalf("%v\n%s", err, strings.Join(m.lines, "\n"))
		}
		n3, s3 := m.Generation(t)
		h3, p3 := m.homeGeneration(t)
		if n3 != 1 || s3 != s1 || m.Running() != s1 || m.Default() != s1 || h3 != 1 || p3 != p1 || m.greeting(t) != "hello" {
			t.Errorf("after the rollback: runs %s, boots %s, generation %d %s, home %d %s", m.Running(), m.Default(), n3,
				s3, h3, p3)
		}
		if r.Target != 2 || r.After.System.Number != 1 || r.After.Homes["ada"].Number != 1 {
			t.Errorf("record of the rollback: undoes %d, %+v", r.Target, r.After)
		}
		for _, c := range m.Commands(t) {
			if strings.HasPrefix(c, "sudo") && (strings.Contains(c, "nixos-rebuild") || strings.Contains(c, " build")) {
				t.Errorf("evaluation as root: %s", c)
			}
		}
		fi, err := os.Stat(filepath.Join(m.flake, "flake.lock"))
		must(t, err)
		lock, err := os.ReadFile(filepath.Join(m.flake, "flake.lock"))
		must(t, err)
		if string(lock) != nixLock || fi.Mode().Perm() != 0o644 {
			t.Error("flake.lock was touched")
		}
	})
}

func TestNixCollectedGenerationIsRefused(t *testing.T) {
	m := newNixMachine(t, nixtest.New(t))
	for _, pkg := range []string{"git", "ripgrep"} {
		m.write(t, pkg, "hello "+pkg)
		if _, err := m.deploy(t, m.goal(Switch)); err != nil {
			t.Fatalf("%v\n%s", err, strings.Join(m.lines, "\n"))
		}
	}
	n, s := m.Generation(t)
	// Everything that held generation 1 goes: its link, our roots.
	m.env.Run(t, "nix-env", "-p", m.Profile(), "--delete-generations", "1")
	must(t, os.RemoveAll(m.d.store.Path("gcroots")))
	must(t, os.RemoveAll(m.d.store.Path("work")))
	must(t, os.MkdirAll(m.d.store.Path("gcroots"), 0o700))
	p := planBack(t, m.d, 0)
	must(t, os.RemoveAll(m.d.store.Path("work")))
	m.env.Run(t, "nix-store", "--delete", p.Goal.To.Machine.System.Path)
	_, err := m.d.Run(t.Context(), planBack(t, m.d, 0))
	if fault.CodeOf(err) != fault.Preflight ||
		!strings.Contains(err.Error(), "system generation 1 ("+p.Goal.To.Machine.System.Path+") was collected") {
		t.Errorf("got %v", err)
	}
	if n2, s2 := m.Generation(t); n2 != n || s2 != s || m.Running() != s || m.greeting(t) != "hello ripgrep" {
		t.Errorf("something was changed: generation %d %s, runs %s", n2, s2, m.Running())
	}
}

func TestNixFailuresPutBothBack(t *testing.T) {
	for name, c := range map[string]struct {
		verb   string
		status int
		check  bool
		want   fault.Code
	}{
		"failed units":  {"test", 4, false, fault.Activation},
		"script":        {"test", 2, false, fault.Activation},
		"home":          {"home", 1, false, fault.Activation},
		"boot loader":   {"boot", 1, false, fault.Activation},
		"failed health": {"", 0, true, fault.Health},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newNixMachine(t, nixtest.New(t))
			if _, err := m.deploy(t, m.goal(Switch)); err != nil {
				t.Fatalf("%v\n%s", err, strings.Join(m.lines, "\n"))
			}
			n1, s1 := m.Generation(t)
			h1, p1 := m.homeGeneration(t)
			m.write(t, "ripgrep", "bad")
			g := m.goal(Switch)
			if c.verb != "" {
				m.Fail(t, c.verb, c.status, "ripgrep")
			}
			if c.check {
				g.Checks = []health.Check{{Name: "web", Kind: health.File, Target: "/run/web", Required: true}}
			}
			r, err := m.deploy(t, g)
			if fault.CodeOf(err) != c.want || r.Result != journal.PutBack {
				t.Fatalf("%q, %v\n%s", r.Result, err, strings.Join(m.lines, "\n"))
			}
			n, s := m.Generation(t)
			h, p := m.homeGeneration(t)
			if n != n1 || s != s1 || m.Running() != s1 || m.Default() != s1 || h != h1 || p != p1 || m.greeting(t) != "hello" {
				t.Errorf("not put back: runs %s, boots %s, generation %d %s, home %d %s", m.Running(), m.Default(), n, s, h, p)
			}
			if c.verb != "" && r.Child != c.status {
				t.Errorf("child exit %d, want %d", r.Child, c.status)
			}
			if c.check {
				_, err := m.deploy(t, g)
				if fault.CodeOf(err) != fault.Health || !strings.Contains(err.Error(), "failed in run 2") {
					t.Errorf("the bad closure was not refused: %v", err)
				}
			}
		})
	}
}

func TestNixEvaluationErrorSwitchesNothing(t *testing.T) {
	m := newNixMachine(t, nixtest.New(t))
	must(t, os.WriteFile(filepath.Join(m.flake, "configuration.nix"), []byte("{ networking.hostName = nowhere; }"), 0o644))
	_, err := m.deploy(t, m.goal(Switch))
	if fault.CodeOf(err) != fault.Build || !strings.Contains(err.Error(), "undefined variable 'nowhere'") {
		t.Fatalf("got %v", err)
	}
	if m.Running() != "" || len(m.Log(t)) > 0 {
		t.Error("something was switched")
	}
	if slices.ContainsFunc(m.lines, func(l string) bool { return strings.Contains(l, "attempt") }) {
		t.Error("an evaluation error was tried again")
	}
}

func TestNixFilesInHomeManagersWayAreKeptTwice(t *testing.T) {
	m := newNixMachine(t, nixtest.New(t), func(c *Config) {
		c.Machine = &preflight.Machine{
			Runner: c.Runner, Root: "/", UID: 1000, User: "ada", Environ: func(string) string { return "" },
			FreeBytes: func(string) (int64, error) { return 1 << 40, nil },
		}
	})
	g := m.goal(Switch)
	g.SkipChecks = []string{"nixos", "flake"}
	greeting := filepath.Join(m.env.Home(), ".greeting")
	must(t, os.WriteFile(greeting, []byte("my own"), 0o600))
	var found []string
	m.d.cfg.Events = func(e journal.Event) {
		if e.Type == "finding" {
			found = append(found, e.Message)
		}
	}
	if _, err := m.deploy(t, g); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(m.lines, "\n"))
	}
	if m.greeting(t) != "hello" {
		t.Errorf("greeting %q", m.greeting(t))
	}
	if !slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, "home-files: "+greeting+" is in home-manager's way") }) {
		t.Errorf("findings %q", found)
	}
	moved, _ := filepath.Glob(greeting + ".before-quick-deploy-*")
	if len(moved) != 1 {
		t.Fatalf("moved to %q", moved)
	}
	b := &backup.Store{Dir: m.d.store.Path("backups"), Now: time.Now}
	all, err := b.List()
	must(t, err)
	i := slices.IndexFunc(all, func(m backup.Manifest) bool { return len(m.Entries) == 1 && m.Entries[0].Source == greeting })
	if i < 0 {
		t.Fatalf("no backup of it: %+v", all)
	}
	must(t, os.Remove(greeting))
	if _, err := b.Restore(t.Context(), all[i], nil); err != nil || m.greeting(t) != "my own" {
		t.Errorf("restored %q, %v", m.greeting(t), err)
	}
	// Again, with another file in the way: another name, no failure.
	m.write(t, "ripgrep", "good evening")
	if _, err := m.deploy(t, g); err != nil {
		t.Fatal(err)
	}
	if moved, _ := filepath.Glob(greeting + ".before-quick-deploy-*"); len(moved) != 2 || m.greeting(t) != "good evening" {
		t.Errorf("moved to %q, greeting %q", moved, m.greeting(t))
	}
}
