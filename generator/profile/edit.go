package profile

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// SetIn returns src with the value at path set to value, which is YAML:
// one line, or several lines of a block. Missing maps on the way are added. A map
// that is set anew loses the comments inside it; every other byte of src stays as
// it is. The result is parsed again, and refused if anything but path has changed.
func SetIn(src []byte, path []string, value string) ([]byte, error) {
	e, err := newEditor(src)
	if err != nil {
		return nil, err
	}
	want, err := parseValue(value)
	if err != nil {
		return nil, fmt.Errorf("set %s: %w", dotted(path), err)
	}
	if len(path) == 0 {
		return nil, errors.New("set: no path")
	}
	if err := e.set(path, strings.Trim(value, "\n")); err != nil {
		return nil, fmt.Errorf("set %s: %w", dotted(path), err)
	}
	return e.finish(withKey(e.root.Any(), path, want))
}

// RemoveIn returns src without the entry at path, its comment on the same line
// included; every other byte stays as it is. Where nothing is at path, src
// is returned. The last entry of a map leaves {} behind.
func RemoveIn(src []byte, path []string) ([]byte, error) {
	e, err := newEditor(src)
	if err != nil {
		return nil, err
	}
	if len(path) == 0 {
		return nil, errors.New("remove: no path")
	}
	parents, key := path[:len(path)-1], path[len(path)-1]
	parent := e.root.Get(parents...)
	if parent.field(key) == nil {
		return src, nil
	}
	e.remove(parent, e.holder(parents), key)
	return e.finish(withoutKey(e.root.Any(), path))
}

