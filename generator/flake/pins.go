package flake

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// pinsJSON holds the revisions that this version of the tool writes. The
// redirections name inputs that the upstream flake.nix has at that revision,
// the nested inputs are what its flake.lock pins.
//
//go:embed pins.json
var pinsJSON []byte

// pinned is one entry of pins.json.
type pinned struct {
	URL          string            `json:"url"`
	Source       bool              `json:"source"`
	Rev          string            `json:"rev"`
	NarHash      string            `json:"narHash"`
	LastModified int64             `json:"lastModified"`
	Follows      map[string]string `json:"follows"`
	Inputs       map[string]pinned `json:"inputs"`
}

// Pins are the inputs that the tool knows, with their pins.
type Pins struct {
	releases map[string]map[string]pinned
	optional map[string]pinned
}

// Builtin reads the pins that are built into the program.
func Builtin() (Pins, error) {
	var file struct {
		Releases map[string]map[string]pinned `json:"releases"`
		Optional map[string]pinned            `json:"optional"`
	}
	dec := json.NewDecoder(bytes.NewReader(pinsJSON))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		return Pins{}, fmt.Errorf("read the built-in pins: %w", err)
	}
	return Pins{releases: file.Releases, optional: file.Optional}, nil
}

// Releases are the NixOS releases that have pins, oldest first, unstable last.
func (p Pins) Releases() []string { return slices.Sorted(maps.Keys(p.releases)) }

// Names are the inputs that have pins for release, sorted.
func (p Pins) Names(release string) []string {
	names := slices.Concat(slices.Collect(maps.Keys(p.releases[release])), slices.Collect(maps.Keys(p.optional)))
	slices.Sort(names)
	return names
}

// OfRelease reports whether the input called name differs by release.
func (p Pins) OfRelease(name string) bool {
	for _, inputs := range p.releases {
		if _, ok := inputs[name]; ok {
			return true
		}
	}
	return false
}

// Input is the input called name for a release: nixpkgs and home-manager
// differ by release, the others (disko, sops-nix, …) serve every one.
func (p Pins) Input(release, name string) (Input, error) {
	perRelease, ok := p.releases[release]
	if !ok {
		return Input{}, fmt.Errorf("release %q has no pins; known: %s", release, strings.Join(p.Releases(), ", "))
	}
	entry, ok := perRelease[name]
	if !ok {
		entry, ok = p.optional[name]
	}
	if !ok {
		return Input{}, fmt.Errorf("input %q has no pin; known: %s", name, strings.Join(p.Names(release), ", "))
	}
	in, err := entry.input(name)
	if err != nil {
		return Input{}, fmt.Errorf("built-in pin: %w", err)
	}
	return in, nil
}

// Inputs are the named inputs for a release, in the given order.
func (p Pins) Inputs(release string, names ...string) ([]Input, error) {
	out := make([]Input, 0, len(names))
	for _, name := range names {
		in, err := p.Input(release, name)
		if err != nil {
			return nil, err
		}
		out = append(out, in)
	}
	return out, nil
}

func (e pinned) input(name string) (Input, error) {
	in, err := Input{Name: name, URL: e.URL, Source: e.Source, Follows: e.Follows}.
		Repin(Pin{Rev: e.Rev, NarHash: e.NarHash, LastModified: e.LastModified})
	if err != nil {
		return Input{}, err
	}
	in.Fixed = false
	for _, child := range slices.Sorted(maps.Keys(e.Inputs)) {
		c, err := e.Inputs[child].input(child)
		if err != nil {
			return Input{}, err
		}
		in.Inputs = append(in.Inputs, c)
	}
	return in, nil
}
