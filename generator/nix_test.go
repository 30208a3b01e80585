package generator_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// lay writes the tree into a new directory.
func lay(t testing.TB, tree *generator.Tree) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range tree.Files {
		path := filepath.Join(dir, f.Path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Every golden flake evaluates with real Nix: each host down to the derivation
// of its system, each home down to that of its activation.
func TestGoldenEvaluates(t *testing.T) {
	env := nixtest.New(t)
	cases, err := os.ReadDir(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name(), func(t *testing.T) {
			t.Parallel()
			tree := generate(t, os.DirFS(filepath.Join(goldenDir, c.Name())))
			dir := lay(t, tree)
			var nixFiles []string
			for _, f := range tree.Files {
				if strings.HasSuffix(f.Path, ".nix") {
					nixFiles = append(nixFiles, filepath.Join(dir, f.Path))
				}
			}
			env.Parse(t, nixFiles...)
			values := env.Flake(t, dir, nil).Values(t)
			if diff := cmp.Diff(systems(tree), slices.Sorted(maps.Keys(values))); diff != "" {
				t.Error(diff)
			}
			compareValues(t, c.Name(), values)
		})
	}
}

// No profile text becomes code: each string field holds hostile text, and
// evaluates to exactly that text.
func TestHostileText(t *testing.T) {
	env := nixtest.New(t)
	texts := []string{
		`${builtins.abort "x"}`, `"; builtins.abort "x`, `''${builtins.abort "x"}''`, `\`, `\${x}`, `$${x}`, `a$`, `''`, `'''`, `''\n`,
		"two\nlines", "tab\there", "cr\rhere", "crlf\r\nhere", " leading", "trailing ", "ünïcödé 漢字 🦆", `" + builtins.abort "x" + "`,
		"# comment", "/* comment */", "\u2028", "\x7f", "'; DROP TABLE", `\u0041`, "''$",
	}
	for _, text := range texts {
		quoted, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		yaml := strings.ReplaceAll(`version: 1
hosts:
  atlas:
    system: x86_64-linux
    stateVersion: "26.05"
    users:
      ada:
        home:
          git: {aliases: {x: LINE}}
          sessionVariables: {X: LINE}
    nixos:
      environment.variables: {TEXT: TEXT}
      environment.etc.x.text: TEXT
`, "TEXT", string(quoted))
		// A text of the catalogue is one line; below nixos: any may stand.
		line := text
		if strings.ContainsFunc(text, profile.Hidden) {
			line = "of one line"
		}
		asLine, err := json.Marshal(line)
		if err != nil {
			t.Fatal(err)
		}
		yaml = strings.ReplaceAll(yaml, "LINE", string(asLine))
		p, err := load(t, fstest.MapFS{"profile.yaml": {Data: []byte(yaml)}})
		if err != nil {
			// What YAML itself does not allow is refused with its line.
			var problems profile.Problems
			if !errors.As(err, &problems) || problems[0].Pos.Line == 0 || text != "\x7f" {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		tree, err := generator.Generate(generator.Input{Profile: p, Schema: schemaRoot(t), Files: profile.FS{}})
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		dir := lay(t, tree)
		for file, check := range map[string]string{
			"configuration.nix": `m: [ (builtins.attrNames m.environment.variables) (builtins.attrValues m.environment.variables) [ m.environment.etc.x.text ] ]`,
			"home.nix":          `m: [ [ m.programs.git.settings.alias.x ] [ m.home.sessionVariables.X ] ]`,
		} {
			got := [][]string{}
			call := `(` + check + `) (let f = import ` + filepath.Join(dir, "hosts/atlas", file) +
				`; in if builtins.isFunction f then f { config = { }; lib = { }; pkgs = { }; inputs = { }; } else f)`
			if err := json.Unmarshal(env.Eval(t, call), &got); err != nil {
				t.Fatal(err)
			}
			for _, list := range got {
				want := text
				if file == "home.nix" {
					want = line
				}
				if diff := cmp.Diff([]string{want}, list); diff != "" {
					t.Errorf("%q in %s: %s", text, file, diff)
				}
			}
		}
	}
}

// The same profile gives the same bytes, however often and beside whatever.
func TestDeterministic(t *testing.T) {
	fsys := os.DirFS(filepath.Join(goldenDir, "all-services"))
	first := files(generate(t, fsys))
	for range 5 {
		if diff := cmp.Diff(first, files(generate(t, fsys))); diff != "" {
			t.Fatal(diff)
		}
	}
}

func files(tree *generator.Tree) map[string]string {
	out := map[string]string{}
	for _, f := range tree.Files {
		out[f.Path] = string(f.Data)
	}
	return out
}

// Adding a host leaves the files of the others as they are, byte for byte, and their systems too.
func TestAddingAHost(t *testing.T) {
	env := nixtest.New(t)
	before := fleetTree(t, 3)
	after := fleetTree(t, 4)
	a, b := files(before), files(after)
	for _, path := range slices.Sorted(maps.Keys(a)) {
		if strings.HasPrefix(path, "hosts/") || strings.HasPrefix(path, "modules/") {
			if a[path] != b[path] {
				t.Errorf("%s changed: %s", path, cmp.Diff(a[path], b[path]))
			}
		}
	}
	const systems = `builtins.mapAttrs (_: host: host.config.system.build.toplevel.drvPath)`
	was, is := map[string]string{}, map[string]string{}
	env.Flake(t, lay(t, before), nil).EvalInto(t, "nixosConfigurations", systems, &was)
	env.Flake(t, lay(t, after), nil).EvalInto(t, "nixosConfigurations", systems, &is)
	if len(is) != len(was)+1 {
		t.Fatalf("%d systems before, %d after", len(was), len(is))
	}
	for name, drv := range was {
		if is[name] != drv {
			t.Errorf("%s became another system: %s, then %s", name, drv, is[name])
		}
	}
}

func fleetTree(t testing.TB, n int) *generator.Tree {
	t.Helper()
	return generate(t, fleet(n))
}
