package adopt

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/generator/keyboard"
	"github.com/quick-deploy/quick-deploy/generator/nix/syntax"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

func TestMain(m *testing.M) { nixtest.Main(m) }

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// old is a configuration as people have them: in two files, with what the
// installer wrote, and with things of their own.
var old = map[string]string{
	"configuration.nix": `{ config, lib, pkgs, ... }:
{
  imports = [ ./hardware-configuration.nix ./own/desk.nix ];
  boot.loader.grub = { enable = true; device = "/dev/sda"; };
  boot.initrd.luks.devices.root.device = "/dev/sda2";
  networking.hostName = "atlas";
  time.timeZone = "Europe/Berlin";
  i18n.defaultLocale = "de_DE.UTF-8";
  console.keyMap = "de";
  users.users.ada = {
    isNormalUser = true;
    description = "Ada Lovelace";
    extraGroups = [ "wheel" "dialout" ];
    shell = pkgs.zsh;
    openssh.authorizedKeys.keys = [ "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSJLQRmWRxaOWbLWLmkQMbr5Dlz4GnFVGjDW7x9Yb ada@laptop" ];
  };
  users.users.bob.isNormalUser = true;
  users.users.daemonic = { isSystemUser = true; group = "daemonic"; };
  services.openssh.enable = true;
  services.postgresql.enable = true;
  services.prometheus.exporters.node.enable = true;
  virtualisation.libvirtd.enable = true;
  services.grafana.enable = false;
  services.xserver.xkb.layout = "de";
  system.stateVersion = "24.05";
}
`,
	"hardware-configuration.nix": `{ fileSystems."/" = { device = "/dev/sda1"; fsType = "ext4"; }; nixpkgs.hostPlatform = "x86_64-linux"; }
`,
	"own/desk.nix": `{ pkgs, ... }: { environment.systemPackages = [ pkgs.hello ]; services.printing.enable = true; }
`,
}

func newEvaluator(t *testing.T, env *nixtest.Env) *Evaluator {
	t.Helper()
	nixpkgs, _ := env.StandIn(t)
	return &Evaluator{Temp: t.TempDir(), Run: func(ctx context.Context, searchPath bool, args ...string) ([]byte, error) {
		if searchPath {
			args = append([]string{"-I", "nixpkgs=" + nixpkgs}, args...)
		}
		return env.TryRun(ctx, "nix-instantiate", args...)
	}}
}

var services = []Service{
	{"openssh", []string{"services", "openssh", "enable"}},
	{"postgresql", []string{"services", "postgresql", "enable"}},
	{"grafana", []string{"services", "grafana", "enable"}},
	{"printing", []string{"services", "printing", "enable"}},
	{"node-exporter", []string{"services", "prometheus", "exporters", "node", "enable"}},
	{"libvirt", []string{"virtualisation", "libvirtd", "enable"}},
	{"redis", []string{"services", "redis", "servers", "default", "enable"}},
}

