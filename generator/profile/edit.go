package profile

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// AddIn returns src with an empty map at path, where nothing is. Missing maps
// on the way are added; every other byte of src stays as it is. The result is
// parsed again, and refused if anything but path has changed.
func AddIn(src []byte, path []string) ([]byte, error) { return SetIn(src, path, "{}") }

// SetIn is AddIn for any value, which is YAML in one line as it is written between braces.
func SetIn(src []byte, path []string, value string) ([]byte, error) {
	e, err := newEditor(src)
	if err != nil {
		return nil, err
	}
	v, _, problems := parse("value", []byte("value: "+value))
	if problems.err() != nil || strings.Contains(value, "\n") {
		return nil, fmt.Errorf("set %s: %q is not a value in one line", dotted(path), value)
	}
	e.value = value
	if err := e.add(path); err != nil {
		return nil, fmt.Errorf("add %s: %w", dotted(path), err)
	}
	return e.finish(withEntry(e.root.Any(), path, v.Get("value").Any()))
}

// AppendIn returns src with a text at the end of the list at path, which is made where nothing is; every other byte of
// src stays as it is.
func AppendIn(src []byte, path []string, item string) ([]byte, error) {
	e, err := newEditor(src)
	if err != nil {
		return nil, err
	}
	text := quoteKey(item)
	list := e.root.Get(path...)
	if list == nil {
		return SetIn(src, path, "["+text+"]")
	}
	if list.Kind != List {
		return nil, fmt.Errorf("add to %s: it is %s, not a list", dotted(path), list.brief())
	}
	e.append(list, text)
	var items []any
	for _, n := range list.Items {
		items = append(items, n.Any())
	}
	return e.finish(withEntry(e.root.Any(), path, append(items, item)))
}

// RemoveIn returns src without the entry at path, its comment on the same line
// included; every other byte stays as it is. Where nothing is at path, src
// is returned. The last entry of a map leaves {} behind.
func RemoveIn(src []byte, path []string) ([]byte, error) {
	e, err := newEditor(src)
	if err != nil {
		return nil, err
	}
	parents, key := path[:len(path)-1], path[len(path)-1]
	parent := e.root.Get(parents...)
	if parent.field(key) == nil {
		return src, nil
	}
	var holder *Field
	if len(parents) > 0 {
		holder = e.root.Get(parents[:len(parents)-1]...).field(parents[len(parents)-1])
	}
	e.remove(parent, holder, key)
	want := e.root.Any()
	at, _ := want.(map[string]any)
	for _, p := range parents {
		at, _ = at[p].(map[string]any)
	}
	delete(at, key)
	return e.finish(want)
}

// editor changes a text by replacing ranges of it.
type editor struct {
	data []byte // as given, with its line ends and byte order mark
	t    *text
	root *Node
	cuts []cut
	// value is what is added, as it is written.
	value string
}

// cut replaces the range by text.
type cut struct {
	span
	text string
}

func newEditor(src []byte) (*editor, error) {
	root, t, problems := parse("profile", src)
	if err := problems.err(); err != nil {
		return nil, fmt.Errorf("edit: %w", err)
	}
	return &editor{data: src, t: t, root: root}, nil
}

func (e *editor) replace(from, to int32, text string) {
	e.cuts = append(e.cuts, cut{span{from, to}, text})
}

func (e *editor) add(path []string) error {
	n := e.root
	for i, key := range path {
		f := n.field(key)
		switch {
		case f == nil:
			e.insert(n, path[i:])
			return nil
		case f.Value.Kind == Map:
			n = f.Value
		case i < len(path)-1 && (f.Value.Kind == Null || f.Value.Kind == Bool):
			// services: with nothing behind it, or nginx: true.
			e.fill(n, f, path[i+1:])
			return nil
		default:
			return fmt.Errorf("%s is %s, not a map", dotted(path[:i+1]), f.Value.brief())
		}
	}
	return errors.New("it is there already")
}

// isFlow reports whether the map n is written in braces.
func (e *editor) isFlow(n *Node) bool { return e.t.src[n.span.from] == '{' }

// insert adds an entry at the end of n.
func (e *editor) insert(n *Node, path []string) {
	if !e.isFlow(n) {
		at := e.lineEnd(n.span.to)
		e.replace(at, at, "\n"+e.blockEntry(path, n.Fields[0].KeyPos.Column-1))
		return
	}
	if len(n.Fields) == 0 {
		e.replace(n.span.from+1, n.span.from+1, e.flowEntry(path))
		return
	}
	at := n.Fields[len(n.Fields)-1].end()
	text := ", " + e.flowEntry(path)
	if i := strings.IndexByte(e.t.src[at:n.span.to], ','); i >= 0 {
		at, text = at+int32(i)+1, text[1:]
	}
	e.replace(at, at, text)
}

