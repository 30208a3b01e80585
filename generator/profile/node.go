package profile

import (
	"cmp"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"unicode"
)

// Pos is a place in a file. Line and Column count from 1; a column is one
// character (Unicode code point), as editors count. The zero Pos is no place.
type Pos struct {
	File         string
	Line, Column int
}

// IsValid reports whether p names a line.
func (p Pos) IsValid() bool { return p.Line > 0 }

// String is "file:line:column", or what of it is known.
func (p Pos) String() string {
	if !p.IsValid() {
		return p.File
	}
	return p.File + ":" + strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
}

func (p Pos) compare(q Pos) int {
	return cmp.Or(strings.Compare(p.File, q.File), p.Line-q.Line, p.Column-q.Column)
}

// Kind is what a Node holds.
type Kind uint8

// The kinds, with the Go type of Node.Scalar where there is one.
const (
	Null   Kind = iota // nil
	Bool               // bool
	Int                // int64, or uint64 above math.MaxInt64
	Float              // float64, finite
	String             // string, valid UTF-8 without NUL
	List               // Items
	Map                // Fields
)

// String is the kind as a message calls it.
func (k Kind) String() string {
	return [...]string{"nothing", "true or false", "a whole number", "a number", "text", "a list", "a map"}[k]
}

// Node is one value of a profile together with where it was written. Nodes
// are shared between the hosts of a profile and must not be changed.
type Node struct {
	Kind   Kind
	Scalar any     // see Kind; nil for Null, List and Map
	Items  []*Node // of a List
	Fields []Field // of a Map, in the order of the file; keys are unique

	Pos     Pos    // first character of the value
	Pointer string // JSON pointer (RFC 6901) of the value within Pos.File

	width int  // characters of the value on its first line, for the caret
	span  span // in the text of the file, for edits
	fresh bool // in patches, see merger: a map that replaces, a null that is data
	off   bool // in patches: a service taken away by false
	bad   bool // already reported: the schema need not complain, too
	torn  bool // lines that could not be read are among its own, or beside them
	// shared is true of what hosts inherit: it lives as long as the profile, and need be looked at only once.
	shared bool
	index  map[string]int // of Fields, for big maps
	// gaps are what was wrong and is left out, see Known; nil in a profile without faults.
	gaps map[string]bool
}

// Field is one entry of a map.
type Field struct {
	Key    string
	KeyPos Pos
	Value  *Node

	add  bool // in patches: +key
	span span // from the key to behind the colon, or to the end of the key if there is none
}

// span is a range of offsets in a text. Texts are smaller than MaxBytes.
type span struct{ from, to int32 }

// Shared reports whether n is the same node in several hosts.
func (n *Node) Shared() bool { return n.shared }

// share marks n, and all below it, as what hosts inherit.
func (n *Node) share() *Node {
	if n == nil || n.shared {
		return n
	}
	n.shared = true
	for _, sub := range n.All() {
		sub.share()
	}
	return n
}

// Get follows keys through nested maps. It returns nil where a key is absent
// or what holds it is no map; a nil Node has no keys.
func (n *Node) Get(keys ...string) *Node {
	for _, key := range keys {
		f := n.field(key)
		if f == nil {
			return nil
		}
		n = f.Value
	}
	return n
}

// All are the entries of a List, without keys, or of a Map. A nil Node has none.
func (n *Node) All() iter.Seq2[string, *Node] {
	return func(yield func(string, *Node) bool) {
		if n == nil {
			return
		}
		for _, item := range n.Items {
			if !yield("", item) {
				return
			}
		}
		for i := range n.Fields {
			if !yield(n.Fields[i].Key, n.Fields[i].Value) {
				return
			}
		}
	}
}

// Keys are those of a Map, in the order of the file. A nil Node has none.
func (n *Node) Keys() []string {
	var keys []string
	for key := range n.All() {
		keys = append(keys, key)
	}
	return keys
}

// Texts are those in a List. A nil Node has none.
func (n *Node) Texts() []string {
	var texts []string
	for _, item := range n.All() {
		if item.Kind == String {
			texts = append(texts, item.Str())
		}
	}
	return texts
}

