package nixtest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator/release"
)

// definedFile says which options NixOS defines in its own config; see README.md beside it.
const definedFile = "testdata/nixpkgs/nixos/defined.json"

// definition is an option that a file of nixpkgs defines, with its priority and value. It does so where one of the
// options in When is true and none of those in Unless, and, with a Profile, where that module is imported.
type definition struct {
	File     string   `json:"file"`
	Profile  string   `json:"profile,omitempty"`
	When     []string `json:"when,omitempty"`
	Unless   []string `json:"unless,omitempty"`
	Option   path     `json:"option"`
	Priority int      `json:"priority"`
	Value    any      `json:"value"`
}

type path []string

func (p path) String() string { return strings.Join(p, ".") }

// hasPrefix tells whether an option lies in a set of options.
func (p path) hasPrefix(set path) bool { return len(p) >= len(set) && slices.Equal(p[:len(set)], set) }

// machine is one that defined.nix evaluates.
type machine struct {
	Name     string   `json:"name"`
	Switches []string `json:"switches"`
	Profile  string   `json:"profile"` // module below nixos/modules, without .nix
}

// found is what defined.nix says of a machine: an option that is on, and the files that declare it, or a definition.
type found struct {
	definition
	On    path     `json:"on"`
	Files []string `json:"files"`
}

