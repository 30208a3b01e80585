package app

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/console"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/source"
	"github.com/quick-deploy/quick-deploy/generator"
)

// planned generates the flake of a profile, beside which facts.json lies, for host atlas.
func planned(t *testing.T, host string) *Generated {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Chdir(dir)
	for name, text := range map[string]string{
		"quick-deploy.yaml": "version: 1\nhost:\n  name: atlas\n  system: x86_64-linux\n  stateVersion: \"26.05\"\n" + host,
		"facts.json": `{"version": 1, "system": "x86_64-linux", "firmware": "uefi", "blocks": [
			{"name": "sda2", "number": "8:2", "uuid": "11111111-0000-4000-8000-000000000000"},
			{"name": "sdb1", "number": "8:17", "uuid": "22222222-0000-4000-8000-000000000000"}], "mounts": [
			{"point": "/", "type": "ext4", "source": "/dev/sda2", "number": "8:2", "root": "/"},
			{"point": "/srv", "type": "ext4", "source": "/dev/sdb1", "number": "8:17", "root": "/"},
			{"point": "/proc", "type": "proc", "source": "proc", "number": "0:4", "root": "/"}]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := &App{
		Terminal: console.New(nil, io.Discard, io.Discard), Seen: &source.Seen{}, Version: "dev",
		Options: Options{Root: filepath.Join(dir, "machine"), Flake: filepath.Join(dir, "flake")},
	}
	g, err := PlanFlake(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// What the profile says reaches the preflight checks.
func TestTarget(t *testing.T) {
	// flatpak is a service that does not stand below services.
	g := planned(t, "  flatpak: {apps: [org.gnome.Maps]}\n  services: {postgresql: {}, grafana: {adminPasswordSecret: grafana}}\n  secrets: {grafana: {file: /var/secrets/grafana}}\n")
	for verb, bootable := range map[deploy.Verb]bool{deploy.Switch: false, deploy.Boot: false, deploy.Test: true, deploy.Build: true} {
		if got := target(g, "atlas", verb); (got.Boots && len(got.Decision.Blockers) > 0) == bootable {
			t.Errorf("%s without facts: unbootable because of %q", verb, got.Decision.Blockers)
		}
	}
	got := target(g, "atlas", deploy.Switch)
	if len(got.Versions) != 1 || got.Versions["postgresql"] != "16" {
		t.Errorf("versions %v", got.Versions)
	}
	want := generator.Secret{Name: "grafana", File: "/var/secrets/grafana", For: "grafana", Key: "adminPasswordSecret"}
	if !slices.Contains(got.Secrets, want) {
		t.Errorf("secrets %+v, want %+v", got.Secrets, want)
	}

	for options, bootable := range map[string]bool{
		"boot.kernelParams: [quiet]": false, "boot: {kernelParams: [quiet]}": false, "bootstrap: {}": false, "boot: {loader: {grub: {device: /dev/sda}}}": true,
		"boot.loader.grub.device: /dev/sda": true, "boot: {loader.grub.device: /dev/sda}": true, "wsl.enable: true": true, "disko: {}": true,
	} {
		g := planned(t, "  nixos: {"+options+"}\n")
		if got := target(g, "atlas", deploy.Switch); (got.Boots && len(got.Decision.Blockers) > 0) == bootable {
			t.Errorf("with nixos: {%s}: unbootable because of %q", options, got.Decision.Blockers)
		}
	}

	if want := "$__file{/var/lib/grafana/secret-key}"; !slices.ContainsFunc(got.Services, func(s generator.Service) bool {
		return s.Name == "grafana" && s.Key == want && s.Info.Encryption.Default == want
	}) {
		t.Errorf("services %+v, want grafana with key %s", got.Services, want)
	}

	g = planned(t, "  services: {postgresql: {package: postgresql_17}}\n  nixos: {'fileSystems.\"/\".device': /dev/sda2}\n")
	got = target(g, "atlas", deploy.Switch)
	if got.Boots || got.Versions["postgresql"] != "17" {
		t.Errorf("with options of its own: boots %t, versions %v", got.Boots, got.Versions)
	}
}

// What is known of a home before it is built: its packages, and the files that it links.
func TestTargetOfHomes(t *testing.T) {
	for version, zshrc := range map[string]bool{"25.05": true, "26.05": false} {
		g := planned(t, `  services: {grafana: {encryptionKeySecret: key}}
  secrets: {key: {file: /var/secrets/key}}
  users:
    eve: {}
    ada:
      home:
        stateVersion: "`+version+`"
        git: {}
        zsh: {}
        packages: [gimp, python3Packages.black, bundle:ai-data]
  home:
    home.file.".inputrc".text: set editing-mode vi
    xdg.configFile: {foo/bar: {text: x}, off: {enable: false}}
`)
		got := target(g, "atlas", deploy.Switch)
		if len(got.Homes) != 1 || got.Homes[0].User != "ada" || got.Homes[0].Dir != "/home/ada" {
			t.Fatalf("homes %+v", got.Homes)
		}
		for _, p := range []string{"home-manager", "git", "zsh", "gimp", "python3Packages.black", "duckdb"} {
			if !slices.Contains(got.Homes[0].Packages, p) {
				t.Errorf("packages %q, want %s among them", got.Homes[0].Packages, p)
			}
		}
		for path, want := range map[string]bool{
			".zshrc": zshrc, ".zshenv": true, ".config/git/config": true, ".inputrc": true, ".config/foo/bar": true, ".config/off": false,
		} {
			if slices.Contains(got.HomeFiles, "/home/ada/"+path) != want {
				t.Errorf("stateVersion %s: %s among %+v: want %v", version, path, got.HomeFiles, want)
			}
		}
		if s := got.Services[0]; s.Key != "$__file{/run/credentials/grafana.service/secret-key}" {
			t.Errorf("%+v", s)
		}
	}
}

// The health checks are what the profile and the machine's facts promise.
func TestHealthChecks(t *testing.T) {
	g := planned(t, "  hardware: {facts: ./facts.json}\n  services: {grafana: {}}\n  users: {ada: {admin: true, home: {git: {}}}, eve: {}}\n")
	found := map[health.Kind][]string{}
	for _, c := range HealthChecks(g, "atlas") {
		found[c.Kind] = append(found[c.Kind], c.Target+c.User)
	}
	for kind, want := range map[health.Kind]string{
		health.Rest: "", health.Unit: "grafana", health.HTTP: "http://127.0.0.1:3001/api/health",
		health.Home: "ada", health.Mount: "/srv",
	} {
		if !slices.Contains(found[kind], want) {
			t.Errorf("%s: %q, want %q among them", kind, found[kind], want)
		}
	}
	if len(found[health.Mount]) != 1 || len(found[health.Home]) != 1 {
		t.Errorf("mounts %q, homes %q", found[health.Mount], found[health.Home])
	}
}

// The catalogue says what its units cannot: a port or a page, and how long a start may take.
func TestServiceChecks(t *testing.T) {
	g := planned(t, "  services: {vllm: {}, loki: {port: 3200}, restic: {}, libvirt: {}, openssh: {}}\n")
	found := map[string]health.Check{}
	for _, c := range HealthChecks(g, "atlas") {
		found[c.Name+" "+c.Target] = c
	}
	for name, want := range map[string]time.Duration{
		"vllm podman-vllm": time.Hour, "vllm: http://127.0.0.1:8001/health http://127.0.0.1:8001/health": time.Hour,
		"loki: http://127.0.0.1:3200/ready http://127.0.0.1:3200/ready": 2 * time.Minute, "restic restic-backups-*": 0, "libvirt libvirtd": 0,
		"openssh sshd": 0, "openssh: port ssh 127.0.0.1:22": 0,
	} {
		c, ok := found[name]
		if !ok || c.Grace != want || !c.Required {
			t.Errorf("%s: %+v", name, c)
		}
		if c.Kind != health.Unit && len(c.Units) != 1 {
			t.Errorf("%s does not say what serves it", name)
		}
	}
}
