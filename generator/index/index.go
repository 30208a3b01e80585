// Package index knows the names of the packages and options of a release: of nixpkgs, NixOS and home-manager. What ships
// with the program is made by mkindex; the names of packages that Nix evaluated for a pin take the place of those.
package index

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// Kind is what a list names.
type Kind int

// The kinds.
const (
	Package Kind = iota
	Option
	HomeOption
)

// files are what mkindex writes; see format.go.
//
//go:embed data
var files embed.FS

var names = [...]string{Package: "packages", Option: "options", HomeOption: "home-options"}

// String is the name of the list's file.
func (k Kind) String() string { return names[k] }

// Entry is a package or an option.
type Entry struct {
	// Name of an option has <name> or * where any attribute may stand.
	Name string
	// Type is as the manual of NixOS words it; it ends with … where it is cut. Default is Nix; "" where there is none, or
	// it is long. Packages have neither.
	Type, Default string
}

// Source is what a list was made from.
type Source struct {
	// Of is the source in words.
	Of string `json:"of"`
	// NarHash is that of the nixpkgs, or home-manager, that Nix made the list from; "" where it was made otherwise.
	NarHash string `json:"narHash,omitempty"`
}

// Index is the lists of one release. It is for concurrent use.
type Index struct {
	release string // that has lists
	bit     int
	sources map[string]Source // by kind
	lists   [len(names)]func() *List
}

// release is one of data/releases.json.
type release struct {
	Name    string            `json:"name"`
	Sources map[string]Source `json:"sources"`
}

var releases = sync.OnceValue(func() (all []release) {
	if err := json.Unmarshal([]byte(file("releases.json")), &all); err != nil {
		panic(fmt.Sprintf("releases.json: %v", err)) // it is built in
	}
	return all
})

func file(name string) string {
	data, err := files.ReadFile("data/" + name)
	if err != nil {
		panic(err) // it is built in
	}
	return string(data)
}

// Open is what ships with the program for a release, such as 26.05 or unstable: its own lists, else those of the newest
// one that has some.
func Open(name string) *Index {
	all := releases()
	bit := slices.IndexFunc(all, func(r release) bool { return r.Name == name })
	if bit < 0 {
		bit = len(all) - 1
	}
	x := &Index{release: all[bit].Name, bit: bit, sources: all[bit].Sources}
	for kind := range x.lists {
		x.lists[kind] = sync.OnceValue(func() *List { return shipped(Kind(kind), bit) })
	}
	return x
}

// Release is the release that the lists are of.
func (x *Index) Release() string { return x.release }

// Source is what the list of a kind was made from.
func (x *Index) Source(kind Kind) Source { return x.sources[kind.String()] }

// List is decoded when it is first asked for.
func (x *Index) List(kind Kind) *List { return x.lists[kind]() }

// Exact tells whether all lists were made by Nix for the very pins that are in use. See List.Exact.
func (x *Index) Exact() bool {
	for kind := range x.lists {
		if !x.List(Kind(kind)).Exact() {
			return false
		}
	}
	return true
}
