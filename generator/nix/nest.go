package nix

import (
	"fmt"
)

// A ConflictError says that an attribute is set twice, or both as a value and as a set.
type ConflictError struct {
	Path []string
	// First and Second are the origins of the two bindings, as far as known.
	First, Second string
}

func (e *ConflictError) Error() string {
	msg := FormatAttrPath(e.Path) + " is set twice"
	if e.First != "" && e.Second != "" {
		msg += fmt.Sprintf(", by %s and %s", e.First, e.Second)
	}
	return msg
}

// Nest turns bindings with full paths into a set in which no name is repeated:
// a.b.c and a.b.d become a.b = { c = …; d = …; }. What has a single entry stays
// a path. Sets as values are opened and merge with the rest; an empty one stays
// where nothing else is set below it. Entries keep the order of their first
// appearance, their comments and origins. An attribute set twice is a
// [*ConflictError].
func Nest(bs []Binding) (Attrs, error) {
	root := &node{}
	for i := range bs {
		if err := root.add(bs[i], ""); err != nil {
			return Attrs{}, err
		}
	}
	return root.attrs(), nil
}

type node struct {
	parent   *node
	name     string
	value    Expr // nil where only what is below is set
	comment  string
	blank    bool
	origin   string
	children []*node
	byName   map[string]*node // of children, where there are many
}

// many is the number of children from which on they are found by a map.
const many = 16

// child is the one called name, nil if there is none.
func (n *node) child(name string) *node {
	if n.byName != nil {
		return n.byName[name]
	}
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (n *node) adopt(c *node) {
	c.parent = n
	n.children = append(n.children, c)
	if n.byName != nil {
		n.byName[c.name] = c
	} else if len(n.children) == many {
		n.byName = make(map[string]*node, 2*many)
		for _, c := range n.children {
			n.byName[c.name] = c
		}
	}
}

// path is the way to n from the root.
func (n *node) path() []string {
	if n.parent == nil {
		return nil
	}
	return append(n.parent.path(), n.name)
}

// add puts a binding below n.
func (n *node) add(b Binding, origin string) error {
	if b.Origin == "" {
		b.Origin = origin
	}
	if len(b.Path) == 0 {
		return fmt.Errorf("nest %s: a binding without a name", FormatAttrPath(n.path()))
	}
	blank := b.Blank
	for _, name := range b.Path {
		if n.value != nil {
			return &ConflictError{n.path(), n.origin, b.Origin}
		}
		child := n.child(name)
		if child == nil {
			child = &node{name: name, blank: blank, origin: b.Origin}
			blank = false
			n.adopt(child)
		}
		n = child
	}
	n.comment = joinComments(n.comment, b.Comment)
	set, ok := view(b.Value).(Attrs)
	if !ok {
		if n.value != nil || len(n.children) > 0 {
			return &ConflictError{n.path(), n.origin, b.Origin}
		}
		n.value, n.origin = b.Value, b.Origin
		return nil
	}
	if n.value != nil {
		return &ConflictError{n.path(), n.origin, b.Origin}
	}
	for _, inner := range set.Body {
		if err := n.add(inner, b.Origin); err != nil {
			return err
		}
	}
	return nil
}

func joinComments(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "\n" + b
}

func (n *node) attrs() Attrs {
	set := Attrs{Body: make([]Binding, 0, len(n.children))}
	for _, c := range n.children {
		set.Body = append(set.Body, c.binding())
	}
	return set
}

// binding writes the node as one binding; single entries extend the path.
func (n *node) binding() Binding {
	b := Binding{Path: []string{n.name}, Comment: n.comment, Blank: n.blank, Origin: n.origin}
	for n.value == nil && len(n.children) == 1 {
		n = n.children[0]
		b.Path = append(b.Path, n.name)
		b.Comment = joinComments(b.Comment, n.comment)
		b.Origin = n.origin
	}
	b.Value = n.value
	if b.Value == nil {
		b.Value = n.attrs()
	}
	return b
}
