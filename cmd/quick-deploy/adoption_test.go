package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe/probetest"
)

// oldConfig is a configuration as people have them, with GRUB, LUKS, further
// users, sshd and a module of their own.
var oldConfig = map[string]string{
	"configuration.nix": `{ config, lib, pkgs, ... }:
{
  imports = [ ./hardware-configuration.nix ./own/desk.nix ];
  boot.loader.grub = { enable = true; device = "/dev/sda"; };
  networking.hostName = "atlas";
  time.timeZone = "Europe/Berlin";
  i18n.defaultLocale = "de_DE.UTF-8";
  console.keyMap = "de";
  users.users.ada = {
    isNormalUser = true;
    description = "Ada Lovelace";
    extraGroups = [ "wheel" "dialout" ];
    shell = pkgs.zsh;
  };
  users.users.bob.isNormalUser = true;
  services.openssh.enable = true;
  services.openssh.settings.PermitRootLogin = "yes";
  services.postgresql.enable = true;
  services.postgresql.package = pkgs.postgresql_15;
  system.autoUpgrade.enable = true; # by a channel: the profile has no flake for it
  system.stateVersion = "24.05";
}
`,
	"hardware-configuration.nix": `{ fileSystems."/" = { device = "/dev/sda1"; fsType = "ext4"; }; nixpkgs.hostPlatform = "x86_64-linux"; }
`,
	"own/desk.nix": `{ pkgs, ... }: { environment.systemPackages = [ pkgs.hello ]; programs.fish.enable = true; }
`,
}

// adopted is a machine with a configuration and Nix.
type adopted struct {
	*computer
	environ []string
}

func newAdopted(t *testing.T) *adopted {
	c := newComputer(t)
	nixpkgs, _ := c.env.StandIn(t)
	for name, text := range oldConfig {
		c.put(filepath.Join(c.Root, "etc/nixos", name), text)
	}
	c.put(filepath.Join(c.Root, "etc/passwd"), "ada:x:1000:100:Ada Lovelace:/home/ada:/run/current-system/sw/bin/zsh\nbob:x:1001:100::/home/bob:/bin/bash\n")
	env := append(c.env.Environ(), "NIX_PATH=nixpkgs="+nixpkgs, "QUICK_DEPLOY_ROOT="+c.Root, "QUICK_DEPLOY_ALLOW_ROOT=true", "USER=ada")
	return &adopted{c, env}
}

func (c *adopted) init(args ...string) (stderr string, code fault.Code) {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "quick-deploy", args...)
	cmd.Dir, cmd.Env = c.work, c.environ
	var out bytes.Buffer
	cmd.Stderr = &out
	var exit *exec.ExitError
	if err := cmd.Run(); errors.As(err, &exit) {
		code = fault.Code(exit.ExitCode())
	} else if err != nil {
		c.t.Fatal(err)
	}
	return out.String(), code
}

