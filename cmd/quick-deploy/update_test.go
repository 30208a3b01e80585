package main

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// content is every file below a folder.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		out[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// update locks with a real Nix, of each version that there is: old and new
// revision are shown, nothing but flake.lock changes, and undo goes back step by step.
func TestUpdate(t *testing.T) {
	nixtest.Each(t, func(t *testing.T, env *nixtest.Env) {
		c := &computer{Machine: env.Machine(t), t: t, env: env, work: t.TempDir()}
		git := func(args ...string) string {
			t.Helper()
			out, err := env.TryRun(t.Context(), "git", append([]string{"-c", "user.name=x", "-c", "user.email=x@example.org"}, args...)...)
			if err != nil {
				t.Fatal(err)
			}
			return strings.TrimSpace(string(out))
		}
		if _, err := exec.LookPath("git"); err != nil {
			t.Skip("needs git")
		}
		var revs []string
		commit := func(name string) {
			t.Helper()
			dir := filepath.Join(c.work, name)
			c.put(filepath.Join(dir, "flake.nix"), "{ outputs = _: { }; } # "+strings.Repeat("x", len(revs))+"\n")
			git("-C", dir, "add", ".")
			git("-C", dir, "commit", "-q", "-m", "x")
			revs = append(revs, git("-C", dir, "rev-parse", "HEAD"))
		}
		for _, name := range []string{"one", "two"} {
			git("init", "-q", filepath.Join(c.work, name))
			commit(name)
		}
		flake := filepath.Join(c.work, "flake")
		c.put(filepath.Join(flake, "flake.nix"), `{
  inputs.one.url = "git+file://`+c.work+`/one";
  inputs.two.url = "git+file://`+c.work+`/two";
  outputs = _: { };
}
`)
		c.put(filepath.Join(flake, "hosts/x/local.nix"), "{ }\n")
		env.Run(t, "nix", "flake", "lock", "path:"+flake)
		before := content(t, flake)
		commit("one")
		commit("two")

		run := func(want fault.Code, args ...string) (string, string) {
			t.Helper()
			out, diag, code := c.run(append([]string{"--profile", "builtin:", "--flake", flake, "--no-probe"}, args...)...)
			if code != want {
				t.Fatalf("%v exited with %d, want %d: %s%s", args, code, want, out, diag)
			}
			return out, diag
		}
		revision := func(input string) string {
			t.Helper()
			var lock struct {
				Nodes map[string]struct{ Locked struct{ Rev string } }
			}
			if err := json.Unmarshal([]byte(content(t, flake)[filepath.Join(flake, "flake.lock")]), &lock); err != nil {
				t.Fatal(err)
			}
			return lock.Nodes[input].Locked.Rev
		}

		if out, _ := run(fault.OK, "--dry-run", "update"); !strings.Contains(out, revs[2][:12]) || revision("one") != revs[0] {
			t.Errorf("the dry run said %s and left %s", out, revision("one"))
		}
		out, _ := run(fault.OK, "update", "one")
		if !strings.Contains(out, revs[0][:12]) || !strings.Contains(out, "→ "+revs[2][:12]) || !strings.Contains(out, "0 days old") || strings.Contains(out, "two") {
			t.Errorf("update said %s", out)
		}
		if revision("one") != revs[2] || revision("two") != revs[1] {
			t.Errorf("locked %s and %s", revision("one"), revision("two"))
		}
		middle := content(t, flake)
		run(fault.OK, "update")
		if revision("two") != revs[3] {
			t.Errorf("two is locked to %s", revision("two"))
		}
		if _, diag := run(fault.OK, "update"); !strings.Contains(diag, "no changes") {
			t.Errorf("the second update said %s", diag)
		}

		run(fault.OK, "update", "--undo")
		if !maps.Equal(middle, content(t, flake)) {
			t.Error("undo did not lead to where the last update began")
		}
		run(fault.OK, "update", "--undo")
		if !maps.Equal(before, content(t, flake)) {
			t.Error("the second undo did not lead to the beginning")
		}
		run(fault.Usage, "update", "--undo")

		// What fails changes nothing.
		if err := os.Rename(filepath.Join(c.work, "one"), filepath.Join(c.work, "gone")); err != nil {
			t.Fatal(err)
		}
		run(fault.Build, "update", "one")
		if !maps.Equal(before, content(t, flake)) {
			t.Error("an update that failed changed the flake")
		}
	})
}

// A real Nix that reaches nobody, of each version that there is: init ends after
// one attempt with the built-in revisions, and with a failure where the newest were asked for.
func TestInitWithoutANetwork(t *testing.T) {
	nixtest.Each(t, func(t *testing.T, env *nixtest.Env) {
		// Nothing listens on the discard port.
		c := &computer{Machine: env.Machine(t), t: t, env: env, work: t.TempDir(), vars: []string{
			"QUICK_DEPLOY_LOCK=", "https_proxy=http://127.0.0.1:9", "http_proxy=http://127.0.0.1:9", "no_proxy=",
		}}
		c.put(filepath.Join(c.Root, "etc/hostname"), "atlas\n")
		flake := filepath.Join(c.work, "flake")
		_, diag, code := c.run("--flake", flake, "--no-probe", "init", "--yes")
		if code != fault.OK || !strings.Contains(diag, "could not be locked: unable to download ") {
			t.Errorf("exit code %d: %s", code, diag)
		}
		_, diag, code = c.run("--flake", flake, "--no-probe", "--profile", "two.yaml", "init", "--yes", "--lock", "newest")
		if code != fault.Network || !strings.Contains(diag, "two.yaml: written") {
			t.Errorf("exit code %d: %s", code, diag)
		}
		if strings.Contains(diag, "trying again in") || strings.Contains(diag, "retrying in") {
			t.Errorf("it was tried again: %s", diag)
		}
		if _, err := os.Stat(flake); err == nil {
			t.Error("something was written to the flake")
		}
	})
}
