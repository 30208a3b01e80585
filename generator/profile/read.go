package profile

import (
	"encoding/json"
	"fmt"
)

// Decode reads a map that the schema has checked into a struct with fields for its keys. What is not set stays, all of
// it where n is no map: true stands for one without settings.
func (n *Node) Decode(into any) error {
	if n == nil || n.Kind != Map {
		return nil
	}
	data, err := json.Marshal(n.Any())
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", n.Path(), err)
	}
	return nil
}

// Is reports whether n is there, as a scalar of this value.
func (n *Node) Is(value any) bool { return n != nil && n.Scalar == value }
