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
		if err := root.add(bs[i], nil, ""); err != nil {
			return Attrs{}, err
		}
	}
	return root.attrs(), nil
}

type node struct {
	name     string
	value    Expr // nil where only what is below is set
	comment  string
	blank    bool
	origin   string
	children []*node
	byName   map[string]*node
}

// add puts a binding below n, whose path is at.
func (n *node) add(b Binding, at []string, origin string) error {
	if b.Origin == "" {
		b.Origin = origin
	}
	if len(b.Path) == 0 {
		return fmt.Errorf("nest %s: a binding without a name", FormatAttrPath(at))
	}
	blank := b.Blank
	for _, name := range b.Path {
		at = append(at[:len(at):len(at)], name)
		if n.value != nil {
			return &ConflictError{at[:len(at)-1], n.origin, b.Origin}
		}
		child := n.byName[name]
		if child == nil {
			child = &node{name: name, blank: blank, origin: b.Origin}
			blank = false
			if n.byName == nil {
				n.byName = map[string]*node{}
			}
			n.byName[name] = child
			n.children = append(n.children, child)
		}
		n = child
	}
	n.comment = joinComments(n.comment, b.Comment)
	set, ok := view(b.Value).(Attrs)
	if !ok {
		if n.value != nil || len(n.children) > 0 {
			return &ConflictError{at, n.origin, b.Origin}
		}
		n.value, n.origin = b.Value, b.Origin
		return nil
	}
	if n.value != nil {
		return &ConflictError{at, n.origin, b.Origin}
	}
	for _, inner := range set.Body {
		if err := n.add(inner, at, b.Origin); err != nil {
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
