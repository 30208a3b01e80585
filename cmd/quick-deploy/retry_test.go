package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

// offline makes programs that fail as those of a machine without a network do,
// and writes down each call. They are all that there is in PATH.
func offline(t *testing.T, programs ...string) (calls func() int) {
	t.Helper()
	bin := t.TempDir()
	log := filepath.Join(bin, "calls")
	script := "#!/bin/sh\n" +
		"test \"$1\" = --version && { echo 'nix (Nix) 2.34.0'; exit; }\n" +
		"echo >>" + log + "\n" +
		"echo \"error: unable to download 'https://cache.nixos.org/nix-cache-info': Couldn't resolve host name (6)\" >&2; exit 1\n"
	for _, name := range programs {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	return func() int {
		data, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Count(data, []byte("\n"))
	}
}

// What the network breaks is tried four times more, after 2, 4, 8 and 16 s, give
// or take a fifth; RETRY_MAX_ATTEMPTS and --retries say another number.
func TestRetries(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"quick-deploy.yaml": "version: 1\nhosts:\n  atlas: {system: x86_64-linux, stateVersion: \"26.05\", users: {ada: {admin: true, sshKeys: [" + aKey + "]}}, services: {openssh: {}}}\n",
		"old/default.nix":   "{ }\n", "old/configuration.nix": "{ }\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	global := []string{"quick-deploy", "--profile", dir + "/quick-deploy.yaml", "--flake", dir + "/flake", "--root", dir, "--no-probe", "--yes", "--allow-root"}
	session := func(t *testing.T, args ...string) (waits []time.Duration, said string, code fault.Code) {
		var out, talk bytes.Buffer
		p := newProgram(strings.NewReader(""), &out, &talk)
		p.Sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
		code = p.Execute(append(global, args...))
		return waits, talk.String(), code
	}
	t.Setenv("USER", "ada")
	t.Setenv("HOME", dir)
	t.Setenv("XDG_STATE_HOME", "")
	if _, said, code := session(t, "generate"); code != fault.OK {
		t.Fatal(said)
	}
	init := []string{"--profile", dir + "/new.yaml", "init", "--adopt", dir + "/old"}
	for _, c := range []struct {
		name, variable string
		args           []string
		attempts       int
	}{
		{"update", "", []string{"update"}, 5},
		{"init's look-ups", "", init, 5},
		{"pin", "", []string{"pin", "export", "--evaluate", "-"}, 5},
		{"fleet", "", []string{"fleet", "deploy"}, 5},
		{"RETRY_MAX_ATTEMPTS", "1", []string{"update"}, 2},
		{"--retries", "1", []string{"update", "--retries", "2"}, 3},
		{"none", "0", init, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.variable != "" {
				t.Setenv("RETRY_MAX_ATTEMPTS", c.variable)
			}
			calls := offline(t, "nix", "nix-instantiate")
			waits, said, code := session(t, c.args...)
			if calls() != c.attempts || len(waits) != c.attempts-1 || code != fault.Network {
				t.Fatalf("%d attempts with waits %v, exit code %d:\n%s", calls(), waits, code, said)
			}
			for i, wait := range waits {
				want := 2 * time.Second << i
				if wait < want*8/10 || wait > min(want*12/10, 16*time.Second) {
					t.Errorf("wait %d is %s", i+1, wait)
				}
			}
			if strings.Count(said, "trying again in") != len(waits) {
				t.Errorf("not every wait is told of:\n%s", said)
			}
		})
	}
	for _, c := range [][]string{{"update"}, init, {"pin", "export", "--evaluate", "-"}} {
		offline(t) // no program at all
		if _, said, code := session(t, c...); code != fault.NotFound {
			t.Errorf("%s without Nix exits with %d:\n%s", c, code, said)
		}
	}
	for _, wrong := range []string{"many", "-1"} {
		t.Setenv("RETRY_MAX_ATTEMPTS", wrong)
		if _, said, code := session(t, "update"); code != fault.Usage {
			t.Errorf("RETRY_MAX_ATTEMPTS=%s exits with %d:\n%s", wrong, code, said)
		}
	}
}

// aKey is a public key of nobody.
const aKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS ada"
