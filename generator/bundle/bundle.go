// Package bundle knows the named package bundles of the catalogue: what
// "bundle:ai-data" in a profile's packages stands for.
package bundle

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/quick-deploy/quick-deploy/generator/profile"
)

//go:embed bundles.json
var data []byte

// Bundle is a group of packages that are chosen together.
type Bundle struct {
	Name    string `json:"name"`
	Summary string `json:"summary"`
	// Packages are attribute paths of nixpkgs, valid in every supported release.
	Packages []string `json:"packages"`
	// Unfree are those of Packages whose licence must be allowed, by the name
	// that lib.getName gives them.
	Unfree []string `json:"unfree,omitempty"`
}

// All are the bundles in the order of their names. They must not be changed.
func All() ([]Bundle, error) { return all() }

var all = sync.OnceValues(func() ([]Bundle, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var bundles []Bundle
	if err := dec.Decode(&bundles); err != nil {
		return nil, fmt.Errorf("read the package bundles: %w", err)
	}
	return bundles, nil
})

// Find is the bundle called name. The error for an unknown one is a profile.Problem without a place, which says which
// name was probably meant.
func Find(name string) (Bundle, error) {
	bundles, err := All()
	if err != nil {
		return Bundle{}, err
	}
	if i := slices.IndexFunc(bundles, func(b Bundle) bool { return b.Name == name }); i >= 0 {
		return bundles[i], nil
	}
	names := make([]string, len(bundles))
	for i, b := range bundles {
		names[i] = b.Name
	}
	hint := "known are " + strings.Join(names, ", ")
	if near := profile.Nearest(name, names); near != "" {
		hint = profile.Meant("bundle:" + near)
	}
	return Bundle{}, profile.Problem{What: fmt.Sprintf("unknown bundle %q", name), Hint: hint}
}
