package generator_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sebdah/goldie/v2"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/flake"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// goldenDir holds one folder a case: profile.yaml, facts/<host>.json where the
// case has hardware, files.txt with the paths of the flake, and below tree/ its
// files, except for the modules, which are copies of ../modules. In flake.lock
// the built-in pins are called that, so that newer ones change no case.
const goldenDir = "../golden"

// TestGolden compares the flake of each case with the accepted one.
// GOLDIE_UPDATE=1 accepts what is generated now.
func TestGolden(t *testing.T) {
	cases, err := os.ReadDir(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) < 8 {
		t.Fatalf("%d golden cases in %s", len(cases), goldenDir)
	}
	for _, c := range cases {
		if !c.IsDir() {
			continue
		}
		t.Run(c.Name(), func(t *testing.T) {
			t.Parallel()
			golden(t, filepath.Join(goldenDir, c.Name()))
		})
	}
}

func golden(t *testing.T, dir string) {
	tree := generate(t, os.DirFS(dir))
	var paths []string
	want := map[string]bool{}
	for _, f := range tree.Files {
		paths = append(paths, f.Path)
		if !strings.HasPrefix(f.Path, "modules/") {
			want[f.Path] = true
			if f.Path == "flake.lock" {
				f.Data = nameBuiltin(t, f.Data)
			}
			goldieFor(t, filepath.Join(dir, "tree", filepath.Dir(f.Path))).Assert(t, filepath.Base(f.Path), f.Data)
		}
	}
	goldieFor(t, dir).Assert(t, "files.txt", []byte(strings.Join(paths, "\n")+"\n"))
	root := filepath.Join(dir, "tree")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, path)
		// Where modules is there, it is a link to ../modules: Nix evaluates that tree where it lies.
		if err != nil || want[filepath.ToSlash(rel)] || rel == "modules" {
			return err
		}
		if os.Getenv("GOLDIE_UPDATE") != "" {
			return os.Remove(path)
		}
		t.Errorf("%s is no longer generated", path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// nameBuiltin replaces the built-in pins in a lock file by the word "built-in".
func nameBuiltin(t *testing.T, lock []byte) []byte {
	t.Helper()
	words, err := builtinPins()
	if err != nil {
		t.Fatal(err)
	}
	return []byte(words.Replace(string(lock)))
}

var builtinPins = sync.OnceValues(func() (*strings.Replacer, error) {
	pins, err := flake.Builtin()
	if err != nil {
		return nil, err
	}
	var words []string
	for _, release := range pins.Releases() {
		inputs, err := pins.Inputs(release, pins.Names(release)...)
		if err != nil {
			return nil, err
		}
		lock, err := flake.Lock(inputs)
		if err != nil {
			return nil, err
		}
		all, err := flake.ReadLock(lock)
		if err != nil {
			return nil, err
		}
		for _, in := range all {
			words = append(words,
				fmt.Sprintf(`"rev": %q`, in.Rev), `"rev": "built-in"`,
				fmt.Sprintf(`"narHash": %q`, in.NarHash), `"narHash": "built-in"`,
				fmt.Sprintf(`"lastModified": %d,`, in.LastModified), `"lastModified": "built-in",`)
		}
	}
	return strings.NewReplacer(words...), nil
})

func goldieFor(t *testing.T, dir string) *goldie.Goldie {
	return goldie.New(t, goldie.WithFixtureDir(dir), goldie.WithNameSuffix(""), goldie.WithDiffEngine(goldie.ClassicDiff))
}

// generate makes the flake of the case in fsys.
func generate(t testing.TB, fsys fs.FS) *generator.Tree {
	t.Helper()
	p, err := load(t, fsys)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := generator.Generate(generator.Input{
		Profile: p, Schema: schemaRoot(t), Facts: facts(t, fsys, p), Files: profile.FS{Files: fsys},
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func facts(t testing.TB, fsys fs.FS, p *profile.Profile) map[string]hardware.Facts {
	t.Helper()
	out := map[string]hardware.Facts{}
	for _, h := range p.Hosts {
		data, err := fs.ReadFile(fsys, "facts/"+h.Name+".json")
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		f, err := hardware.Read(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		out[h.Name] = f
	}
	return out
}

func schemaRoot(t testing.TB) *schema.Node {
	t.Helper()
	root, err := schema.Root()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

var compiled = sync.OnceValues(func() (*profile.Schema, error) {
	doc, err := schema.Document()
	if err != nil {
		return nil, err
	}
	return profile.NewSchema(schema.ID, doc), nil
})

// load reads profile.yaml in fsys.
func load(t testing.TB, fsys fs.FS) (*profile.Profile, error) {
	t.Helper()
	s, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	return profile.Load(profile.FS{Files: fsys, Presets: schema.Presets()}, "profile.yaml", s)
}