func TestMachine(t *testing.T) {
	env := nixtest.New(t)
	e := newEvaluator(t, env)
	dir := t.TempDir()
	write(t, dir, old)
	c, err := Find(dir, "atlas")
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.System(t.Context(), c, services)
	if err != nil {
		t.Fatal(err)
	}
	want := System{
		Machine: machine.Machine{
			Hostname: "atlas", Timezone: "Europe/Berlin", Locale: "de_DE.UTF-8", Keyboard: keyboard.Keyboard{Layout: "de"},
			StateVersion: "24.05", Release: "26.05",
			Users: []machine.User{
				{Name: "ada", Description: "Ada Lovelace", Shell: "zsh", Admin: true, Keys: []string{
					"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSJLQRmWRxaOWbLWLmkQMbr5Dlz4GnFVGjDW7x9Yb ada@laptop",
				}},
				{Name: "bob", Shell: got.Users[len(got.Users)-1].Shell, Keys: []string{}},
			},
		},
		Loader: "grub", Desktops: []string{},
		Services: []Service{
			{"openssh", []string{"services", "openssh", "enable"}},
			{"postgresql", []string{"services", "postgresql", "enable"}},
			{"printing", []string{"services", "printing", "enable"}},
			{"node-exporter", []string{"services", "prometheus", "exporters", "node", "enable"}},
			{"libvirt", []string{"virtualisation", "libvirtd", "enable"}},
		},
		Nixpkgs: got.Nixpkgs, Homes: []string{}, Root: "/dev/sda1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDefined(t *testing.T) {
	env := nixtest.New(t)
	e := newEvaluator(t, env)
	dir := t.TempDir()
	write(t, dir, old)
	c, err := Find(filepath.Join(dir, "configuration.nix"), "atlas")
	if err != nil {
		t.Fatal(err)
	}
	defined, err := e.Defined(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, d := range defined {
		got[strings.Join(d.Path, ".")] = strings.Join(d.Files, " ")
	}
	for path, file := range map[string]string{
		"environment.systemPackages": "own/desk.nix", "networking.hostName": "configuration.nix",
		"boot.loader.grub.device":  "configuration.nix",
		"services.printing.enable": "own/desk.nix", "fileSystems": "hardware-configuration.nix",
		"services.grafana.enable": "configuration.nix",
	} {
		if got[path] != file {
			t.Errorf("%s is defined in %q, want %q", path, got[path], file)
		}
	}
	if _, ok := got["system.nixos.release"]; ok {
		t.Error("what only a default defines counts as the machine's own")
	}
}

// A contradiction is one value that is not there, and not the end.
func TestValues(t *testing.T) {
	env := nixtest.New(t)
	e := newEvaluator(t, env)
	dir := t.TempDir()
	write(t, dir, old)
	write(t, dir, map[string]string{"more.nix": `{ imports = [ ./configuration.nix ]; time.timeZone = "Europe/Rome"; networking.hostName = "atlas"; }`})
	c := Config{Dir: dir, File: filepath.Join(dir, "more.nix")}
	paths := [][]string{{"time", "timeZone"}, {"networking", "hostName"}, {"users", "users", "ada", "shell"},
		{"no", "such", "option"}}
	got, err := e.Values(t.Context(), c, paths)
	if err != nil {
		t.Fatal(err)
	}
	if got[Key(paths[0])] != nil || got[Key(paths[1])] != "atlas" || got[Key(paths[2])] == nil ||
		got[Key(paths[3])] != nil {
		t.Errorf("%v", got)
	}
}

// A flake, with an inline module and with a file.
func TestFlake(t *testing.T) {
	env := nixtest.New(t)
	e := newEvaluator(t, env)
	nixpkgs, _ := env.StandIn(t)
	dir := t.TempDir()
	write(t, dir, old)
	write(t, dir, map[string]string{"flake.nix": `{
  inputs.nixpkgs.url = "path:` + nixpkgs + `";
  outputs = { nixpkgs, ... }: {
    nixosConfigurations.desk = nixpkgs.lib.nixosSystem { system = "x86_64-linux"; modules = [ ./configuration.nix ]; };
  };
}
`})
	// Nix itself makes the lock file; reading does not.
	env.Run(t, "nix", "flake", "lock", "path:"+dir)
	c, err := Find(dir, "atlas")
	if err != nil || c.File != "" {
		t.Fatalf("%+v %v", c, err)
	}
	m, err := e.System(t.Context(), c, services)
	if err != nil {
		t.Fatal(err)
	}
	if m.Hostname != "atlas" || len(m.Services) != 5 {
		t.Errorf("%+v", m)
	}
	defined, err := e.Defined(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&Carrier{Config: c}).Carry(defined)
	if err != nil {
		t.Fatal(err)
	}
	text := string(l.Files[len(l.Files)-1].Data)
	if !strings.Contains(text, "./legacy/configuration.nix") || !strings.Contains(text, "./legacy/own/desk.nix") ||
		strings.Contains(text, "flake.nix") {
		t.Errorf("legacy.nix:\n%s", text)
	}
}

func TestCarry(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, old)
	write(t, dir, map[string]string{"secret.key": "x",
		"own/keys.nix": "{\n  # password = \"old\";\n  users.users.ada.hashedPassword = \"$6$x\";\n  services.x.passwordFile = \"/run/x\";\n  services.x = { token = \"y\"; };\n}\n",
		".git/config":  "x", "wall.png": strings.Repeat("x", maxFile+1)})
	if err := os.Chmod(filepath.Join(dir, "secret.key"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Find(dir, "atlas")
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&Carrier{Config: c}).Carry(nil)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range l.Files {
		got[f.Path] = string(f.Data)
	}
	if got["legacy/configuration.nix"] != old["configuration.nix"] || got["legacy/own/desk.nix"] != old["own/desk.nix"] {
		t.Error("a file is not copied as it was")
	}
	if len(got) != 5 {
		t.Errorf("%q", got)
	}
	if diff := cmp.Diff([]string{"own/keys.nix:3", "own/keys.nix:5"}, l.Secrets); diff != "" {
		t.Error(diff)
	}
	if len(l.Left) != 2 || !strings.Contains(got["legacy.nix"], "./legacy/configuration.nix") {
		t.Errorf("left: %q\n%s", l.Left, got["legacy.nix"])
	}
}

func TestFindNothing(t *testing.T) {
	if _, err := Find(t.TempDir(), "atlas"); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	if _, err := Find("/no/such/folder", "atlas"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestTokens(t *testing.T) {
	for src, want := range map[string]string{
		`{ imports = [ ./a.nix ../b /c/d.nix ~/e ]; }`:     "word imports, path ./a.nix, path ../b, path /c/d.nix, path ~/e",
		`import <nixpkgs/nixos> { } // x < y`:              "word import, lookup <nixpkgs/nixos>, word x, word y",
		"# ./no\n/* ./no */ ./yes":                         "path ./yes",
		`"/in/a/text" + "${./in} \"" + "$${./no}"`:         "text /in/a/text, path ./in, text $${./no}",
		"'' ./no ${./yes} ''${./no} ''' $${./no} '' ./yes": "path ./yes, path ./yes",
		`./${name}.nix ./a/b${x}`:                          "path . open, word name, word nix, path ./a open, word b, word x",
		`https://example.org/x ./.`:                        "text https://example.org/x, path ./.",
		`{ a = { b = "}"; }; c = ./d; }`:                   "word a, word b, text }, word c, path ./d",
		`"unclosed ${ ./a`:                                 "path ./a",
		`x: x / 2`:                                         "word x, word x",
	} {
		var got []string
		for _, k := range tokens(src) {
			s := map[syntax.Kind]string{syntax.Word: "word", syntax.Path: "path", syntax.Lookup: "lookup", syntax.Text: "text"}[k.Kind] + " " + strings.Trim(k.Text, `"`)
			if k.Open {
				s += " open"
			}
			got = append(got, s)
		}
		if diff := cmp.Diff(want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s\n%s", src, diff)
		}
	}
}

// A name that no path literal has, and a link that leads to itself, are copied and named as well.
func TestCarryFollows(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "etc nixos")
	write(t, base, map[string]string{
		"etc nixos/configuration.nix": "{ imports = [ ../shared/a.nix ./loop/b.nix ]; x = builtins.readFile \"" + base +
			"/with space/motd\"; y = ../shared; }\n",
		"shared/a.nix": "{ imports = [ ./c.nix ]; }\n", "shared/c.nix": "{ }\n", "shared/big": strings.Repeat("x", maxFile+1),
		"with space/motd": "hello", "etc nixos/b.nix": "{ }\n",
	})
	if err := os.Symlink(".", filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	c, err := Find(dir, "atlas")
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&Carrier{Config: c}).Carry(nil)
	if err != nil {
		t.Fatal(err)
	}
	outside := "legacy-outside" + base
	got := map[string]string{}
	for _, f := range l.Files {
		got[f.Path] = string(f.Data)
	}
	want := "{ imports = [ ../" + outside + "/shared/a.nix ./loop/b.nix ]; x = builtins.readFile (./. + \"/../" + outside +
		"/with space/motd\"); y = ../" + outside + "/shared; }\n"
	if diff := cmp.Diff(want, got["legacy/configuration.nix"]); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{outside + "/shared/c.nix", outside + "/shared/big", outside + "/with space/motd",
		"legacy/loop/b.nix"} {
		if _, ok := got[name]; !ok {
			t.Errorf("%s is not copied", name)
		}
	}
	if len(l.Obstacles) > 0 || len(l.Brought) != 3 {
		t.Errorf("%v %v", l.Obstacles, l.Brought)
	}
}

// A name that would be code in a string of Nix stays a name.
func TestLiteral(t *testing.T) {
	for to, want := range map[string]string{
		"legacy/a/b.nix":        "./a/b.nix",
		"legacy-outside/b.nix":  "../legacy-outside/b.nix",
		"legacy":                "./.",
		"legacy/a b":            `(./. + "/a b")`,
		"legacy/${throw 1}.nix": `(./. + "/\${throw 1}.nix")`,
		`legacy/a "\b"`:         `(./. + "/a \"\\b\"")`,
	} {
		if got := literal("legacy", to, false); got != want {
			t.Errorf("%s: %s, want %s", to, got, want)
		}
	}
}

func TestIsSecret(t *testing.T) {
	for option, want := range map[string]bool{
		"users.users.ada.hashedPassword": true, "services.x.apiToken": true, "networking.wireless.networks.home.psk": true,
		"users.users.ada.hashedPasswordFile": false, "services.openssh.settings.PasswordAuthentication": false,
	} {
		if got := IsSecret(strings.Split(option, ".")); got != want {
			t.Errorf("%s: %v", option, got)
		}
	}
}
