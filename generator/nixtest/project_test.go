package nixtest

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/nix-community/go-nix/pkg/nar"

	"github.com/quick-deploy/quick-deploy/generator/flake"
)

// root is the checkout of this project.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var vendorHash = regexp.MustCompile(`vendorHash = "([^"]*)";`)

// buildGoModule downloads the modules in a derivation whose result is the vendor directory,
// and whose hash is that of the directory's NAR. With -update the hash in flake.nix is put right.
func TestVendorHash(t *testing.T) {
	vendor := filepath.Join(t.TempDir(), "vendor")
	cmd := exec.CommandContext(t.Context(), "go", "mod", "vendor", "-o", vendor)
	cmd.Dir = root(t)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go mod vendor: %v\n%s", err, out)
	}
	h := sha256.New()
	if err := nar.DumpPath(h, vendor); err != nil {
		t.Fatal(err)
	}
	want := "sha256-" + base64.StdEncoding.EncodeToString(h.Sum(nil))

	file := filepath.Join(root(t), "flake.nix")
	data := read(t, file)
	m := vendorHash.FindStringSubmatchIndex(data)
	if m == nil {
		t.Fatal("flake.nix has no vendorHash")
	}
	if got := data[m[2]:m[3]]; got != want {
		if !*update {
			t.Fatalf("vendorHash is %s, but the modules have %s; run go test ./generator/nixtest -run VendorHash -update", got, want)
		}
		if err := os.WriteFile(file, []byte(data[:m[2]]+want+data[m[3]:]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A release has the hash of its own source, which has to be the one that Nix finds: with modes and links.
func TestNarHash(t *testing.T) {
	env := New(t)
	dir := t.TempDir()
	write(t, dir, "text", "one\n")
	write(t, dir, "program", "two\n")
	if err := os.Chmod(filepath.Join(dir, "program"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("program", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", ".ci/narhash.go", dir)
	cmd.Dir = root(t)
	got, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := env.Run(t, "nix", "hash", "path", dir); string(got) != string(want) {
		t.Errorf("narhash.go says %s, Nix %s", got, want)
	}
}

// The project pins what it pins for its users.
func TestProjectLock(t *testing.T) {
	pins, err := flake.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := pins.Inputs("26.05", "nixpkgs", "home-manager")
	if err != nil {
		t.Fatal(err)
	}
	want, err := flake.Lock(inputs)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(root(t), "flake.lock")
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(string(want), read(t, file)); diff != "" {
		t.Errorf("flake.lock: -want +got; run go test ./generator/nixtest -run ProjectLock -update\n%s", diff)
	}
}

// checkout copies the files that git knows of, as a flake in a git repository sees them.
func checkout(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root(t)
	out, err := cmd.Output()
	var names []string
	if err == nil {
		names = strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 })
	} else { // an export without .git
		err = os.CopyFS(dir, os.DirFS(root(t)))
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if target, err := os.Readlink(filepath.Join(root(t), name)); err == nil {
			if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		data, err := os.ReadFile(filepath.Join(root(t), name))
		if os.IsNotExist(err) {
			continue // removed, and not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// vmChecks are the tests in virtual machines.
var vmChecks = []string{
	"vm-services-cluster", "vm-services-data", "vm-services-forge", "vm-services-host", "vm-services-watch", "vm-switch",
}

// CI boots them all, each in a job of its own.
func TestVMChecksAreRun(t *testing.T) {
	workflow := read(t, filepath.Join(root(t), ".github/workflows/ci.yml"))
	m := regexp.MustCompile(`(?m)^ +test: \[(.*)\]$`).FindStringSubmatch(workflow)
	if m == nil {
		t.Fatal("ci.yml has no matrix of tests")
	}
	var run []string
	for name := range strings.SplitSeq(m[1], ", ") {
		run = append(run, "vm-"+name)
	}
	slices.Sort(run)
	if diff := cmp.Diff(vmChecks, run); diff != "" {
		t.Errorf("-checks +run by ci.yml\n%s", diff)
	}
}

// What "nix run github:quick-deploy/quick-deploy" and a flake that takes the overlay see.
func TestProjectFlake(t *testing.T) {
	dir := checkout(t)
	goldens, err := os.ReadDir(filepath.Join(dir, "golden"))
	if err != nil {
		t.Fatal(err)
	}
	Each(t, func(t *testing.T, env *Env) {
		f := env.Flake(t, dir, nil)
		// Nix's own view of what outputs there are and what they must look like.
		check := append([]string{"flake", "check", "--no-build", strings.TrimSuffix(f.Ref(""), "#")}, f.Args()...)
		if _, err := env.TryRun(t.Context(), "nix", check...); err != nil {
			t.Error(err)
		}
		var apps map[string]struct{ Type, Program string }
		f.EvalInto(t, "apps", "builtins.mapAttrs (_: a: { inherit (a.quick-deploy) type program; })", &apps)
		var packages map[string]map[string]string
		f.EvalInto(t, "packages", "builtins.mapAttrs (_: builtins.mapAttrs (_: p: p.drvPath))", &packages)
		var checks map[string]map[string]string
		f.EvalInto(t, "checks", "builtins.mapAttrs (_: builtins.mapAttrs (_: c: c.drvPath))", &checks)
		var tools map[string]string
		f.EvalInto(t, "devShells", "builtins.mapAttrs (_: s: s.default.drvPath)", &tools)
		f.EvalInto(t, "formatter", "builtins.mapAttrs (_: f: f.drvPath)", &tools)

		wantChecks := []string{"formatting", "install", "modules", "package", "real-docs", "tests"}
		for _, c := range goldens {
			wantChecks = append(wantChecks, "real-"+c.Name())
		}
		for _, system := range []string{"x86_64-linux", "aarch64-linux"} {
			app := apps[system]
			if ok, _ := filepath.Match(env.Store()+"/*-quick-deploy-*/bin/quick-deploy", app.Program); app.Type != "app" || !ok {
				t.Errorf("%s: app is %+v", system, app)
			}
			p := packages[system]
			if p["default"] == "" || p["default"] != p["quick-deploy"] || p["quick-deploy-unwrapped"] == "" {
				t.Errorf("%s: packages are %v", system, p)
			}
			want := slices.Clone(wantChecks)
			if system == "x86_64-linux" {
				want = append(want, vmChecks...)
			}
			slices.Sort(want)
			if diff := cmp.Diff(want, slices.Sorted(maps.Keys(checks[system]))); diff != "" {
				t.Errorf("%s: checks: -want +got\n%s", system, diff)
			}
			if tools[system] == "" {
				t.Errorf("%s: no formatter", system)
			}
		}
		if got := strings.TrimSpace(string(f.Eval(t, "templates.default", `t: builtins.pathExists (t.path + "/quick-deploy.yaml")`))); got != "true" {
			t.Error("the template has no quick-deploy.yaml")
		}

		user := t.TempDir()
		write(t, user, "flake.nix", `{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    home-manager = { url = "github:nix-community/home-manager"; inputs.nixpkgs.follows = "nixpkgs"; };
    quick-deploy = { url = "github:quick-deploy/quick-deploy"; inputs.nixpkgs.follows = "nixpkgs"; inputs.home-manager.follows = "home-manager"; };
  };
  outputs = { nixpkgs, quick-deploy, ... }: {
    nixosConfigurations.atlas = nixpkgs.lib.nixosSystem {
      modules = [ ({ pkgs, ... }: {
        nixpkgs = { hostPlatform = "x86_64-linux"; overlays = [ quick-deploy.overlays.default ]; };
        environment.systemPackages = [ pkgs.quick-deploy ];
      }) ];
    };
  };
}
`)
		refs := env.Overrides()
		refs["quick-deploy"] = "path:" + dir
		var installed []string
		env.Flake(t, user, refs).EvalInto(t, "nixosConfigurations.atlas.config.environment.systemPackages", "map (p: p.drvPath)", &installed)
		if diff := cmp.Diff([]string{packages["x86_64-linux"]["default"]}, installed); diff != "" {
			t.Errorf("the overlay's package is not the flake's: -want +got\n%s", diff)
		}
	})
}

// A nixpkgs that lacks what the package is made with is told so in a sentence; one that lacks only what a
// machine has itself does without.
func TestOlderNixpkgs(t *testing.T) {
	env := New(t)
	nixpkgs, _ := env.StandIn(t)
	drv := func(lacks string) (string, error) {
		out, err := env.TryRun(t.Context(), "nix-instantiate", "--eval", "--strict", "--read-write-mode",
			"--argstr", "flake", filepath.Join(checkout(t), "flake.nix"), "--argstr", "nixpkgs", nixpkgs, "-E", `
			{ flake, nixpkgs }:
			let
			  pkgs = import (/. + nixpkgs) { system = "x86_64-linux"; overlays = [ (_: prev: `+lacks+`) ]; };
			  nixos = { inherit (pkgs) lib; legacyPackages.x86_64-linux = pkgs; };
			  outputs = (import (/. + flake)).outputs { self = outputs; nixpkgs = nixos; home-manager = { }; };
			in
			outputs.packages.x86_64-linux.default.drvPath`)
		return string(out), err
	}
	for _, lacks := range []string{
		`{ nixos-rebuild-ng = null; nix-update-script = null; }`,
		`{ go = prev.go // { version = "1.27.1"; }; buildGo126Module = throw "Go 1.26 was removed"; }`,
	} {
		if out, err := drv(lacks); err != nil || !strings.Contains(out, "-quick-deploy-") {
			t.Errorf("%s: %s %v", lacks, out, err)
		}
	}
	const want = "quick-deploy is built with Go 1.26 or newer, and this nixpkgs"
	if out, err := drv(`{ buildGo126Module = null; }`); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("without Go 1.26: %s %v", out, err)
	}
}

// The source of the package leaves out what does not go into the program, and has the rest.
func TestProjectSource(t *testing.T) {
	env := New(t)
	var src string
	env.Flake(t, checkout(t), nil).EvalInto(t, "packages.x86_64-linux.quick-deploy-unwrapped.src", "s: s.outPath", &src)
	for name, want := range map[string]bool{"go.mod": true, "cmd/quick-deploy/main.go": true, "schema/profile.schema.json": true, ".ci": false, ".github": false} {
		if _, err := os.Stat(filepath.Join(src, name)); (err == nil) != want {
			t.Errorf("%s in the source: %v, want %v", name, err == nil, want)
		}
	}
}

// The profile that "nix flake init" copies is a good one, all the way to a generated flake.
func TestTemplate(t *testing.T) {
	env := New(t)
	dir := filepath.Join(t.TempDir(), "nixos")
	cmd := env.Command(t.Context(), "go", "run", "./cmd/quick-deploy", "--allow-root", "--no-probe", "--yes",
		"--profile", "docs/template/quick-deploy.yaml", "--flake", dir, "generate")
	cmd.Dir = root(t)
	// HOME of its own, but the build cache and the modules of the one who tests.
	for _, name := range []string{"GOCACHE", "GOMODCACHE"} {
		value, err := exec.CommandContext(t.Context(), "go", "env", name).Output()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, name+"="+strings.TrimSpace(string(value)))
	}
	if _, err := output(cmd); err != nil {
		t.Fatal(err)
	}
	f := env.Flake(t, dir, nil)
	if host := string(f.Eval(t, "nixosConfigurations.nixos.config.networking.hostName", "")); strings.TrimSpace(host) != `"nixos"` {
		t.Errorf("the host is called %s", host)
	}
	f.Build(t, `homeConfigurations."ada@nixos".activationPackage`)
}