// editor changes a text by replacing ranges of it.
type editor struct {
	data []byte // as given, with its line ends and byte order mark
	t    *text
	root *Node
	cuts []cut
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

// holder is the field that holds the map at path, nil for the root.
func (e *editor) holder(path []string) *Field {
	if len(path) == 0 {
		return nil
	}
	return e.root.Get(path[:len(path)-1]...).field(path[len(path)-1])
}

func (e *editor) set(path []string, value string) error {
	// The deepest map on the way that exists.
	n, depth := e.root, 0
	for depth < len(path)-1 {
		next := n.Get(path[depth])
		if next == nil || next.Kind != Map {
			break
		}
		n, depth = next, depth+1
	}
	f := n.field(path[depth])
	rest := path[depth+1:]
	switch {
	case f == nil:
		return e.insert(n, e.holder(path[:depth]), path[depth:], value)
	case len(rest) == 0:
		return e.overwrite(n, f, value)
	case f.Value.Kind == Null || f.Value.Kind == Bool:
		// services: with nothing behind it, or nginx: true.
		return e.fill(n, f, rest, value)
	}
	return fmt.Errorf("%s is %s, not a map", dotted(path[:depth+1]), f.Value.brief())
}

// isFlow reports whether the map n is written in braces.
func (e *editor) isFlow(n *Node) bool { return e.t.src[n.span.from] == '{' }

// overwrite replaces the value of f, an entry of n.
func (e *editor) overwrite(n *Node, f *Field, value string) error {
	block := strings.Contains(value, "\n") || isBlockValue(value)
	switch {
	case block && e.isFlow(n):
		return errors.New("a block does not fit between braces")
	case e.isFlow(n) && !e.hasColon(f):
		e.replace(f.span.to, f.span.to, ": "+value)
		return nil
	}
	v := f.Value
	// What lies between the colon and the value stays if both are on one line.
	if !block && v.span.to > v.span.from && !strings.Contains(e.t.src[f.span.to:v.span.from], "\n") {
		e.replace(v.span.from, v.span.to, value)
		return nil
	}
	text := " " + value
	if block {
		text = "\n" + indent(value, e.column(f)+2)
	}
	if v.span.from == v.span.to {
		if block {
			at := e.lineEnd(f.span.to)
			e.replace(at, at, text)
		} else {
			e.replace(f.span.to, f.span.to, text)
		}
		return nil
	}
	if strings.Contains(e.t.src[f.span.to:v.span.from], "\n") {
		// A block below its key: the comment behind the key stays.
		end := e.lineEnd(f.span.to)
		if block {
			e.replace(end, e.lineEnd(v.span.to), text)
			return nil
		}
		e.replace(f.span.to, f.span.to, text)
		e.replace(end, e.lineEnd(v.span.to), "")
		return nil
	}
	e.replace(f.span.to, v.span.to, text)
	return nil
}

// isBlockValue reports whether one line of YAML is a block list or map, which
// cannot stand behind a key.
func isBlockValue(value string) bool {
	n, _, problems := parse("value", []byte("v:\n  "+value+"\n"))
	if len(problems) > 0 {
		return false
	}
	v := n.Get("v")
	return (v.Kind == Map || v.Kind == List) && strings.IndexByte("[{", strings.TrimLeft(value, " ")[0]) < 0
}

func (e *editor) hasColon(f *Field) bool { return e.t.src[f.span.to-1] == ':' }

// fill makes a map of the value of f, which is null or a boolean.
func (e *editor) fill(n *Node, f *Field, path []string, value string) error {
	v := f.Value
	if e.isFlow(n) || v.span.from < v.span.to {
		text, err := flowEntry(path, value)
		if err != nil {
			return err
		}
		if !e.hasColon(f) {
			e.replace(f.span.to, f.span.to, ": {"+text+"}")
			return nil
		}
		if v.span.from == v.span.to {
			text = " {" + text + "}"
		} else {
			text = "{" + text + "}"
		}
		e.replace(v.span.from, v.span.to, text)
		return nil
	}
	at := e.lineEnd(f.span.to)
	e.replace(at, at, "\n"+blockEntry(path, value, e.column(f)+2))
	return nil
}

// insert adds an entry at the end of n, the value of holder.
func (e *editor) insert(n *Node, holder *Field, path []string, value string) error {
	if e.isFlow(n) {
		text, err := flowEntry(path, value)
		if err != nil {
			return err
		}
		return e.insertFlow(n, text)
	}
	col := n.Pos.Column - 1
	if len(n.Fields) > 0 {
		col = n.Fields[0].KeyPos.Column - 1
	}
	at := e.lineEnd(n.span.to)
	e.replace(at, at, "\n"+blockEntry(path, value, col))
	return nil
}

func (e *editor) insertFlow(n *Node, text string) error {
	end := n.span.to - 1 // the closing brace
	if len(n.Fields) == 0 {
		if strings.Contains(e.t.src[n.span.from:end], "#") {
			return errors.New("the braces hold a comment only")
		}
		e.replace(n.span.from+1, end, text)
		return nil
	}
	last := n.Fields[len(n.Fields)-1]
	at := max(last.span.to, last.Value.span.to)
	if strings.TrimSpace(e.t.src[at:end]) == "" || !strings.Contains(e.t.src[at:end], ",") {
		e.replace(at, at, ", "+text)
		return nil
	}
	comma := at + int32(strings.IndexByte(e.t.src[at:end], ',')) + 1
	e.replace(comma, comma, " "+text)
	return nil
}

// remove cuts the entry key out of n, the value of holder.
func (e *editor) remove(n *Node, holder *Field, key string) {
	i := n.find(key)
	f := n.Fields[i]
	end := max(f.span.to, f.Value.span.to)
	if e.isFlow(n) {
		switch {
		case i+1 < len(n.Fields):
			e.replace(f.span.from, n.Fields[i+1].span.from, "")
		case i > 0:
			prev := n.Fields[i-1]
			e.replace(max(prev.span.to, prev.Value.span.to), end, "")
		default:
			e.replace(n.span.from+1, n.span.to-1, "")
		}
		return
	}
	lineStart := e.lineStart(f.span.from)
	ownLine := strings.TrimLeft(e.t.src[lineStart:f.span.from], " ") == ""
	switch {
	case len(n.Fields) == 1 && holder != nil && ownLine:
		e.replace(holder.span.to, holder.span.to, " {}")
		e.replace(lineStart-1, e.lineEnd(end), "")
	case len(n.Fields) == 1:
		e.replace(f.span.from, e.lineEnd(end), "{}")
	case ownLine:
		e.replace(lineStart, min(e.lineEnd(end)+1, int32(len(e.t.src))), "")
	default: // the first key behind the dash of a list
		e.replace(f.span.from, n.Fields[i+1].span.from, "")
	}
}

// column is the number of characters before the key of f on its line.
func (e *editor) column(f *Field) int { return f.KeyPos.Column - 1 }

func (e *editor) lineEnd(at int32) int32 {
	if i := strings.IndexByte(e.t.src[at:], '\n'); i >= 0 {
		return at + int32(i)
	}
	return int32(len(e.t.src))
}

func (e *editor) lineStart(at int32) int32 {
	return int32(strings.LastIndexByte(e.t.src[:at], '\n') + 1)
}

// blockEntry is the entry path: value as lines indented by col.
func blockEntry(path []string, value string, col int) string {
	var b strings.Builder
	for i, key := range path {
		b.WriteString(strings.Repeat(" ", col+2*i) + quoteKey(key) + ":")
		if i < len(path)-1 {
			b.WriteByte('\n')
		}
	}
	if strings.Contains(value, "\n") || isBlockValue(value) {
		return b.String() + "\n" + indent(value, col+2*len(path))
	}
	return b.String() + " " + value
}

// flowEntry is the entry path: value as it stands between braces.
func flowEntry(path []string, value string) (string, error) {
	if strings.Contains(value, "\n") || isBlockValue(value) {
		return "", errors.New("a block does not fit between braces")
	}
	var b strings.Builder
	for i, key := range path {
		if i > 0 {
			b.WriteByte('{')
		}
		b.WriteString(quoteKey(key) + ": ")
	}
	return b.String() + value + strings.Repeat("}", len(path)-1), nil
}

func indent(lines string, col int) string {
	out := strings.Split(lines, "\n")
	for i, line := range out {
		if line != "" {
			out[i] = strings.Repeat(" ", col) + line
		}
	}
	return strings.Join(out, "\n")
}

var plainKey = regexp.MustCompile(`^\+?[A-Za-z_][A-Za-z0-9_./-]*$`)

func quoteKey(key string) string {
	if kind, _, problem := plainScalar(key); kind == String && problem == nil && plainKey.MatchString(key) {
		return key
	}
	return strconv.Quote(key)
}

// parseValue is what the YAML in value denotes.
func parseValue(value string) (any, error) {
	value = strings.Trim(value, "\n")
	if strings.TrimSpace(value) == "" {
		return nil, errors.New("there is no value")
	}
	sep := " "
	if strings.Contains(value, "\n") {
		sep = "\n"
	}
	root, _, problems := parse("value", []byte("v:"+sep+indent(value, len(sep))+"\n"))
	if len(problems) > 0 {
		root, _, problems = parse("value", []byte("v:\n"+indent(value, 2)+"\n"))
	}
	if err := problems.err(); err != nil {
		return nil, fmt.Errorf("parse the value: %w", err)
	}
	if root.Kind != Map || len(root.Fields) != 1 {
		return nil, errors.New("the value is more than one")
	}
	return root.Get("v").Any(), nil
}

// finish applies the cuts and checks that the result means want.
func (e *editor) finish(want any) ([]byte, error) {
	out := e.apply()
	root, _, problems := parse("profile", out)
	if err := problems.err(); err != nil {
		return nil, fmt.Errorf("edit by hand: the change would not be valid: %w", err)
	}
	if !reflect.DeepEqual(root.Any(), want) {
		return nil, errors.New("edit by hand: the change would touch more than it should")
	}
	return out, nil
}

// apply replaces the cuts, which are in order, in the text as it was given.
func (e *editor) apply() []byte {
	var out bytes.Buffer
	src := e.data
	if bytes.HasPrefix(src, []byte(bom)) {
		out.WriteString(bom)
		src = src[len(bom):]
	}
	crlf := false
	if i := bytes.IndexByte(src, '\n'); i > 0 {
		crlf = src[i-1] == '\r'
	}
	at, norm := 0, int32(0) // offsets in src and in the normalized text
	// copyTo copies, or skips, src up to the normalized offset.
	copyTo := func(to int32, keep bool) {
		for norm < to {
			n := 1
			if bytes.HasPrefix(src[at:], []byte("\r\n")) {
				n = 2
			}
			if keep {
				out.Write(src[at : at+n])
			}
			at += n
			norm++
		}
	}
	for _, c := range e.cuts {
		copyTo(c.from, true)
		text := c.text
		if crlf {
			text = strings.ReplaceAll(text, "\n", "\r\n")
		}
		out.WriteString(text)
		copyTo(c.to, false)
	}
	out.Write(src[at:])
	return out.Bytes()
}

// withKey is v with the value at path set.
func withKey(v any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	m, ok := v.(map[string]any)
	if !ok {
		m = map[string]any{}
	}
	m[path[0]] = withKey(m[path[0]], path[1:], value)
	return m
}

// withoutKey is v without the entry at path.
func withoutKey(v any, path []string) any {
	m := v.(map[string]any)
	if len(path) == 1 {
		delete(m, path[0])
		return m
	}
	m[path[0]] = withoutKey(m[path[0]], path[1:])
	return m
}
