package explain

import (
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// Default is what a key of a host is that no layer of the profile mentions, by the schema; nil if it has none there.
func Default(root *schema.Node, host *profile.Node, key string) KeyLayers {
	steps := strings.Split(key, ".")
	n := root.Property("host")
	for _, step := range steps {
		if n == nil {
			return nil
		}
		if at := n.Property(step); at != nil {
			n = at
			continue
		}
		n = n.Additional
	}
	if n == nil || n.Default == nil {
		return nil
	}
	layer := Layer{Layer: "default", Effect: "sets", Place: "the default", Path: key, Value: n.Default, Won: true}
	if len(steps) > 2 && steps[0] == "services" {
		layer.Place = "modules/" + steps[1] + ".nix"
		layer.Won = !slices.Contains([]any{nil, false}, host.Get(steps[:2]...).Any())
	}
	return KeyLayers{layer}
}

// IsKey reports whether the profile of a host has such a key.
func IsKey(root *schema.Node, key string) bool {
	first, _, _ := strings.Cut(key, ".")
	return root.Property("host").Property(first) != nil
}
