package atomic

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestBatch(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	for _, n := range []int{0, 1, 40} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			dir := t.TempDir()
			var stages []string
			b := Writer{Hook: func(s Stage, p string) error {
				stages = append(stages, string(s))
				return nil
			}}.NewBatch()
			for i := range n {
				b.Add(filepath.Join(dir, fmt.Sprint(i)), []byte{byte(i)}, 0o644)
			}
			if err := b.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := names(t, dir); len(got) != n {
				t.Errorf("files %v", got)
			}
			for i := range n {
				path := filepath.Join(dir, fmt.Sprint(i))
				data, err := os.ReadFile(path)
				if err != nil || !slices.Equal(data, []byte{byte(i)}) {
					t.Errorf("%d: %v, %v", i, data, err)
				}
				if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
					t.Errorf("%d: mode %v, %v", i, info.Mode(), err)
				}
			}
			// Every temporary file is there before the first is renamed.
			want := strings.Repeat("before-temp ", n) + strings.Repeat("before-rename after-rename ", n)
			if got := strings.Join(append(stages, ""), " "); got != want {
				t.Errorf("stages %s", got)
			}
		})
	}
}

func TestBatchFails(t *testing.T) {
	broken := errors.New("no space")
	for n := 1; n <= 9; n++ {
		dir := t.TempDir()
		i := 0
		b := Writer{Hook: func(Stage, string) error {
			if i++; i == n {
				return broken
			}
			return nil
		}}.NewBatch()
		for _, name := range []string{"a", "b", "c"} {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
				t.Fatal(err)
			}
			b.Add(path, []byte("new"), 0o644)
		}
		if err := b.Commit(t.Context()); !errors.Is(err, broken) {
			t.Errorf("failing at %d: got %v", n, err)
		}
		if got := names(t, dir); !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("failing at %d: left %v", n, got)
		}
	}
}

// The temporary file of WriteFile lies beside its target, wherever TMPDIR points.
func TestWriteFileStaysInItsDirectory(t *testing.T) {
	tmp, dir := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", tmp)
	err := Writer{Hook: func(s Stage, _ string) error {
		if s == BeforeRename && (len(names(t, tmp)) != 0 || len(names(t, dir)) != 1) {
			t.Errorf("TMPDIR has %v, the directory %v", names(t, tmp), names(t, dir))
		}
		return nil
	}}.WriteFile(filepath.Join(dir, "a"), []byte("x"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
}
