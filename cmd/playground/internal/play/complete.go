package play

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/bundle"
	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/generator/release"
	"github.com/quick-deploy/quick-deploy/schema"
)

// cursor is a place in the profile: line and column from 1, the column in UTF-16 units.
type cursor struct {
	Profile string `json:"profile"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
}

// locate is the lines of the profile, and the byte of one that the cursor is at.
func (c cursor) locate() (lines []string, n, at int) {
	lines = strings.Split(strings.ReplaceAll(c.Profile, "\r\n", "\n"), "\n")
	n = min(max(c.Line, 1), len(lines)) - 1
	return lines, n, byteAt(lines[n], c.Column)
}

// completions replace the columns from From to To.
type completions struct {
	From    int      `json:"from"`
	To      int      `json:"to"`
	Options []option `json:"options"`
}

type option struct {
	Label  string `json:"label"`
	Detail string `json:"detail"`
	Info   string `json:"info"`
	Apply  string `json:"apply,omitempty"` // in place of Label
}

func (p *Page) complete(c cursor) (completions, error) {
	lines, n, at := c.locate()
	line := lines[n]
	s, ok := spotAt(lines, n, at)
	if !ok {
		return completions{c.Column, c.Column, []option{}}, nil
	}
	out := completions{utf16Column(line, s.from), utf16Column(line, wordEnd(line, at)), []option{}}
	flow := strings.ContainsAny(line[:s.from], "{[")
	nodes, options, base := p.nodesAt(s.path)
	add := func(label, apply, detail, info string) {
		out.Options = append(out.Options, option{label, detail, info, apply})
	}
	if s.key && options != nil {
		for name, e := range segments(options, base+s.text) {
			add(strings.TrimPrefix(name, base), "", e.Type, "")
		}
	}
	if s.key {
		there := siblings(lines, s)
		colon := strings.HasPrefix(strings.TrimLeft(line[wordEnd(line, at):], " "), ":")
		for _, node := range nodes {
			for key, below := range node.All() {
				if strings.HasPrefix(s.text, "+") && slices.Contains(below.Types, "array") {
					key = "+" + key
				}
				if !there[key] {
					add(key, keyText(key, below, flow, colon, s.from), kindOf(below), about(below))
				}
			}
		}
	}
	if s.value {
		for _, node := range nodes {
			if err := p.values(node, s, add); err != nil {
				return out, err
			}
		}
	}
	slices.SortStableFunc(out.Options, func(a, b option) int { return strings.Compare(a.Label, b.Label) })
	out.Options = slices.CompactFunc(out.Options, func(a, b option) bool { return a.Label == b.Label })
	return out, nil
}

// values offers what can be written as a value of the node.
func (p *Page) values(node *schema.Node, s spot, add func(label, apply, detail, info string)) error {
	if len(s.path) > 1 && s.path[0] == "extends" {
		presets, err := schema.PresetList()
		for _, one := range presets {
			add(profile.PresetPrefix+one.Name, "", "preset", one.Summary)
		}
		return err
	}
	for _, v := range node.Enum {
		add(fmt.Sprint(v), asYAML(v), "", "")
	}
	for _, v := range node.Examples {
		switch v.(type) {
		case string, json.Number:
			add(fmt.Sprint(v), asYAML(v), "for example", "")
		}
	}
	if slices.Contains(node.Types, "boolean") {
		add("true", "", "", "")
		add("false", "", "", "")
	}
	if node.Ref != "package" {
		return nil
	}
	bundles, err := bundle.All()
	for _, b := range bundles {
		add("bundle:"+b.Name, "", "bundle", b.Summary)
	}
	if s.text == "" {
		return err // of all packages nobody looks for one
	}
	for e := range p.shipped().List(index.Package).Prefix(s.text) {
		add(e.Name, "", "package", "")
	}
	return err
}

// asYAML is v, a scalar, as YAML: a text in quotes where it would be something else without.
func asYAML(v any) string {
	text, isText := v.(string)
	if !isText {
		return ""
	}
	root, err := profile.Parse("", []byte("v: ["+text+"]"))
	if err == nil {
		if items := root.Get("v").Items; len(items) == 1 && items[0].Str() == text {
			return ""
		}
	}
	return strconv.Quote(text)
}

// shipped are the names of the default release.
func (p *Page) shipped() *index.Index { return p.names(generator.Inputs{Release: release.Default()}) }

// siblings are the keys of the map that the spot is in, but for what is being written.
func siblings(lines []string, s spot) map[string]bool {
	out := map[string]bool{}
	for _, t := range scan(strings.Join(lines, "\n")).tokens {
		if t.key && slices.Equal(t.path, s.path) && (t.line != s.line || t.from != s.from) {
			out[t.text] = true
		}
	}
	return out
}

// nodesAt are the schemas of what is at a path. Where options are set by their own paths they are in options, and begin
// with base.
func (p *Page) nodesAt(path []string) (nodes []*schema.Node, options *index.List, base string) {
	nodes = alternatives([]*schema.Node{p.schema})
	for i, key := range path {
		if options != nil {
			base += key + "."
			continue
		}
		var below []*schema.Node
		for _, n := range nodes {
			switch next := n.Property(strings.TrimPrefix(key, "+")); {
			case strings.HasPrefix(key, itemMark):
				below = append(below, n.Items)
			case next != nil:
				below = append(below, next)
			default:
				below = append(below, n.Additional)
			}
		}
		nodes = alternatives(below)
		if slices.ContainsFunc(nodes, func(n *schema.Node) bool { return n.KeyFormat == "nix-attrpath" }) {
			kind := index.HomeOption
			if path[i] == "nixos" {
				kind = index.Option
			}
			options, nodes = p.shipped().List(kind), nil
		}
	}
	return nodes, options, base
}

// alternatives are the nodes, and those of which they take one or all.
func alternatives(nodes []*schema.Node) (out []*schema.Node) {
	for _, n := range nodes {
		if n != nil {
			out = append(append(out, n), alternatives(slices.Concat(n.AllOf, n.AnyOf, n.OneOf))...)
		}
	}
	return out
}

// segments are the options whose names begin with prefix, up to the next point of their names.
func segments(l *index.List, prefix string) map[string]index.Entry {
	out := map[string]index.Entry{}
	for e := range l.Prefix(prefix) {
		name := e.Name
		if i := strings.IndexByte(name[len(prefix):], '.'); i >= 0 {
			name, e = name[:len(prefix)+i+1], index.Entry{}
		}
		if !strings.ContainsAny(name, "<*") {
			out[name] = e
		}
	}
	return out
}

// keyText is what is written for a key.
func keyText(key string, n *schema.Node, flow, colon bool, indent int) string {
	isMap := slices.Contains(n.Types, "object") || len(n.Properties) > 0
	if slices.Contains(n.Types, "string") {
		isMap = false // as desktop, a map only for who wants more than the word
	}
	switch {
	case colon:
		return ""
	case isMap && flow, n.Service != nil:
		return key + ": {}"
	case isMap:
		return key + ":\n" + strings.Repeat(" ", indent+2)
	}
	return key + ": "
}

func about(n *schema.Node) string {
	if n.Service != nil {
		return strings.TrimSpace(n.Service.Summary + "\n" + n.Description)
	}
	return n.Description
}

// kindOf says in words what a node takes.
func kindOf(n *schema.Node) string {
	if len(n.Enum) > 0 {
		words := make([]string, len(n.Enum))
		for i, v := range n.Enum {
			words[i] = fmt.Sprint(v)
		}
		return strings.Join(words, ", ")
	}
	if n.Service != nil {
		return "service"
	}
	names := map[string]string{
		"string": "text", "boolean": "true or false", "integer": "a whole number", "number": "a number",
		"array": "a list", "object": "a map", "null": "nothing",
	}
	words := make([]string, len(n.Types))
	for i, kind := range n.Types {
		words[i] = names[kind]
	}
	return strings.Join(words, ", ")
}

// tooltip is about the columns from From to To of the cursor's line.
type tooltip struct {
	From    int    `json:"from"`
	To      int    `json:"to"`
	Title   string `json:"title"`
	Text    string `json:"text"`
	Type    string `json:"type"`
	Default string `json:"default"`
}

func (p *Page) hover(c cursor) (*tooltip, error) {
	lines, n, at := c.locate()
	for _, t := range scan(strings.Join(lines, "\n")).tokens {
		if t.line != n || at < t.from || at > t.to {
			continue
		}
		out := &tooltip{From: utf16Column(lines[n], t.from), To: utf16Column(lines[n], t.to), Title: t.text}
		path := t.path
		if t.key {
			path = append(slices.Clone(path), t.text)
		}
		nodes, options, base := p.nodesAt(path)
		if options != nil && t.key {
			e, ok := options.Lookup(strings.TrimSuffix(base, "."))
			if !ok {
				return nil, nil
			}
			out.Title, out.Type, out.Default = e.Name, e.Type, e.Default
			return out, nil
		}
		if name, ok := strings.CutPrefix(t.text, "bundle:"); ok && !t.key {
			b, err := bundle.Find(name)
			if err != nil {
				return nil, nil
			}
			out.Text, out.Type = b.Summary+": "+strings.Join(b.Packages, ", "), "bundle"
			return out, nil
		}
		if len(nodes) == 0 || !t.key {
			return nil, nil
		}
		node := nodes[0]
		out.Text, out.Type = about(node), kindOf(node)
		if node.Default != nil {
			text, err := json.Marshal(node.Default)
			if err != nil {
				return nil, err
			}
			out.Default = string(text)
		}
		return out, nil
	}
	return nil, nil
}
