package inputs

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/generator/flake"
)

func lock(t *testing.T, names ...string) []byte {
	t.Helper()
	pins, err := flake.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := pins.Inputs("26.05", names...)
	if err != nil {
		t.Fatal(err)
	}
	data, err := flake.Lock(inputs)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestChanges(t *testing.T) {
	before := lock(t, "nixpkgs", "home-manager")
	locked, err := flake.ReadLock(before)
	if err != nil {
		t.Fatal(err)
	}
	rev := locked["nixpkgs"].Rev
	after := bytes.ReplaceAll(lock(t, "nixpkgs", "disko"), []byte(rev), []byte(strings.Repeat("f", 40)))
	got, err := Changes(before, after, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range got {
		switch {
		case c.Old == nil:
			lines = append(lines, "new "+c.Input)
		case c.New == nil:
			lines = append(lines, "gone "+c.Input)
		default:
			lines = append(lines, c.Input+" "+c.Old.Rev[:7]+" "+c.New.Rev[:7])
		}
	}
	want := []string{"new disko", "gone home-manager", "nixpkgs " + rev[:7] + " fffffff"}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got, err := Changes(before, before, time.Now()); err != nil || len(got) != 0 {
		t.Errorf("the same lock: %v, %v", got, err)
	}
}
