package nixtest

import (
	_ "embed" // values.nix
	"encoding/json"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// StandIn returns the directories of the flakes that stand for nixpkgs and
// home-manager. They lie outside of any git repository.
func (e *Env) StandIn(tb testing.TB) (nixpkgs, homeManager string) {
	tb.Helper()
	return filepath.Join(e.root, "nixpkgs"), filepath.Join(e.root, "home-manager")
}

// inputs are the flakes that have a stand-in.
var inputs = []string{
	"colmena", "deploy-rs", "disko", "home-manager", "nixos-hardware", "nixpkgs", "quick-deploy", "sops-nix",
}

// Overrides maps the names of inputs (nixpkgs, home-manager, sops-nix, …) to
// references of the stand-ins, as [Env.Flake] wants them.
func (e *Env) Overrides() map[string]string {
	refs := map[string]string{}
	for _, name := range inputs {
		refs[name] = "path:" + filepath.Join(e.root, name)
	}
	return refs
}

// Flake is a flake directory together with the inputs to use in place of the locked ones.
type Flake struct {
	env  *Env
	dir  string
	args []string
}

// Flake opens a flake directory. The overrides say which flake reference takes
// the place of an input; nil means [Env.Overrides]. An override of an input
// that the flake does not have is ignored. Nothing in dir is written by what
// the Flake's methods run.
func (e *Env) Flake(tb testing.TB, dir string, overrides map[string]string) *Flake {
	tb.Helper()
	dir, err := filepath.Abs(dir)
	if err != nil {
		tb.Fatal(err)
	}
	if overrides == nil {
		overrides = e.Overrides()
	}
	args := []string{"--no-write-lock-file"}
	var declared []string
	out := e.Run(tb, "nix-instantiate", "--eval", "--strict", "--json",
		"--argstr", "file", filepath.Join(dir, "flake.nix"),
		"-E", "{ file }: builtins.attrNames ((import file).inputs or { })")
	if err := json.Unmarshal(out, &declared); err != nil {
		tb.Fatalf("decode the names of inputs: %v", err)
	}
	for _, name := range declared {
		if ref := overrideFor(overrides, name); ref != "" {
			args = append(args, "--override-input", name, ref)
		}
	}
	return &Flake{env: e, dir: dir, args: args}
}

// overrideFor is the override of an input, or, for a variant such as
// nixpkgs-canary, that of the input it is a variant of; empty if there is none.
func overrideFor(overrides map[string]string, name string) string {
	for {
		if ref, ok := overrides[name]; ok {
			return ref
		}
		i := strings.LastIndexByte(name, '-')
		if i < 0 {
			return ""
		}
		name = name[:i]
	}
}

// Ref is the flake reference of an attribute, such as path:/dir#attr.
func (f *Flake) Ref(attr string) string {
	return "path:" + (&url.URL{Path: f.dir}).EscapedPath() + "#" + attr
}

// Args are the options that put the overrides in force, for other commands.
func (f *Flake) Args() []string { return slices.Clone(f.args) }

// Eval evaluates an attribute and returns its value as JSON. An apply
// function, if not empty, is applied to it first.
func (f *Flake) Eval(tb testing.TB, attr, apply string) []byte {
	tb.Helper()
	out, err := f.TryEval(tb, attr, apply)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// TryEval is Eval for flakes that may fail to evaluate; the error holds Nix's message.
func (f *Flake) TryEval(tb testing.TB, attr, apply string) ([]byte, error) {
	tb.Helper()
	args := append([]string{"eval", "--json", f.Ref(attr)}, f.args...)
	if apply != "" {
		args = append(args, "--apply", apply)
	}
	return f.env.TryRun(tb.Context(), "nix", args...)
}

// EvalInto evaluates an attribute and decodes the value, as encoding/json does.
func (f *Flake) EvalInto(tb testing.TB, attr, apply string, value any) {
	tb.Helper()
	out := f.Eval(tb, attr, apply)
	if err := json.Unmarshal(out, value); err != nil {
		tb.Fatalf("decode %s: %v", out, err)
	}
}

// Value is an option and its value as Nix writes it, in one line. Packages are shown by name, store
// paths in texts too: <nginx>/bin/nginx; those of the flake itself begin with <source>.
type Value struct {
	Option string
	Value  string
	Files  []string // of the flake, that define it
}

//go:embed testdata/values.nix
var valuesNix string

// Values evaluates the hosts of a generated flake by name, and its homes as user@host, down to their
// derivations. It returns the options that files of the flake define, sorted. A set whose options the
// files define one by one is not among them.
func (f *Flake) Values(tb testing.TB) map[string][]Value {
	tb.Helper()
	all := map[string][]Value{}
	f.EvalInto(tb, "nixosConfigurations", valuesNix, &all)
	for _, values := range all {
		slices.SortFunc(values, func(a, b Value) int { return strings.Compare(a.Option, b.Option) })
		for i, v := range values {
			values[i].Value = f.env.Short(v.Value)
		}
	}
	return all
}

// Build builds an attribute and returns its store path. The path lives as long
// as the store: nothing collects garbage in it.
func (f *Flake) Build(tb testing.TB, attr string) string {
	tb.Helper()
	var built []struct {
		Outputs map[string]string `json:"outputs"`
	}
	out := f.env.Run(tb, "nix", append([]string{"build", "--json", "--no-link", f.Ref(attr)}, f.args...)...)
	if err := json.Unmarshal(out, &built); err != nil || len(built) != 1 {
		tb.Fatalf("decode what was built: %v\n%s", err, out)
	}
	return built[0].Outputs["out"]
}

var storeName = regexp.MustCompile(`/nix/store/[0-9a-z]{32}-([A-Za-z0-9+._?=-]+)`)

// Short reduces store paths in a text, of this store and of /nix/store, to names without hash and version:
// <nginx>/bin/nginx.
func (e *Env) Short(text string) string {
	text = strings.ReplaceAll(text, e.Store(), "/nix/store")
	return storeName.ReplaceAllStringFunc(text, func(path string) string {
		return "<" + unversioned(storeName.FindStringSubmatch(path)[1]) + ">"
	})
}

// unversioned is a name as builtins.parseDrvName sees it: a version begins at the first dash that no letter follows.
func unversioned(name string) string {
	for i := 0; i+1 < len(name); i++ {
		c := name[i+1]
		if name[i] == '-' && !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z') {
			return name[:i]
		}
	}
	return name
}
