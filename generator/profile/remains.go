package profile

import "strconv"

// What a profile at fault still says: all of it but what is wrong, so that the rest can be judged in the same run.
// Where something was left out a gap remains, and nothing that only depends on it is judged.

// Known reports whether it is known what stands at keys below n, or that nothing does: it is not where something wrong
// was left out there. In a profile without faults everything is known.
func (n *Node) Known(keys ...string) bool {
	for _, key := range keys {
		if n == nil {
			return true
		}
		if n.gaps[key] {
			return false
		}
		f := n.field(key)
		if f == nil {
			return !n.gaps[anyKey]
		}
		n = f.Value
	}
	return n == nil || !n.gaps[anyKey]
}

// Whole reports whether nothing wrong was left out directly in n.
func (n *Node) Whole() bool { return n == nil || len(n.gaps) == 0 }

// Complete reports whether nothing wrong was left out anywhere below n.
func (n *Node) Complete() bool {
	if n == nil {
		return true
	}
	for _, sub := range n.All() {
		if !sub.Complete() {
			return false
		}
	}
	return len(n.gaps) == 0
}

// anyKey is the gap of a list with an entry too few, and of a map that may lack anything.
const anyKey = ""

// cuts say what is wrong below a node: what is left out of it, and what stays unknown.
type cuts struct {
	out   bool // the node itself
	gaps  []string
	below map[string]*cuts
}

// at are the cuts of what stands at path.
func (c *cuts) at(path ...string) *cuts {
	for _, key := range path {
		if c.below[key] == nil {
			if c.below == nil {
				c.below = map[string]*cuts{}
			}
			c.below[key] = &cuts{}
		}
		c = c.below[key]
	}
	return c
}

// cutsOf are the cuts that the findings lead to.
func cutsOf(findings []finding) *cuts {
	c := &cuts{}
	for _, f := range findings {
		switch above := f.path[:max(len(f.path)-1, 0)]; {
		case len(f.missing) > 0:
			at := c.at(f.path...)
			at.gaps = append(at.gaps, f.missing...)
		case len(f.either) > 0:
			at := c.at(f.path...)
			for _, key := range f.either {
				at.at(key).out = true
			}
		case f.Code == CodeUnknown:
			c.at(f.path...).out = true
			at := c.at(above...)
			at.gaps = append(at.gaps, f.meant)
		case f.ofKey:
			c.at(f.path...).out = true
			at := c.at(above...)
			at.gaps = append(at.gaps, anyKey)
		case f.loose:
			at := c.at(f.path...)
			at.gaps = append(at.gaps, anyKey)
		default:
			c.at(f.path...).out = true
		}
	}
	return c
}

// remains is what of n is left without the cuts, and without what could not be read at all; c may be nil. With unsure,
// nothing that n does not name is known. It copies only what it changes.
func (n *Node) remains(c *cuts, unsure bool) *Node {
	if n.Kind != Map && n.Kind != List || c == nil && !unsure && !n.hasBad() {
		return n
	}
	if c == nil {
		c = &cuts{}
	}
	out := *n
	out.shared, out.index, out.gaps = false, nil, map[string]bool{}
	gap := func(key string) { out.gaps[key] = true }
	for _, key := range c.gaps {
		gap(key)
	}
	if unsure {
		gap(anyKey)
	}
	out.Items, out.Fields = nil, nil
	for i, item := range n.Items {
		below := c.below[strconv.Itoa(i)]
		if item.unread() || below != nil && below.out {
			gap(anyKey)
			continue
		}
		out.Items = append(out.Items, item.remains(below, unsure))
	}
	for _, f := range n.Fields {
		below := c.below[f.Key]
		if f.Value.unread() || below != nil && below.out {
			gap(f.Key)
			continue
		}
		f.Value = f.Value.remains(below, unsure)
		out.Fields = append(out.Fields, f)
	}
	return out.seal()
}

// unread reports whether n is a value that could not be read.
func (n *Node) unread() bool { return n.bad && n.Kind == Null }

func (n *Node) hasBad() bool {
	for _, sub := range n.All() {
		if sub.unread() || sub.hasBad() {
			return true
		}
	}
	return false
}

// Join is the problems of several errors as one error; nil where there are none. An error that is no problem of the
// profile comes before them.
func Join(errs ...error) error {
	var all Problems
	for _, err := range errs {
		switch e := err.(type) {
		case nil:
		case Problems:
			all = append(all, e...)
		default:
			return err
		}
	}
	return all.err()
}

// Problem is one of the value n, which path names.
func (n *Node) Problem(path, what, why, hint string) Problem {
	if n == nil {
		return Problem{Path: path, What: what, Why: why, Hint: hint}
	}
	return n.problem(path, "", what, why, hint)
}

// Name is the key of f as a node, for problems of it.
func (f Field) Name() *Node {
	return &Node{Kind: String, Scalar: f.Key, Pos: f.KeyPos, width: len([]rune(f.Key))}
}
