package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// said runs the program in a folder of its own with the files and returns all that it prints.
func said(t *testing.T, files map[string]string, args ...string) (string, fault.Code) {
	t.Helper()
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("HOME", dir)
	t.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state"))
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	code := quickDeploy(append([]string{"quick-deploy", "--no-probe", "--yes"}, args...), strings.NewReader(""), &out, &out)
	// What a run leaves in its log and its records counts as shown.
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasPrefix(path, filepath.Join(dir, "state")) {
			return err
		}
		data, err := os.ReadFile(path)
		out.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), code
}

const secretText = "hunter2-Passw0rd"

// hiddenLines are refusals of every kind in which a secret stands, ».
const hiddenLines = `
nixos: {services.x.password: »}
nixos: {services.x.password: "$»"}
nixos: {services.x.password: "a\x20»"}
nixos: {services.x: {url: "redis://:»@db"}}
nixos: {services.x: {list: ["--token=»"]}}
services: {forgejo: {settings: {mailer: {PASSWD: »}}}}
services: {forgejo: {password: »}}
services: {forgejo: {adminPassword: {a: »}}}
services: {nothing: {token: »}}
services: {grafana: {adminPasswordSecret: »}}
services: {grafana: {adminPasswordSecret: [»]}}
services: {restic: {backups: {b: {repository: "https://ada:»@x", port: 1}}}}
users: {ada: {password: »}}
users: {ada: {passwordSecret: »}}
users: {ada: {home: {sessionVariables: {GITHUB_TOKEN: »}}}}
users: {ada: {home: {git: {email: "postgres://ada:»@db"}}}}
timezone: "postgres://ada:»@db"
timezone: "postgres://ada:»-and-much-more-text-than-a-message-quotes-of-a-value@db"
nixos: {services.x.password: »}, nixos: {a.b: 1}
nixos: {services.x.password: [», &a b]}
nixos: {services.x.password: », a.b: [}
nixos: {services.x.password: »
password: »
passwords: [», »]
`

// A secret that is refused is not shown: in no excerpt, message, object of JSON or log.
func TestRefusedSecretsAreHidden(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: runs all commands with each secret")
	}
	for line := range strings.Lines(hiddenLines) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		text := "version: 1\nhost:\n  name: atlas\n  stateVersion: \"26.05\"\n  " + strings.ReplaceAll(line, "»", secretText) + "\n"
		for _, args := range []string{"validate", "--json validate", "--flake out generate", "--flake out --json generate", "explain nixos", "--json plan"} {
			out, code := said(t, map[string]string{"quick-deploy.yaml": text}, strings.Fields(args)...)
			if code == fault.OK && !strings.HasPrefix(args, "explain") {
				t.Errorf("%s: %s passes", args, line)
			}
			if code != fault.OK && strings.Contains(out, secretText) {
				t.Errorf("%s shows the secret:\n%s", args, out)
			}
		}
	}
}

// A private key is hidden on all of its lines, also where the file is no YAML.
func TestRefusedKeysAreHidden(t *testing.T) {
	for name, text := range map[string]string{
		"value":         "nixos:\n    x.y: |\n      -----BEGIN OPENSSH PRIVATE KEY-----\n      b3BlbnNzaC1rZXkt\n      »\n      -----END OPENSSH PRIVATE KEY-----\n",
		"as public key": "users:\n    ada:\n      sshKeys:\n        - |\n          -----BEGIN OPENSSH PRIVATE KEY-----\n          »\n          -----END OPENSSH PRIVATE KEY-----\n",
		"broken YAML":   "nixos:\n    x.y: |\n      -----BEGIN OPENSSH PRIVATE KEY-----\n      »\n      -----END OPENSSH PRIVATE KEY-----\n    a: [\n",
		"bad indent":    "nixos:\n    x.y: |\n      -----BEGIN OPENSSH PRIVATE KEY-----\n  »\n      -----END OPENSSH PRIVATE KEY-----\n",
		"block":         "nixos:\n    x.password: |\n      »\n    a: [\n",
		"list":          "nixos:\n    x.passwords:\n      - »\n    a: [\n",
	} {
		t.Run(name, func(t *testing.T) {
			text = "version: 1\nhost:\n  name: atlas\n  stateVersion: \"26.05\"\n  " + strings.ReplaceAll(text, "»", secretText)
			for _, args := range []string{"validate", "--json validate"} {
				if out, code := said(t, map[string]string{"quick-deploy.yaml": text}, strings.Fields(args)...); code != fault.Profile || strings.Contains(out, secretText) {
					t.Errorf("%s: exit code %d:\n%s", args, code, out)
				}
			}
		})
	}
}

// A profile extends files of its own folder, and of others only when the user says so.
func TestExtendsStaysBelow(t *testing.T) {
	const host = "version: 1\nhosts: {atlas: {system: x86_64-linux, stateVersion: \"26.05\"}}\n"
	t.Setenv("LEAK", secretText)
	for _, c := range []struct {
		name, extends, args string
		code                fault.Code
	}{
		{"below", "./sub/base.yaml", "", fault.OK},
		{"beside the folder", "../base.yaml", "", fault.Profile},
		{"beside the folder, told", "../base.yaml", "--extends-from ..", fault.OK},
		{"the environment", "/proc/self/environ", "", fault.Profile},
		{"the environment, told", "/proc/self/environ", "--extends-from /proc", fault.Profile},
		{"a link to the environment", "./link.yaml", "", fault.Profile},
		{"a link within", "./within.yaml", "", fault.OK},
		{"a pipe", "./pipe.yaml", "", fault.Profile},
		{"a folder", "./sub", "", fault.Profile},
		{"text of another kind", "./notes", "", fault.Profile},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range map[string]string{
				"p/quick-deploy.yaml": "extends: [" + c.extends + "]\n" + host,
				"p/sub/base.yaml":     "version: 1\ndefaults: {timezone: Etc/UTC}\n",
				"base.yaml":           "version: 1\ndefaults: {timezone: Etc/UTC}\n",
				"p/notes":             "some text: " + secretText + " [\n",
			} {
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			t.Chdir(filepath.Join(dir, "p"))
			for name, target := range map[string]string{"link.yaml": "/proc/self/environ", "within.yaml": "sub/base.yaml"} {
				if err := os.Symlink(target, name); err != nil {
					t.Fatal(err)
				}
			}
			if err := syscall.Mkfifo("pipe.yaml", 0o600); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			args := append([]string{"quick-deploy", "--no-probe"}, append(strings.Fields(c.args), "validate")...)
			if code := quickDeploy(args, strings.NewReader(""), &out, &out); code != c.code {
				t.Errorf("exit code %d, want %d:\n%s", code, c.code, out.String())
			}
			if strings.Contains(out.String(), secretText) {
				t.Errorf("the file is shown:\n%s", out.String())
			}
		})
	}
}
