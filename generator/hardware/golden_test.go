package hardware

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sebdah/goldie/v2"
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

func TestMachines(t *testing.T) {
	for _, name := range machineNames(t) {
		t.Run(name, func(t *testing.T) {
			d, err := Decide(machine(t, name), Overrides{Release: "26.05"})
			if err != nil {
				t.Fatal(err)
			}
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
