package main

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/cli"
)

// place is a profile with its flake, and what generate knows of its last run.
type place struct {
	t       *testing.T
	dir     string
	version string
	now     time.Time
}

const twoHosts = `version: 1
extends: [./site.yaml]
hosts:
  atlas: {stateVersion: "26.05"}
  borea: {stateVersion: "26.05", hardware: {facts: ./facts.json}}
`

func newPlace(t *testing.T) *place {
	p := &place{t: t, dir: t.TempDir(), version: "1", now: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)}
	for name, text := range map[string]string{
		"quick-deploy.yaml": twoHosts,
		"site.yaml":         "version: 1\ndefaults: {timezone: Europe/Rome}\n",
		"facts.json":        `{"version": 1, "system": "x86_64-linux"}`,

		"machine/etc/hostname":                  "atlas\n",
		"machine/sys/class/dmi/id/product_name": "One\n",
		"machine/proc/sys/kernel/arch":          "x86_64\n",
	} {
		p.write(name, text)
	}
	t.Chdir(p.dir)
	t.Setenv("HOME", filepath.Join(p.dir, "home"))
	t.Setenv("XDG_STATE_HOME", "")
	t.Setenv("XDG_CONFIG_HOME", "")
	t.Setenv("QUICK_DEPLOY_ROOT", filepath.Join(p.dir, "machine"))
	t.Setenv("QUICK_DEPLOY_ALLOW_ROOT", "true")
	return p
}

func (p *place) path(name string) string { return filepath.Join(p.dir, name) }

