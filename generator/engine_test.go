package generator_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/flake"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// golden evaluates a golden case. An input whose real source lies in the
// directory that the environment variable names comes from there.
func goldenFlake(t *testing.T, env *nixtest.Env, name string, variable, input string) *nixtest.Flake {
	t.Helper()
	overrides := env.Overrides()
	if dir := os.Getenv(variable); dir != "" {
		overrides[input] = "path:" + dir
	}
	return env.Flake(t, lay(t, generate(t, os.DirFS(filepath.Join(goldenDir, name)))), overrides)
}

// colmena builds the same systems as nixos-rebuild would, and reaches the
// machines where the profile says.
func TestColmenaBuildsTheSameSystems(t *testing.T) {
	env := nixtest.New(t)
	flake := goldenFlake(t, env, "fleet-colmena", "QUICK_DEPLOY_TEST_COLMENA", "colmena")
	plain, hive := map[string]string{}, map[string]string{}
	flake.EvalInto(t, "nixosConfigurations", `builtins.mapAttrs (_: h: h.config.system.build.toplevel.drvPath)`, &plain)
	flake.EvalInto(t, "colmenaHive", `hive: builtins.mapAttrs (_: t: t.drvPath) hive.toplevel`, &hive)
	if diff := cmp.Diff(plain, hive); diff != "" || len(hive) != 3 {
		t.Errorf("nixosConfigurations and the hive: %s", diff)
	}
	type target struct {
		TargetHost, TargetUser string
		TargetPort             int
		Tags                   []string
		BuildOnTarget          bool
	}
	got := map[string]target{}
	flake.EvalInto(t, "colmenaHive", `hive: builtins.mapAttrs (_: d: { inherit (d) targetHost targetUser targetPort tags buildOnTarget; }) hive.deploymentConfig`, &got)
	want := map[string]target{
		"db-1":  {"db-1.example.org", "root", 22, []string{"db"}, true},
		"web-1": {"web-1.example.org", "root", 22, []string{"canary", "early", "web"}, false},
		"web-2": {"192.0.2.12", "ops", 2222, []string{"eu", "web"}, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if all := strings.TrimSpace(string(flake.Eval(t, "colmenaHive.metaConfig.allowApplyAll", ""))); all != "false" {
		t.Errorf("allowApplyAll is %s", all)
	}
}

// deployInterface is what deploy-rs demands of deploy, as its interface.json
// says: what must be there, and names that hold a letter.
const deployInterface = `{
  "type": "object", "required": ["nodes"],
  "properties": {"nodes": {
    "type": "object", "patternProperties": {"[A-z][A-z0-9_-]*": {
      "type": "object", "required": ["hostname"],
      "properties": {
        "hostname": {"type": "string"}, "sshUser": {"type": "string"},
        "sshOpts": {"type": "array", "items": {"type": "string"}},
        "profilesOrder": {"type": "array", "items": {"type": "string"}, "uniqueItems": true},
        "profiles": {"type": "object", "patternProperties": {"[A-z][A-z0-9_-]*": {
          "type": "object", "required": ["path"], "properties": {"path": {"type": "string"}, "user": {"type": "string"}}
        }}, "additionalProperties": false}
      }
    }}, "additionalProperties": false
  }}
}`

// The nodes are what deploy-rs' schema wants, its checks stand beside ours, and
// each node activates the system and the homes of its host.
func TestDeployRS(t *testing.T) {
	env := nixtest.New(t)
	flake := goldenFlake(t, env, "fleet-deploy-rs", "", "")
	text := deployInterface
	if dir := os.Getenv("QUICK_DEPLOY_TEST_DEPLOY_RS"); dir != "" {
		data, err := os.ReadFile(filepath.Join(dir, "interface.json"))
		if err != nil {
			t.Fatal(err)
		}
		text = string(data)
	}
	schema, err := jsonschema.CompileString("interface.json", text)
	if err != nil {
		t.Fatal(err)
	}
	var deploy any
	if err := json.Unmarshal(flake.Eval(t, "deploy", ""), &deploy); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(deploy); err != nil {
		t.Errorf("%#v", err)
	}
	order := map[string][]string{}
	flake.EvalInto(t, "deploy.nodes", `builtins.mapAttrs (_: n: assert builtins.sort builtins.lessThan n.profilesOrder == builtins.attrNames n.profiles; n.profilesOrder)`, &order)
	for host, profiles := range order {
		if len(profiles) != 3 || profiles[0] != "system" {
			t.Errorf("%s activates %v", host, profiles)
		}
	}
	var checks map[string][]string
	flake.EvalInto(t, "checks", `builtins.mapAttrs (_: builtins.attrNames)`, &checks)
	want := map[string][]string{
		"aarch64-linux": {"ada@db-1", "db-1", "deploy-schema", "ops@db-1"},
		"x86_64-linux":  {"ada@web-1", "ada@web-2", "deploy-schema", "ops@web-1", "ops@web-2", "web-1", "web-2"},
	}
	if diff := cmp.Diff(want, checks); diff != "" {
		t.Error(diff)
	}
}

// The hosts of a group with a release or pins of its own are built from their
// own inputs, and only they.
func TestChannels(t *testing.T) {
	env := nixtest.New(t)
	overrides := env.Overrides()
	dir := lay(t, generate(t, os.DirFS(filepath.Join(goldenDir, "fleet-pins"))))
	// A nixpkgs of its own for canary, told from the other by a file in it.
	nixpkgs, _ := env.StandIn(t)
	other := t.TempDir()
	if err := os.CopyFS(other, os.DirFS(nixpkgs)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, "canary"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	overrides["nixpkgs-canary"] = "path:" + other
	flake := env.Flake(t, dir, overrides)
	got := map[string]bool{}
	flake.EvalInto(t, "nixosConfigurations", `builtins.mapAttrs (_: h: builtins.pathExists (h.pkgs.path + "/canary"))`, &got)
	if diff := cmp.Diff(map[string]bool{"web-1": true, "web-2": false, "db-1": false}, got); diff != "" {
		t.Error(diff)
	}
	homes := map[string]bool{}
	flake.EvalInto(t, "homeConfigurations", `builtins.mapAttrs (_: h: builtins.pathExists (h.pkgs.path + "/canary"))`, &homes)
	for name, canary := range homes {
		if canary != strings.HasSuffix(name, "@web-1") {
			t.Errorf("the home %s comes from canary: %v", name, canary)
		}
	}
}

func problems(t *testing.T, yaml string) string {
	t.Helper()
	p, err := load(t, fstest.MapFS{"profile.yaml": {Data: []byte(yaml)}})
	if err != nil {
		return err.Error()
	}
	_, err = generator.Generate(generator.Input{Profile: p, Schema: schemaRoot(t), Files: profile.FS{}})
	if err == nil {
		t.Fatalf("no problem in\n%s", yaml)
	}
	return err.Error()
}

// The program's own flake is pinned to what the program was built from, where it knows that; what flake.lock has
// stays. Otherwise the profile has to say it.
func TestInstallTool(t *testing.T) {
	const text = "version: 1\nhost: {name: atlas, stateVersion: \"26.05\", deployment: {installTool: true}}\n"
	fsys := fstest.MapFS{"profile.yaml": {Data: []byte(text)}}
	p, err := load(t, fsys)
	if err != nil {
		t.Fatal(err)
	}
	in := generator.Input{Profile: p, Schema: schemaRoot(t), Files: profile.FS{Files: fsys}, Pins: goldenPins(t)}
	lock := func(rev string, have []byte) []byte {
		t.Helper()
		in := in
		in.Tool = &flake.Locked{
			Rev: rev, NarHash: "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", LastModified: 1784011430,
		}
		tree, err := generator.Generate(in)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(tree.Files, func(f generator.File) bool { return f.Path == "flake.lock" })
		if have == nil {
			return tree.Files[i].Data
		}
		data, err := tree.Files[i].Adapt(have)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	first := lock(strings.Repeat("1", 40), nil)
	if !bytes.Contains(first, []byte(strings.Repeat("1", 40))) {
		t.Errorf("flake.lock does not have the program's own revision:\n%s", first)
	}
	if diff := cmp.Diff(string(first), string(lock(strings.Repeat("2", 40), first))); diff != "" {
		t.Errorf("a newer program changes what is locked: -first +second\n%s", diff)
	}

	var problems profile.Problems
	if _, err = generator.Generate(in); !errors.As(err, &problems) || len(problems) != 1 {
		t.Fatalf("without a known source: %v", err)
	}
	if got := problems[0]; got.Pos.Line != 2 || !strings.Contains(got.Hint, "nix flake metadata") {
		t.Errorf("without a known source: %+v", got)
	}
}

// On disks that disko lays out GRUB needs no names of its own.
func TestGrubOnNewDisks(t *testing.T) {
	const text = `version: 1
host:
  name: atlas
  system: x86_64-linux
  stateVersion: "26.05"
  hardware: {loader: {kind: grub}}
  disks: {layout: ext4, devices: [/dev/disk/by-id/virtio-root]}
`
	tree := generate(t, fstest.MapFS{"profile.yaml": {Data: []byte(text)}})
	for _, n := range tree.Notices {
		if strings.Contains(n.Text, "GRUB") {
			t.Errorf("noted: %+v", n)
		}
	}
	if h := tree.Hosts[0]; len(h.Decision.Blockers) > 0 {
		t.Errorf("it would not be installed: %q", h.Decision.Blockers)
	}
}

// What would erase the wrong disk, or what an engine does not take, is refused
// with the place in the profile.
func TestFleetProblems(t *testing.T) {
	disks := func(text string) string {
		return "version: 1\nhost:\n  name: a\n  stateVersion: \"26.05\"\n  disks: " + text + "\n"
	}
	pin := "{rev: 0123456789abcdef0123456789abcdef01234567, narHash: sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=, lastModified: 1}"
	for _, tt := range []struct{ name, yaml, want string }{
		{"not by id", disks("{layout: ext4, devices: [/dev/sda]}"), "profile.yaml:5:"},
		{"to be filled in", disks("{layout: ext4, devices: [/dev/disk/by-id/CHANGE-ME]}"), "profile.yaml:5:35: disks.devices has to be filled in"},
		{"to be filled in, otherwise", disks("{layout: ext4, devices: [/dev/disk/by-id/change_me-2]}"), "has to be filled in"},
		{"a partition", disks("{layout: ext4, devices: [/dev/disk/by-id/ata-x-part2]}"), "names a partition"},
		{"twice", disks("{layout: zfs, devices: [/dev/disk/by-id/a, /dev/disk/by-id/a]}"), "names a disk twice"},
		{"too many", disks("{layout: ext4, devices: [/dev/disk/by-id/a, /dev/disk/by-id/b]}"), "ext4 takes one disk"},
		{"kept hardware", disks("{layout: ext4, devices: [/dev/disk/by-id/a]}") + "  hardware: {mode: keep}\n", "cannot be used together"},
		{"reserved by colmena", "version: 1\nfleet: {engine: colmena}\nhosts: {meta: {stateVersion: \"26.05\"}}\n", "colmena keeps that name"},
		{"no letter", "version: 1\nfleet: {engine: deploy-rs}\nhosts: {\"9\": {stateVersion: \"26.05\"}}\n", "wants a letter"},
		{"empty wave", "version: 1\nfleet: {waves: [\"@none\"]}\nhosts: {a: {stateVersion: \"26.05\"}}\n", "profile.yaml:2:17: the wave \"@none\" has no host"},
		{"unknown input", "version: 1\npins: {nixpgks: " + pin + "}\nhosts: {a: {stateVersion: \"26.05\"}}\n", "did you mean \"nixpkgs\"?"},
		{"foreign reference", "version: 1\npins: {nixpkgs: {url: \"nixpkgs\", " + pin[1:] + "}\nhosts: {a: {stateVersion: \"26.05\"}}\n", "pins.nixpkgs cannot be used"},
		{"one name, two pins", `version: 1
groups: {b-c: {release: "25.11"}, c: {pins: {nixpkgs: ` + pin + `}}, b: {release: "25.11"}}
hosts: {x: {stateVersion: "26.05", groups: [b-c]}, y: {stateVersion: "26.05", groups: [b, c]}}
`, "two sets of inputs would be called b-c"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := problems(t, tt.yaml); !strings.Contains(got, tt.want) {
				t.Errorf("said %s\nwant %s", got, tt.want)
			}
		})
	}
}
