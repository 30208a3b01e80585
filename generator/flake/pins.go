package flake

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// flakes has one for each release of NixOS. Nix itself locks them, and brings them up to date: what an input
// brings along, and which of that is redirected, stands in the lock file, too.
//
//go:embed pins/*/flake.lock
var flakes embed.FS

// Pins are the inputs that a flake may have, by release of NixOS and name.
type Pins map[string]map[string]Input

// Builtin reads the pins that are built into the program.
func Builtin() (Pins, error) {
	files, err := fs.Sub(flakes, "pins")
	if err != nil {
		return nil, err
	}
	return ReadPins(files)
}

// ReadPins takes the inputs of each release from its lock file, RELEASE/flake.lock.
func ReadPins(files fs.FS) (Pins, error) {
	names, err := fs.Glob(files, "*/flake.lock")
	if err != nil {
		return nil, err
	}
	pins := Pins{}
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		root, err := decode(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		inputs := map[string]Input{}
		for input, e := range root.inputs {
			url, err := forgeRef(e.node)
			if err != nil {
				return nil, fmt.Errorf("%s: input %s: %w", name, input, err)
			}
			inputs[input] = Input{Name: input, URL: url, node: e.node}
		}
		if inputs[Tool], err = tool(); err != nil {
			return nil, err
		}
		pins[path.Dir(name)] = inputs
	}
	return pins, nil
}

// Tool is the input that is the program's own flake.
const Tool = "quick-deploy"

// tool is that input. No program can be built with the hash of its own source, so it has no pin until [Input.Repin]
// gives it one.
func tool() (Input, error) {
	const url = "github:quick-deploy/quick-deploy"
	ref, err := parseRef(url)
	if err != nil {
		return Input{}, err
	}
	return Input{Name: Tool, URL: url, node: &node{original: ref, inputs: map[string]edge{
		"nixpkgs":      {follows: []string{"nixpkgs"}},
		"home-manager": {}, // for its checks only
	}}}, nil
}

// Releases are the NixOS releases that have pins, oldest first, unstable last.
func (p Pins) Releases() []string { return slices.Sorted(maps.Keys(p)) }

// Names are the inputs that have pins for release, sorted.
func (p Pins) Names(release string) []string { return slices.Sorted(maps.Keys(p[release])) }

// OfRelease reports whether the input called name differs by release, as nixpkgs and home-manager do: the others
// (disko, sops-nix, …) are of one branch in all of them.
func (p Pins) OfRelease(name string) bool {
	urls := map[string]bool{}
	for _, inputs := range p {
		urls[inputs[name].URL] = true
	}
	return len(urls) > 1
}

// Inputs are the named inputs for a release, in the given order.
func (p Pins) Inputs(release string, names ...string) ([]Input, error) {
	inputs, ok := p[release]
	if !ok {
		return nil, fmt.Errorf("release %q has no pins; known: %s", release, strings.Join(p.Releases(), ", "))
	}
	out := make([]Input, len(names))
	for i, name := range names {
		if out[i], ok = inputs[name]; !ok {
			return nil, fmt.Errorf("input %q has no pin; known: %s", name, strings.Join(p.Names(release), ", "))
		}
	}
	return out, nil
}
