package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/explain"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// An option is followed from its value back to the line of the profile, with
// and without Nix.
func TestExplainOption(t *testing.T) {
	c := newComputer(t)
	c.put(filepath.Join(c.work, "quick-deploy.yaml"), `version: 1
hosts:
  atlas:
    system: x86_64-linux
    stateVersion: "26.05"
    timezone: Europe/Rome
    services: {openssh: {port: 2222}}
    users: {ada: {admin: true, home: {sessionVariables: {ZONE: here}}}}
`)
	c.must("generate")
	explained := func(args ...string) explain.Option {
		t.Helper()
		var e explain.Option
		if err := json.Unmarshal([]byte(c.must(append([]string{"--json", "explain", "--option"}, args...)...)), &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	e := explained("services.openssh.ports")
	if len(e.Profile) != 1 || e.Profile[0].Place != "quick-deploy.yaml:7:32" || e.Profile[0].Value != "[ 2222 ]" {
		t.Errorf("profile: %+v", e.Profile)
	}
	if len(e.Files) != 1 || !strings.HasPrefix(e.Files[0].Place, "hosts/atlas/configuration.nix:") {
		t.Errorf("files: %+v", e.Files)
	}
	if e.Evaluated == nil || !e.Evaluated.Exists || len(e.Evaluated.Value) != 1 || !strings.Contains(e.Evaluated.Type, "16 bit") {
		t.Fatalf("evaluated: %+v", e.Evaluated)
	}
	if list, ok := e.Evaluated.Value[0].([]any); !ok || len(list) != 1 || list[0] != 2222.0 {
		t.Errorf("value: %v", e.Evaluated.Value)
	}

	// What only a module of the catalogue sets.
	e = explained("services.openssh.settings.PasswordAuthentication")
	if len(e.Profile) != 0 || len(e.Files) != 1 || !strings.HasPrefix(e.Files[0].Place, "modules/openssh.nix:") || e.Files[0].Value != "lib.mkOverride 900 false" {
		t.Errorf("a module's own: %+v %+v", e.Profile, e.Files)
	}

	// Of a home, and inside a value.
	e = explained("--user", "ada", "home.sessionVariables.ZONE")
	if len(e.Profile) != 1 || e.User != "ada" || !strings.HasPrefix(e.Profile[0].Place, "quick-deploy.yaml:8:") {
		t.Errorf("of a home: %+v", e)
	}
	if e.Evaluated == nil || len(e.Evaluated.Value) != 1 || e.Evaluated.Value[0] != "here" {
		t.Errorf("of a home: %+v", e.Evaluated)
	}

	out := c.must("explain", "--option", "--no-eval", "atlas", "time.timeZone")
	if !strings.Contains(out, "quick-deploy.yaml:6:15") || !strings.Contains(out, `time.timeZone = "Europe/Rome"`) {
		t.Errorf("as text:\n%s", out)
	}
	_, stderr, code := c.run("explain", "--option", "services.opensssh.ports")
	if code != fault.Usage || !strings.Contains(stderr, "no option") {
		t.Errorf("an unknown option: exit code %d\n%s", code, stderr)
	}

	// Where Nix cannot evaluate, a line says why, and the files are shown.
	local := filepath.Join(c.env.Home(), ".config/nixos/hosts/atlas/local.nix")
	c.put(local, "{\n  networking.domain = ;\n}\n")
	out, stderr, code = c.run("explain", "--option", "time.timeZone")
	want := "note: Nix could not evaluate the flake (" + local + ":2:23: syntax error, unexpected ';'"
	if code != fault.OK || !strings.Contains(out, `time.timeZone = "Europe/Rome"`) || !strings.HasPrefix(stderr, want) ||
		strings.Count(stderr, "\n") > 1 || strings.Contains(stderr, "--apply") {
		t.Errorf("of a flake with an error: exit code %d\n%s\n%s", code, out, stderr)
	}
	if _, stderr, code := c.run("explain", "--option", "boreas", "time.timeZone"); code != fault.Usage {
		t.Errorf("an unknown host: exit code %d\n%s", code, stderr)
	}
}
