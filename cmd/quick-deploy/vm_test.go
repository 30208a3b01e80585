package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
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
			code := quickDeploy([]string{"quick-deploy", "--json", "vm", "--check", "--timeout", "5m"},
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