// The configuration of a machine becomes a profile and what the profile cannot
// say; together they are what the machine was.
func TestAdopt(t *testing.T) {
	c := newAdopted(t)
	said, code := c.init("init", "--adopt", "--yes", "--save-answers", "answers.yaml")
	if code != 0 {
		t.Fatalf("exit code %d\n%s", code, said)
	}
	for _, want := range []string{
		"the accounts of ada, bob", "the services openssh, postgresql", "legacy.nix keeps", "boot.loader.grub.device", "programs.fish.enable",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the report lacks %q:\n%s", want, said)
		}
	}
	want := `version: 1
release: "26.05"

hosts:
  atlas:
    # The release this machine was installed with. It stays, also after upgrades.
    stateVersion: "24.05"
    timezone: Europe/Berlin
    locale: de_DE.UTF-8
    # legacy.nix says these; the rest of the hardware is probed.
    hardware: {mode: probe, fileSystems: none, loader: {kind: none}}
    users:
      ada:
        description: Ada Lovelace
        admin: true
        # sshKeys: [ssh-ed25519 AAAA… you@laptop]
        home:
          # git: {name: Ada Lovelace, email: ada@example.org}
          git: {}
      bob: {}
    services:
      openssh: {}
      postgresql: {}
`
	got := readText(t, filepath.Join(c.work, "quick-deploy.yaml"))
	if _, body, _ := strings.Cut(got, "a change does.\n"); body != want {
		t.Error(cmp.Diff(want, body))
	}
	for name, text := range oldConfig {
		if got := readText(t, filepath.Join(c.Root, "etc/nixos", name)); got != text {
			t.Errorf("%s was changed:\n%s", name, got)
		}
	}
	// The flake as it is deployed, in which what was there is in force.
	c.must("generate")
	dir := filepath.Join(c.env.Home(), ".config/nixos")
	flake := c.env.Flake(t, dir, nil)
	var now struct {
		Groups          []string
		Shell, Root     string
		Mtr             bool
		Zone, Postgres  string
		Device, Version string
	}
	flake.EvalInto(t, "nixosConfigurations.atlas.config", `c: {
		Groups = c.users.users.ada.extraGroups; Shell = c.users.users.ada.shell.name; Root = c.services.openssh.settings.PermitRootLogin;
		Mtr = c.programs.fish.enable; Zone = c.time.timeZone; Postgres = c.services.postgresql.package.name;
		Device = c.boot.loader.grub.device; Version = c.system.stateVersion; }`, &now)
	if !strings.Contains(strings.Join(now.Groups, " "), "dialout") || !strings.Contains(now.Shell, "zsh") || now.Root != "yes" || !now.Mtr ||
		now.Zone != "Europe/Berlin" || !strings.Contains(now.Postgres, "15") || now.Device != "/dev/sda" || now.Version != "24.05" {
		t.Errorf("%+v", now)
	}

	// Once is enough, and the answers do it again elsewhere.
	if said, code := c.init("--profile", "again.yaml", "init", "--adopt", "--yes"); code != fault.Usage || !strings.Contains(said, "legacy.nix exists") {
		t.Errorf("exit code %d\n%s", code, said)
	}
	other := filepath.Join(c.work, "other")
	if said, code := c.init("--profile", "again.yaml", "-o", other, "init", "--answers", "answers.yaml"); code != 0 {
		t.Fatalf("exit code %d\n%s", code, said)
	}
	if diff := cmp.Diff(got, readText(t, filepath.Join(c.work, "again.yaml"))); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"local.nix", "legacy.nix", "legacy/own/desk.nix"} {
		name = filepath.Join("hosts/atlas", name)
		if diff := cmp.Diff(readText(t, filepath.Join(dir, name)), readText(t, filepath.Join(other, name))); diff != "" {
			t.Error(diff)
		}
	}
}

// What contradicts the configuration is refused before anything is written; a
// local.nix that is there is left as it is.
func TestAdoptRefuses(t *testing.T) {
	c := newAdopted(t)
	flake := filepath.Join(c.env.Home(), ".config/nixos")
	refused := func(code fault.Code, text string, args ...string) {
		t.Helper()
		said, got := c.init(args...)
		if got != code || !strings.Contains(said, text) {
			t.Errorf("%q: exit code %d, want %d and %q:\n%s", args, got, code, text, said)
		}
		if _, err := os.Lstat(filepath.Join(c.work, "quick-deploy.yaml")); err == nil {
			t.Error("a profile was written")
		}
		if _, err := os.Lstat(flake); err == nil {
			t.Error("the flake was written")
		}
	}
	refused(fault.Preflight, "contradict each other; nothing was written: time.timeZone", "init", "--adopt", "--yes", "--timezone", "Europe/Rome")
	refused(fault.Preflight, "users.users.ada.shell", "init", "--adopt", "--yes", "--shell", "fish")
	refused(fault.Usage, "neither flake.nix nor configuration.nix", "init", "--adopt", "--yes", c.work)
	refused(fault.Usage, "cannot be used together", "init", "--adopt", "--answers", "x")
	c.put(filepath.Join(c.Root, "etc/nixos/own/desk.nix"), "{ services.opensh.enable = true; }\n")
	refused(fault.Build, "services.opensh", "init", "--adopt", "--yes")
	c.put(filepath.Join(c.Root, "etc/nixos/own/desk.nix"), oldConfig["own/desk.nix"])
	path := c.environ
	c.environ = append(append([]string{}, path...), "PATH="+filepath.Dir(mustLook(t, "quick-deploy")))
	refused(fault.NotFound, "needs Nix", "init", "--adopt", "--yes")
	c.environ = path

	local := filepath.Join(flake, "hosts/atlas/local.nix")
	c.put(local, "{ }\n")
	said, code := c.init("init", "--adopt", "--yes")
	if code != 0 || !strings.Contains(said, "add ./legacy.nix to its imports") || readText(t, local) != "{ }\n" {
		t.Errorf("exit code %d\n%s", code, said)
	}
}