func (p *place) write(name, text string) {
	p.t.Helper()
	must(p.t, os.MkdirAll(filepath.Dir(p.path(name)), 0o755))
	must(p.t, os.WriteFile(p.path(name), []byte(text), 0o644))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// disguise changes a file, and lets it look as if it had not: size and time of change are the same.
func (p *place) disguise(name, old, now string) {
	p.t.Helper()
	info, err := os.Stat(p.path(name))
	must(p.t, err)
	data, err := os.ReadFile(p.path(name))
	must(p.t, err)
	if len(old) != len(now) || !strings.Contains(string(data), old) {
		p.t.Fatalf("%s: %q and %q", name, old, now)
	}
	p.write(name, strings.ReplaceAll(string(data), old, now))
	must(p.t, os.Chtimes(p.path(name), info.ModTime(), info.ModTime()))
}

// generate is what a run says and how it ends, and whether it went the short way.
func (p *place) generate(args ...string) (said string, short bool) {
	p.t.Helper()
	must(p.t, os.RemoveAll(p.path("home/.local/state/quick-deploy/logs")))
	var out, talk strings.Builder
	program := cli.New(p.version, strings.NewReader(""), &out, &talk)
	program.Now = func() time.Time { return p.now }
	code := program.Execute(append([]string{"quick-deploy", "-o", "flake", "generate"}, args...))
	return fmt.Sprintf("%s%sexit %d\n", out.String(), talk.String(), code), p.wentShort()
}

// wentShort tells by the log whether the last run went the short way.
func (p *place) wentShort() (short bool) {
	p.t.Helper()
	logs, err := filepath.Glob(p.path("home/.local/state/quick-deploy/logs/*"))
	must(p.t, err)
	for _, name := range logs {
		text, err := os.ReadFile(name)
		must(p.t, err)
		short = short || strings.Contains(string(text), "nothing has changed since the last run")
	}
	return short
}

// settle generates until there is nothing to do, and that is known.
func (p *place) settle() {
	p.t.Helper()
	said, short := "", false
	for range 100 {
		if said, short = p.generate(); short {
			return
		}
		time.Sleep(5 * time.Millisecond) // until the clock of the file system has moved on
	}
	p.t.Fatalf("never goes the short way:\n%s", said)
}

// flake is what the flake's folder holds.
func (p *place) flake() string {
	p.t.Helper()
	var b strings.Builder
	must(p.t, filepath.WalkDir(p.path("flake"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			fmt.Fprintf(&b, "%s %s\n", path, d.Type())
			return nil
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %x\n", path, sha256.Sum256(data))
		return err
	}))
	return b.String()
}

// Whatever has happened since the last run: with what it has noted, the next run says and leaves the same as without.
func TestNothingChangedIsKnownOnlyWhereItIsSo(t *testing.T) {
	for _, c := range []struct {
		name  string
		do    func(p *place)
		args  []string
		short bool
	}{
		{name: "nothing", do: func(*place) {}, short: true},
		{name: "a check", do: func(*place) {}, args: []string{"--check"}, short: true},
		{name: "force", do: func(*place) {}, args: []string{"--force-update"}, short: true},
		{name: "the profile", do: func(p *place) { p.disguise("quick-deploy.yaml", "borea", "boron") }},
		{name: "what it extends", do: func(p *place) { p.disguise("site.yaml", "Rome", "Oslo") }},
		{name: "a facts file", do: func(p *place) { p.disguise("facts.json", "x86_64", "X86_64") }},
		{name: "a source is gone", do: func(p *place) { must(p.t, os.Remove(p.path("site.yaml"))) }},
		{name: "a source is a link out of the folder", do: func(p *place) {
			elsewhere := filepath.Join(p.t.TempDir(), "site.yaml")
			must(p.t, os.Rename(p.path("site.yaml"), elsewhere))
			must(p.t, os.Symlink(elsewhere, p.path("site.yaml")))
		}},
		{name: "another profile in its place", do: func(p *place) {
			must(p.t, os.Rename(p.path("quick-deploy.yaml"), p.path("home/x")))
			p.write("home/.config/quick-deploy/profile.yaml", "version: 1\nhosts: {atlas: {stateVersion: \"26.05\"}}\n")
		}},
		{name: "the machine", do: func(p *place) { p.disguise("machine/sys/class/dmi/id/product_name", "One", "Two") }},
		{name: "the machine's name", do: func(p *place) { p.disguise("machine/etc/hostname", "atlas", "borea") }},
		{name: "a flag", do: func(*place) {}, args: []string{"--host", "borea"}},
		{name: "no probe", do: func(*place) {}, args: []string{"--no-probe"}},
		{name: "a newer program", do: func(p *place) { p.version = "2" }},
		{name: "a day later", do: func(p *place) { p.now = p.now.AddDate(0, 0, 1) }},
		{name: "a generated file is touched", do: func(p *place) {
			must(p.t, os.Chtimes(p.path("flake/flake.nix"), time.Now(), time.Now()))
		}},
		{name: "a generated file is edited", do: func(p *place) {
			p.disguise("flake/hosts/atlas/configuration.nix", "Rome", "Oslo")
		}},
		{name: "a generated file is gone", do: func(p *place) { must(p.t, os.Remove(p.path("flake/flake.lock"))) }},
		{name: "a generated file is a link", do: func(p *place) {
			must(p.t, os.Rename(p.path("flake/flake.nix"), p.path("flake/other.nix")))
			must(p.t, os.Symlink("other.nix", p.path("flake/flake.nix")))
		}},
		{name: "a folder is a link", do: func(p *place) {
			must(p.t, os.Rename(p.path("flake/hosts/atlas"), p.path("elsewhere")))
			must(p.t, os.Symlink(p.path("elsewhere"), p.path("flake/hosts/atlas")))
		}},
		{name: "the manifest", do: func(p *place) { p.disguise("flake/.quick-deploy/manifest.json", "atlas", "altas") }},
		{name: "a run was cut short", do: func(p *place) { p.write("flake/.flake.nix.1.quick-deploy-new", "") }},
		{name: "the notes are cut short", do: func(p *place) {
			notes, err := filepath.Glob(p.path("home/.local/state/quick-deploy/generated/*"))
			if err != nil || len(notes) != 1 {
				p.t.Fatal(notes, err)
			}
			info, err := os.Stat(notes[0])
			must(p.t, err)
			must(p.t, os.Truncate(notes[0], info.Size()-4))
		}},
		{name: "local.nix is edited", do: func(p *place) { p.write("flake/hosts/atlas/local.nix", "{ }\n# mine\n") },
			short: true},
		{name: "local.nix is gone", do: func(p *place) { must(p.t, os.Remove(p.path("flake/hosts/atlas/local.nix"))) }},
		{name: "a file of the user's", do: func(p *place) { p.write("flake/hosts/atlas/mine.nix", "{ }") }, short: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlace(t)
			p.settle()
			c.do(p)
			// The same names, which messages show, for both runs.
			before := p.path("before")
			must(t, os.CopyFS(before, os.DirFS(p.path("flake"))))
			said, short := p.generate(c.args...)
			left := p.flake()
			if short != c.short {
				t.Errorf("short way: %v, want %v\n%s", short, c.short, said)
			}
			must(t, os.RemoveAll(p.path("flake")))
			must(t, os.CopyFS(p.path("flake"), os.DirFS(before)))
			must(t, os.RemoveAll(p.path("home/.local/state/quick-deploy/generated")))
			anew, short := p.generate(c.args...)
			if short {
				t.Fatal("the short way without notes")
			}
			if said != anew {
				t.Errorf("said\n%s\nand anew\n%s", said, anew)
			}
			if now := p.flake(); left != now {
				t.Errorf("left\n%s\nand anew\n%s", left, now)
			}
		})
	}
}

// A program that was built anew may generate something else, whatever it says its version is.
func TestAnotherProgramKnowsNothing(t *testing.T) {
	p := newPlace(t)
	p.settle()
	self, err := os.Executable()
	must(t, err)
	data, err := os.ReadFile(self)
	must(t, err)
	name := filepath.Join(t.TempDir(), "quick-deploy")
	install := func() {
		t.Helper()
		must(t, os.WriteFile(name+"-new", data, 0o755))
		must(t, os.Rename(name+"-new", name))
	}
	goesShort := func() bool {
		t.Helper()
		must(t, os.RemoveAll(p.path("home/.local/state/quick-deploy/logs")))
		out, err := exec.CommandContext(t.Context(), name, "-o", "flake", "generate").CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return p.wentShort()
	}
	install()
	for i, want := range []bool{false, false, true} { // the first writes its version, the second finds nothing to do
		if goesShort() != want {
			t.Errorf("run %d: short way %v", i, !want)
		}
	}
	install()
	if goesShort() {
		t.Error("another program goes the short way of the first")
	}
}
