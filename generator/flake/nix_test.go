package flake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

func TestMain(m *testing.M) { nixtest.Main(m) }

// declared are the inputs in a flake.nix.
type declared struct {
	names  []string
	inputs string
}

// upstream is what each input's own flake.nix declares at the built-in
// revision. Sources that are no flakes are not in it.
var upstream = map[string]declared{
	"nixpkgs":        {},
	"home-manager":   {[]string{"nixpkgs"}, `inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";`},
	"disko":          {[]string{"nixpkgs"}, `inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";`},
	"sops-nix":       {[]string{"nixpkgs"}, `inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";`},
	"nixos-hardware": {[]string{"nixpkgs"}, `inputs.nixpkgs.url = "https://channels.nixos.org/nixos-unstable/nixexprs.tar.xz";`},
	"nix-flatpak":    {},
	"colmena": {[]string{"nixpkgs", "stable", "nix-github-actions", "flake-utils", "flake-compat"}, `inputs = {
	  nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
	  stable.url = "github:NixOS/nixpkgs/nixos-25.05";
	  nix-github-actions = { url = "github:nix-community/nix-github-actions"; inputs.nixpkgs.follows = "nixpkgs"; };
	  flake-utils.url = "github:numtide/flake-utils";
	  flake-compat = { url = "github:edolstra/flake-compat"; flake = false; };
	};`},
	"deploy-rs": {[]string{"nixpkgs", "utils", "flake-compat"}, `inputs = {
	  nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";
	  utils.url = "github:numtide/flake-utils";
	  flake-compat = { url = "github:edolstra/flake-compat"; flake = false; };
	};`},
	"utils":       {[]string{"systems"}, `inputs.systems.url = "github:nix-systems/default";`},
	"flake-utils": {},
	"systems":     {},
	"quick-deploy": {[]string{"nixpkgs", "home-manager"}, `inputs = {
	  nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
	  home-manager = { url = "github:nix-community/home-manager/release-26.05"; inputs.nixpkgs.follows = "nixpkgs"; };
	};`},
	"nix-github-actions": {[]string{"nixpkgs"}, `inputs.nixpkgs.url = "github:NixOS/nixpkgs";`},
}

// stand puts a tree with the upstream's inputs into the store for in and all
// it brings along, and pins it to that tree. Nix takes a locked input from the
// store if it is there, whatever its URL, so a lock of github: inputs can be
// read without a network.
func stand(t *testing.T, env *nixtest.Env, in Input) Input {
	t.Helper()
	in.node = standNode(t, env, standsFor(in), *in.node)
	return in
}

func standNode(t *testing.T, env *nixtest.Env, repo string, n node) *node {
	t.Helper()
	dir := t.TempDir()
	body, ok := upstream[repo]
	if !ok && !n.source {
		t.Fatalf("the inputs of %s are not known", repo)
	}
	if !n.source {
		// Without an ellipsis, the outputs take these inputs, no fewer and no more.
		write(t, dir, "flake.nix", fmt.Sprintf("{ %s outputs = { %s }: { it = %q; }; }\n",
			body.inputs, strings.Join(append([]string{"self"}, body.names...), ", "), repo))
	}
	write(t, dir, "name", repo+text(n.locked, "rev"))
	hash := strings.TrimSpace(string(env.Run(t, "nix", "hash", "path", dir)))
	env.Run(t, "nix", "store", "add-path", "--name", "source", dir)

	n.locked, n.inputs = maps.Clone(n.locked), maps.Clone(n.inputs)
	n.locked["narHash"] = hash
	for name, e := range n.inputs {
		if e.node != nil {
			n.inputs[name] = edge{node: standNode(t, env, name, *e.node)}
		}
	}
	return &n
}

// standsFor is the name under which upstream knows an input.
func standsFor(in Input) string { return strings.TrimSuffix(in.Name, "-canary") }