// indexFrom is the number of fields above which a map carries an index: a
// linear search is faster below and quadratic over the hosts of a fleet above.
const indexFrom = 16

func (n *Node) field(key string) *Field {
	if n == nil || n.Kind != Map {
		return nil
	}
	if i := n.find(key); i >= 0 {
		return &n.Fields[i]
	}
	return nil
}

// find is the index of key among the fields, -1 if it is not there.
func (n *Node) find(key string) int {
	if n.index != nil {
		if i, ok := n.index[key]; ok {
			return i
		}
		return -1
	}
	for i := range n.Fields {
		if n.Fields[i].Key == key {
			return i
		}
	}
	return -1
}

// seal builds the index of a map whose fields are complete.
func (n *Node) seal() *Node {
	n.index = nil
	if len(n.Fields) <= indexFrom {
		return n
	}
	n.index = make(map[string]int, len(n.Fields))
	for i := range n.Fields {
		n.index[n.Fields[i].Key] = i
	}
	return n
}

// Any is the node as plain Go values: nil, bool, int64, uint64, float64,
// string, []any and map[string]any, which is what a JSON Schema validates. In
// a patch, what takes something back is nil, but a service that is off an empty
// map, so that its name is looked at.
func (n *Node) Any() any {
	if n == nil {
		return nil
	}
	if n.off {
		return map[string]any{}
	}
	switch n.Kind {
	case List:
		out := make([]any, len(n.Items))
		for i, item := range n.Items {
			out[i] = item.Any()
		}
		return out
	case Map:
		out := make(map[string]any, len(n.Fields))
		for _, f := range n.Fields {
			out[f.Key] = f.Value.Any()
		}
		return out
	}
	return n.Scalar
}

// Origin is "file#/json/pointer": it names the node in the file it was written
// in, and is what the source map of the generated Nix carries.
func (n *Node) Origin() string {
	if n == nil {
		return ""
	}
	return n.Pos.File + "#" + n.Pointer
}

// Path is where the node was written, as in hosts.atlas.timezone.
func (n *Node) Path() string { return dotted(splitPointer(n.Pointer)) }

// Str is the text of a String node, and "" for any other.
func (n *Node) Str() string {
	if n == nil || n.Kind != String {
		return ""
	}
	s, _ := n.Scalar.(string)
	return s
}

// brief is the value as a message quotes it: scalars as written, the rest by kind.
func (n *Node) brief() string {
	if n == nil {
		return "nothing"
	}
	switch n.Kind {
	case String:
		return quoteShort(n.Str())
	case Bool, Int, Float:
		return fmt.Sprint(n.Scalar)
	case List:
		if len(n.Items) == 0 {
			return "an empty list"
		}
	case Map:
		if len(n.Fields) == 0 {
			return "an empty map"
		}
	}
	return n.Kind.String()
}

// quoteShort quotes s and shortens it where a message would become unreadable.
func quoteShort(s string) string {
	const limit = 60
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit]) + "…"
	}
	return strconv.Quote(s)
}

// The characters of a key that JSON pointers escape (RFC 6901, section 3).
var (
	escaper   = strings.NewReplacer("~", "~0", "/", "~1")
	unescaper = strings.NewReplacer("~0", "~", "~1", "/")
)

// pointerTo appends key to a JSON pointer.
func pointerTo(parent, key string) string { return parent + "/" + escaper.Replace(key) }

// splitPointer is the inverse of repeated pointerTo.
func splitPointer(p string) []string {
	if p == "" {
		return nil
	}
	parts := strings.Split(p[1:], "/")
	for i, s := range parts {
		parts[i] = unescaper.Replace(s)
	}
	return parts
}

// dotted is a path as people write it: parts that hold a dot or a quote are quoted.
func dotted(parts []string) string {
	var b strings.Builder
	for i, s := range parts {
		if i > 0 {
			b.WriteByte('.')
		}
		if s == "" || strings.ContainsAny(s, ". \t\"\\") {
			s = strconv.Quote(s)
		}
		b.WriteString(printable(s))
	}
	return b.String()
}

// printable is s, or s in quotes if it would not print as what it is.
func printable(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return s
	}
	return strconv.Quote(s)
}
