package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// invocation is a command line that does as much as it can without a machine.
type invocation struct {
	args string
	code fault.Code
	// text says that stdout is a document of its own even with --json.
	text bool
}

// everyCommand has a line for each command that acts by itself, by its name.
var everyCommand = map[string][]invocation{
	"quick-deploy":    {{args: "--skip-health-check"}, {args: "--force-update"}, {args: "--rollback"}, {args: "--reset-state"}},
	"init":            {{args: "init --yes"}, {args: "init --yes --save-answers answers.yaml"}},
	"validate":        {{args: "validate"}, {args: "--profile bad.yaml validate", code: fault.Profile}},
	"probe":           {{args: "probe"}, {args: "probe --explain"}},
	"generate":        {{args: "generate"}, {args: "generate --force-update"}, {args: "generate --check", code: fault.Pending}},
	"diff":            {{args: "diff"}},
	"build":           {{args: "build"}},
	"test":            {{args: "test"}},
	"boot":            {{args: "boot"}},
	"switch":          {{args: "switch"}, {args: "switch --yes --force-update"}, {args: "switch --no-generate"}},
	"status":          {{args: "status"}},
	"history":         {{args: "history"}},
	"rollback":        {{args: "rollback"}, {args: "rollback --yes --files"}},
	"resume":          {{args: "resume"}, {args: "resume --yes"}},
	"health":          {{args: "health"}, {args: "health --fix"}},
	"backup list":     {{args: "backup list"}, {args: "backup list BACKUP"}},
	"backup restore":  {{args: "backup restore BACKUP"}, {args: "backup restore --yes BACKUP"}},
	"services":        {{args: "services"}},
	"services list":   {{args: "services list"}},
	"services show":   {{args: "services show postgresql"}},
	"services add":    {{args: "services add postgresql"}},
	"services remove": {{args: "services remove fwupd"}},
	"hosts":           {{args: "hosts"}},
	"explain":         {{args: "explain timezone"}},
	"fleet deploy":    {{args: "fleet deploy"}, {args: "fleet deploy --yes --force-update"}},
	"fleet status":    {{args: "fleet status", code: fault.Partial}},
	"fleet install":   {{args: "fleet install atlas --confirm atlas", code: fault.Preflight}},
	"update":          {{args: "update --undo", code: fault.Usage}},
	"pin export":      {{args: "pin export"}},
	"pin verify":      {{args: "pin verify", code: fault.Preflight}},
	"pin show":        {{args: "pin show"}},
	"schema":          {{args: "schema"}},
	"man":             {{args: "man", text: true}, {args: "man --list", text: true}},
}

// Every command, with --dry-run, changes nothing: neither the folder it is
// called in nor the home nor the state, although there is a run to resume, a
// run to undo, a backup to restore and a flake that was edited by hand. With
// --json, what it prints on stdout is JSON and nothing else.
func TestEveryCommand(t *testing.T) {
	w := newUserWorld(t)
	var walk func(c *cli.Command, path string)
	walk = func(c *cli.Command, path string) {
		for _, sub := range c.Commands {
			name := strings.TrimSpace(path + " " + sub.Name)
			if sub.Action == nil {
				walk(sub, name)
				continue
			}
			if len(everyCommand[name]) == 0 && !slices.Contains([]string{"help", "completion"}, sub.Name) {
				t.Errorf("%s: no line in everyCommand", name)
			}
			walk(sub, name)
		}
	}
	walk(program(), "")
	for _, name := range slices.Sorted(maps.Keys(everyCommand)) {
		for _, line := range everyCommand[name] {
			for _, format := range []string{"", "--json "} {
				t.Run(format+line.args, func(t *testing.T) {
					before := w.snapshot()
					args := strings.Fields("quick-deploy --dry-run " + format + strings.ReplaceAll(line.args, "BACKUP", w.backup))
					var out, talk bytes.Buffer
					if code := quickDeploy(args, strings.NewReader(""), &out, &talk); code != line.code {
						t.Errorf("exit code %d, want %d\n%s", code, line.code, &talk)
					}
					if after := w.snapshot(); after != before {
						t.Errorf("files changed\nbefore:\n%s\nafter:\n%s", before, after)
					}
					if format != "" && !line.text {
						onlyJSON(t, out.Bytes())
						onlyJSON(t, lastLine(talk.Bytes(), line.code))
					}
				})
			}
		}
	}
}

