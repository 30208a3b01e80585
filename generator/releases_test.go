package generator_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/flake"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/generator/release"
	"github.com/quick-deploy/quick-deploy/schema"
)

// ofRelease is a profile with one host of a release and the given services.
func ofRelease(release, services string) fstest.MapFS {
	return fstest.MapFS{"profile.yaml": {Data: []byte(`version: 1
release: ` + release + `
host: {name: atlas, system: x86_64-linux, stateVersion: "26.05", services: ` + services + `}
`)}}
}

func configurationOf(t *testing.T, tree *generator.Tree) string {
	t.Helper()
	data := tree.File("hosts/atlas/configuration.nix")
	if data == nil {
		t.Fatal("no configuration.nix")
	}
	return string(data)
}

// Each release gets the options that it has: unstable has removed some of 26.05's, and renamed others.
func TestOptionsOfReleases(t *testing.T) {
	const services = `{llama-cpp: {model: /srv/m.gguf, contextSize: 4096, flags: [--jinja, --temp, "-.5", --lora, a, --lora=b]}, ` +
		`ollama: {modelsDir: /var/lib/ollama/m}}`
	gone := []string{"extraFlags", "llama-cpp.model", "ollama.models "}
	unstable := configurationOf(t, generate(t, ofRelease("unstable", services)))
	for _, name := range gone {
		if strings.Contains(unstable, name) {
			t.Errorf("unstable has no %s any more:\n%s", name, unstable)
		}
	}
	want := `  services = {
    llama-cpp.settings = {
      ctx-size = 4096;
      jinja = true;
      lora = [
        "a"
        "b"
      ];
      model = "/srv/m.gguf";
      temp = "-.5";
    };
    ollama.modelsDir = "/var/lib/ollama/m";
  };
`
	_, got, _ := strings.Cut(unstable, "  services = {\n")
	got, _, _ = strings.Cut(got, "\n  };\n")
	if diff := cmp.Diff(want, "  services = {\n"+got+"\n  };\n"); diff != "" {
		t.Errorf("unstable: %s", diff)
	}
	stable := configurationOf(t, generate(t, ofRelease(`"26.05"`, services)))
	for _, text := range []string{`"--ctx-size"`, `"--jinja"`, `model = "/srv/m.gguf"`, `ollama.models = "/var/lib/ollama/m"`} {
		if !strings.Contains(stable, text) {
			t.Errorf("26.05 lacks %s:\n%s", text, stable)
		}
	}
}

// Settings have long names only, so a short flag is refused where it stands.
func TestShortFlagsOfUnstable(t *testing.T) {
	const services = `{llama-cpp: {model: /srv/m.gguf, flags: [-c, "4096"]}}`
	p, err := load(t, ofRelease("unstable", services))
	if err != nil {
		t.Fatal(err)
	}
	_, err = generator.Generate(generator.Input{Profile: p, Schema: schemaRoot(t), Files: profile.FS{}})
	var problems profile.Problems
	if !errors.As(err, &problems) || problems[0].Pos.Line != 3 || !strings.Contains(err.Error(), "long flag") {
		t.Errorf("got %v", err)
	}
	tree := generate(t, ofRelease(`"26.05"`, services))
	if !slices.ContainsFunc(tree.Files, func(f generator.File) bool { return strings.Contains(string(f.Data), `"-c"`) }) {
		t.Error("26.05 takes it")
	}
}

// Machines are older than the months of releases now, and than home-manager's first one.
func TestOldStateVersions(t *testing.T) {
	for version, home := range map[string]string{"20.03": "20.03", "18.09": "18.09", "17.03": "18.09", "14.12": "18.09"} {
		p, err := load(t, fstest.MapFS{"profile.yaml": {Data: []byte("version: 1\n" +
			"host: {name: atlas, system: x86_64-linux, stateVersion: \"" + version + "\", users: {ada: {admin: true, home: {}}}}\n")}})
		if err != nil {
			t.Fatal(err)
		}
		tree, err := generator.Generate(generator.Input{Profile: p, Schema: schemaRoot(t)})
		if err != nil {
			t.Fatal(err)
		}
		all := ""
		for _, f := range tree.Files {
			all += string(f.Data)
		}
		for _, want := range []string{"system.stateVersion = \"" + version, "stateVersion = \"" + home} {
			if !strings.Contains(all, want) {
				t.Errorf("%s: the flake lacks %q", version, want)
			}
		}
	}
}

// A new release is data: here scratch copies of the schema and of the pins have one that does not exist. It has what
// the newest of the table has.
func TestNewReleaseIsData(t *testing.T) {
	const next = "99.05"
	bundle, err := schema.Bundle()
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	dec := json.NewDecoder(bytes.NewReader(bundle))
	dec.UseNumber()
	if err := dec.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	listRelease(doc, next)
	newest, err := os.ReadFile("flake/pins/" + release.Default() + "/flake.lock")
	if err != nil {
		t.Fatal(err)
	}
	lock := bytes.ReplaceAll(newest, []byte(release.Default()), []byte(next))
	pins, err := flake.ReadPins(fstest.MapFS{next + "/flake.lock": {Data: lock}})
	if err != nil {
		t.Fatal(err)
	}
	root := schema.Parse(doc)
	p, err := profile.Load(profile.FS{Files: fstest.MapFS{"profile.yaml": {Data: []byte(`version: 1
release: "` + next + `"
host:
  name: atlas
  system: x86_64-linux
  stateVersion: "` + next + `"
  services: {ollama: {modelsDir: /srv/models}, llama-cpp: {model: /srv/m.gguf, flags: [--jinja]}}
`)}}}, "profile.yaml", root)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := generator.Generate(generator.Input{Profile: p, Schema: schemaRoot(t), Pins: pins})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"flake.nix": "github:NixOS/nixpkgs/nixos-" + next, "hosts/atlas/configuration.nix": "ollama.modelsDir",
	} {
		if !strings.Contains(string(tree.File(path)), want) {
			t.Errorf("%s lacks %q:\n%s", path, want, tree.File(path))
		}
	}
	if diff := cmp.Diff(release.Drivers("unstable"), release.Drivers(next)); diff != "" {
		t.Error(diff)
	}
}

// listRelease adds a release to the lists of the schema that have one.
func listRelease(v any, name string) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			listRelease(item, name)
		}
	case map[string]any:
		if list, ok := v["enum"].([]any); ok && slices.Contains(list, any("unstable")) {
			v["enum"] = append(list, name)
		}
		for _, item := range v {
			listRelease(item, name)
		}
	}
}

// The schema lists the releases that have pins, and has the default of the table.
func TestReleasesOfTheSchema(t *testing.T) {
	pins, err := flake.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	root := schemaRoot(t)
	for name, n := range map[string]*schema.Node{"release": root.Property("release"), "host.release": root.Property("host").Property("release")} {
		var listed []string
		for _, r := range n.Enum {
			listed = append(listed, r.(string))
		}
		slices.Sort(listed)
		if diff := cmp.Diff(pins.Releases(), listed); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got := root.Property("release").Default; got != release.Default() {
		t.Errorf("the schema's default is %v", got)
	}
}
