package closure_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/closure"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// What two Nixes say about the same two closures reads the same.
func TestParse(t *testing.T) {
	p := func(name string, kind closure.Kind, before, after []string) closure.Package {
		return closure.Package{Name: name, Kind: kind, Before: before, After: after}
	}
	none := []string{}
	want := []closure.Package{
		p("added-tool", closure.Added, none, []string{"2.0"}),
		p("git", closure.Upgraded, []string{"2.45"}, []string{"2.46"}),
		p("linux", closure.Upgraded, []string{"6.6.30"}, []string{"6.12.1"}),
		p("noversion", closure.Changed, none, none),
		p("python3.12-numpy", closure.Added, none, []string{"2.0", "2.1"}),
		p("removed-tool", closure.Removed, []string{"1.0"}, none),
		p("ripgrep", closure.Upgraded, []string{"14.1.0"}, []string{"14.1.1"}),
	}
	kib := map[string]float64{"added-tool": 2500, "git": -100, "linux": 100, "noversion": 50, "python3.12-numpy": 400, "removed-tool": -3000}
	for _, version := range []string{"2.34.8", "2.26.3"} {
		out, err := os.ReadFile("testdata/nix-" + version + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		got := closure.Parse(string(out))
		if d := cmp.Diff(want, got.Packages, cmpopts.IgnoreFields(closure.Package{}, "Bytes")); d != "" {
			t.Errorf("Nix %s: %s", version, d)
		}
		for _, p := range got.Packages {
			// Nix 2.34 rounds to a tenth of a MiB.
			if d := float64(p.Bytes)/1024 - kib[p.Name]; d > 60 || d < -60 {
				t.Errorf("Nix %s: %s grew by %d bytes, want %v KiB", version, p.Name, p.Bytes, kib[p.Name])
			}
		}
		if n := got.Count(closure.Upgraded); n != 3 {
			t.Errorf("Nix %s: %d upgraded, want 3", version, n)
		}
	}
}

func TestParseOddLines(t *testing.T) {
	for line, want := range map[string][]closure.Package{
		"":                             {},
		"warning: something":           {},
		"a: ε → 1.0":                   {{Name: "a", Kind: closure.Upgraded, Before: []string{""}, After: []string{"1.0"}}},
		"a: 1.0 → ε, -8.0 KiB":         {{Name: "a", Kind: closure.Downgraded, Before: []string{"1.0"}, After: []string{""}, Bytes: -8192}},
		"a: 2.0 → 1.9.9":               {{Name: "a", Kind: closure.Downgraded, Before: []string{"2.0"}, After: []string{"1.9.9"}}},
		"a: 1.0pre1 → 1.0":             {{Name: "a", Kind: closure.Upgraded, Before: []string{"1.0pre1"}, After: []string{"1.0"}}},
		"a: 1.0, 1.0-bin → 1.0":        {{Name: "a", Kind: closure.Changed, Before: []string{"1.0", "1.0-bin"}, After: []string{"1.0"}}},
		"a: 1.10 → 1.9, 1.11, 2.0 GiB": {{Name: "a", Kind: closure.Upgraded, Before: []string{"1.10"}, After: []string{"1.9", "1.11"}, Bytes: 2 << 30}},
	} {
		if d := cmp.Diff(want, closure.Parse(line).Packages); d != "" {
			t.Errorf("%q: %s", line, d)
		}
	}
}

func TestParseUnits(t *testing.T) {
	got := closure.ParseUnits(`would stop the following units: a.service, b.timer
would NOT stop the following changed units: display-manager.service
would activate the configuration...
would reload the following units: dbus.service
would restart the following units: nginx.service, sshd.service
would start the following units: c.service
`)
	want := closure.Units{
		Stop: []string{"a.service", "b.timer"}, Start: []string{"c.service"}, Restart: []string{"nginx.service", "sshd.service"},
		Reload: []string{"dbus.service"}, Kept: []string{"display-manager.service"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got.Empty() || !closure.ParseUnits("would activate the configuration...\n").Empty() {
		t.Error("Empty is wrong")
	}
}

func TestReboot(t *testing.T) {
	store := filepath.Join(t.TempDir(), "store")
	system := func(name, kernel, initrd, params string) string {
		dir := filepath.Join(store, name)
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for file, pkg := range map[string]string{"kernel": kernel, "initrd": initrd} {
			target := filepath.Join(store, "0123456789abcdfghijklmnpqrsvwxyz-"+pkg, file)
			if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(target, []byte(pkg), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(target, filepath.Join(dir, file)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, "kernel-params"), []byte(params), 0o644); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	booted := system("booted", "linux-6.6.30", "initrd-1", "quiet\n")
	for _, tc := range []struct {
		system string
		want   []string
	}{
		{system("same", "linux-6.6.30", "initrd-1", "quiet"), []string{}},
		{system("kernel", "linux-6.12.1", "initrd-2", "quiet"), []string{"the kernel changes from linux-6.6.30 to linux-6.12.1", "the initial ramdisk changes"}},
		{system("params", "linux-6.6.30", "initrd-1", "quiet splash"), []string{"the kernel's parameters change"}},
		{filepath.Join(store, "gone"), []string{}},
	} {
		why, err := closure.Reboot(t.Context(), &run.Exec{Environ: os.Environ()}, booted, tc.system)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tc.want, why); d != "" {
			t.Errorf("%s: %s", filepath.Base(tc.system), d)
		}
	}
}
