package flake

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// LockedInput is an input as a lock file pins it.
type LockedInput struct {
	// Path leads to the input from the root: nixpkgs, or deploy-rs/utils.
	Path string
	// Rev is empty for sources without revisions, such as tarballs.
	Rev          string
	Ref          string // branch or tag that flake.nix names, if any
	NarHash      string
	LastModified int64 // seconds since 1970, 0 if the lock file does not say
}

// maxInputs bounds the work on a lock file whose nodes share one another: each
// way to a node is an input, and their number can double with every node.
const maxInputs = 10_000

// ReadLock lists what a lock file pins, sorted by path. Inputs that follow
// another are not listed.
func ReadLock(data []byte) ([]LockedInput, error) {
	root, err := decode(data)
	if err != nil {
		return nil, err
	}
	var out []LockedInput
	var visit func(n *node, at []string)
	visit = func(n *node, at []string) {
		if len(out) > maxInputs {
			return
		}
		for _, name := range slices.Sorted(maps.Keys(n.inputs)) {
			child := n.inputs[name].node
			if child == nil {
				continue
			}
			path := append(slices.Clone(at), name)
			in := LockedInput{
				Path: strings.Join(path, "/"), Rev: text(child.locked, "rev"),
				Ref: text(child.original, "ref"), NarHash: text(child.locked, "narHash"),
			}
			if n, ok := child.locked["lastModified"].(json.Number); ok {
				in.LastModified, _ = n.Int64()
			}
			out = append(out, in)
			visit(child, path)
		}
	}
	visit(root, nil)
	if len(out) > maxInputs {
		return nil, fmt.Errorf("read flake.lock: more than %d inputs", maxInputs)
	}
	slices.SortFunc(out, func(a, b LockedInput) int { return cmp.Compare(a.Path, b.Path) })
	return out, nil
}

// LockChange is an input that two lock files pin differently; Old is nil if it
// is new, New if it is gone.
type LockChange struct {
	Path     string
	Old, New *LockedInput
}

// CompareLocks lists the inputs that two lock files pin differently, sorted by path.
func CompareLocks(before, after []byte) ([]LockChange, error) {
	old, err := ReadLock(before)
	if err != nil {
		return nil, err
	}
	now, err := ReadLock(after)
	if err != nil {
		return nil, err
	}
	return CompareLocked(old, now), nil
}

// CompareLocked is CompareLocks for lists that ReadLock returned.
func CompareLocked(old, now []LockedInput) []LockChange {
	byPath := map[string]LockChange{}
	for i := range old {
		byPath[old[i].Path] = LockChange{Path: old[i].Path, Old: &old[i]}
	}
	for i := range now {
		c := byPath[now[i].Path]
		c.Path, c.New = now[i].Path, &now[i]
		byPath[now[i].Path] = c
	}
	var out []LockChange
	for _, path := range slices.Sorted(maps.Keys(byPath)) {
		c := byPath[path]
		if c.Old == nil || c.New == nil || *c.Old != *c.New {
			out = append(out, c)
		}
	}
	return out
}
