package generator_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// sharing is the flake of a profile whose hosts share packages, or do not. An error says that they cannot.
// Beside are the other files of the profile.
func sharing(t *testing.T, text string, shared bool, beside string) (*generator.Tree, error) {
	t.Helper()
	text = strings.ReplaceAll(text, "sharePackages: true", "sharePackages: false")
	switch {
	case !shared:
	case strings.Contains(text, "sharePackages: false"):
		text = strings.ReplaceAll(text, "sharePackages: false", "sharePackages: true")
	case strings.Contains(text, "\nfleet: {"):
		text = strings.Replace(text, "\nfleet: {", "\nfleet: {sharePackages: true, ", 1)
	default:
		text += "fleet: {sharePackages: true}\n"
	}
	dir := t.TempDir()
	if beside != "" {
		if err := os.CopyFS(dir, os.DirFS(beside)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "profile.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	fsys := os.DirFS(dir)
	p, err := load(t, fsys)
	if err != nil {
		t.Fatal(err)
	}
	return generator.Generate(generator.Input{
		Profile: p, Schema: schemaRoot(t), Facts: facts(t, fsys, p), Files: profile.FS{Files: fsys}, Pins: goldenPins(t),
	})
}

// alone are golden cases whose hosts cannot share packages, each with what they differ in.
var alone = map[string]string{
	"fleet": "their platform", "fleet-pins": "their input",
	"llama-cpp": "config.allowUnfree", "ollama": "config.allowUnfree", "tgi": "config.allowUnfree", "vllm": "config.allowUnfree",
}

// With fleet.sharePackages every golden case of several hosts has the systems and homes that it has
// without, derivation for derivation, or is refused. Of fleets with an engine, hosts of another
// platform or release are made like the rest, so that they are compared, too.
func TestSharedPackagesMakeTheSameSystems(t *testing.T) {
	env := nixtest.New(t)
	cases, err := os.ReadDir(goldenDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		dir := filepath.Join(goldenDir, c.Name())
		data, err := os.ReadFile(filepath.Join(dir, "profile.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		text := alike(string(data))
		own, err := sharing(t, text, false, dir)
		if err != nil {
			t.Fatalf("%s: %v", c.Name(), err)
		}
		if len(own.Hosts) == 1 {
			continue
		}
		t.Run(c.Name(), func(t *testing.T) {
			t.Parallel()
			shared, err := sharing(t, text, true, dir)
			if why := alone[c.Name()]; why != "" || err != nil {
				if problems, ok := errors.AsType[profile.Problems](err); !ok || why == "" || !strings.Contains(problems[0].Why, why) {
					t.Errorf("sharing is refused with %v, want %q", err, why)
				}
				return
			}
			want, got := derivations(t, env, own), derivations(t, env, shared)
			if len(got["nixosConfigurations"]) != len(own.Hosts) {
				t.Errorf("got %v", got)
			}
			if c.Name() == "postgresql" {
				// Its secrets are read from the flake's copy in the store, whose path every change of flake.nix changes.
				want["nixosConfigurations"]["full"] = got["nixosConfigurations"]["full"]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-own packages +shared\n%s", diff)
			}
		})
	}
}

// Hosts that all have the same release of their own share that one's packages.
func TestSharedPackagesOfARelease(t *testing.T) {
	env := nixtest.New(t)
	text := "version: 1\ndefaults: {stateVersion: \"25.11\", system: x86_64-linux}\n" +
		"groups: {old: {release: \"25.11\"}}\nhosts: {a: {groups: [old]}, b: {groups: [old]}}\n"
	var all []map[string]map[string]string
	for _, shared := range []bool{false, true} {
		tree, err := sharing(t, text, shared, "")
		if err != nil {
			t.Fatal(err)
		}
		if from := bytes.Contains(tree.File("flake.nix"), []byte("pkgs = import channels.old.nixpkgs {")); from != shared {
			t.Errorf("sharing is %t in\n%s", shared, tree.File("flake.nix"))
		}
		all = append(all, derivations(t, env, tree))
	}
	if diff := cmp.Diff(all[0], all[1]); diff != "" || len(all[1]["nixosConfigurations"]) != 2 {
		t.Errorf("-own packages +shared\n%s", diff)
	}
}

// alike is a profile with an engine, whose hosts have one platform and one release.
func alike(text string) string {
	if !strings.Contains(text, "engine: ") {
		return text
	}
	return strings.NewReplacer("system: aarch64-linux, ", "", "    release: unstable\n", "").Replace(text)
}

// derivations are those of a flake's systems and homes, and of what its engine makes of them.
func derivations(t *testing.T, env *nixtest.Env, tree *generator.Tree) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	flake := env.Flake(t, lay(t, tree), nil)
	outputs := map[string]string{
		"nixosConfigurations": "builtins.mapAttrs (_: host: host.config.system.build.toplevel.drvPath)",
		"homeConfigurations":  "builtins.mapAttrs (_: home: home.activationPackage.drvPath)",
		"colmenaHive":         "hive: builtins.mapAttrs (_: system: system.drvPath) hive.toplevel",
		"deploy.nodes":        "builtins.mapAttrs (_: node: node.profiles.system.path.drvPath)",
	}
	text := string(tree.File("flake.nix"))
	for output, apply := range outputs {
		if strings.Contains(text, "\n      "+output+" =") {
			paths := map[string]string{}
			flake.EvalInto(t, output, apply, &paths)
			all[output] = paths
		}
	}
	return all
}

// Hosts that differ in what a package set is made with do not share one, and it is said in what.
func TestSharedPackagesAreRefused(t *testing.T) {
	const shared = "version: 1\ndefaults: {stateVersion: \"26.05\", system: x86_64-linux}\n"
	for name, tt := range map[string]struct{ hosts, want string }{
		"platform": {
			"a: {}\n  b: {system: aarch64-linux}",
			"they differ in their platform: x86_64-linux, and aarch64-linux",
		},
		"release": {"a: {}\n  b: {release: unstable}", "they differ in their input: nixpkgs, and nixpkgs-b"},
		"unfree": {
			"a: {}\n  b: {allowUnfree: [vscode]}", "they differ in what nixpkgs is set to: nothing, and " +
				`config.allowUnfreePredicate = pkg: builtins.elem (lib.getName pkg) [ "vscode" ]`,
		},
		"setting": {
			"a: {}\n  b: {nixos: {nixpkgs.config.cudaSupport: true}}",
			"they differ in what nixpkgs is set to: nothing, and config.cudaSupport = true",
		},
		"unread": {
			"a: {}\n  b: {nixos: {nixpkgs.buildPlatform: x86_64-linux}}",
			"NixOS does not read it where the packages are made elsewhere",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sharing(t, shared+"hosts:\n  "+tt.hosts+"\n", true, "")
			problems, ok := errors.AsType[profile.Problems](err)
			if !ok || len(problems) != 1 {
				t.Fatalf("got %v", err)
			}
			p := problems[0]
			if p.Why != tt.want || !p.Pos.IsValid() || p.Hint == "" {
				t.Errorf("got %+v, want %q", p, tt.want)
			}
		})
	}
}

// threeHosts are equal but for their names.
const threeHosts = `version: 1
defaults:
  system: x86_64-linux
  stateVersion: "26.05"
  timezone: Etc/UTC
  services: {openssh: {}, nginx: {}, postgresql: {}}
  packages: [htop, ripgrep]
hosts: {a: {}, b: {}, c: {}}
`

// With NixOS's own modules and real packages, too, hosts that share packages have the systems that they have
// without, and three of them take fewer thunks and less memory by Nix's own count: 0.79 and 0.72 times as much.
func TestRealSharedPackages(t *testing.T) {
	nixpkgs := newNixpkgs(t)
	for _, name := range []string{"fleet-colmena", "fleet-deploy-rs", "fleet-shared"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(goldenDir, name)
			data, err := os.ReadFile(filepath.Join(dir, "profile.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			costsOfSharing(t, nixpkgs, alike(string(data)), dir)
		})
	}
	cost := costsOfSharing(t, nixpkgs, threeHosts, "")
	thunks := float64(cost[true].Thunks) / float64(cost[false].Thunks)
	memory := float64(cost[true].GC.Bytes) / float64(cost[false].GC.Bytes)
	t.Logf("%d thunks, %d shared: %.3f; %d bytes, %d shared: %.3f", cost[false].Thunks, cost[true].Thunks, thunks,
		cost[false].GC.Bytes, cost[true].GC.Bytes, memory)
	if thunks > 0.85 || memory > 0.8 {
		t.Errorf("sharing takes %.3f times the thunks and %.3f times the memory", thunks, memory)
	}
}

// costsOfSharing are what a profile costs with shared packages, and without, for the same systems.
func costsOfSharing(t *testing.T, nixpkgs *realNixpkgs, text, beside string) map[bool]statistics {
	t.Helper()
	drvs, cost := map[bool]map[string]realSystem{}, map[bool]statistics{}
	for _, shared := range []bool{false, true} {
		tree, err := sharing(t, text, shared, beside)
		if err != nil {
			t.Fatal(err)
		}
		var hosts []string // of homes, whether they evaluate depends on home-manager's age
		for _, h := range tree.Hosts {
			hosts = append(hosts, h.Name)
		}
		drvs[shared], cost[shared], err = nixpkgs.measure(t, lay(t, tree), generator.DefaultRelease(), true, hosts...)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hosts {
			if !strings.HasSuffix(drvs[shared][h].Drv, ".drv") {
				t.Errorf("%s: %+v", h, drvs[shared][h])
			}
		}
	}
	if diff := cmp.Diff(drvs[false], drvs[true]); diff != "" {
		t.Errorf("-own packages +shared\n%s", diff)
	}
	return cost
}

// What a local.nix sets is refused by NixOS beside shared packages, or makes packages of the host's own,
// as flake.nix says.
func TestRealSharedPackagesAndLocal(t *testing.T) {
	nixpkgs := newNixpkgs(t)
	tree, err := sharing(t, threeHosts, true, "")
	if err != nil {
		t.Fatal(err)
	}
	dir := lay(t, tree)
	for host, local := range map[string]string{
		"a": `{ nixpkgs.config.allowUnfree = true; }`,
		"b": `{ nixpkgs.overlays = [ (_: prev: { htop = prev.hello; }) ]; }`,
	} {
		if err := os.WriteFile(filepath.Join(dir, "hosts", host, "local.nix"), []byte(local), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	systems, _, err := nixpkgs.evaluate(t, dir, generator.DefaultRelease())
	if err != nil {
		t.Fatal(err)
	}
	if a := systems["a"].Assertions; len(a) != 1 || !strings.Contains(a[0], "nixpkgs.config") {
		t.Errorf("nixpkgs.config in a local.nix: %q", a)
	}
	if b, c := nixpkgs.installs(t, systems["b"].Drv, "htop"), nixpkgs.installs(t, systems["c"].Drv, "htop"); b || !c {
		t.Errorf("an overlay in b's local.nix replaces htop: b has it %t, c has it %t", b, c)
	}
}

// installs reports whether a package is in the system's path.
func (n *realNixpkgs) installs(t *testing.T, system, name string) bool {
	t.Helper()
	for input := range n.derivation(t, system).InputDerivations {
		if !strings.HasSuffix(input, "-system-path.drv") {
			continue
		}
		for p := range n.derivation(t, input).InputDerivations {
			if strings.Contains(p, "-"+name+"-") {
				return true
			}
		}
	}
	return false
}