// onlyJSON reads JSON values until there is no more.
func onlyJSON(t *testing.T, data []byte) {
	t.Helper()
	for dec := json.NewDecoder(bytes.NewReader(data)); ; {
		var v any
		err := dec.Decode(&v)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("not JSON: %v\n%s", err, data)
		}
	}
}

// lastLine is where an error stands on stderr.
func lastLine(talk []byte, code fault.Code) []byte {
	lines := bytes.Split(bytes.TrimSpace(talk), []byte("\n"))
	if code == fault.OK {
		return nil
	}
	return lines[len(lines)-1]
}

// userWorld is a user with a profile, a flake, and a state folder in which much has happened.
type userWorld struct {
	t      *testing.T
	dir    string
	backup string
}

func newUserWorld(t *testing.T) *userWorld {
	w := &userWorld{t: t, dir: t.TempDir()}
	home := filepath.Join(w.dir, "home")
	for name, value := range map[string]string{
		"HOME": home, "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": "", "USER": "ada", "LOG_LEVEL": "", "SSH_CONNECTION": "",
		"QUICK_DEPLOY_ROOT": filepath.Join(w.dir, "machine"), "QUICK_DEPLOY_ALLOW_ROOT": "true", "PATH": filepath.Join(w.dir, "bin"),
	} {
		t.Setenv(name, value)
	}
	t.Chdir(w.dir)
	w.put("machine/etc/hostname", "atlas\n")
	w.put("quick-deploy.yaml", "version: 1\nhost:\n  name: atlas\n  system: x86_64-linux\n  stateVersion: \"26.05\"\n"+
		"  deployment: {targetHost: 127.0.0.1, targetPort: 1}\n  services: {fwupd: {}}\n")
	w.put("bad.yaml", "version: 1\nhost: {name: atlas, nothing: 1}\n")
	w.run("generate")
	flake := filepath.Join(home, ".config", "nixos")
	w.put("home/.config/nixos/hosts/atlas/configuration.nix", "{ }\n")
	w.run("generate --force-update")
	made, err := os.ReadDir(filepath.Join(home, ".local/state/quick-deploy/backups"))
	if err != nil || len(made) != 1 {
		t.Fatalf("backups %v: %v", made, err)
	}
	w.backup = made[0].Name()
	// An edit again, and a profile that has moved on.
	w.put("home/.config/nixos/hosts/atlas/configuration.nix", "{ a = 1; }\n")
	w.put("quick-deploy.yaml", "version: 1\nhost:\n  name: atlas\n  system: x86_64-linux\n  timezone: Europe/Rome\n  stateVersion: \"26.05\"\n"+
		"  deployment: {targetHost: 127.0.0.1, targetPort: 1}\n  services: {fwupd: {}}\n")
	state := "home/.local/state/quick-deploy/"
	w.put(state+"state.json", fmt.Sprintf(`{"version": 2, "id": 3, "verb": "switch", "host": "atlas", "flake": %q, "status": "running",
		"started": "2026-05-01T10:00:00Z", "steps": [{"name": "preflight", "status": "done"}, {"name": "build", "status": "running"}]}`, flake))
	w.put(state+"rollback-info.json", fmt.Sprintf(`{"version": 1, "record": 2, "taken": "2026-05-01T10:00:00Z", "flake": %q, "backup": %q, "machine": {"current": ""}}`, flake, w.backup))
	w.chmod(0o555)
	t.Cleanup(func() { w.chmod(0o755) })
	return w
}

// chmod makes the folders read-only, so that a command which needs to write fails, and writable again.
func (w *userWorld) chmod(mode os.FileMode) {
	err := filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return os.Chmod(path, mode)
	})
	if err != nil {
		w.t.Error(err)
	}
}

func (w *userWorld) put(name, text string) {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *userWorld) run(line string) {
	w.t.Helper()
	var talk bytes.Buffer
	if code := quickDeploy(strings.Fields("quick-deploy "+line), strings.NewReader(""), io.Discard, &talk); code != fault.OK {
		w.t.Fatalf("%s: exit code %d\n%s", line, code, &talk)
	}
}

// snapshot is every file with its mode, time of change and content.
func (w *userWorld) snapshot() string {
	w.t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(w.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %s %d %d\n", strings.TrimPrefix(path, w.dir), info.Mode(), info.ModTime().UnixNano(), info.Size())
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return b.String()
}