func write(t *testing.T, dir, name, data string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

// flakeNix is a flake.nix with these inputs, as the generator prints it.
func flakeNix(t *testing.T, inputs []Input) string {
	t.Helper()
	its := nix.List{}
	for _, in := range inputs {
		if !in.node.source {
			its = append(its, nix.Ref{"inputs", in.Name, "it"})
		}
	}
	set, err := nix.Nest(Bindings(inputs))
	if err != nil {
		t.Fatal(err)
	}
	src, err := nix.Print(nix.Attrs{Body: []nix.Binding{
		{Path: []string{"inputs"}, Value: set},
		{Path: []string{"outputs"}, Value: nix.Func{Arg: "inputs", Body: nix.Attrs{Body: []nix.Binding{
			{Path: []string{"its"}, Value: its},
		}}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

// Nix reads a lock of ours offline and sees no reason to write it anew, for
// every release with every input at once and for the usual set.
func TestNixAcceptsTheLock(t *testing.T) {
	nixtest.Each(t, func(t *testing.T, env *nixtest.Env) {
		pins, err := Builtin()
		if err != nil {
			t.Fatal(err)
		}
		cases := map[string][]Input{}
		for _, release := range pins.Releases() {
			all, err := pins.Inputs(release, pins.Names(release)...)
			if err != nil {
				t.Fatal(err)
			}
			usual, err := pins.Inputs(release, "nixpkgs", "home-manager")
			if err != nil {
				t.Fatal(err)
			}
			cases[release+" all"], cases[release+" usual"] = all, usual
		}
		stable, err := pins.Inputs("26.05", "nixpkgs", "home-manager", "sops-nix")
		if err != nil {
			t.Fatal(err)
		}
		canary, err := pins.Inputs("unstable", "nixpkgs", "home-manager")
		if err != nil {
			t.Fatal(err)
		}
		cases["two releases"] = append(stable, Variant(canary, "canary")...)
		for name, inputs := range cases {
			t.Run(name, func(t *testing.T) {
				for i, in := range inputs {
					if in.Name == Tool {
						pinned, err := in.Repin(Locked{Rev: strings.Repeat("1", 40), LastModified: 1})
						if err != nil {
							t.Fatal(err)
						}
						inputs[i] = pinned
					}
					inputs[i] = stand(t, env, inputs[i])
				}
				want := string(lockOf(t, inputs))
				dir := t.TempDir()
				write(t, dir, "flake.nix", flakeNix(t, inputs))
				write(t, dir, "flake.lock", want)

				env.Run(t, "nix", "flake", "lock", "--offline", "path:"+dir)
				got, err := os.ReadFile(filepath.Join(dir, "flake.lock"))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, string(got)); diff != "" {
					t.Fatalf("Nix wrote the lock anew, -ours +Nix's:\n%s", diff)
				}
				var meta struct{ Locks json.RawMessage }
				out := env.Run(t, "nix", "flake", "metadata", "--offline", "--no-update-lock-file", "--json", "path:"+dir)
				if err := json.Unmarshal(out, &meta); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(generic(t, []byte(want)), generic(t, meta.Locks)); diff != "" {
					t.Errorf("Nix reads the lock differently, -ours +Nix's:\n%s", diff)
				}
				var its []string
				if err := json.Unmarshal(env.Run(t, "nix", "eval", "--offline", "--no-update-lock-file", "--json", "path:"+dir+"#its"), &its); err != nil {
					t.Fatal(err)
				}
				for i, in := range inputs {
					if its[i] != standsFor(in) {
						t.Errorf("the flake is given %v", its)
					}
				}
			})
		}
	})
}

// The test above can fail: Nix trusts a lock as to what an input brings along,
// but evaluates nothing with a part missing; and it refuses a lock that is not
// for the flake.nix beside it.
func TestNixRefusesAWrongLock(t *testing.T) {
	env := nixtest.New(t)
	inputs := builtin(t, "26.05", "nixpkgs", "deploy-rs")
	for i := range inputs {
		inputs[i] = stand(t, env, inputs[i])
	}
	for name, change := range map[string]func(*node){
		"lacks an input": func(n *node) { delete(n.inputs, "utils") },
		"other branch":   func(n *node) { n.original["ref"] = "next" },
		"not redirected": func(n *node) { delete(n.inputs, "nixpkgs") },
	} {
		t.Run(name, func(t *testing.T) {
			locked := []Input{inputs[0], inputs[1]}
			n := *inputs[1].node
			n.inputs, n.original = maps.Clone(n.inputs), maps.Clone(n.original)
			change(&n)
			locked[1].node = &n
			dir := t.TempDir()
			write(t, dir, "flake.nix", flakeNix(t, inputs))
			write(t, dir, "flake.lock", string(lockOf(t, locked)))
			if out, err := env.TryRun(t.Context(), "nix", "eval", "--offline", "--no-update-lock-file", "--json", "path:"+dir+"#its"); err == nil {
				t.Errorf("accepted: %s", out)
			}
		})
	}
}

func generic(t *testing.T, data []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Lock files that Nix made itself, from git repositories on this machine, are
// what Lock makes of the same inputs, byte for byte.
func TestLockIsWhatNixMakes(t *testing.T) {
	nixtest.Each(t, func(t *testing.T, env *nixtest.Env) {
		base := t.TempDir()
		systems := repository(t, env, base, "systems", `{ outputs = _: { }; }`)
		utils := repository(t, env, base, "utils", fmt.Sprintf(`{ inputs.systems.url = %q; outputs = _: { }; }`, systems.URL))
		compat := repository(t, env, base, "compat", `{ outputs = _: { }; }`)
		nixpkgs := repository(t, env, base, "nixpkgs", `{ outputs = _: { }; }`)
		actions := repository(t, env, base, "actions", fmt.Sprintf(`{ inputs.nixpkgs.url = %q; outputs = _: { }; }`, nixpkgs.URL))
		engine := repository(t, env, base, "engine", fmt.Sprintf(`{
		  inputs = {
		    nixpkgs.url = %q;
		    stable.url = %q;
		    utils.url = %q;
		    actions = { url = %q; inputs.nixpkgs.follows = "nixpkgs"; };
		    compat = { url = %q; flake = false; };
		  };
		  outputs = _: { };
		}`, nixpkgs.URL, nixpkgs.URL, utils.URL, actions.URL, compat.URL))

		with := func(in Input, inputs ...Input) Input {
			n := *in.node
			n.inputs = map[string]edge{}
			for _, child := range inputs {
				n.inputs[child.Name] = edge{node: child.node.redirect(nil)}
			}
			in.node = &n
			return in
		}
		compat.node.source = true
		bare := utils
		utils = with(utils, systems)
		engine = with(engine, utils, follow(actions, "nixpkgs", "engine", "nixpkgs"), compat)
		engine = follow(follow(engine, "nixpkgs", "nixpkgs"), "stable", "nixpkgs")
		other := with(utils, systems) // the same tree under another name, whose systems is taken by then
		other.Name = "other"
		deep := follow(bare, "systems", "engine", "utils", "systems")
		deep.Name = "zz"
		plain := systems
		plain.Name, plain.node = "Plain", plain.node.redirect(nil) // upper case sorts first

		for name, inputs := range map[string][]Input{
			"none":     nil,
			"one":      {nixpkgs},
			"source":   {compat},
			"engine":   {nixpkgs, engine},
			"the rest": {nixpkgs, engine, other, deep, compat, plain, systems},
		} {
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				write(t, dir, "flake.nix", flakeNix(t, inputs))
				env.Run(t, "nix", "flake", "lock", "path:"+dir)
				want, err := os.ReadFile(filepath.Join(dir, "flake.lock"))
				if err != nil && len(inputs) > 0 {
					t.Fatal(err)
				}
				if err != nil {
					return // Nix writes no lock file where there is nothing to lock
				}
				if diff := cmp.Diff(string(want), string(lockOf(t, inputs))); diff != "" {
					t.Errorf("-Nix +ours:\n%s", diff)
				}
			})
		}
	})
}

// repository makes a git repository with a flake.nix and returns it as an
// input that is pinned as Nix sees it.
func repository(t *testing.T, env *nixtest.Env, base, name, flake string) Input {
	t.Helper()
	dir := filepath.Join(base, name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "README", name)
	write(t, dir, "flake.nix", flake)
	for _, args := range [][]string{
		{"init", "-q", "-b", "main"}, {"add", "."},
		{"-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "-q", "-m", "first"},
	} {
		env.Run(t, "git", append([]string{"-C", dir}, args...)...)
	}
	url := "git+file://" + dir + "?ref=main"
	var metadata struct{ Locked, Original attrs }
	dec := json.NewDecoder(bytes.NewReader(env.Run(t, "nix", "flake", "metadata", "--no-write-lock-file", "--json", url)))
	dec.UseNumber()
	if err := dec.Decode(&metadata); err != nil {
		t.Fatal(err)
	}
	delete(metadata.Locked, "__final") // not of a lock file
	return Input{Name: name, URL: url, node: &node{
		original: metadata.Original, locked: metadata.Locked, inputs: map[string]edge{},
	}}
}

// References mean to parseRef what they mean to Nix.
func TestRefsAreNix(t *testing.T) {
	nixtest.Each(t, func(t *testing.T, env *nixtest.Env) {
		rev := strings.Repeat("a1", 20)
		for _, ref := range []string{
			"github:NixOS/nixpkgs",
			"github:NixOS/nixpkgs/nixos-26.05",
			"github:NixOS/nixpkgs/" + rev,
			"github:NixOS/nixpkgs?ref=nixos-26.05",
			"github:NixOS/nixpkgs?dir=lib",
			"github:NixOS/nixpkgs/nixos-26.05?host=git.example.org",
			"gitlab:group/repo",
			"sourcehut:~user/repo/main",
			"git+https://example.org/x.git",
			"git+https://example.org/x.git?ref=main&rev=" + rev,
			"git+ssh://git@example.org/x.git?dir=a/b",
			"git+file:///srv/x?ref=refs/heads/main&shallow=1",
		} {
			want := env.Run(t, "nix", "eval", "--json", "--expr", fmt.Sprintf("builtins.parseFlakeRef %q", ref))
			got, err := parseRef(ref)
			if err != nil {
				t.Errorf("%s: %v", ref, err)
				continue
			}
			data, err := json.Marshal(got)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(generic(t, want), generic(t, data)); diff != "" {
				t.Errorf("%s: -Nix +ours:\n%s", ref, diff)
			}
		}
	})
}
