package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// computer is a machine of files with a real Nix on it; the program runs on it as it does for users.
type computer struct {
	*nixtest.Machine
	t    *testing.T
	env  *nixtest.Env
	work string
	vars []string // more of the environment
}

func newComputer(t *testing.T) *computer {
	env := nixtest.New(t)
	c := &computer{Machine: env.Machine(t), t: t, env: env, work: t.TempDir()}
	for name, text := range map[string]string{
		"etc/NIXOS": "", "etc/hostname": "atlas\n", "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
		"etc/os-release": "ID=nixos\nVERSION_ID=\"26.05\"\n",
	} {
		c.put(filepath.Join(c.Root, name), text)
	}
	return c
}

func (c *computer) put(path, text string) {
	c.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// run runs the program and returns what it printed and its exit code.
func (c *computer) run(args ...string) (stdout, stderr string, code fault.Code) {
	c.t.Helper()
	cmd := exec.CommandContext(c.t.Context(), "quick-deploy", args...)
	cmd.Dir = c.work
	cmd.Env = append(c.env.Environ(), c.Vars()...)
	elevate := "none"
	if os.Geteuid() != 0 {
		elevate = "sudo" // nixtest's, which stays the same user
	}
	cmd.Env = append(cmd.Env, "QUICK_DEPLOY_ROOT="+c.Root, "QUICK_DEPLOY_ALLOW_ROOT=true", "QUICK_DEPLOY_ELEVATE="+elevate, "USER=ada",
		"QUICK_DEPLOY_LOCK=built-in")
	cmd.Env = append(cmd.Env, c.vars...)
	var out, diag bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diag
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = fault.Code(exit.ExitCode())
	case err != nil:
		c.t.Fatal(err)
	}
	return out.String(), diag.String(), code
}

func (c *computer) must(args ...string) string {
	c.t.Helper()
	stdout, stderr, code := c.run(args...)
	if code != 0 {
		c.t.Fatalf("quick-deploy %s: exit code %d\n%s%s", strings.Join(args, " "), code, stdout, stderr)
	}
	return stdout
}

func (c *computer) home() (int, string) {
	return nixtest.Generation(c.t, filepath.Join(c.env.Home(), ".local/state/nix/profiles/home-manager"))
}

// The whole line: a profile becomes a flake, the flake becomes generations of
// the system and of a home, a changed profile others, and rollback brings the
// first ones back, with the record saying so.
func TestSwitchAndRollback(t *testing.T) {
	c := newComputer(t)
	profile := func(zone string) {
		c.put(filepath.Join(c.work, "quick-deploy.yaml"), `version: 1
hosts:
  atlas:
    system: x86_64-linux
    stateVersion: "26.05"
    hardware: {loader: {kind: systemd-boot}, fileSystems: none}
    timezone: `+zone+`
    users: {ada: {admin: true, home: {sessionVariables: {ZONE: `+zone+`}}}}
`)
	}
	profile("Europe/Berlin")
	c.must("switch", "--yes", "--skip", "network")
	sys1, path1 := c.Generation(t)
	home1, hpath1 := c.home()
	if sys1 != 1 || home1 != 1 || c.Running() != path1 || c.Default() != path1 {
		t.Fatalf("after the first switch: system %d %s, running %s, boot %s, home %d", sys1, path1, c.Running(), c.Default(), home1)
	}
	profile("Europe/Rome")
	c.must("switch", "--yes", "--skip", "network")
	sys2, path2 := c.Generation(t)
	home2, _ := c.home()
	if sys2 != 2 || home2 != 2 || path2 == path1 || c.Running() != path2 || c.Default() != path2 {
		t.Fatalf("after the second switch: system %d %s, running %s, boot %s, home %d", sys2, path2, c.Running(), c.Default(), home2)
	}
	plan := c.must("--dry-run", "rollback")
	for _, want := range []string{
		"rolls back to before run 2", "nixos-rebuild test --store-path " + path1, path1 + "/bin/switch-to-configuration boot", hpath1 + "/activate", "file: update   hosts/atlas/configuration.nix",
	} {
		if !strings.Contains(plan, want) {
			t.Errorf("no %q in the plan:\n%s", want, plan)
		}
	}
	var planned deploy.Plan
	if err := json.Unmarshal([]byte(c.must("--dry-run", "--json", "rollback", "--home")), &planned); err != nil {
		t.Error(err)
	}
	if to := planned.Goal.To; to == nil || to.Machine.System.Path != path1 || !planned.Goal.SkipSystem || len(planned.Missing) > 0 {
		t.Errorf("the plan as JSON: %+v", planned.Goal)
	}
	_, stderr, code := c.run("rollback", "--yes")
	if want := "still asks for what was rolled back"; code != 0 || !strings.Contains(stderr, want) {
		t.Fatalf("exit code %d, and it does not say %q:\n%s", code, want, stderr)
	}
	status := c.must("status")
	for _, want := range []string{
		"rolled atlas back (run 3)\n", "quick-deploy.yaml, which still asks for what was rolled back (run 2)\n",
		", 2 files behind the profile (quick-deploy diff)\n", ", as the flake says (run 1)\n",
	} {
		if !strings.Contains(status, want) {
			t.Errorf("status does not say %q:\n%s", want, status)
		}
	}
	sys3, path3 := c.Generation(t)
	home3, hpath3 := c.home()
	if sys3 != sys1 || path3 != path1 || c.Running() != path1 || c.Default() != path1 || home3 != home1 || hpath3 != hpath1 {
		t.Errorf("after the rollback: system %d %s, running %s, boot %s, home %d %s", sys3, path3, c.Running(), c.Default(), home3, hpath3)
	}
	flake, err := os.ReadFile(filepath.Join(c.env.Home(), ".config/nixos/hosts/atlas/configuration.nix"))
	if err != nil || !strings.Contains(string(flake), "Europe/Berlin") {
		t.Errorf("the flake did not come back: %v", err)
	}
	var history []struct {
		ID     int
		Verb   string
		Result string
		Target int
	}
	if err := json.Unmarshal([]byte(c.must("--json", "history")), &history); err != nil {
		t.Fatal(err)
	}
	if len(history) != 3 || history[0].Verb != "rollback" || history[0].Result != "good" || history[0].Target != history[1].ID {
		t.Errorf("history: %+v", history)
	}
	c.must("rollback", "--yes", "--to", "2")
	if n, path := c.Generation(t); n != sys2 || path != path2 || c.Running() != path2 {
		t.Errorf("after going to what run 2 left: system %d %s, running %s", n, path, c.Running())
	}
	// A machine of a newer nixpkgs is not taken back by a revision that nobody chose; a rollback goes where it is told.
	c.put(filepath.Join(c.Root, "etc/os-release"),
		"ID=nixos\nVERSION_ID=\"26.05\"\nBUILD_ID=\"26.05.20991231.abcdef0\"\n")
	profile("Europe/Oslo")
	_, stderr, code = c.run("switch", "--yes", "--skip", "network")
	if code != fault.Preflight || !strings.Contains(stderr, "nixpkgs would be downgraded from 31 December 2099") {
		t.Errorf("an older nixpkgs: exit code %d, %s", code, stderr)
	}
	c.must("build", "--yes", "--skip", "network")
	c.must("rollback", "--yes", "--to", "1")
	if _, stderr, code := c.run("rollback", "--yes", "--to", "9"); code != fault.Usage || !strings.Contains(stderr, "unknown run 9") {
		t.Errorf("a run that does not exist: exit code %d, %s", code, stderr)
	}
}
