package index

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestWhere(t *testing.T) {
	x := Open("26.05")
	for kind := range Kind(len(names)) {
		var want []Entry
		for e := range x.List(kind).All() {
			if strings.Contains(e.Name, "nginx") {
				want = append(want, e)
			}
		}
		got := slices.Collect(x.List(kind).Where(func(name []byte) bool { return bytes.Contains(name, []byte("nginx")) }))
		if len(want) == 0 && kind != HomeOption || !slices.Equal(got, want) {
			t.Errorf("%s: %d entries, want %d", kind, len(got), len(want))
		}
	}
}
