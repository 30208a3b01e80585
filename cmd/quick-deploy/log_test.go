package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// newLogged is a home with a profile; session runs a command in it and gives the
// logs that are new.
func newLogged(t *testing.T) (dir string, session func(args ...string) (code fault.Code, logs map[string]string)) {
	t.Helper()
	dir = t.TempDir()
	const text = "version: 1\nhosts:\n  atlas: {system: x86_64-linux, stateVersion: \"26.05\", users: {ada: {admin: true}}, services: {redis: {}}}\n"
	if err := os.WriteFile(filepath.Join(dir, "quick-deploy.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("USER", "ada")
	t.Setenv("HOME", dir)
	t.Setenv("XDG_STATE_HOME", "")
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("LOG_LEVEL", "")
	global := []string{"quick-deploy", "--profile", dir + "/quick-deploy.yaml", "--root", dir, "--no-probe", "--yes", "--allow-root", "--retries", "0"}
	seen := map[string]bool{}
	return dir, func(args ...string) (fault.Code, map[string]string) {
		t.Helper()
		code := quickDeploy(append(global, args...), strings.NewReader(""), io.Discard, io.Discard)
		files, _ := filepath.Glob(dir + "/.local/state/quick-deploy/logs/*")
		logs := map[string]string{}
		for _, f := range files {
			if !seen[f] {
				seen[f] = true
				data, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				logs[filepath.Base(f)] = string(data)
			}
		}
		return code, logs
	}
}

var logEntry = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\S* (?:DEBUG|INFO|WARNING|ERROR) +[a-z-]+\.[\w.()*-]+: .+`)

// Every command has a log of its own, by which one can follow it, and of which each
// entry has time, level and function.
func TestEveryCommandIsLogged(t *testing.T) {
	_, session := newLogged(t)
	for _, c := range []struct {
		args []string
		kind string
		code fault.Code
		says []string
	}{
		{[]string{"validate"}, "validate", fault.OK, nil},
		{[]string{"probe"}, "probe", fault.OK, []string{"probed"}},
		{[]string{"diff"}, "diff", fault.OK, []string{"generated", "compared"}},
		{[]string{"generate"}, "generate", fault.OK, []string{"generated", "wrote file=flake.nix"}},
		{[]string{"services", "add", "postgresql"}, "services-add", fault.OK, []string{`command="quick-deploy services add postgresql"`}},
		{[]string{"pin", "export", "-"}, "pin-export", fault.OK, nil},
		{[]string{"backup", "list"}, "backup-list", fault.OK, nil},
		{[]string{"status"}, "status", fault.OK, nil},
		{[]string{"update", "nope"}, "update", fault.Usage, []string{`ERROR`, `unknown input`, "exit=2"}},
	} {
		code, logs := session(c.args...)
		if code != c.code || len(logs) != 1 {
			t.Errorf("%s exits with %d and leaves %d logs", c.args, code, len(logs))
			continue
		}
		for name, text := range logs {
			if !regexp.MustCompile(`^` + c.kind + `-\d{8}_\d{6}(-\d+)?\.log$`).MatchString(name) {
				t.Errorf("%s: the log is %s", c.args, name)
			}
			for _, want := range append(c.says, "begin command=", "end exit=") {
				if !strings.Contains(text, want) {
					t.Errorf("%s: the log does not say %s:\n%s", c.args, want, text)
				}
			}
			for line := range strings.Lines(text) {
				if !strings.HasPrefix(line, "    ") && !logEntry.MatchString(line) {
					t.Errorf("%s: an entry without level, time or function: %s", c.args, line)
				}
			}
		}
	}
	for _, silent := range [][]string{{"generate", "--dry-run"}, {"--help"}, {"schema"}, {"generate", "--nope"}} {
		if _, logs := session(silent...); len(logs) != 0 {
			t.Errorf("%s leaves logs: %v", silent, logs)
		}
	}
}

// With --json the log is for machines too.
func TestLogAsJSON(t *testing.T) {
	_, session := newLogged(t)
	_, logs := session("--json", "generate")
	for _, text := range logs {
		for line := range strings.Lines(text) {
			var e struct{ Time, Level, Function, Source, Message string }
			if err := json.Unmarshal([]byte(line), &e); err != nil || e.Time == "" || e.Level == "" || e.Function == "" || e.Source == "" || e.Message == "" {
				t.Errorf("%v: %s", err, line)
			}
		}
	}
	if len(logs) != 1 {
		t.Errorf("%d logs", len(logs))
	}
}

// A wrong LOG_LEVEL is a wrong variable for every command, also where nothing is to be done.
func TestLogLevel(t *testing.T) {
	dir, session := newLogged(t)
	t.Setenv("LOG_LEVEL", "nope")
	for _, args := range [][]string{{"validate"}, {"generate", "--dry-run"}, {"backup", "list"}} {
		if code, _ := session(args...); code != fault.Usage {
			t.Errorf("%s exits with %d", args, code)
		}
	}
	t.Setenv("LOG_LEVEL", "ERROR")
	if _, logs := session("generate"); len(logs) != 1 {
		t.Fatalf("%d logs", len(logs))
	} else {
		for name, text := range logs {
			if text != "" {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
	// A home that cannot be written is no reason not to look.
	if err := os.RemoveAll(dir + "/.local"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/.local", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _ := session("validate"); code != fault.OK {
		t.Errorf("validate without a place for its log exits with %d", code)
	}
}

// A failure names the command, its exit code and the place in the program: in the
// log and in JSON, and not on the screen.
func TestFailuresNameTheirOrigin(t *testing.T) {
	_, session := newLogged(t)
	if code, _ := session("generate"); code != fault.OK {
		t.Fatal(code)
	}
	offline(t, "nix")
	_, logs := session("update")
	for _, text := range logs {
		want := regexp.MustCompile(`ERROR +engine\.Nix\.Update: .* exit=5 command="nix flake update .*" child_exit=1 \(nix\.go:\d+\)\n`)
		if !want.MatchString(text) {
			t.Errorf("log:\n%s", text)
		}
	}
}
