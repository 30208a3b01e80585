package generator_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sebdah/goldie/v2"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/flake"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/modules"
	"github.com/quick-deploy/quick-deploy/schema"
)

// goldenDir holds one folder a case: profile.yaml, facts/<host>.json where the case has hardware, and what a
// user gets for them. files.txt has the paths of all files of the flake. Those below modules/ are the files of
// that name in ../modules, byte for byte, so that a change of a module shows once where it is made; all others lie
// below tree/. values.txt says what the flake means: see compareValues. Inputs have the pins of testdata/pins,
// so that newer ones that are built in change no case.
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
	if filepath.Base(dir) == "all-services" {
		goldieFor(t, dir).Assert(t, "profile.yaml", allServices(t))
	}
	tree := generate(t, os.DirFS(dir))
	var paths []string
	want := map[string]bool{}
	for _, f := range tree.Files {
		paths = append(paths, f.Path)
		if strings.HasPrefix(f.Path, "modules/") {
			module, err := os.ReadFile(filepath.Join("..", f.Path))
			if err != nil || !bytes.Equal(f.Data, module) {
				t.Errorf("%s of the flake is not the one of the catalogue (%v)", f.Path, err)
			}
			continue
		}
		want[f.Path] = true
		goldieFor(t, filepath.Join(dir, "tree", filepath.Dir(f.Path))).Assert(t, filepath.Base(f.Path), f.Data)
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

// allServices is a profile whose host has every service of the catalogue, as it comes; keys that a service needs
// have their first example.
func allServices(t *testing.T) []byte {
	t.Helper()
	var needed func(n *schema.Node) []string
	needed = func(n *schema.Node) []string {
		keys := slices.Clone(n.Required)
		for _, all := range n.AllOf {
			keys = append(keys, needed(all)...)
		}
		for _, some := range [][]*schema.Node{n.OneOf, n.AnyOf} {
			if len(some) > 0 {
				keys = append(keys, needed(some[0])...)
			}
		}
		return keys
	}
	var out bytes.Buffer
	out.WriteString("version: 1\ndefaults:\n  system: x86_64-linux\n" +
		"hosts:\n  atlas:\n    stateVersion: \"26.05\"\n    services:\n")
	for name, n := range schemaRoot(t).Property("host").Property("services").All() {
		values := map[string]any{}
		for _, key := range needed(n) {
			values[key] = n.Property(key).Examples[0]
		}
		data, err := json.Marshal(values)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "      %s: %s\n", name, data)
	}
	return out.Bytes()
}

// Every module is in the flake of some case, with the values that it sets.
func TestGoldenHasEveryModule(t *testing.T) {
	lists, err := filepath.Glob(filepath.Join(goldenDir, "*", "files.txt"))
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, list := range lists {
		data, err := os.ReadFile(list)
		if err != nil {
			t.Fatal(err)
		}
		for path := range strings.FieldsSeq(string(data)) {
			used[path] = true
		}
	}
	err = fs.WalkDir(modules.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !used["modules/"+path] {
			t.Errorf("modules/%s is in no golden case", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

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
		Profile: p, Schema: schemaRoot(t), Facts: facts(t, fsys, p), Files: profile.FS{Files: fsys}, Pins: goldenPins(t),
		// What a case names is there.
		Index: shipped, Warn: func(n generator.Notice) { t.Errorf("%s: %s", n.Pos, n.Text) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// shipped are the names that ship for a release.
func shipped(in generator.Inputs) *index.Index { return index.Open(in.Release) }

// goldenPins are the pins of the golden cases.
func goldenPins(t testing.TB) flake.Pins {
	t.Helper()
	pins, err := flake.ReadPins(os.DirFS("testdata/pins"))
	if err != nil {
		t.Fatal(err)
	}
	return pins
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

// load reads profile.yaml in fsys.
func load(t testing.TB, fsys fs.FS) (*profile.Profile, error) {
	t.Helper()
	return profile.Load(profile.FS{Files: fsys, Presets: schema.Presets()}, "profile.yaml", schemaRoot(t))
}
