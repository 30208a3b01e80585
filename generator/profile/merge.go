package profile

import (
	"fmt"
	"strings"

	"github.com/quick-deploy/quick-deploy/schema"
)

// merger turns what files say into patches, merges patches, and turns the
// result into the normal form. A patch is a Node in which Field.add stands
// for a "+" before the key, Null for taking back (unless fresh: then it is
// data; off: then it was a service set to false), and Node.fresh for a map that replaces.
type merger struct {
	problems Problems
}

// patch reads n, the body of a layer, as a patch. It copies only what it changes.
func (m *merger) patch(n *Node, s *schema.Node, path []string) *Node {
	if n.Kind != Map {
		return n
	}
	out := n
	change := func(i int) *Field {
		if out == n {
			c := *n
			c.Fields = append([]Field(nil), n.Fields...)
			out = &c
		}
		return &out.Fields[i]
	}
	renamed := false
	for i, f := range n.Fields {
		key := f.Key
		if strings.HasPrefix(key, "+") && len(key) > 1 {
			nf := change(i)
			key = key[1:]
			nf.Key = key
			renamed = true
			if key[0] != '+' {
				nf.add = true
				m.checkAppend(n, f, key, path)
			}
		}
		c := child(s, key)
		sub := path[:len(path):len(path)]
		v := f.Value
		switch {
		case v.unread():
		case v.Kind == Map:
			if pv := m.patch(v, c, append(sub, key)); pv != v {
				change(i).Value = pv
			}
		case v.Kind == Null && open(s):
			data := *v
			data.fresh = true
			change(i).Value = &data
		case v.Kind == Null && v.span.from == v.span.to && names(s, key),
			(v.Kind == Null || v.Scalar == true) && toggles(c):
			change(i).Value = &Node{Kind: Map, Pos: v.Pos, Pointer: v.Pointer, width: v.width}
		case v.Scalar == false && toggles(c):
			change(i).Value = &Node{Kind: Null, Pos: v.Pos, Pointer: v.Pointer, width: v.width, off: true}
		}
	}
	if renamed {
		out.Fields = unique(out.Fields)
		out.seal()
	}
	return out
}

// unique keeps the first field of each key; checkAppend has reported the others.
func unique(fields []Field) []Field {
	seen := make(map[string]bool, len(fields))
	out := fields[:0]
	for _, f := range fields {
		if !seen[f.Key] {
			out = append(out, f)
		}
		seen[f.Key] = true
	}
	return out
}

func (m *merger) checkAppend(n *Node, f Field, key string, path []string) {
	p := f.problem(dotted(append(path[:len(path):len(path)], key)), CodeMerge, "", "", "")
	switch {
	case n.field(key) != nil:
		p.What = fmt.Sprintf("%s and %s are both set", f.Key, key)
		p.Why = key + " replaces what is inherited, " + f.Key + " adds to it"
		p.Hint = "keep one of them"
	case f.Value.bad || f.Value.torn:
		return
	case f.Value.Kind != List:
		p.What = f.Key + " holds " + f.Value.brief()
		p.Why = "+ adds a list to the list that is inherited"
		p.Hint = "write " + f.Key + ": [ … ]"
		if f.Value.Kind == Map {
			p.Hint = "maps are merged without it: write " + key
		}
	default:
		return
	}
	m.problems = append(m.problems, p)
}

// merge is patch over on top of patch base. Neither is changed; the result
// shares what it can. merge(merge(a, b), c) equals merge(a, merge(b, c)).
func (m *merger) merge(base, over *Node) *Node {
	switch {
	case base == nil:
		return over
	case over == nil || len(over.Fields) == 0:
		return base
	case len(base.Fields) == 0 && !base.fresh:
		return over
	}
	out := &Node{Kind: Map, Pos: over.Pos, Pointer: over.Pointer, width: over.width, fresh: base.fresh}
	out.Fields = make([]Field, len(base.Fields), len(base.Fields)+len(over.Fields))
	copy(out.Fields, base.Fields)
	for _, f := range over.Fields {
		if i := base.find(f.Key); i >= 0 {
			out.Fields[i] = m.mergeField(base.Fields[i], f)
		} else {
			out.Fields = append(out.Fields, f)
		}
	}
	return out.seal()
}

func (m *merger) mergeField(a, b Field) Field {
	switch {
	case b.add:
		return m.appendTo(a, b)
	case b.Value.Kind != Map || b.Value.fresh:
		return b
	case a.Value.Kind == Map:
		return Field{Key: b.Key, KeyPos: b.KeyPos, Value: m.merge(a.Value, b.Value)}
	}
	// A map over something else replaces it, and whatever lies below that.
	v := *b.Value
	v.fresh = true
	return Field{Key: b.Key, KeyPos: b.KeyPos, Value: &v}
}

func (m *merger) appendTo(a, b Field) Field {
	switch a.Value.Kind {
	case Null:
		return Field{Key: b.Key, KeyPos: b.KeyPos, Value: b.Value}
	case List:
	default:
		if a.Value.torn {
			return b
		}
		m.problems = append(m.problems, b.problem(b.Key, CodeMerge, "+"+b.Key+" has no list to add to",
			fmt.Sprintf("%s is %s at %s", b.Key, a.Value.brief(), a.Value.Pos), "write "+b.Key+" to replace it"))
		return b
	}
	if b.Value.Kind != List {
		return a // reported by checkAppend
	}
	v := *b.Value
	v.Items = appendNew(a.Value.Items, b.Value.Items)
	return Field{Key: b.Key, KeyPos: b.KeyPos, Value: &v, add: a.add}
}

// appendNew is a followed by the items of b that are not there yet.
func appendNew(a, b []*Node) []*Node {
	out := a[:len(a):len(a)]
	seen := make(map[string]bool, len(a)+len(b))
	for _, n := range a {
		seen[n.fingerprint()] = true
	}
	for _, n := range b {
		if key := n.fingerprint(); !seen[key] {
			seen[key] = true
			out = append(out, n)
		}
	}
	return out
}

// fingerprint is equal for equal values.
func (n *Node) fingerprint() string {
	if n.Kind == String {
		return "s" + n.Str()
	}
	// %#v of plain values: maps print with sorted keys.
	return fmt.Sprintf("%#v", n.Any())
}

// normal is the normal form of a patch under which nothing lies. It copies
// only what it changes.
func normal(n *Node) *Node {
	if n.Kind != Map {
		return n
	}
	var out []Field // nil as long as nothing has changed
	for i, f := range n.Fields {
		keep := !f.Value.takesBack() || f.Value.bad // which remains leaves out
		v := normal(f.Value)
		if out == nil && (!keep || f.add || v != f.Value) {
			out = append(make([]Field, 0, len(n.Fields)), n.Fields[:i]...)
		}
		if out != nil && keep {
			out = append(out, Field{Key: f.Key, KeyPos: f.KeyPos, Value: v})
		}
	}
	if out == nil {
		return n
	}
	return (&Node{Kind: Map, Fields: out, Pos: n.Pos, Pointer: n.Pointer, width: n.width}).seal()
}
