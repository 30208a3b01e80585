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
//go:generate go run ./mkpins -file pins.json
//go:embed pins.json
var pinsJSON []byte

// PinFile is pins.json.
type PinFile struct {
	Releases map[string]map[string]PinEntry `json:"releases"` // by release and input
	Optional map[string]PinEntry            `json:"optional"` // by input: the same for every release
}

// PinEntry is one input of a PinFile, as [Input] says it.
type PinEntry struct {
	URL          string              `json:"url"`
	Source       bool                `json:"source,omitempty"`
	Rev          string              `json:"rev"`
	NarHash      string              `json:"narHash"`
	LastModified int64               `json:"lastModified"`
	Follows      map[string]string   `json:"follows,omitempty"`
	Inputs       map[string]PinEntry `json:"inputs,omitempty"`
}

// ReadPinFile decodes a PinFile, which has no fields but these.
func ReadPinFile(data []byte) (PinFile, error) {
	var file PinFile
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		return PinFile{}, fmt.Errorf("read the pins: %w", err)
	}
	return file, nil
}

// Pins are the inputs that the tool knows, with their pins.
type Pins struct {
	releases map[string]map[string]PinEntry
	optional map[string]PinEntry
}

// Pins are the inputs of the file.
func (f PinFile) Pins() Pins { return Pins{releases: f.Releases, optional: f.Optional} }

// Builtin reads the pins that are built into the program.
func Builtin() (Pins, error) {
	file, err := ReadPinFile(pinsJSON)
	if err != nil {
		return Pins{}, fmt.Errorf("built in: %w", err)
	}
	return file.Pins(), nil
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

func (e PinEntry) input(name string) (Input, error) {
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
