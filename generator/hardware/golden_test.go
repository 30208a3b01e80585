package hardware

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sebdah/goldie/v2"

	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// machine reads the report of a machine. They are the golden reports of package
// probe, which builds the machines.
func machine(t testing.TB, name string) Facts {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "machines", name+".facts.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	facts, err := Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

func machineNames(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/machines/*.facts.json")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d machines, %v", len(files), err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".facts.json")
	}
	return files
}

// checkReasons wants a reason for each option that was decided on, and words in each reason.
func checkReasons(t *testing.T, d Decision) {
	t.Helper()
	for _, r := range d.Reasons {
		if strings.TrimSpace(r.Why) == "" {
			t.Errorf("%s = %s has no reason", r.Option, r.Value)
		}
	}
	for _, s := range d.settings {
		option := nix.FormatAttrPath(s.path)
		if list, ok := s.value.(nix.List); ok && len(list) == 0 && option != "swapDevices" {
			continue // nothing was decided
		}
		if !slices.ContainsFunc(d.Reasons, func(r Reason) bool { return r.Option == option }) {
			t.Errorf("%s = %s has no reason", option, display(s.value))
		}
	}
}

func TestMachines(t *testing.T) {
	for _, name := range machineNames(t) {
		t.Run(name, func(t *testing.T) {
			d, err := Decide(machine(t, name), Overrides{Release: "26.05"})
			if err != nil {
				t.Fatal(err)
			}
			checkReasons(t, d)
			file, err := d.Module()
			if err != nil {
				t.Fatal(err)
			}
			printed, err := file.Print()
			if err != nil {
				t.Fatal(err)
			}
			golden := func(suffix string, data []byte) {
				goldie.New(t, goldie.WithFixtureDir("testdata/machines"), goldie.WithNameSuffix(suffix),
					goldie.WithDiffEngine(goldie.ClassicDiff)).
					Assert(t, name, data)
			}
			golden(".nix", printed.Source)
			report, err := json.MarshalIndent(d, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(".decision.json", append(report, '\n'))
		})
	}
}
