package profile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Schema is the JSON Schema (draft 2020-12) of profiles. It refers to nothing
// outside itself and may be used by several Loads at once.
type Schema struct {
	id  string
	doc map[string]any
}

// NewSchema returns the schema in doc, a decoded JSON document, which is not
// changed and must not change any more; id is its address.
func NewSchema(id string, doc map[string]any) *Schema { return &Schema{id, doc} }

// compiled is a schema ready for use.
type compiled struct {
	root  *jsonschema.Schema
	shape *shape
	// parts finds the part of the schema that an error comes from, by its location.
	parts map[string]*jsonschema.Schema
}

// compile makes the schema ready. A format that is known neither here nor to
// JSON Schema is an error, too.
func compile(id string, doc map[string]any) (*compiled, error) {
	document, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("compile schema: %w", err)
	}
	c := jsonschema.NewCompiler()
	c.Draft = jsonschema.Draft2020
	c.AssertFormat = true
	// The descriptions that prune leaves are the reasons in messages.
	c.ExtractAnnotations = true
	c.LoadURL = func(url string) (io.ReadCloser, error) {
		return nil, fmt.Errorf("%s is not part of the schema", url)
	}
	for name, f := range formats {
		c.Formats[name] = func(v any) bool {
			s, ok := v.(string)
			return !ok || f.check(s)
		}
	}
	if err := c.AddResource(id, bytes.NewReader(document)); err != nil {
		return nil, fmt.Errorf("read schema %s: %w", id, err)
	}
	root, err := c.Compile(id)
	if err != nil {
		return nil, fmt.Errorf("compile schema: %w", err)
	}
	s := &compiled{root: root, parts: map[string]*jsonschema.Schema{}}
	if err := s.index(root, c); err != nil {
		return nil, fmt.Errorf("compile schema: %w", err)
	}
	s.shape = shapeOf(root, map[*jsonschema.Schema]*shape{})
	return s, nil
}

// index records p and all parts of the schema below it.
func (s *compiled) index(p *jsonschema.Schema, c *jsonschema.Compiler) error {
	if p == nil || s.parts[p.Location] != nil {
		return nil
	}
	s.parts[p.Location] = p
	if p.Format != "" && c.Formats[p.Format] == nil && jsonschema.Formats[p.Format] == nil {
		return fmt.Errorf("%s: the format %q is unknown", p.Location, p.Format)
	}
	for _, below := range below(p) {
		if err := s.index(below, c); err != nil {
			return err
		}
	}
	return nil
}

// below are the schemas directly inside p.
func below(p *jsonschema.Schema) []*jsonschema.Schema {
	all := []*jsonschema.Schema{p.Ref, p.DynamicRef, p.Not, p.If, p.Then, p.Else, p.PropertyNames,
		p.UnevaluatedProperties, p.UnevaluatedItems, p.Items2020, p.Contains}
	all = slices.Concat(all, p.AllOf, p.AnyOf, p.OneOf, p.PrefixItems)
	for _, b := range p.Properties {
		all = append(all, b)
	}
	for _, b := range p.PatternProperties {
		all = append(all, b)
	}
	for _, b := range p.DependentSchemas {
		all = append(all, b)
	}
	if b, ok := p.AdditionalProperties.(*jsonschema.Schema); ok {
		all = append(all, b)
	}
	return slices.DeleteFunc(all, func(b *jsonschema.Schema) bool { return b == nil })
}

// shapeOf is what merging has to know of p. Schemas may refer to themselves.
func shapeOf(p *jsonschema.Schema, memo map[*jsonschema.Schema]*shape) *shape {
	if p == nil {
		return nil
	}
	if s, ok := memo[p]; ok {
		return s
	}
	s := &shape{props: map[string]*shape{}}
	memo[p] = s
	s.add(p, memo)
	return s
}

func (s *shape) add(p *jsonschema.Schema, memo map[*jsonschema.Schema]*shape) {
	has := func(t string) bool { return slices.Contains(p.Types, t) }
	s.object = s.object || has("object")
	s.toggle = s.toggle || has("object") && has("boolean") && has("null")
	s.open = s.open || has("object") && len(p.Properties)+len(p.PatternProperties) == 0 &&
		p.AdditionalProperties == nil && p.Ref == nil
	for key, prop := range p.Properties {
		s.props[key] = shapeOf(prop, memo)
	}
	if rest, ok := p.AdditionalProperties.(*jsonschema.Schema); ok {
		s.rest = shapeOf(rest, memo)
	}
	for _, in := range append([]*jsonschema.Schema{p.Ref}, p.AllOf...) {
		if in != nil {
			s.add(in, memo)
		}
	}
}

// layer validates what one file says. Keys that another layer may add are not missed.
func (s *compiled) layer(root *Node) Problems { return s.check(root, true) }

// merged validates a whole profile in the normal form.
func (s *compiled) merged(root *Node) Problems { return s.check(root, false) }

func (s *compiled) check(root *Node, partial bool) Problems {
	err := s.validate(instance(root))
	if err == nil {
		return nil
	}
	ve, ok := err.(*jsonschema.ValidationError)
	if !ok {
		return Problems{{Pos: root.Pos, Code: CodeValue, What: "the profile cannot be validated", Why: err.Error()}}
	}
	x := explainer{schema: s, root: root, partial: partial}
	x.walk(ve)
	return x.problems()
}

// validate contains the panics of the library.
func (s *compiled) validate(v any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the validator failed: %v", r)
		}
	}()
	return s.root.Validate(v)
}

// instance is a patch as the schema sees it: what takes something back is
// null, and a service that is off an empty map, so that their names are checked.
func instance(n *Node) any {
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
			if f.Value.off {
				out[f.Key] = map[string]any{}
			} else {
				out[f.Key] = instance(f.Value)
			}
		}
		return out
	}
	return n.Scalar
}