// fill makes a map of the value of f, an entry of n, which is null or a boolean.
func (e *editor) fill(n *Node, f *Field, path []string) {
	v := f.Value.span
	if v.from == v.to && !e.isFlow(n) {
		at := e.lineEnd(v.to)
		e.replace(at, at, "\n"+e.blockEntry(path, f.KeyPos.Column+1))
		return
	}
	text := "{" + e.flowEntry(path) + "}"
	if v.from == v.to {
		text = " " + text
	}
	if e.t.src[f.span.to-1] != ':' {
		text = ":" + text
	}
	e.replace(v.from, v.to, text)
}

// remove cuts the entry key out of n, the value of holder, which is nil for the root.
func (e *editor) remove(n *Node, holder *Field, key string) {
	i := n.find(key)
	f := n.Fields[i]
	lineStart := int32(strings.LastIndexByte(e.t.src[:f.span.from], '\n') + 1)
	ownLine := strings.TrimLeft(e.t.src[lineStart:f.span.from], " ") == ""
	switch {
	case e.isFlow(n) && len(n.Fields) == 1:
		e.replace(n.span.from+1, n.span.to-1, "")
	case e.isFlow(n) && i+1 == len(n.Fields):
		e.replace(n.Fields[i-1].end(), f.end(), "")
	case e.isFlow(n):
		e.replace(f.span.from, n.Fields[i+1].span.from, "")
	case len(n.Fields) == 1 && holder != nil && ownLine:
		e.replace(holder.span.to, holder.span.to, " {}")
		e.replace(lineStart-1, e.lineEnd(f.end()), "")
	case len(n.Fields) == 1:
		e.replace(f.span.from, e.lineEnd(f.end()), "{}")
	case ownLine:
		e.replace(lineStart, min(e.lineEnd(f.end())+1, int32(len(e.t.src))), "")
	default: // the first key behind the dash of a list
		e.replace(f.span.from, n.Fields[i+1].span.from, "")
	}
}

// end is the offset behind the entry.
func (f Field) end() int32 { return max(f.span.to, f.Value.span.to) }

func (e *editor) lineEnd(at int32) int32 {
	if i := strings.IndexByte(e.t.src[at:], '\n'); i >= 0 {
		return at + int32(i)
	}
	return int32(len(e.t.src))
}

// append adds an item at the end of a list.
func (e *editor) append(list *Node, text string) {
	if e.t.src[list.span.from] != '[' {
		at := e.lineEnd(list.span.to)
		indent := list.Pos.Column - 1 // of the first dash
		e.replace(at, at, fmt.Sprintf("\n%*s- %s", indent, "", text))
		return
	}
	if len(list.Items) == 0 {
		e.replace(list.span.from+1, list.span.from+1, text)
		return
	}
	at := list.Items[len(list.Items)-1].span.to
	text = ", " + text
	if i := strings.IndexByte(e.t.src[at:list.span.to], ','); i >= 0 {
		at, text = at+int32(i)+1, text[1:]
	}
	e.replace(at, at, text)
}

// blockEntry is what is added at path as lines indented by col.
func (e *editor) blockEntry(path []string, col int) string {
	var b strings.Builder
	for i, key := range path {
		fmt.Fprintf(&b, "%*s%s:\n", col+2*i, "", quoteKey(key))
	}
	return strings.TrimSuffix(b.String(), "\n") + " " + e.value
}

// flowEntry is what is added at path as it is written between braces.
func (e *editor) flowEntry(path []string) string {
	text := e.value
	for i, key := range slices.Backward(path) {
		text = quoteKey(key) + ": " + text
		if i > 0 {
			text = "{" + text + "}"
		}
	}
	return text
}

var plainKey = lazyregexp.New(`^\+?[A-Za-z_][A-Za-z0-9_./-]*$`)

func quoteKey(key string) string {
	if kind, _, problem := plainScalar(key); kind == String && problem == nil && plainKey.MatchString(key) {
		return key
	}
	return strconv.Quote(key)
}

// finish applies the cuts and checks that the result means want.
func (e *editor) finish(want any) ([]byte, error) {
	out := e.data
	for _, c := range slices.Backward(e.cuts) {
		from, to := e.original(c.from), e.original(c.to)
		text := []byte(c.text)
		if i := bytes.IndexByte(e.data, '\n'); i > 0 && e.data[i-1] == '\r' {
			text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
		}
		out = slices.Concat(out[:from], text, out[to:])
	}
	root, _, problems := parse("profile", out)
	if err := problems.err(); err != nil {
		return nil, fmt.Errorf("edit by hand: the change would not be valid: %w", err)
	}
	if !reflect.DeepEqual(root.Any(), want) {
		return nil, errors.New("edit by hand: the change would touch more than it should")
	}
	return out, nil
}

// original is where the offset of the text is in the data as it was given,
// with its byte order mark and line ends.
func (e *editor) original(off int32) int {
	at := len(e.data) - len(bytes.TrimPrefix(e.data, []byte(bom)))
	for ; off > 0; off-- {
		if bytes.HasPrefix(e.data[at:], []byte("\r\n")) {
			at++
		}
		at++
	}
	return at
}

// withEntry is v with value at path.
func withEntry(v any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	m, ok := v.(map[string]any)
	if !ok {
		m = map[string]any{}
	}
	m[path[0]] = withEntry(m[path[0]], path[1:], value)
	return m
}
