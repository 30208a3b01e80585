package nixtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fixture is a flake like those that quick-deploy writes, small enough to read.
func fixture(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "flake.nix", `{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    home-manager = {
      url = "github:nix-community/home-manager/release-26.05";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    { self, nixpkgs, home-manager, ... }@inputs:
    {
      nixosConfigurations.atlas = nixpkgs.lib.nixosSystem {
        specialArgs = { inherit inputs; };
        modules = [ ./configuration.nix ];
      };
      homeConfigurations."ada@atlas" = home-manager.lib.homeManagerConfiguration {
        inherit (self.nixosConfigurations.atlas) pkgs;
        extraSpecialArgs = { inherit inputs; };
        modules = [ ./home.nix ];
      };
      formatter.x86_64-linux = nixpkgs.legacyPackages.x86_64-linux.nixfmt-tree;
    };
}
`)
	write(t, dir, "configuration.nix", `{ config, lib, pkgs, ... }:
{
  networking.hostName = "atlas";
  nixpkgs.hostPlatform = "x86_64-linux";
  environment.systemPackages = [ pkgs.git ];
  services.openssh.enable = true;
  system.stateVersion = "26.05";
}
`)
	write(t, dir, "home.nix", `{ config, lib, pkgs, ... }:
{
  home = {
    username = "ada";
    homeDirectory = "/home/ada";
    stateVersion = "26.05";
    packages = [ pkgs.ripgrep ];
    file.".greeting".text = "hello";
  };
}
`)
	// What the nix on PATH looks at to see which inputs there are.
	write(t, dir, "flake.lock", lockfile)
	return dir
}

const lockfile = `{
  "nodes": {
    "home-manager": {
      "inputs": {"nixpkgs": ["nixpkgs"]},
      "locked": {
        "lastModified": 1783740085,
        "narHash": "sha256-qajyHfZY29G2oEQk+uHxmsJcRoBUBXP9maTpFlwP/dI=",
        "owner": "nix-community", "repo": "home-manager", "type": "github",
        "rev": "3cd22efe6471dc7365c822bd9ad73a21e55f38fb"
      },
      "original": {"owner": "nix-community", "ref": "release-26.05", "repo": "home-manager", "type": "github"}
    },
    "nixpkgs": {
      "locked": {
        "lastModified": 1784011430,
        "narHash": "sha256-lDebytrYdd47IBLwvNOD+6AGeoqZ78CIKlp70hzW280=",
        "owner": "NixOS", "repo": "nixpkgs", "type": "github",
        "rev": "8eeec934ae0dbeca3d7868c059568a65c08b2fc3"
      },
      "original": {"owner": "NixOS", "ref": "nixos-26.05", "repo": "nixpkgs", "type": "github"}
    },
    "root": {"inputs": {"home-manager": "home-manager", "nixpkgs": "nixpkgs"}}
  },
  "root": "root",
  "version": 7
}
`

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestFlake(t *testing.T) {
	Each(t, func(t *testing.T, env *Env) {
		dir := fixture(t)
		flake := env.Flake(t, dir, nil)
		var host string
		flake.EvalInto(t, "nixosConfigurations.atlas.config.networking.hostName", "", &host)
		if host != "atlas" {
			t.Errorf("host name is %q", host)
		}
		toplevel := flake.Build(t, "nixosConfigurations.atlas.config.system.build.toplevel")
		for name, want := range map[string]string{
			"nixos-version":          "26.05.standin",
			"system":                 "x86_64-linux",
			"etc/configuration.json": `"openssh":{"enable":true,`,
			"sw/bin/git":             "stand-in for git",
		} {
			if got := read(t, filepath.Join(toplevel, name)); !strings.Contains(got, want) {
				t.Errorf("%s holds %q, want %q", name, got, want)
			}
		}
		home := flake.Build(t, `homeConfigurations."ada@atlas".activationPackage`)
		if got := read(t, filepath.Join(home, "home-files/.greeting")); got != "hello" {
			t.Errorf(".greeting holds %q", got)
		}
		if got := read(t, filepath.Join(dir, "flake.lock")); got != lockfile {
			t.Errorf("flake.lock was rewritten:\n%s", got)
		}
	})
}

