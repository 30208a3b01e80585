package profile

// shape is what merging has to know of the schema.
type shape struct {
	// toggle marks a value that is on when it is named: null, true and {} are alike.
	toggle bool
	// open marks a map whose values the schema does not describe: null is data there.
	open bool
	// object marks a value that is a map: as the entry of a map of named
	// things, a user say, it is there when it is named.
	object bool
	props  map[string]*shape
	rest   *shape // of keys that are not in props
}

func (s *shape) child(key string) *shape {
	if s == nil {
		return nil
	}
	if c, ok := s.props[key]; ok {
		return c
	}
	if s.open {
		return s
	}
	return s.rest
}

// named reports whether key is the name of a thing, and not a key of the schema.
func (s *shape) named(key string) bool {
	if s == nil || s.rest == nil || !s.rest.object {
		return false
	}
	_, known := s.props[key]
	return !known
}

// plainShape is the shape of a profile without a schema: services toggle, and
// the maps of options are open.
func plainShape() *shape {
	open := &shape{open: true}
	host := &shape{props: map[string]*shape{
		"services": {rest: &shape{toggle: true}},
		"nixos":    open,
		"home":     open,
		"users": {rest: &shape{object: true, props: map[string]*shape{
			"home": {props: map[string]*shape{"options": open}},
		}}},
	}}
	return &shape{props: map[string]*shape{
		"defaults": host,
		"host":     host,
		"hosts":    {rest: host},
		"groups":   {rest: host},
	}}
}
