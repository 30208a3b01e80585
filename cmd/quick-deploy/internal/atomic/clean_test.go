package atomic

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestCleanRemovesOnlyWhatTheWriterLeft(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.json", ".a.json123456789", ".b.json987654321", ".a.json12", ".hidden", ".a.jsonx", "a.json123456789"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Clean(filepath.Join(dir, "a.json")); err != nil {
		t.Fatal(err)
	}
	want := []string{".a.json12", ".a.jsonx", ".b.json987654321", ".hidden", "a.json", "a.json123456789"}
	if got := list(t, dir); !slices.Equal(got, want) {
		t.Errorf("after Clean: %q, want %q", got, want)
	}
	if err := CleanDir(dir); err != nil {
		t.Fatal(err)
	}
	if got := list(t, dir); slices.Contains(got, ".b.json987654321") || !slices.Contains(got, ".hidden") {
		t.Errorf("after CleanDir: %q", got)
	}
}

// The name that Clean looks for is the one that the writer really uses.
func TestCleanKnowsTheWritersNames(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.json")
	stop := errors.New("stop")
	var temp []string
	w := Writer{Hook: func(s Stage, _ string) error {
		if s != BeforeRename {
			return nil
		}
		temp = list(t, dir)
		return stop
	}}
	if err := w.WriteFile(path, []byte("x"), 0o600); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	if len(temp) != 1 {
		t.Fatalf("temporary files: %q", temp)
	}
	if name, ok := leftover(temp[0]); !ok || name != "state.json" {
		t.Errorf("%q is not seen as left over from state.json", temp[0])
	}
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
