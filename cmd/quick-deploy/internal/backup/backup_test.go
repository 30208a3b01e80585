package backup

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
)

func store(t *testing.T) (*Store, string) {
	t.Helper()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	src := filepath.Join(t.TempDir(), "nixos")
	for name, mode := range map[string]fs.FileMode{"flake.nix": 0o644, "hosts/atlas/local.nix": 0o600, "run.sh": 0o755, ".git/config": 0o644} {
		p := filepath.Join(src, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte("content of "+name), mode), os.Chmod(p, mode)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("flake.nix", filepath.Join(src, "link")); err != nil {
		t.Fatal(err)
	}
	return &Store{Dir: filepath.Join(t.TempDir(), "backups"), Now: func() time.Time { return now }}, src
}

func items(src string) []Item {
	return []Item{{Path: src, Why: "the flake", Skip: func(_ string, d fs.DirEntry) bool { return d.Name() == ".git" }}, {Path: src + "/absent", Why: "nothing"}}
}

func TestMakeAndRestore(t *testing.T) {
	s, src := store(t)
	id := s.NewID()
	m, err := s.Make(t.Context(), id, 7, items(src))
	if err != nil {
		t.Fatal(err)
	}
	if id != "20260301_120000" || m.Run != 7 || len(m.Entries) != 4 {
		t.Fatalf("%s: %+v", id, m)
	}
	if got := s.NewID(); got != "20260301_120000-2" {
		t.Errorf("the next id of the same second is %s", got)
	}
	read, err := s.Get(id)
	if err != nil || len(read.Entries) != 4 || read.Entries[0].Why != "the flake" {
		t.Fatalf("%+v, %v", read, err)
	}
	for _, e := range read.Entries {
		if differs, err := e.differs(); differs || err != nil {
			t.Errorf("%s differs at once: %v", e.Source, err)
		}
		if e.Link == "" && !strings.HasSuffix(e.Copy, e.Source) {
			t.Errorf("the copy of %s is %s: the structure is lost", e.Source, e.Copy)
		}
		if fi, err := os.Stat(filepath.Join(s.Dir, id, e.Copy)); e.Link == "" && (err != nil || fi.Mode().Perm() != 0o600) {
			t.Errorf("mode of the copy: %v, %v", fi.Mode(), err)
		}
	}

	// Change, remove, replace by a link, change a mode.
	if err := errors.Join(
		os.WriteFile(src+"/flake.nix", []byte("other"), 0o644), os.Remove(src+"/hosts/atlas/local.nix"), os.Remove(src+"/hosts/atlas"),
		os.Chmod(src+"/run.sh", 0o644), os.Remove(src+"/link"), os.WriteFile(src+"/link", nil, 0o644),
	); err != nil {
		t.Fatal(err)
	}
	done, err := s.Restore(t.Context(), read, nil)
	if err != nil || len(done) != 4 {
		t.Fatalf("restored %q, %v", done, err)
	}
	for name, mode := range map[string]fs.FileMode{"flake.nix": 0o644, "hosts/atlas/local.nix": 0o600, "run.sh": 0o755} {
		data, err := os.ReadFile(filepath.Join(src, name))
		if err != nil || string(data) != "content of "+name {
			t.Errorf("%s: %q, %v", name, data, err)
		}
		if fi, err := os.Stat(filepath.Join(src, name)); err != nil || fi.Mode().Perm() != mode {
			t.Errorf("mode of %s: %v, want %v", name, fi.Mode(), mode)
		}
	}
	if to, err := os.Readlink(src + "/link"); err != nil || to != "flake.nix" {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	if done, err := s.Restore(t.Context(), read, nil); err != nil || len(done) != 0 {
		t.Errorf("a second time: %q, %v", done, err)
	}
}

func TestADamagedCopyIsFoundBeforeAnythingIsWritten(t *testing.T) {
	s, src := store(t)
	m, err := s.Make(t.Context(), "b", 1, items(src))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"flake.nix", "run.sh"} {
		if err := os.WriteFile(filepath.Join(src, name), []byte("new"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(s.Dir, "b/files", src, "run.sh"), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Restore(t.Context(), m, nil); err == nil || !strings.Contains(err.Error(), "changed or damaged") {
		t.Errorf("%v", err)
	}
	if data, _ := os.ReadFile(src + "/flake.nix"); string(data) != "new" {
		t.Error("a part was restored")
	}
}

func TestNamesThatLeadOutside(t *testing.T) {
	s, src := store(t)
	if _, err := s.Make(t.Context(), "b", 1, items(src)); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", ".", "..", "../b", "b/../b", "none"} {
		if _, err := s.Get(id); err == nil {
			t.Errorf("backup %q was found", id)
		}
	}
	if _, err := s.Content(Manifest{ID: "b"}, Entry{Copy: "../../etc/passwd"}); err == nil {
		t.Error("a copy outside of the backup was read")
	}
}

func TestACrashLeavesNoBackup(t *testing.T) {
	s, src := store(t)
	stop := errors.New("stop")
	n := 0
	s.Writer = atomic.Writer{Hook: func(atomic.Stage, string) error {
		if n++; n > 8 {
			return stop
		}
		return nil
	}}
	if _, err := s.Make(t.Context(), "b", 1, items(src)); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if all, err := s.List(); err != nil || len(all) != 0 {
		t.Errorf("%+v, %v", all, err)
	}
	s.Writer = atomic.Writer{}
	if _, err := s.Make(t.Context(), "b", 1, items(src)); err != nil {
		t.Fatal(err)
	}
	if all, err := s.List(); err != nil || len(all) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestLargeFilesAreNamed(t *testing.T) {
	s, src := store(t)
	f, err := os.Create(src + "/disk.img")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(MaxFile+1), f.Close()); err != nil {
		t.Fatal(err)
	}
	m, err := s.Make(t.Context(), "b", 1, items(src))
	if err != nil || !slices.Equal(m.LeftOut, []string{src + "/disk.img"}) {
		t.Errorf("left out %q, %v", m.LeftOut, err)
	}
}

func TestPrune(t *testing.T) {
	s, src := store(t)
	start := s.Now()
	for i := range 6 {
		made := start.AddDate(0, 0, i)
		s.Now = func() time.Time { return made }
		if _, err := s.Make(t.Context(), s.NewID(), i, items(src)); err != nil {
			t.Fatal(err)
		}
	}
	old := filepath.Join(s.Dir, "20250101_000000")
	if err := errors.Join(os.Mkdir(old, 0o700), os.Chtimes(old, start.AddDate(-1, 0, 0), start.AddDate(-1, 0, 0))); err != nil {
		t.Fatal(err)
	}
	if err := s.Prune(2, 36*time.Hour, []string{"20260302_120000"}); err != nil {
		t.Fatal(err)
	}
	left, err := s.List()
	var ids []string
	for _, m := range left {
		ids = append(ids, m.ID)
	}
	if err != nil || !slices.Equal(ids, []string{"20260306_120000", "20260305_120000", "20260302_120000"}) {
		t.Errorf("left %q, %v", ids, err)
	}
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Error("what a crash had left a year ago is still there")
	}
}
