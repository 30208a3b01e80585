package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// An error of the evaluator, as a user meets it: the line of the profile with
// a caret, the cause, what to do, and the trace in the log only.
func TestEvaluationErrorsPointAtTheProfile(t *testing.T) {
	c := newComputer(t)
	c.put(filepath.Join(c.work, "quick-deploy.yaml"), `version: 1
hosts:
  atlas:
    system: x86_64-linux
    stateVersion: "26.05"
    packages: [git, ripgerp]
    users: {ada: {admin: true}}
`)
	_, stderr, code := c.run("build", "--yes", "--skip", "network")
	if code != fault.Build {
		t.Fatalf("exit code %d, want %d\n%s", code, fault.Build, stderr)
	}
	for _, want := range []string{
		"quick-deploy.yaml:6:21: unknown package ripgerp",
		"    6 |     packages: [git, ripgerp]\n      |                     ^",
		"did you mean ripgrep?",
		"nothing was switched",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr lacks %q", want)
		}
	}
	// It is all that is said of it, and the last.
	for _, raw := range []string{"… while", "error:", "nixos-rebuild build", "hint:", "attribute 'ripgerp' missing"} {
		if strings.Contains(stderr, raw) {
			t.Errorf("%q is on the terminal", raw)
		}
	}
	said := strings.Split(strings.TrimSpace(stderr), "\n")
	if end := said[max(0, len(said)-2):]; end[0] != "nothing was switched" || !strings.HasPrefix(end[1], "log: ") {
		t.Errorf("it ends with %q", end)
	}
	if t.Failed() {
		t.Log(stderr)
	}
	logs, err := filepath.Glob(filepath.Join(c.env.Home(), ".local/state/quick-deploy/logs/deploy-*.log"))
	if err != nil || len(logs) != 1 {
		t.Fatalf("logs: %v %v", logs, err)
	}
	if data, err := os.ReadFile(logs[0]); err != nil || !strings.Contains(string(data), "… while") {
		t.Errorf("the trace is not in the log: %v", err)
	}

	_, stderr, code = c.run("--json", "build", "--yes", "--skip", "network")
	var last struct {
		Findings []struct {
			File         string
			Line, Column int
			Kind, Owner  string
			Hint         string
		}
	}
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || code != fault.Build {
		t.Fatalf("exit code %d, %v\n%s", code, err, stderr)
	}
	if len(last.Findings) != 1 || last.Findings[0].Line != 6 || last.Findings[0].Column != 21 || last.Findings[0].Kind != "attribute-missing" || last.Findings[0].Owner != "profile" {
		t.Errorf("findings: %+v", last.Findings)
	}

	local := filepath.Join(c.env.Home(), ".config/nixos/hosts/atlas/local.nix")
	c.put(filepath.Join(c.work, "quick-deploy.yaml"), `version: 1
hosts:
  atlas:
    system: x86_64-linux
    stateVersion: "26.05"
    users: {ada: {admin: true}}
`)
	c.put(local, "{\n  networking.domain = ;\n}\n")
	_, stderr, code = c.run("build", "--yes", "--skip", "network")
	if want := local + ":2:23: syntax error, unexpected ';'"; code != fault.Build || !strings.Contains(stderr, want) {
		t.Errorf("exit code %d, stderr lacks %q\n%s", code, want, stderr)
	}
}
