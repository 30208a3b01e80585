package flake

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// Input is one input of a flake, with what it is pinned to and what it brings along.
type Input struct {
	// Name is the attribute under inputs: nixpkgs.
	Name string
	// URL is the flake reference as flake.nix states it: github:NixOS/nixpkgs/nixos-26.05.
	URL string
	// Fixed says that the profile chose the pin, so that a lock file which
	// holds another revision does not stand. See Relock.
	Fixed bool

	node *node
}

// NarHash is that of the tree that the input is pinned to, sha256-…; "" where it has none.
func (in Input) NarHash() string {
	if in.node == nil {
		return ""
	}
	return text(in.node.locked, "narHash")
}

// flake names are restricted by Nix (flakeIdRegex in src/libflake/flakeref.cc).
var nameRE = lazyregexp.New(`^[a-zA-Z][a-zA-Z0-9_-]*$`)

// Repin returns in at its URL pinned to the revision, the hash and the time of pin, as the profile's choice; the
// schema has checked their form. The reference stays as it is, unless it names a revision itself.
func (in Input) Repin(pin Locked) (Input, error) {
	ref, err := parseRef(in.URL)
	if err != nil {
		return Input{}, fmt.Errorf("input %s: %w", in.Name, err)
	}
	if rev, ok := ref["rev"].(string); ok && rev != pin.Rev {
		return Input{}, fmt.Errorf("pin of input %s: %s names revision %s, the pin %s", in.Name, in.URL, rev, pin.Rev)
	}
	n := *in.node
	n.original, n.locked = ref, maps.Clone(ref)
	if text(ref, "type") != "git" {
		delete(n.locked, "ref")
	}
	// Nix locks no attribute that says nothing.
	maps.DeleteFunc(n.locked, func(_ string, v any) bool { return v == "" || v == false })
	n.locked["rev"], n.locked["narHash"], n.locked["lastModified"] = pin.Rev, pin.NarHash, pin.LastModified
	in.node, in.Fixed = &n, true
	return in, nil
}

// VariantName is what Variant calls an input.
func VariantName(name, suffix string) string { return name + "-" + suffix }

// Variant returns the inputs a second time for a group of hosts that has pins
// of its own: nixpkgs becomes nixpkgs-canary, and what followed one of the
// inputs follows its variant.
func Variant(inputs []Input, suffix string) []Input {
	renamed := map[string]string{}
	for _, in := range inputs {
		renamed[in.Name] = VariantName(in.Name, suffix)
	}
	out := slices.Clone(inputs)
	for i, in := range out {
		out[i].Name, out[i].node = renamed[in.Name], in.node.redirect(renamed)
	}
	return out
}

// redirect is a copy of n that follows inputs of the flake by their new names.
func (n node) redirect(renamed map[string]string) *node {
	n.inputs = maps.Clone(n.inputs)
	for name, e := range n.inputs {
		switch {
		case e.node != nil:
			e.node = e.node.redirect(renamed)
		case len(e.follows) > 0 && renamed[e.follows[0]] != "":
			e.follows = append([]string{renamed[e.follows[0]]}, e.follows[1:]...)
		}
		n.inputs[name] = e
	}
	return &n
}

// Bindings are what flake.nix says of the inputs, in the given order, below the set of all inputs.
func Bindings(inputs []Input) []nix.Binding {
	var out []nix.Binding
	for _, in := range inputs {
		out = append(out, nix.Binding{Path: []string{in.Name, "url"}, Value: nix.Str(in.URL)})
		if in.node.source {
			out = append(out, nix.Binding{Path: []string{in.Name, "flake"}, Value: nix.Bool(false)})
		}
		for _, name := range slices.Sorted(maps.Keys(in.node.inputs)) {
			if e := in.node.inputs[name]; e.node == nil {
				out = append(out, nix.Binding{
					Path: []string{in.Name, "inputs", name, "follows"}, Value: nix.Str(strings.Join(e.follows, "/")),
				})
			}
		}
	}
	return out
}
