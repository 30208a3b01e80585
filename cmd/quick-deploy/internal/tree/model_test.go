package tree

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
)

// model is what the directory should hold, in terms of who wrote it.
type model struct {
	dir     string
	user    map[string]string // what the user wrote and the tool has not been told to overwrite
	version int
}

var modelPaths = []string{"flake.nix", "hosts/a/x", "hosts/a/y", "hosts/b/x", "hosts/b/c/z"}

// Runs with random wishes, killed at random points, and a user who edits and
// deletes in between. Nothing of the user's is ever lost unless forced and then
// it is in the backup; nothing of the tool's is ever taken for the user's.
func TestModel(t *testing.T) {
	base := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		m := &model{dir: filepath.Join(base, fmt.Sprint(n)), user: map[string]string{}}
		if err := os.Mkdir(m.dir, 0o755); err != nil {
			rt.Fatal(err)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"run":   func(rt *rapid.T) { m.run(rt, 0) },
			"kill":  func(rt *rapid.T) { m.run(rt, rapid.IntRange(1, 40).Draw(rt, "point")) },
			"force": m.force,
			"edit":  m.edit,
			"drop":  m.drop,
		})
	})
}

// wish is a random set; each content is new, so that nothing is wanted that the user wrote.
func (m *model) wish(rt *rapid.T) []File {
	m.version++
	var files []File
	for _, p := range modelPaths {
		if rapid.Bool().Draw(rt, p) {
			files = append(files, File{Path: p, Data: fmt.Appendf(nil, "tool %d", m.version*rapid.IntRange(0, 1).Draw(rt, "changed"))})
		}
	}
	return files
}

func (m *model) edit(rt *rapid.T) {
	p := rapid.SampledFrom(modelPaths).Draw(rt, "path")
	m.version++
	m.user[p] = fmt.Sprintf("user %d", m.version)
	name := filepath.Join(m.dir, p)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		rt.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(m.user[p]), 0o644); err != nil {
		rt.Fatal(err)
	}
}

func (m *model) drop(rt *rapid.T) {
	p := rapid.SampledFrom(modelPaths).Draw(rt, "path")
	delete(m.user, p)
	if err := os.Remove(filepath.Join(m.dir, p)); err != nil && !os.IsNotExist(err) {
		rt.Fatal(err)
	}
}

// run plans and applies, and is killed at a hook unless at is 0.
func (m *model) run(rt *rapid.T, at int) {
	files := m.wish(rt)
	done := m.apply(rt, files, at, Options{Backup: func(p string, _ []byte) error {
		rt.Errorf("%s was backed up", p)
		return nil
	}})
	m.check(rt, files, done)
}

func (m *model) force(rt *rapid.T) {
	files := m.wish(rt)
	saved := map[string]string{}
	m.apply(rt, files, 0, Options{Force: true, Backup: func(p string, data []byte) error {
		saved[p] = string(data)
		return nil
	}})
	for _, f := range files {
		if mine, ok := m.user[f.Path]; ok {
			if saved[f.Path] != mine {
				rt.Fatalf("%s: backup holds %q, want %q", f.Path, saved[f.Path], mine)
			}
			delete(m.user, f.Path)
			delete(saved, f.Path)
		}
	}
	// The rest is what nothing uses any more.
	for p, data := range saved {
		if m.user[p] != data {
			rt.Fatalf("%s: backup holds %q, which was not the user's", p, data)
		}
		delete(m.user, p)
	}
	m.check(rt, files, true)
}

func (m *model) apply(rt *rapid.T, files []File, at int, o Options) (done bool) {
	i := 0
	tr, err := Open(m.dir, atomic.Writer{Hook: func(atomic.Stage, string) error {
		if i++; i == at {
			panic(killed{})
		}
		return nil
	}})
	if err != nil {
		rt.Fatal(err)
	}
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
			done = false
		}
	}()
	c, err := tr.Plan(files, meta)
	if err != nil {
		rt.Fatal(err)
	}
	for _, f := range c.With(Conflict, Foreign, Released) {
		if string(f.Old) != m.user[f.Path] {
			rt.Fatalf("%s holds %q, which the tool wrote, and is planned as %s", f.Path, f.Old, f.Action)
		}
	}
	if _, err := tr.Apply(rt.Context(), c, o); err != nil {
		rt.Fatal(err)
	}
	return true
}

func (m *model) check(rt *rapid.T, files []File, done bool) {
	for p, want := range m.user {
		if got, err := os.ReadFile(filepath.Join(m.dir, p)); err != nil || string(got) != want {
			rt.Fatalf("%s: the user wrote %q, there is %q, %v", p, want, got, err)
		}
	}
	if !done {
		return
	}
	for _, p := range modelPaths {
		if _, ok := m.user[p]; ok {
			continue
		}
		i := slices.IndexFunc(files, func(f File) bool { return f.Path == p })
		got, err := os.ReadFile(filepath.Join(m.dir, p))
		switch {
		case i < 0 && !os.IsNotExist(err):
			rt.Fatalf("%s: not wanted, but there is %q, %v", p, got, err)
		case i >= 0 && (err != nil || string(got) != string(files[i].Data)):
			rt.Fatalf("%s: want %q, there is %q, %v", p, files[i].Data, got, err)
		}
	}
	tr, err := Open(m.dir, atomic.Writer{})
	if err != nil {
		rt.Fatal(err)
	}
	c, err := tr.Plan(files, meta)
	if err != nil {
		rt.Fatal(err)
	}
	if c.Count(Create, Update, Remove) > 0 || c.Interrupted() {
		rt.Fatalf("after a run: %s", c.Summary())
	}
}
