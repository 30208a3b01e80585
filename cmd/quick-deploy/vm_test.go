package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/guest/guesttest"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
)

// A trial run of a machine that QEMU starts: a kernel, systemd and its units are real, and what nixos-rebuild builds is
// a stand-in's.
func TestVMCheck(t *testing.T) {
	for name, c := range map[string]struct {
		services   string
		parameters string // of the kernel
		code       fault.Code
		want       map[string]health.Outcome
	}{
		"healthy": {"{grafana: {port: 3000}}", "", fault.OK, map[string]health.Outcome{
			"grafana: grafana.service": health.Passed, "grafana: http://127.0.0.1:3000/api/health": health.Passed, "other units": health.Passed,
		}},
		"a service fails": {"{grafana: {port: 3000}, redis: {}}", "systemd.wants=redis.service", fault.Health,
			map[string]health.Outcome{"grafana: grafana.service": health.Passed, "system: redis.service": health.Failed}},
	} {
		t.Run(name, func(t *testing.T) {
			script := guesttest.RunScript(t, c.parameters)
			dir := t.TempDir()
			write := func(name, text string) {
				t.Helper()
				path := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			write("quick-deploy.yaml", `version: 1
host: {name: atlas, system: x86_64-linux, stateVersion: "26.05", services: `+c.services+"}\n")
			write("bin/nixos-rebuild", `#!/bin/sh
[ "$1" = build-vm ] || { echo 'usage: nixos-rebuild [{build,build-vm}]' >&2; exit 2; }
mkdir -p "$HOME/built/bin" && ln -sf '`+script+`' "$HOME/built/bin/run-atlas-vm" && ln -sfn "$HOME/built" result
`)
			write("bin/nix", `#!/bin/sh
case $* in *metadata*) echo '{"path": "/nix/store/00000000000000000000000000000000-source"}' ;; esac
`)
			write("bin/nix-store", "#!/bin/sh\n")
			for key, value := range map[string]string{
				"HOME": filepath.Join(dir, "home"), "TMPDIR": filepath.Join(dir, "tmp"), "LOG_LEVEL": "",
				"PATH":                    filepath.Join(dir, "bin") + ":" + os.Getenv("PATH"),
				"QUICK_DEPLOY_ALLOW_ROOT": "true", "QUICK_DEPLOY_ROOT": filepath.Join(dir, "machine"),
				"QUICK_DEPLOY_SKIP": "network,nix-space,memory", "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": "",
			} {
				t.Setenv(key, value)
			}
			if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o700); err != nil {
				t.Fatal(err)
			}
			t.Chdir(dir)
			var out, said bytes.Buffer
			code := quickDeploy([]string{"quick-deploy", "--json", "vm", "--check", "--timeout", "15m"},
				strings.NewReader(""), &out, &said)
			if code != c.code {
				t.Fatalf("exit %d, want %d\n%s%s", code, c.code, &out, &said)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			var last struct {
				Type string
				Data health.Report
			}
			if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Type != "health" {
				t.Fatalf("the last event is no report, %v: %s", err, lines[len(lines)-1])
			}
			got := map[string]health.Outcome{}
			for _, f := range last.Data.Findings {
				got[f.Name] = f.Outcome
			}
			for name, want := range c.want {
				if got[name] != want {
					t.Errorf("%s: %s, want %s\n%s", name, got[name], want, lines[len(lines)-1])
				}
			}
			if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// The whole module, homes and sops with it, in a throwaway flake that a real Nix evaluates and builds.
func TestVMIsBuilt(t *testing.T) {
	c := newComputer(t)
	c.put(filepath.Join(c.work, "secrets.yaml"), `key: ENC[AES256_GCM,data:x,iv:x,tag:x,type:str]
sops: {age: [], version: 3.9.0}
`)
	c.put(filepath.Join(c.work, "quick-deploy.yaml"), `version: 1
host:
  name: atlas
  system: x86_64-linux
  stateVersion: "26.05"
  sops: {file: ./secrets.yaml}
  secrets: {key: {sops: true}, ada-password: {file: /etc/secrets/ada}, odd: {file: "/etc/it's 100%"}}
  users: {ada: {admin: true, passwordSecret: ada-password, home: {}}}
  services: {grafana: {adminPasswordSecret: key}, openssh: {}}
`)
	stdout, stderr, code := c.run("vm", "--no-start", "--skip", "network", "--min-free", "1MB")
	if code != 0 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	if strings.Contains(stderr, "lock file") || !strings.Contains(stderr, "✓ build") {
		t.Errorf("%s", stderr)
	}
	script := strings.TrimSpace(stdout)
	if _, err := os.Stat(script); err != nil || filepath.Base(script) != "run-atlas-vm" {
		t.Errorf("%q, %v", script, err)
	}
	if flake, err := os.ReadFile(filepath.Join(c.env.Home(), ".config/nixos/flake.lock")); err != nil ||
		!strings.Contains(string(flake), `"nixpkgs"`) {
		t.Errorf("the flake is not as generated: %v", err)
	}
	made, err := os.ReadFile(filepath.Join(filepath.Dir(script), "..", "system", "etc", "configuration.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Boot struct {
			Loader map[string]struct{ Enable bool }
		}
		Users struct {
			Users map[string]struct {
				Password           string
				HashedPasswordFile *string
			}
		}
		System   struct{ ActivationScripts map[string]string }
		Security struct {
			ACME struct{ Defaults struct{ Server string } }
		}
		Systemd struct {
			Services map[string]struct{ ServiceConfig map[string]any }
			Sockets  map[string]struct{ ListenStreams []string }
			Tmpfiles struct {
				Settings map[string]map[string]map[string]struct{ Argument string }
			}
		}
		Virtualisation struct {
			VMVariant struct{ Virtualisation map[string]any }
		}
	}
	if err := json.Unmarshal(made, &got); err != nil {
		t.Fatal(err)
	}
	for name := range map[string]bool{"ada": true, "root": true} {
		if u := got.Users.Users[name]; u.Password != "throwaway" || u.HashedPasswordFile != nil {
			t.Errorf("%s: %+v", name, u)
		}
	}
	// What a service reads is where it reads it, in the place of what sops-nix would decrypt.
	secrets := got.Systemd.Tmpfiles.Settings["throwaway-secrets"]
	for path, want := range map[string]string{
		"/etc/secrets/ada": "throwaway-ada-password", "/run/secrets/key": "throwaway-key",
		`/etc/it\'s 100%%`: "throwaway-odd", // as tmpfiles.d(5) reads it
	} {
		if text, err := os.ReadFile(secrets[path]["L+"].Argument); err != nil || string(text) != want {
			t.Errorf("%s has %q, %v", path, text, err)
		}
	}
	if script, ok := got.System.ActivationScripts["setupSecrets"]; !ok || script != "" {
		t.Errorf("sops-nix decrypts: %q", script)
	}
	if server := got.Security.ACME.Defaults.Server; !strings.HasPrefix(server, "https://127.0.0.1:1/") {
		t.Errorf("certificates are asked for at %q", server)
	}
	home := fmt.Sprint(got.Systemd.Services["throwaway-home-ada"].ServiceConfig["ExecStart"])
	if _, err := os.Stat(home); err != nil || !strings.HasSuffix(home, "/activate") {
		t.Errorf("the home is activated by %q, %v", home, err)
	}
	if got := got.Systemd.Sockets["throwaway-page-21000"].ListenStreams; !slices.Equal(got, []string{"0.0.0.0:21000"}) {
		t.Errorf("the way to the page: %q", got)
	}
	if got.Boot.Loader["systemd-boot"].Enable || got.Virtualisation.VMVariant.Virtualisation["memorySize"] == nil {
		t.Errorf("%+v, %+v", got.Boot, got.Virtualisation)
	}
}
