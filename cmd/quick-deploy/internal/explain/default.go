package explain

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/modules"
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
	layer := Layer{Layer: defaultLayer, Effect: "sets", Path: key, Value: n.Default, Won: true}
	for _, r := range n.Rules {
		if r.Option != "" && r.When == nil && !strings.Contains(r.Option, "<") {
			layer.Becomes = append(layer.Becomes, r.Option)
		}
	}
	if len(steps) > 2 && steps[0] == "services" {
		layer.Place = placeIn("modules/"+steps[1]+".nix", layer.Becomes)
		layer.Won = !slices.Contains([]any{nil, false}, host.Get(steps[:2]...).Any())
	}
	return KeyLayers{layer}
}

// defaultLayer is the layer of what no layer of the profile says.
const defaultLayer = "default"

// placeIn is the file of a module of the catalogue, with the line that sets one of the options if a single one does.
func placeIn(file string, options []string) string {
	source, err := modules.Files.ReadFile(path.Base(file))
	if err != nil {
		return file
	}
	at := 0
	for i, line := range strings.Split(string(source), "\n") {
		set, _, _ := strings.Cut(strings.TrimSpace(line), " = ")
		for _, option := range options {
			if option != set && !strings.HasSuffix(option, "."+set) {
				continue
			}
			if at > 0 {
				return file
			}
			at = i + 1
		}
	}
	if at == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, at)
}

// IsKey reports whether the profile of a host has such a key.
func IsKey(root *schema.Node, key string) bool {
	first, _, _ := strings.Cut(key, ".")
	return root.Property("host").Property(first) != nil
}
