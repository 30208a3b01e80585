package atomic

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCleanRemovesOnlyWhatTheWriterLeft(t *testing.T) {
	dir := t.TempDir()
	kept := []string{".a.json.123", ".a.json.quick-deploy-new", ".hidden", "a.json", "a.json.1.quick-deploy-new"}
	for _, name := range append([]string{".a.json.123456789.quick-deploy-new", ".b.7.quick-deploy-new"}, kept...) {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(dir, ".c.1.quick-deploy-new")
	if err := os.Symlink("a.json", link); err != nil {
		t.Fatal(err)
	}
	if err := Clean(dir, "b"); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); len(got) != len(kept)+2 || slices.Contains(got, ".b.7.quick-deploy-new") {
		t.Errorf("after Clean of b: %q", got)
	}
	if err := Clean(dir, ""); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, dir), slices.Insert(kept, 2, filepath.Base(link)); !slices.Equal(got, want) {
		t.Errorf("after Clean: %q, want %q", got, want)
	}
	if err := Clean(filepath.Join(dir, "none"), ""); err != nil {
		t.Error(err)
	}
}

// What Clean looks for is what a writer that is killed leaves.
func TestCleanKnowsTheWritersNames(t *testing.T) {
	dir := t.TempDir()
	kill := Writer{Hook: func(s Stage, _ string) error {
		if s == BeforeRename {
			panic("killed")
		}
		return nil
	}}
	func() {
		defer func() { _ = recover() }()
		_ = kill.WriteFile(filepath.Join(dir, "state.json"), []byte("x"), 0o600)
	}()
	if left := names(t, dir); len(left) != 1 {
		t.Fatalf("left %q", left)
	}
	if err := Clean(dir, ""); err != nil || len(names(t, dir)) != 0 {
		t.Errorf("%v, left %q", err, names(t, dir))
	}
}
