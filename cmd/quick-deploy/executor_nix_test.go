package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/backup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
)

func (c *computer) profile(zone string) {
	c.t.Helper()
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

// deploy is switch on a machine whose network and disk are those of the test.
func (c *computer) deploy(args ...string) (stdout, stderr string, code fault.Code) {
	c.t.Helper()
	return c.run(append([]string{"switch", "--yes", "--skip", "network", "--min-free", "1MB"}, args...)...)
}

func (c *computer) state() string { return filepath.Join(c.env.Home(), ".local/state/quick-deploy") }

func TestARunIsLoggedShownAndFoundUnchanged(t *testing.T) {
	c := newComputer(t)
	c.profile("Europe/Berlin")
	stdout, stderr, code := c.deploy("--debug")
	if code != 0 || stdout != "" {
		t.Fatalf("exit %d, stdout %q\n%s", code, stdout, stderr)
	}
	for _, want := range []string{"✓ build", "✓ activate-system", "✓ boot-default", "deployed atlas (run 1)"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in\n%s", want, stderr)
		}
	}
	logs, _ := filepath.Glob(c.state() + "/logs/deploy-*.log")
	if len(logs) != 1 {
		t.Fatalf("logs: %q", logs)
	}
	fi, err := os.Stat(logs[0])
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode of the log: %v, %v", fi.Mode(), err)
	}
	log, err := os.ReadFile(logs[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"nixos-rebuild build --flake", "DEBUG", "duration=", "[activate-system] "} {
		if !strings.Contains(string(log), want) {
			t.Errorf("no %q in the log:\n%s", want, log)
		}
	}
	commands := len(c.Commands(t))
	stdout, stderr, code = c.deploy()
	if code != 0 || !strings.Contains(stderr, "nothing to do") || stdout != "" {
		t.Errorf("again: exit %d, %q, %s", code, stdout, stderr)
	}
	if n := len(c.Commands(t)); n != commands {
		t.Errorf("a run without a change started %d commands", n-commands)
	}
	if logs, _ := filepath.Glob(c.state() + "/logs/deploy-*.log"); len(logs) != 2 {
		t.Errorf("a log of each run: %q", logs)
	}
}

func TestTheJSONOfARunIsOneObjectALineWithASummary(t *testing.T) {
	c := newComputer(t)
	c.profile("Europe/Berlin")
	stdout, stderr, code := c.deploy("--json")
	if code != 0 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	var last journal.Event
	steps := map[string]bool{}
	for line := range strings.Lines(stdout) {
		last = journal.Event{}
		if err := json.Unmarshal([]byte(line), &last); err != nil || last.SchemaVersion != journal.EventSchema {
			t.Fatalf("%v: %s", err, line)
		}
		if last.Type == "step" && last.Status == journal.Done {
			steps[last.Step] = true
		}
	}
	if last.Type != "summary" || last.Code == nil || *last.Code != 0 || last.Message != string(journal.Good) {
		t.Errorf("the last event: %+v", last)
	}
	if !steps["build"] || !steps["record"] {
		t.Errorf("steps %v", steps)
	}
}

func TestAFailureCanBeLeftAsItIsAndGoneOnWith(t *testing.T) {
	c := newComputer(t)
	c.profile("Europe/Berlin")
	if _, stderr, code := c.deploy(); code != 0 {
		t.Fatalf("exit %d\n%s", code, stderr)
	}
	_, first := c.Generation(t)
	c.profile("Europe/Rome")
	c.Fail(t, "test", 4, "Europe/Rome")
	_, stderr, code := c.deploy()
	if code != fault.Activation || c.Running() != first || !strings.Contains(stderr, "nginx.service failed to start; rolled back to generation 1\nwhy: journalctl -b -u nginx.service\nlog: ") {
		t.Errorf("put back: exit %d, runs %s\n%s", code, c.Running(), stderr)
	}
	_, stderr, code = c.deploy("--rollback-on-failure=false")
	if code != fault.Activation || c.Running() == first || !strings.Contains(stderr, "was left running") {
		t.Errorf("left: exit %d, runs %s\n%s", code, c.Running(), stderr)
	}
	var st deploy.Status
	if err := json.Unmarshal([]byte(c.must("--json", "status")), &st); err != nil || st.Next != "quick-deploy resume" {
		t.Errorf("status says %q, %v", st.Next, err)
	}
	c.Heal(t, "test")
	if _, stderr, code := c.run("resume", "--yes"); code != 0 {
		t.Fatalf("resume: exit %d\n%s", code, stderr)
	}
	if n, path := c.Generation(t); n != 2 || c.Running() != path || path == first {
		t.Errorf("after resume: generation %d %s, runs %s", n, path, c.Running())
	}
}

func TestBackupsAreListedAndBroughtBack(t *testing.T) {
	c := newComputer(t)
	for _, zone := range []string{"Europe/Berlin", "Europe/Rome"} {
		c.profile(zone)
		if _, stderr, code := c.deploy(); code != 0 {
			t.Fatalf("exit %d\n%s", code, stderr)
		}
	}
	var all []backup.Manifest
	if err := json.Unmarshal([]byte(c.must("--json", "backup", "list")), &all); err != nil || len(all) != 2 || all[0].Run != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	conf := filepath.Join(c.env.Home(), ".config/nixos/hosts/atlas/configuration.nix")
	if out := c.must("backup", "list", all[0].ID); !strings.Contains(out, conf) {
		t.Errorf("the files of a backup:\n%s", out)
	}
	if _, _, code := c.run("backup", "restore", all[0].ID, conf); code != fault.Usage {
		t.Errorf("without a terminal: exit %d", code)
	}
	if out := c.must("--dry-run", "backup", "restore", all[0].ID, conf); out != conf+"\n" {
		t.Errorf("dry run: %q", out)
	}
	if out := c.must("--yes", "backup", "restore", all[0].ID, conf); out != conf+"\n" {
		t.Errorf("restored %q", out)
	}
	if data, err := os.ReadFile(conf); err != nil || !strings.Contains(string(data), "Europe/Berlin") {
		t.Errorf("%s, %v", data, err)
	}
	if out := c.must("--yes", "backup", "restore", all[0].ID, conf); out != "" {
		t.Errorf("a second time: %q", out)
	}
}
