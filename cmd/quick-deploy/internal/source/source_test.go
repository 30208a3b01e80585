package source

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAllIsSureOnlyOfWhatStayedTheSame(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("a.yaml", "1")
	write("b.yaml", "1")
	for _, c := range []struct {
		name string
		do   func(read func(string))
		want bool
	}{
		{"read once each", func(read func(string)) { read("a.yaml"); read("b.yaml") }, true},
		{"read twice", func(read func(string)) { read("a.yaml"); read("a.yaml") }, true},
		{"changed between", func(read func(string)) { read("a.yaml"); write("a.yaml", "2"); read("a.yaml") }, false},
		{"missing", func(read func(string)) { read("c.yaml"); read("a.yaml") }, false},
	} {
		src, err := New(&Seen{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.do(func(name string) { _, _ = src.ReadFile(name) })
		if _, ok := src.All(); ok != c.want {
			t.Errorf("%s: %v", c.name, ok)
		}
	}
}