// A system, its change, a failure, and back: with real generations.
func TestMachine(t *testing.T) {
	Each(t, func(t *testing.T, env *Env) {
		dir, m := fixture(t), env.Machine(t)
		rebuild := func(args ...string) (string, error) {
			cmd := env.Command(t.Context(), "nixos-rebuild", args...)
			cmd.Env = append(cmd.Env, m.Vars()...)
			cmd.Dir = t.TempDir()
			out, err := output(cmd)
			return strings.TrimSpace(string(out)), err
		}
		flake := []string{"--flake", dir + "#atlas", "--no-reexec", "--no-update-lock-file"}

		first, err := rebuild(append([]string{"switch"}, flake...)...)
		if err != nil {
			t.Fatal(err)
		}
		if n, path := m.Generation(t); n != 1 || path != first || m.Running() != first || m.Default() != first {
			t.Errorf("after switch: generation %d %s, running %s, default %s, want 1 and %s", n, path, m.Running(), m.Default(), first)
		}

		conf := filepath.Join(dir, "configuration.nix")
		write(t, dir, "configuration.nix", strings.Replace(read(t, conf), "pkgs.git", "pkgs.git pkgs.ripgrep", 1))
		second, err := rebuild(append([]string{"test"}, flake...)...)
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := m.Generation(t); n != 1 || second == first || m.Running() != second || m.Default() != first {
			t.Errorf("after test: generation %d, running %s, default %s", n, m.Running(), m.Default())
		}

		m.Fail(t, "switch", 4, "ripgrep")
		_, err = rebuild(append([]string{"switch", "--sudo"}, flake...)...)
		if err == nil || !strings.Contains(err.Error(), "exit status 4") || !strings.Contains(err.Error(), "nginx.service") {
			t.Errorf("a failing activation: got %v", err)
		}
		if n, path := m.Generation(t); n != 2 || path != second {
			t.Errorf("a failed activation must leave the new generation current, got %d %s", n, path)
		}
		if got := strings.Join(m.Commands(t), "\n"); !strings.Contains(got, "sudo nix-env -p "+m.Profile()+" --set "+second) {
			t.Errorf("sudo did not set the profile:\n%s", got)
		}

		// The pattern does not occur in the first system.
		back, err := rebuild("switch", "--rollback")
		if n, _ := m.Generation(t); err != nil || n != 1 || back != first || m.Running() != first {
			t.Errorf("after rollback: generation %d %s, running %s, %v", n, back, m.Running(), err)
		}
		want := []string{"switch " + first, "test " + second, "switch " + second, "switch " + first}
		if got := m.Log(t); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("log:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		list, err := rebuild("list-generations", "--json")
		if err != nil || strings.Count(list, `"generation":`) != 2 || !strings.Contains(list, `"generation":1,`) {
			t.Errorf("list-generations: %s %v", list, err)
		}
		if _, err := rebuild("switch", "--nonsense"); err == nil || !strings.Contains(err.Error(), "unrecognized arguments") {
			t.Errorf("an unknown option: got %v", err)
		}
	})
}

func TestHome(t *testing.T) {
	Each(t, func(t *testing.T, env *Env) {
		dir, m := fixture(t), env.Machine(t)
		state := filepath.Join(env.Home(), ".local/state")
		hm := func(args ...string) (string, error) {
			cmd := env.Command(t.Context(), "home-manager", args...)
			cmd.Env = append(append(cmd.Env, m.Vars()...), "USER=ada", "XDG_STATE_HOME="+state)
			out, err := output(cmd)
			return strings.TrimSpace(string(out)), err
		}
		profile := filepath.Join(state, "nix/profiles/home-manager")
		greeting := filepath.Join(env.Home(), ".greeting")
		write(t, env.Home(), ".greeting", "mine")

		if _, err := hm("switch", "--flake", dir+"#ada@atlas"); err == nil || !strings.Contains(err.Error(), "would be clobbered") {
			t.Errorf("a file in the way: got %v", err)
		}
		if n, _ := Generation(t, profile); n != 0 {
			t.Errorf("a refused activation made generation %d", n)
		}
		if _, err := hm("switch", "--flake", dir+"#ada@atlas", "-b", "old"); err != nil {
			t.Fatal(err)
		}
		if n, _ := Generation(t, profile); n != 1 || read(t, greeting) != "hello" || read(t, greeting+".old") != "mine" {
			t.Errorf("generation %d, greeting %q, backup %q", n, read(t, greeting), read(t, greeting+".old"))
		}

		write(t, dir, "home.nix", strings.Replace(read(t, filepath.Join(dir, "home.nix")), "hello", "good morning", 1))
		m.Fail(t, "home", 1, "")
		if _, err := hm("switch", "--flake", dir+"#ada@atlas"); err == nil {
			t.Error("the activation did not fail")
		}
		if n, _ := Generation(t, profile); n != 2 || read(t, greeting) != "good morning" {
			t.Errorf("a failed activation must leave the new generation current, got %d", n)
		}
		m.Heal(t, "home")
		if _, err := hm("switch", "--rollback"); err != nil {
			t.Fatal(err)
		}
		if n, _ := Generation(t, profile); n != 3 || read(t, greeting) != "hello" {
			t.Errorf("after rollback: generation %d, greeting %q", n, read(t, greeting))
		}
		if out, err := hm("generations"); err != nil || strings.Count(out, " : id ") != 3 {
			t.Errorf("generations: %s %v", out, err)
		}
	})
}
