package profile

import (
	"slices"

	"github.com/quick-deploy/quick-deploy/schema"
)

// What merging has to know of the schema s of a value, which may be nil.

// child is the schema of what stands under key. In an open map that is the map's own.
func child(s *schema.Node, key string) *schema.Node {
	switch {
	case s == nil:
		return nil
	case s.Properties[key] != nil:
		return s.Property(key)
	case open(s):
		return s
	}
	return s.Additional
}

// allows reports whether the value may be of each of the types.
func allows(s *schema.Node, types ...string) bool {
	return s != nil && !slices.ContainsFunc(types, func(t string) bool { return !slices.Contains(s.Types, t) })
}

// open reports whether the value is a map whose values the schema does not describe: null is data there.
func open(s *schema.Node) bool {
	return allows(s, "object") && len(s.Properties) == 0 && s.Additional == nil
}

// toggles reports whether the value is on when it is named: null, true and {} are alike.
func toggles(s *schema.Node) bool { return allows(s, "object", "boolean", "null") }

// names reports whether key is the name of a thing, a user say, which is there when it is named, and not a key of the
// schema.
func names(s *schema.Node, key string) bool {
	return s != nil && s.Properties[key] == nil && allows(s.Additional, "object")
}
