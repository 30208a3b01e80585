package closure_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/closure"
)

func TestSummaryOfTwoSystems(t *testing.T) {
	dir := t.TempDir()
	system := func(name string, units map[string]string) string {
		files := filepath.Join(dir, name, "etc/systemd/system")
		if err := os.MkdirAll(files, 0o755); err != nil {
			t.Fatal(err)
		}
		for unit, text := range units {
			file := filepath.Join(dir, text)
			if err := os.WriteFile(file, nil, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(file, filepath.Join(files, unit)); err != nil {
				t.Fatal(err)
			}
		}
		return filepath.Join(dir, name)
	}
	old := system("old", map[string]string{"nginx.service": "a", "sshd.service": "b", "gone.timer": "c", "notes.txt": "d"})
	new := system("new", map[string]string{
		"nginx.service": "a2", "sshd.service": "b", "redis.service": "e", "a.service": "e", "b.service": "e", "c.service": "e",
	})
	u := closure.CompareUnitFiles(old, new)
	want := closure.UnitFiles{
		Added: []string{"a.service", "b.service", "c.service", "redis.service"}, Changed: []string{"nginx.service"},
		Removed: []string{"gone.timer"},
	}
	if diff := cmp.Diff(want, u); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	d := closure.Parse("redis: ∅ → 7.2, +2.0 MiB\nnginx: 1.26 → 1.28\nhello: 2.11 → 2.12\n")
	for _, k := range []struct {
		diff  closure.Diff
		units closure.UnitFiles
		want  string
	}{
		{d, u, "1 package added, 2 upgraded; 4 units are new; nginx.service changes; gone.timer goes"},
		{closure.Diff{}, closure.UnitFiles{Changed: []string{"a.service", "b.service"}}, "a.service and b.service change"},
		{closure.Diff{}, closure.CompareUnitFiles(old, old), ""},
		{closure.Diff{}, closure.CompareUnitFiles(filepath.Join(dir, "none"), old), "gone.timer, nginx.service and sshd.service are new"},
	} {
		if got := closure.Summary(k.diff, k.units); got != k.want {
			t.Errorf("%q, want %q", got, k.want)
		}
	}
}