// The stand-in defines what NixOS defines. QUICK_DEPLOY_TEST_NIXPKGS names a nixpkgs to compare it with;
// QUICK_DEPLOY_TEST_NIXOS and QUICK_DEPLOY_TEST_LIB name folders that hold nixos and lib where those are of another revision.
func TestDefinedOptionsAreThoseOfNixOS(t *testing.T) {
	nixpkgs := os.Getenv("QUICK_DEPLOY_TEST_NIXPKGS")
	if nixpkgs == "" {
		t.Skip("QUICK_DEPLOY_TEST_NIXPKGS names no nixpkgs to compare with")
	}
	env := New(t)
	var machines []machine
	decode(t, "testdata/real/machines.json", &machines)
	evaluated := map[string][]found{}
	for _, m := range machines {
		out, err := evaluateMachine(t, env, m)
		if err != nil {
			// A nixpkgs whose parts do not go together has no desktops, for example.
			t.Logf("%s: %v", m.Name, err)
			continue
		}
		evaluated[m.Name] = out
	}
	want := definitions(t, machines, evaluated)
	if *update {
		if err := os.WriteFile(definedFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(definedFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what %s says; run go test ./generator/nixtest -run Defined -update", definedFile, nixpkgs)
	}
}

var noAttribute = regexp.MustCompile(`attribute '(.*)' missing`)

// evaluateMachine has real/defined.nix evaluate a machine. Packages that the nixpkgs is too old for are replaced.
func evaluateMachine(t *testing.T, env *Env, m machine) ([]found, error) {
	t.Helper()
	request := marshal(t, m)
	nixpkgs := os.Getenv("QUICK_DEPLOY_TEST_NIXPKGS")
	packages := []string{}
	for {
		out, err := env.TryRun(t.Context(), "nix-instantiate", "--eval", "--strict", "--json", "--read-write-mode",
			filepath.Join(env.root, "real", "defined.nix"), "--argstr", "nixpkgs", nixpkgs,
			"--argstr", "nixos", cmp.Or(os.Getenv("QUICK_DEPLOY_TEST_NIXOS"), nixpkgs),
			"--argstr", "lib", cmp.Or(os.Getenv("QUICK_DEPLOY_TEST_LIB"), nixpkgs),
			"--argstr", "machine", string(request), "--argstr", "packages", string(marshal(t, packages)))
		if err == nil {
			var all []found
			return all, json.Unmarshal(out, &all)
		}
		name := noAttribute.FindStringSubmatch(err.Error())
		if name == nil || slices.Contains(packages, name[1]) {
			return nil, err
		}
		packages = append(packages, name[1])
	}
}

// definitions are those of all machines, under the condition that tells the machines that have them from the first
// machine. The condition is an option that is on there, in a file that defines: the one whose set the
// definition lies in, else the one that stands highest.
func definitions(t *testing.T, machines []machine, evaluated map[string][]found) []byte {
	t.Helper()
	defined := map[string]*definition{}
	plainOn := map[string]bool{}
	plain := map[string]bool{}
	for i, m := range machines {
		var switches []found
		here := map[string]bool{}
		for _, f := range evaluated[m.Name] {
			if f.On != nil {
				if i == 0 {
					plainOn[f.On.String()] = true
				} else if !plainOn[f.On.String()] {
					switches = append(switches, f)
				}
			}
		}
		for _, f := range evaluated[m.Name] {
			d := f.definition
			if d.File == "" || mergeable(d) {
				continue
			}
			d.Option = renamed(d.Option)
			if i > 0 && m.Profile == "" {
				d.When = when(d, switches, m)
			}
			key := fmt.Sprint(d.File, d.Option, d.Priority)
			here[key] = true
			old := defined[key]
			switch {
			case i == 0:
				plain[key] = true
				defined[key] = &d
			case plain[key]:
			case old == nil && m.Profile != "":
				d.Profile = m.Profile
				defined[key] = &d
			case old == nil && d.When == nil:
				t.Logf("%s: %s in %s depends on something else", m.Name, d.Option, d.File)
			case old == nil:
				defined[key] = &d
			case old.When != nil && d.When != nil && !slices.Contains(old.When, d.When[0]):
				old.When = append(old.When, d.When...)
			}
		}
		for key := range plain {
			if d := defined[key]; !here[key] && m.Profile == "" && len(m.Switches) == 1 {
				d.Unless = append(d.Unless, m.Switches[0])
			}
		}
	}

	merged(defined)
	var lines [][]byte
	for _, d := range defined {
		slices.Sort(d.When)
		lines = append(lines, marshal(t, d))
	}
	slices.SortFunc(lines, bytes.Compare)
	return slices.Concat([]byte("{\"definitions\": [\n"), bytes.Join(lines, []byte(",\n")), []byte("\n]}\n"))
}

// mergeable tells whether a definition goes together with every other one. A text that is not told may be lines.
func mergeable(d definition) bool {
	kind, _ := d.Value.(map[string]any)
	switch kind["type"] {
	case "function":
		return true
	case "list":
		return d.Priority == 100 || d.Option[0] == "systemd"
	case "set", "string":
		return d.Priority == 100
	}
	return d.Value == "" && d.Priority == 100
}

// merged leaves out options that several files of NixOS define with one priority: they are of a type that merges.
func merged(defined map[string]*definition) {
	files := map[string]int{}
	key := func(d *definition) string { return fmt.Sprint(d.Option, d.Priority) }
	for _, d := range defined {
		files[key(d)]++
	}
	maps.DeleteFunc(defined, func(_ string, d *definition) bool {
		return files[key(d)] > 1 && reflect.TypeOf(d.Value) != reflect.TypeFor[bool]()
	})
}

// renamed is the option's name in the release that the stand-in has.
func renamed(p path) path { return release.Rename("26.05", false, p) }

// when is the switch that a definition in a file depends on, or nil.
func when(d definition, switches []found, m machine) []string {
	var best path
	for _, s := range switches {
		if !slices.Contains(s.Files, d.File) || slices.Equal(s.On, d.Option) {
			continue
		}
		set := s.On[:len(s.On)-1]
		switch inside := d.Option.hasPrefix(set); {
		case best == nil,
			inside && (!d.Option.hasPrefix(best[:len(best)-1]) || len(s.On) > len(best)),
			!inside && !d.Option.hasPrefix(best[:len(best)-1]) && len(s.On) < len(best):
			best = s.On
		}
	}
	if best == nil && len(m.Switches) == 1 {
		return m.Switches
	}
	if best == nil {
		return nil
	}
	return []string{renamed(best).String()}
}
