package profile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/quick-deploy/quick-deploy/schema"
)

// vocabulary is the keys that files have.
type vocabulary struct {
	keys map[string]bool // of all maps in all files, without +
	all  bool            // every key may be in a file
}

func vocabularyOf(files []*file) vocabulary {
	// The whole profile is judged in its normal form, with hosts also where the files say host.
	v := vocabulary{keys: map[string]bool{"hosts": true}}
	for _, f := range files {
		v.all = v.all || len(f.later) > 0
		v.collect(f.root)
	}
	return v
}

func (v *vocabulary) collect(n *Node) {
	for key, below := range n.All() {
		v.keys[key] = true
		v.keys[strings.TrimPrefix(key, "+")] = true
		v.collect(below)
	}
}

// covers reports whether v has all of other.
func (v *vocabulary) covers(other vocabulary) bool {
	if v.all || other.all {
		return v.all
	}
	for key := range other.keys {
		if !v.keys[key] {
			return false
		}
	}
	return true
}

// pruned is the part of the schema that is about keys, ready to be compiled, and the same with all its keys and
// annotations. Compiling all of it takes longer than anything else in a run, but where there are thousands of hosts.
func pruned(s *schema.Node, keys vocabulary) (doc, whole map[string]any) {
	p := pruner{doc: s.Doc, vocabulary: keys, whole: map[string]any{}, defs: map[string]any{}}
	doc = p.prune(s.Doc.Top).(map[string]any)
	doc["$defs"] = p.defs
	whole = maps.Clone(s.Doc.Top)
	whole["$defs"] = p.whole
	return doc, whole
}

// compile makes definitions of a schema ready for use, and with the name "" all of it; its $id is its address.
func compile(doc map[string]any, names ...string) (map[string]*jsonschema.Schema, error) {
	document, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("compile schema: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft7 // without $schema
	c.AssertFormat = true
	c.LoadURL = func(url string) (io.ReadCloser, error) {
		return nil, fmt.Errorf("%s is not part of the schema", url)
	}
	for name, f := range formats {
		c.Formats[name] = func(v any) bool {
			s, ok := v.(string)
			return !ok || f.check(s)
		}
	}
	id, _ := doc["$id"].(string)
	if err := c.AddResource(id, bytes.NewReader(document)); err != nil {
		return nil, fmt.Errorf("read schema %s: %w", id, err)
	}
	compiled := make(map[string]*jsonschema.Schema, len(names))
	for _, name := range names {
		address := id
		if name != "" {
			address += reference + name
		}
		if compiled[name], err = c.Compile(address); err != nil {
			return nil, fmt.Errorf("compile schema: %w", err)
		}
	}
	return compiled, nil
}

// reference is how a schema refers to a definition of its own, without the name.
const reference = "#/$defs/"

// pruner copies a schema without what never applies: properties that no file mentions,
// annotations, and the definitions that nothing refers to any more.
// The copy is of draft 7, which the library checks and compiles in a quarter of the time that it takes for
// draft 2020-12: there it looks through all of the schema at each of its parts.
type pruner struct {
	vocabulary
	doc   *schema.Document
	whole map[string]any // the definitions that are referred to
	defs  map[string]any // copies of those
}

// prune copies v, a schema or a list of them.
func (p *pruner) prune(v any) any {
	if list, ok := v.([]any); ok {
		out := make([]any, len(list))
		for i, sub := range list {
			out[i] = p.prune(sub)
		}
		return out
	}
	in, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := make(map[string]any, len(in))
	for keyword, value := range in {
		switch keyword {
		case "$schema", "$defs", "title", "description", "default", "examples", "$comment", "deprecated":
		case "$ref":
			out[keyword] = value
			p.define(value)
		case "dependentRequired":
			out["dependencies"] = value
		case "properties":
			out[keyword] = p.properties(value)
		case "items", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "propertyNames", "contains",
			"if", "then", "else", "not", "allOf", "anyOf", "oneOf", "prefixItems":
			out[keyword] = p.prune(value)
		default:
			if !strings.HasPrefix(keyword, "x-") {
				out[keyword] = value
			}
		}
	}
	return out
}

func (p *pruner) properties(v any) any {
	in, _ := v.(map[string]any)
	out := map[string]any{}
	for name, sub := range in {
		if p.all || p.keys[name] {
			out[name] = p.prune(sub)
		}
	}
	return out
}

// define copies the definition that ref names.
func (p *pruner) define(ref any) {
	name := strings.TrimPrefix(fmt.Sprint(ref), reference)
	def := p.doc.Definition(name)
	if _, done := p.whole[name]; done || def == nil {
		return
	}
	p.whole[name] = def // it may refer to itself
	p.defs[name] = p.prune(def)
}
