package flake

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// A release is a flake.nix for people and for nix flake update, and the flake.lock that Nix makes of it. What is read
// out of the lock file says the flake.nix, and is locked to the same bytes.
func TestPinsAreOfTheirFlakes(t *testing.T) {
	pins, err := Builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, release := range pins.Releases() {
		inputs, err := pins.Inputs(release, pins.Names(release)...)
		if err != nil {
			t.Fatal(err)
		}
		inputs = slices.DeleteFunc(inputs, func(in Input) bool { return in.Name == Tool }) // it has no pin
		body := []nix.Binding{}
		for _, in := range inputs {
			set, err := nix.Nest(Bindings([]Input{in}))
			if err != nil {
				t.Fatal(err)
			}
			b := set.Body[0]
			b.Path, b.Blank = append([]string{"inputs"}, b.Path...), true
			body = append(body, b)
		}
		body = append(body, nix.Binding{Path: []string{"outputs"}, Value: nix.Func{Arg: "_", Body: nix.Attrs{}}, Blank: true})
		printed, err := nix.File{
			Header: "The inputs that a flake may have with this release: Nix locks them, the program is built with flake.lock.",
			Body:   nix.Attrs{Body: body},
		}.Print()
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string][]byte{"flake.nix": printed.Source, "flake.lock": lockOf(t, inputs)} {
			got, err := os.ReadFile(filepath.Join("pins", release, name))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s/%s: -want +got:\n%s", release, name, diff)
			}
		}
	}
}

// Nix sees no reason to lock anew what is built into the program.
func TestNixTakesThePins(t *testing.T) {
	nixtest.Each(t, func(t *testing.T, env *nixtest.Env) {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS("pins")); err != nil {
			t.Fatal(err)
		}
		pins, err := Builtin()
		if err != nil {
			t.Fatal(err)
		}
		for _, release := range pins.Releases() {
			env.Run(t, "nix", "flake", "lock", "--offline", "path:"+filepath.Join(dir, release))
			got, err := os.ReadFile(filepath.Join(dir, release, "flake.lock"))
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(filepath.Join("pins", release, "flake.lock"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s: -ours +Nix's:\n%s", release, diff)
			}
		}
	})
}