func mustLook(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Whoever takes over a configuration is asked for less: it says the rest.
func TestAdoptOnATerminal(t *testing.T) {
	c := newAdopted(t)
	x := start(t, c.work, c.Root, 90, 30, append(c.environ, "TERM=xterm-256color"), "init", "--adopt")
	for _, see := range []string{"Is this right?", "e-mail"} {
		x.see(see)
		x.typed(enter)
	}
	x.see("Write quick-deploy.yaml?")
	if strings.Contains(x.text(), "What is this machine for?") || strings.Contains(x.text(), "Which services?") {
		t.Error("it asks what the configuration says")
	}
	x.typed(down + enter)
	x.see("legacy.nix keeps")
	if code := x.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// onlyHere is a configuration with as little as evaluates, and more on its last line.
func onlyHere(more string) string {
	imports := ""
	if list, rest, ok := strings.Cut(strings.TrimPrefix(more, "imports = "), "];"); ok && strings.HasPrefix(more, "imports = ") {
		imports, more = " ++ "+list+"]", rest
	}
	return `{ config, lib, pkgs, ... }: {
  imports = [ ./hardware-configuration.nix ]` + imports + `;
  boot.loader.systemd-boot.enable = true;
  networking.hostName = "atlas";
  time.timeZone = "Europe/Berlin";
  users.users.ada = { isNormalUser = true; extraGroups = [ "wheel" ]; };
  system.stateVersion = "24.05";
` + more + "}\n"
}

// What a flake may not do is brought in, so that the flake evaluates by itself, or is refused with the place and
// what to write instead.
func TestAdoptWhatAFlakeMayNot(t *testing.T) {
	c := newAdopted(t)
	outside := t.TempDir()
	for name, text := range map[string]string{
		"common.nix":              "{ imports = [ ./more/part.nix ]; environment.etc.motd.text = builtins.readFile ./motd; }\n",
		"more/part.nix":           "{ programs.fish.enable = true; }\n",
		"motd":                    "hello",
		"channels/hm/default.nix": "{ lib, ... }: { options.home-manager.users = lib.mkOption { type = lib.types.attrsOf lib.types.anything; }; imports = [ ../shared.nix ]; }\n",
		"channels/shared.nix":     "{ programs.fish.enable = true; }\n",
		"overlays/default.nix":    "final: prev: { }\n",
	} {
		c.put(filepath.Join(outside, name), text)
	}
	sources := `{ system ? builtins.currentSystem, pkgs ? import <nixpkgs> { inherit system; } }: {
  overlay = final: prev: { };
  tarball = builtins.fetchTarball { url = "https://example.org/x.tar.gz"; sha256 = "0000000000000000000000000000000000000000000000000000"; };
}
`
	const fish = "programs.fish.enable"
	// Nothing listens on the discard port.
	for _, k := range []struct {
		name, text string
		files      map[string]string
		// says is what is said, in hints where code is not 0; option comes to true in the flake else.
		says, option string
		code         fault.Code
	}{
		{name: "path outside", text: "imports = [ " + outside + "/common.nix ];", says: "copied into the flake from outside", option: fish},
		{name: "path above", text: "imports = [ ./a/b.nix ];", files: map[string]string{"a/b.nix": "{ imports = [ ../../common.nix ]; }\n", "../common.nix": "{ programs.fish.enable = true; }\n"}, option: fish},
		{name: "text outside", text: `environment.etc.motd.text = builtins.readFile "` + outside + `/motd"; programs.fish.enable = true;`, option: fish},
		{name: "module of NixOS", text: "imports = [ <nixpkgs/nixos/modules/installer/scan/not-detected.nix> ];", option: "hardware.enableRedistributableFirmware"},
		{name: "channel", text: "imports = [ <home-manager/hm> ]; home-manager.users.ada = { };", option: fish},
		{name: "overlay of NIX_PATH", text: "nixpkgs.overlays = [ (import <overlays>) ]; programs.fish.enable = true;", option: fish},
		{name: "pins", text: "nixpkgs.overlays = [ (import ./nix/sources.nix { }).overlay ]; programs.fish.enable = true;", files: map[string]string{"nix/sources.nix": sources}, option: fish},
		{name: "big file", text: `environment.etc."wall.png".source = ./wall.png; programs.fish.enable = true;`, files: map[string]string{"wall.png": strings.Repeat("x", 1500000)}, option: fish},
		{name: "folder by a link", text: "imports = [ ./linked/common.nix ];", files: map[string]string{"linked ->": outside}, option: fish},
		{name: "file by a link", text: "imports = [ ./linked.nix ];", files: map[string]string{"linked.nix ->": outside + "/common.nix"}, option: fish},
		{name: "folder by names", text: "imports = map (n: ./parts + \"/${n}\") (builtins.attrNames (builtins.readDir ./parts)) ++ [ ./by/${\"name\"}.nix ];",
			files: map[string]string{"parts/a.nix": "{ }", "by/name.nix": "{ programs.fish.enable = true; }"}, option: fish},
		{name: "nixpkgs of a channel", text: "environment.systemPackages = [ (import <nixpkgs> { }).hello ];", code: fault.Preflight, says: "configuration.nix:8: <nixpkgs> comes from a channel"},
		{name: "no hash", text: `imports = [ "${fetchTarball "http://127.0.0.1:9/hm.tar.gz"}/nixos" ];`, code: fault.Network, says: "configuration.nix:2: fetchTarball has no hash"},
		{name: "no hash, in a value", text: `environment.etc.motd.text = "${builtins.fetchGit ./.}";`, code: fault.Preflight, says: "configuration.nix:8: fetchGit has no hash"},
		{name: "system", text: `environment.etc.motd.text = builtins.currentSystem;`, code: fault.Preflight, says: "pkgs.stdenv.hostPlatform.system"},
		{name: "secret", text: "environment.etc.motd.source = ./secret;", files: map[string]string{"secret 0600": "x"}, code: fault.Preflight, says: "configuration.nix:8: it names " + filepath.Join(c.Root, "etc/nixos/secret")},
		{name: "secret by its text", text: `users.users.ada.hashedPasswordFile = "/etc/nixos/secret"; programs.fish.enable = true;`, files: map[string]string{"secret 0600": "x"}, says: "not copied: secret", option: fish},
		{name: "two boot loaders", text: `boot.loader.grub = { enable = true; device = "/dev/sda"; };`, code: fault.Preflight, says: "two boot loaders are on"},
		{name: "assertion", text: `assertions = [ { assertion = false; message = "not like this"; } ];`, code: fault.Preflight, says: "not like this"},
	} {
		t.Run(k.name, func(t *testing.T) {
			c := &adopted{c.computer, append(c.environ, "NIX_PATH="+strings.Join([]string{nixPath(c.environ), "home-manager=" + outside + "/channels", "overlays=" + outside + "/overlays"}, ":"), "RETRY_MAX_ATTEMPTS=0")}
			dir := filepath.Join(c.Root, "etc/nixos")
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			c.put(filepath.Join(dir, "configuration.nix"), onlyHere(k.text))
			c.put(filepath.Join(dir, "hardware-configuration.nix"), oldConfig["hardware-configuration.nix"])
			for name, text := range k.files {
				path, mode, _ := strings.Cut(name, " ")
				path = filepath.Join(dir, path)
				if mode == "->" {
					if err := os.Symlink(text, path); err != nil {
						t.Fatal(err)
					}
					continue
				}
				c.put(path, text)
				if mode != "" {
					if err := os.Chmod(path, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			work := t.TempDir()
			said, code := c.init("--profile", work+"/p.yaml", "-o", work+"/flake", "init", "--yes", "--lock", "built-in")
			if code != k.code || !strings.Contains(said, k.says) {
				t.Fatalf("exit code %d, want %d and %q:\n%s", code, k.code, k.says, said)
			}
			if code != 0 {
				if _, err := os.Lstat(work + "/flake"); err == nil || !strings.Contains(said, "init --fresh") {
					t.Errorf("something was written, or the other way is not named:\n%s", said)
				}
				return
			}
			if said, code := c.init("--profile", work+"/p.yaml", "-o", work+"/flake", "generate"); code != 0 {
				t.Fatal(said)
			}
			// Two home-managers for one home would overwrite each other's files.
			if home := strings.Contains(readText(t, work+"/p.yaml"), "home:"); home == strings.Contains(k.text, "home-manager.users") {
				t.Errorf("the profile has a home: %v", home)
			}
			// A flake is evaluated without what lies outside of it.
			if got := string(c.env.Flake(t, work+"/flake", nil).Eval(t, "nixosConfigurations.atlas.config."+k.option, "")); strings.TrimSpace(got) != "true" {
				t.Errorf("%s = %s", k.option, got)
			}
		})
	}
}

// Of a flake, the modules that are files come along. What stands in flake.nix itself, and what needs the flake's
// inputs, is refused.
func TestAdoptAFlake(t *testing.T) {
	c := newAdopted(t)
	nixpkgs, _ := c.env.StandIn(t)
	for _, k := range []struct{ name, modules, args, says, more string }{
		{name: "files", modules: "./configuration.nix ./more.nix", more: "{ programs.fish.enable = true; }"},
		{name: "what the profile says", modules: `./configuration.nix { networking.hostName = "atlas"; }`},
		{name: "inline", modules: "./configuration.nix { networking.firewall.enable = false; }", says: "flake.nix itself sets what does not come along; nothing was written: networking.firewall.enable"},
		{name: "specialArgs", modules: "./configuration.nix ./more.nix", args: `specialArgs.who = "ada";`, more: "{ who, ... }: { environment.etc.who.text = who; }", says: "specialArgs of the old flake do not come along"},
		{name: "nixpkgs as an input", modules: "./configuration.nix ./more.nix", args: "specialArgs = { inherit inputs; };", more: `{ inputs, ... }: { environment.etc.a.text = "${inputs.nixpkgs}" + inputs.nixpkgs.lib.toUpper "a"; }`},
		{name: "input", modules: "./configuration.nix ./more.nix inputs.other.module", more: "{ other.on = true; }", says: "of its inputs only nixpkgs does"},
	} {
		t.Run(k.name, func(t *testing.T) {
			dir, other, work := filepath.Join(c.Root, "etc/nixos"), t.TempDir(), t.TempDir()
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			c.put(filepath.Join(other, "flake.nix"), "{ outputs = _: { module = { lib, ... }: { options.other.on = lib.mkOption { }; }; }; }\n")
			for name, text := range map[string]string{
				"configuration.nix": onlyHere(""), "hardware-configuration.nix": oldConfig["hardware-configuration.nix"], "more.nix": k.more + "\n",
				"flake.nix": "{\n  inputs = { nixpkgs.url = \"path:" + nixpkgs + "\"; other.url = \"path:" + other + "\"; };\n" +
					"  outputs = inputs: { nixosConfigurations.atlas = inputs.nixpkgs.lib.nixosSystem { system = \"x86_64-linux\"; " + k.args +
					" modules = [ " + k.modules + " ]; }; };\n}\n",
			} {
				c.put(filepath.Join(dir, name), text)
			}
			c.env.Run(t, "nix", "flake", "lock", "path:"+dir)
			said, code := c.init("--profile", work+"/p.yaml", "-o", work+"/flake", "init", "--yes", "--lock", "built-in")
			want := fault.Code(0)
			if k.says != "" {
				want = fault.Preflight
			}
			if code != want || !strings.Contains(said, k.says) {
				t.Errorf("exit code %d, want %d and %q:\n%s", code, want, k.says, said)
			}
		})
	}
}

// A machine of an older release is compared as far as both know the options, without the drivers of the newer one.
func TestAdoptReleases(t *testing.T) {
	c := newAdopted(t)
	probetest.Write(t, c.Root, "desktop-intel-arc")
	for name, text := range machineFiles {
		c.put(filepath.Join(c.Root, name), text)
	}
	c.put(filepath.Join(c.Root, "etc/nixos/configuration.nix"), onlyHere(""))
	standIn, _ := c.env.StandIn(t)
	for _, k := range []struct{ machine, profile, says string }{
		{"24.05", "26.05", "this machine runs NixOS 24.05, and the profile is for 26.05"},
		{"25.05", "26.05", "this machine runs NixOS 25.05, and the profile is for 26.05"},
		{"25.11", "25.11", ""}, {"26.05", "26.05", ""}, {"26.11", "unstable", ""},
	} {
		t.Run(k.machine, func(t *testing.T) {
			nixpkgs, work := t.TempDir(), t.TempDir()
			if err := os.CopyFS(nixpkgs, os.DirFS(standIn)); err != nil {
				t.Fatal(err)
			}
			base := filepath.Join(nixpkgs, "nixos/base.nix")
			c.put(base, strings.Replace(readText(t, base), `"26.05"`, `"`+k.machine+`"`, 2))
			if k.machine < "25.11" {
				names := filepath.Join(nixpkgs, "names.txt")
				c.put(names, strings.Replace(readText(t, names), "vpl-gpu-rt\n", "", 1))
			}
			c := &adopted{c.computer, append(c.environ, "NIX_PATH=nixpkgs="+nixpkgs)}
			said, code := c.init("--profile", work+"/p.yaml", "-o", work+"/flake", "init", "--yes", "--lock", "built-in")
			release := k.profile
			if release != "unstable" {
				release = `"` + release + `"`
			}
			if code != 0 || !strings.Contains(said, k.says) || k.says == "" && strings.Contains(said, "runs NixOS") || !strings.Contains(readText(t, work+"/p.yaml"), "release: "+release+"\n") {
				t.Errorf("exit code %d\n%s", code, said)
			}
		})
	}
}

// What a person wrote in hardware-configuration.nix stays, wherever the file lies, unless it is another machine's:
// then it is listed.
func TestAdoptHardware(t *testing.T) {
	c := newAdopted(t)
	machineAt(t, c.Root)
	if err := os.RemoveAll(filepath.Join(c.Root, "etc/nixos")); err != nil {
		t.Fatal(err)
	}
	facts, _ := probe.Run(t.Context(), probe.Options{Root: c.Root})
	mine := ""
	for _, b := range facts.Blocks {
		if len(b.UUID) == 36 {
			mine = b.UUID
		}
	}
	other := "00000000-1111-4b5c-9d2e-0a1b2c3d4e5f"
	for _, k := range []struct {
		name, file, uuid, says string
		code                   fault.Code
	}{
		{"this machine's", "hardware-configuration.nix", mine, "boot.kernelParams", 0},
		{"another's", "hardware-configuration.nix", other, "hardware-configuration.nix is another machine's", 0},
		{"another's, elsewhere", "disks.nix", other, "which this machine does not have; nothing was written", fault.Preflight},
	} {
		t.Run(k.name, func(t *testing.T) {
			conf, work := t.TempDir(), t.TempDir()
			c.put(filepath.Join(conf, "configuration.nix"), strings.ReplaceAll(onlyHere(""), "hardware-configuration.nix", k.file))
			c.put(filepath.Join(conf, k.file), `{
  fileSystems."/" = { device = "/dev/disk/by-uuid/`+k.uuid+`"; fsType = "ext4"; };
  boot.initrd.luks.devices.root = { device = "/dev/sda2"; crypttabExtraOpts = [ "fido2-device=auto" ]; };
  boot.kernelParams = [ "resume_offset=533760" ];
  swapDevices = [ { device = "/swapfile"; size = 8192; } ];
  nixpkgs.hostPlatform = "x86_64-linux";
}
`)
			said, code := c.init("--profile", work+"/p.yaml", "-o", work+"/flake", "init", "--adopt", "--yes", "--lock", "built-in", conf)
			if code != k.code || !strings.Contains(said, k.says) || code == 0 && !strings.Contains(said, "swapDevices") {
				t.Fatalf("exit code %d\n%s", code, said)
			}
			if code != 0 {
				return
			}
			if said, code := c.init("--profile", work+"/p.yaml", "-o", work+"/flake", "generate"); code != 0 {
				t.Fatal(said)
			}
			var now struct {
				Params  []string
				Swap    int
				Devices []string
			}
			c.env.Flake(t, work+"/flake", nil).EvalInto(t, "nixosConfigurations.atlas.config", `c: {
				Params = c.boot.kernelParams; Swap = builtins.length c.swapDevices; Devices = builtins.attrNames c.boot.initrd.luks.devices; }`, &now)
			if kept := slices.Contains(now.Params, "resume_offset=533760") && now.Swap == 1 && slices.Contains(now.Devices, "root"); kept != (k.uuid == mine) {
				t.Errorf("%+v", now)
			}
		})
	}
}

// nixPath is the search path of an environment.
func nixPath(environ []string) string {
	for _, kv := range environ {
		if path, ok := strings.CutPrefix(kv, "NIX_PATH=nixpkgs="); ok {
			return "nixpkgs=" + path
		}
	}
	return ""
}
