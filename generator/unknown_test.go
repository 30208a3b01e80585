package generator_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Every name in the profiles of README and docs is known. Those of the golden cases and the presets are looked at where
// they are generated.
func TestDocsNameKnownThings(t *testing.T) {
	count := 0
	for _, doc := range nixtest.Documents(t, "..") {
		for _, p := range doc.Profiles() {
			t.Run(p.Name, func(t *testing.T) {
				p.Files["profile.yaml"] = p.Files["quick-deploy.yaml"]
				generate(t, p.Files)
			})
			count++
		}
	}
	if count < 10 {
		t.Errorf("the documentation has %d profiles", count)
	}
}

// Every option that a golden case sets, by the schema or by its path, is one that the lists have, and takes what it is
// given: a list that lacks some would warn of what is right.
func TestListsHaveWhatCasesSet(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join(goldenDir, "*", "profile.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	foreign := regexp.MustCompile(`^(disko|home-manager|programs\.quick-deploy|services\.flatpak-apps|sops|programs\.ssh\.settings)\.`)
	options, packages := 0, 0
	for _, file := range cases {
		fsys := os.DirFS(filepath.Dir(file))
		p, err := load(t, fsys)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := generator.Generate(generator.Input{
			Profile: p, Schema: schemaRoot(t), Facts: facts(t, fsys, p), Files: profile.FS{Files: fsys}, Pins: goldenPins(t),
			Explain: true, NoFiles: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range tree.Hosts {
			x := index.Open(h.Release)
			for _, a := range h.Options {
				list := x.List(index.Option)
				if a.User != "" {
					list = x.List(index.HomeOption)
				}
				options++
				if f := list.Check(a.Path, a.Value); f != nil && !foreign.MatchString(strings.Join(a.Path, ".")+".") {
					t.Errorf("%s: %s: %s; %s", file, h.Release, f.What, f.Why)
				}
				if refs, ok := a.Value.(nix.List); ok {
					for _, e := range refs {
						item, _ := e.(nix.Item)
						ref, ok := item.Value.(nix.Ref)
						if !ok || len(ref) < 2 || ref[0] != "pkgs" {
							continue
						}
						packages++
						if f := x.List(index.Package).CheckPackage(strings.Join(ref[1:], ".")); f != nil {
							t.Errorf("%s: %s", file, f.What)
						}
					}
				}
			}
		}
	}
	t.Logf("%d options and %d packages of %d cases", options, packages, len(cases))
	if options < 1000 || packages < 100 {
		t.Errorf("%d options and %d packages", options, packages)
	}
}
