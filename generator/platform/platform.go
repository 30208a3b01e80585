// Package platform knows which packages and options of NixOS exist for one platform only,
// of those that people name.
//
// A name is in the table because nixpkgs at 4aa6836a648c (July 2026) has it for that
// platform alone: by its meta.platforms, by what it is built from, or by an assertion of its
// module. check.nix asks another nixpkgs.
package platform

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed only.txt
var table string

// only is the platform of each name, options with their prefix.
var only = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(table) {
		if fields := strings.Fields(line); len(fields) > 1 {
			for _, name := range fields[1:] {
				out[name] = fields[0]
			}
		}
	}
	return out
})

// Package is the only platform that a package exists for; "" for several, and for those
// that are not known.
func Package(name string) string { return only()[name] }

// Option is the only platform that an option can be on for.
func Option(path string) string { return only()["option:"+path] }
