package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// everyCommand are lines beside the examples of help: they go further in this world, or end otherwise.
var everyCommand = []invocation{
	{args: "--skip-health-check"}, {args: "--force-update"}, {args: "--rollback"}, {args: "--reset-state"},
	{args: "init --yes"}, {args: "init --yes --save-answers answers.yaml"},
	{args: "validate"}, {args: "--profile bad.yaml validate", code: fault.Profile},
	{args: "probe"}, {args: "generate"}, {args: "generate --force-update"},
	{args: "switch --yes --force-update"}, {args: "switch --no-generate"},
	{args: "rollback --yes --files"}, {args: "resume --yes"},
	{args: "backup list BACKUP"}, {args: "backup restore BACKUP"}, {args: "backup restore --yes BACKUP"},
	{args: "services"}, {args: "services add postgresql"}, {args: "services remove fwupd"}, {args: "hosts"},
	{args: "fleet deploy"}, {args: "fleet deploy --yes --force-update"},
	{args: "fleet install atlas --confirm atlas", code: fault.Preflight},
	{args: "pin export"}, {args: "pin show"}, {args: "man", text: true}, {args: "man --list", text: true},
}

// endings are the examples that do not end with 0 here: nobody can be asked, Nix is not there, and
// the profile has one host.
var endings = map[string]fault.Code{
	"init": fault.Usage, "init --save-answers answers.yaml": fault.Usage, "init --adopt": fault.NotFound,
	"init --github ada-lovelace":                        fault.Usage,
	"--profile laptop.yaml init --answers answers.yaml": fault.Usage, "--profile fleet.yaml --json validate": fault.Profile,
	"generate --check": fault.Pending, "history 12": fault.Usage, "diff --built": fault.Usage, "rollback --to 12": fault.Usage,
	"backup restore BACKUP /etc/hosts": fault.Usage, "services remove grafana": fault.Usage,
	"--json hosts --on @canary": fault.Usage, "explain web-1 services.nginx.expose": fault.Usage,
	"fleet status": fault.Partial, "--json fleet status": fault.Partial, "fleet deploy --wave canary": fault.Usage,
	"fleet deploy --on @web": fault.Usage, "fleet install web-3": fault.Usage, "update": fault.NotFound,
	"update nixpkgs": fault.NotFound, "update --undo": fault.Usage, "pin verify": fault.Preflight,
	"pin export --evaluate -": fault.NotFound,
}

// Every command, with --dry-run, changes nothing: neither the folder it is
// called in nor the home nor the state, although there is a run to resume, a
// run to undo, a backup to restore and a flake that was edited by hand. With
// --json, what it prints on stdout is JSON and nothing else.
func TestEveryCommand(t *testing.T) {
	w := newUserWorld(t)
	lines := slices.Clone(everyCommand)
	var walk func(c *cli.Command)
	walk = func(c *cli.Command) {
		_, shown, found := strings.Cut(c.Description, "Examples:\n\n    quick-deploy ")
		for example := range strings.SplitSeq(shown, "\n    quick-deploy ") {
			example, _, piped := strings.Cut(example, " | ")
			example, _, _ = strings.Cut(example, " > ")
			example = strings.ReplaceAll(example, "20260501_100000", "BACKUP")
			if example != "" && !slices.ContainsFunc(lines, func(l invocation) bool { return l.args == example }) {
				lines = append(lines, invocation{args: example, code: endings[example], text: piped})
			}
		}
		if c.Action != nil && !found {
			t.Errorf("%s has no example", c.FullName())
		}
		for _, sub := range c.Commands {
			walk(sub)
		}
	}
	root := program()
	root.Commands = slices.DeleteFunc(root.Commands, func(c *cli.Command) bool { return c.Name == "help" })
	walk(root)
	for _, line := range lines {
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
