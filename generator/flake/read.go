package flake

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Locked is what a lock file pins an input to.
type Locked struct {
	Ref string `json:"ref,omitempty"` // branch or tag that flake.nix names, if any
	// Rev is 40 hexadecimal digits, empty for sources without revisions, such as tarballs.
	Rev          string `json:"rev,omitempty"`
	NarHash      string `json:"narHash"`                // sha256-…, of the NAR of the tree: what nix hash path prints
	LastModified int64  `json:"lastModified,omitempty"` // seconds since 1970, 0 if the lock file does not say
}

// maxInputs bounds the work on a lock file whose nodes share one another: each
// way to a node is an input, and their number can double with every node.
const maxInputs = 10_000

// ReadLock says what a lock file pins, by the path from the root: nixpkgs, or
// deploy-rs/utils. Inputs that follow another are not in it.
func ReadLock(data []byte) (map[string]Locked, error) {
	root, err := decode(data)
	if err != nil {
		return nil, err
	}
	out := map[string]Locked{}
	var visit func(n *node, prefix string)
	visit = func(n *node, prefix string) {
		for name, e := range n.inputs {
			if e.node == nil || len(out) > maxInputs {
				continue
			}
			in := Locked{
				Ref: text(e.node.original, "ref"), Rev: text(e.node.locked, "rev"), NarHash: text(e.node.locked, "narHash"),
			}
			if n, ok := e.node.locked["lastModified"].(json.Number); ok {
				in.LastModified, _ = n.Int64()
			}
			out[prefix+name] = in
			visit(e.node, prefix+name+"/")
		}
	}
	visit(root, "")
	if len(out) > maxInputs {
		return nil, fmt.Errorf("read flake.lock: more than %d inputs", maxInputs)
	}
	return out, nil
}

// Direct are the names of the inputs that flake.nix itself has, sorted.
func Direct(locked map[string]Locked) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(locked)), func(at string) bool { return strings.Contains(at, "/") })
}
