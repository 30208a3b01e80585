package profile

import (
	"strings"
)

// compileFor compiles the part of the schema that can say something about
// files. Compiling all of it takes longer than anything else in a run.
func (s *Schema) compileFor(files []*file) (*compiled, error) {
	// The whole profile is judged in its normal form, with hosts also where the files say host.
	p := pruner{keys: map[string]bool{"hosts": true}, defs: map[string]any{}}
	for _, f := range files {
		p.collect(f.root)
	}
	p.defsIn, _ = s.doc["$defs"].(map[string]any)
	p.refs(s.doc)
	doc, _ := p.prune(s.doc).(map[string]any)
	if len(p.defs) > 0 {
		doc["$defs"] = p.defs
	}
	return compile(s.id, doc)
}

// pruner copies a schema without what never applies: it replaces the schemas
// of properties that no file mentions by true, so that their names stay known,
// and leaves out annotations and the definitions that nothing refers to any more.
type pruner struct {
	keys   map[string]bool // of all maps in all files, without +
	defsIn map[string]any
	defs   map[string]any
}

func (p *pruner) collect(n *Node) {
	for _, f := range n.Fields {
		p.keys[f.Key] = true
		if key := strings.TrimPrefix(f.Key, "+"); key != f.Key {
			p.keys[key] = true
		}
		p.collect(f.Value)
	}
	for _, item := range n.Items {
		p.collect(item)
	}
}

// refs adds the names that references go through, as in #/$defs/user/properties/shell.
func (p *pruner) refs(v any) {
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok {
			if pointer, local := strings.CutPrefix(ref, "#"); local && strings.Count(pointer, "/") > 2 {
				for _, part := range splitPointer(pointer) {
					p.keys[part] = true
				}
			}
		}
		for _, sub := range v {
			p.refs(sub)
		}
	case []any:
		for _, sub := range v {
			p.refs(sub)
		}
	}
}

// prune copies the schema v.
func (p *pruner) prune(v any) any {
	in, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := make(map[string]any, len(in))
	for keyword, value := range in {
		switch keyword {
		case "$defs", "title", "description", "default", "examples", "$comment", "deprecated":
		case "$ref":
			out[keyword] = value
			if ref, ok := value.(string); ok {
				p.define(ref)
			}
		case "properties":
			out[keyword] = p.named(value, func(name string) bool { return p.keys[name] })
		case "patternProperties", "dependentSchemas":
			out[keyword] = p.named(value, func(string) bool { return true })
		case "items", "additionalProperties", "unevaluatedProperties", "unevaluatedItems", "propertyNames", "contains", "if":
			out[keyword] = p.prune(value)
		case "not", "then", "else":
			out[keyword] = p.demand(value)
		case "allOf", "anyOf", "oneOf", "prefixItems":
			list, _ := value.([]any)
			pruned := make([]any, len(list))
			for i, sub := range list {
				pruned[i] = p.demand(sub)
			}
			out[keyword] = pruned
		default:
			if !strings.HasPrefix(keyword, "x-") {
				out[keyword] = value
			}
		}
	}
	return out
}

// demand copies the schema v, which says what else a value has to be. Its
// description is the reason, for the message.
func (p *pruner) demand(v any) any {
	out := p.prune(v)
	if in, ok := v.(map[string]any); ok && in["description"] != nil {
		out.(map[string]any)["description"] = in["description"]
	}
	return out
}

func (p *pruner) named(v any, keep func(name string) bool) any {
	in, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := make(map[string]any, len(in))
	for name, sub := range in {
		if keep(name) {
			out[name] = p.prune(sub)
		} else {
			out[name] = true
		}
	}
	return out
}

// define copies the definition that ref names.
func (p *pruner) define(ref string) {
	rest, ok := strings.CutPrefix(ref, "#/$defs/")
	if !ok {
		return
	}
	name := splitPointer("/" + rest)[0]
	def, known := p.defsIn[name]
	if _, done := p.defs[name]; done || !known {
		return
	}
	p.defs[name] = true // it may refer to itself
	p.defs[name] = p.prune(def)
}
