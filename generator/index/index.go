// Package index knows the names of the packages and options of a release: of nixpkgs, NixOS and home-manager. What
// ships with the program is made by mkindex; names of packages that Nix evaluated for a pin take the place of those.
package index

import (
	_ "embed"
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

// What mkindex writes; see format.go. It is read where it lies in the program.
var (
	//go:embed data/packages.txt
	packagesText string
	//go:embed data/options.txt
	optionsText string
	//go:embed data/home-options.txt
	homeOptionsText string
	//go:embed data/types.txt
	typesText string
	//go:embed data/defaults.txt
	defaultsText string
	//go:embed data/releases.json
	releasesJSON []byte
)

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
	release string            // that has lists
	sources map[string]Source // by kind
	lists   [len(names)]*List
}

// release is one of data/releases.json.
type release struct {
	Name    string            `json:"name"`
	Sources map[string]Source `json:"sources"`
}

var releases = sync.OnceValue(func() (all []release) {
	if err := json.Unmarshal(releasesJSON, &all); err != nil {
		panic(fmt.Sprintf("releases.json: %v", err)) // it is built in
	}
	return all
})

// Open is what ships with the program for a release, such as 26.05 or unstable: its own lists, else those of the newest
// one that has some.
func Open(name string) *Index {
	all := releases()
	bit := slices.IndexFunc(all, func(r release) bool { return r.Name == name })
	if bit < 0 {
		bit = len(all) - 1
	}
	x := &Index{release: all[bit].Name, sources: all[bit].Sources}
	for kind, data := range [...]string{Package: packagesText, Option: optionsText, HomeOption: homeOptionsText} {
		x.lists[kind] = &List{data: data, bit: bit, plain: Kind(kind) == Package}
	}
	return x
}

// For is the index for pins: exact where a list was made by Nix for the nixpkgs, or the home-manager, with that NAR
// hash, as sha256-….
func (x *Index) For(nixpkgs, homeManager string) *Index {
	out := *x
	for kind, pin := range [...]string{Package: nixpkgs, Option: nixpkgs, HomeOption: homeManager} {
		if made := x.Source(Kind(kind)).NarHash; made != "" && made == pin {
			list := *x.lists[kind]
			list.exact = true
			out.lists[kind] = &list
		}
	}
	return &out
}

// WithPackages is the index with names of packages that Nix evaluated for the pin in use, as Packages writes them.
func (x *Index) WithPackages(list string) *Index {
	out := *x
	out.lists[Package] = &List{data: list, plain: true, exact: true}
	return &out
}

// Packages writes a list of names for WithPackages.
func Packages(names []string) string {
	var w Writer
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		w.Add(name, "", 0)
	}
	return w.String()
}

// Release is the release that the lists are of.
func (x *Index) Release() string { return x.release }

// Source is what the list of a kind was made from.
func (x *Index) Source(kind Kind) Source { return x.sources[kind.String()] }

// List is the list of a kind.
func (x *Index) List(kind Kind) *List { return x.lists[kind] }

// Exact tells whether all lists were made by Nix for the very pins that are in use.
func (x *Index) Exact() bool {
	return !slices.ContainsFunc(x.lists[:], func(l *List) bool { return !l.exact })
}
