package profile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/quick-deploy/quick-deploy/schema"
)

// validator judges files by what of the schema can say something about them.
//
// The schema is taken apart where a property is a definition of its own: a host, a service, a user. Each part is
// judged by itself, without what lies below the next of them, so that what hosts inherit is judged once and not once a
// host, and a host by itself. Where a part is refused, the whole schema finds the words for it.
type validator struct {
	about  vocabulary      // it judges files with these keys
	doc    map[string]any  // the whole schema, for the words of messages
	defs   map[string]part // the definitions that are judged by themselves; "" is the root
	shells map[string]*jsonschema.Schema
	// whole is the schema in one piece.
	whole func() (*jsonschema.Schema, error)
}

// newValidator compiles the part of the schema that is about keys.
func newValidator(s *schema.Node, keys vocabulary) (*validator, error) {
	doc, annotated := pruned(s, keys)
	v := &validator{about: keys, doc: annotated, defs: map[string]part{"": doc}}
	v.whole = sync.OnceValues(func() (*jsonschema.Schema, error) {
		whole, err := compile(doc, "")
		return whole[""], err
	})
	names := []string{""}
	refers := func(name string) {
		if v.defs[name] == nil {
			v.defs[name] = part(doc).within("$defs").within(name)
			names = append(names, name)
		}
	}
	top := maps.Clone(shellOf(doc, refers)) // which may be doc itself
	defs := map[string]any{}
	for at := 1; at < len(names); at++ { // refers appends to it
		shell := shellOf(v.defs[names[at]], refers)
		names[at] = shellPrefix + names[at]
		defs[names[at]] = shell
	}
	// What a shell still refers to is needed in one piece.
	all := part(doc).within("$defs")
	delete(top, "$defs")
	addReferred(defs, top, all)
	for _, name := range names[1:] {
		addReferred(defs, defs[name], all)
	}
	top["$defs"] = defs
	var err error
	v.shells, err = compile(top, names...)
	return v, err
}

// shellPrefix starts the name of a definition's shell among the definitions.
const shellPrefix = "shell-"

// addReferred adds to defs, out of all, what a schema refers to, directly or through others.
func addReferred(defs map[string]any, schema any, all part) {
	switch s := schema.(type) {
	case []any:
		for _, sub := range s {
			addReferred(defs, sub, all)
		}
	case map[string]any:
		if name := part(s).refers(); name != "" && defs[name] == nil {
			defs[name] = all[name]
			addReferred(defs, all[name], all)
		}
		for _, sub := range s {
			addReferred(defs, sub, all)
		}
	}
}

// conditional are the keywords by which a schema may look into what lies below its properties.
var conditional = []string{"if", "then", "else", "not", "allOf", "anyOf", "oneOf", "contains", "dependentSchemas"}

// apart reports whether the schema says nothing about what lies below its properties beyond their own schemas.
func (p part) apart() bool {
	return p != nil && !slices.ContainsFunc(conditional, func(keyword string) bool { return p[keyword] != nil })
}

// shellOf is a schema in which properties that refer to a definition may be anything; it tells of each.
func shellOf(p part, refers func(name string)) map[string]any {
	if !p.apart() {
		return p
	}
	cut := func(sub any) any {
		s, _ := sub.(map[string]any)
		if name := part(s).refers(); name != "" {
			refers(name)
			return true
		}
		if s == nil {
			return sub
		}
		return shellOf(s, refers)
	}
	out := maps.Clone(p)
	if props := p.within("properties"); props != nil {
		shells := make(map[string]any, len(props))
		for key, sub := range props {
			shells[key] = cut(sub)
		}
		out["properties"] = shells
	}
	if others := p.within("additionalProperties"); others != nil {
		out["additionalProperties"] = cut(map[string]any(others))
	}
	return out
}

// refers is the definition that stands in place of the schema, "" if it is one of its own.
func (p part) refers() string {
	name, _ := strings.CutPrefix(p.text("$ref"), reference)
	return name
}

// property is the schema of what stands under key; nil if there is none, or if it is not to be looked at by itself.
func (p part) property(key string) part {
	if !p.apart() {
		return nil
	}
	if sub, known := p.within("properties")[key]; known {
		s, _ := sub.(map[string]any)
		return s
	}
	return p.within("additionalProperties")
}

// checker is a validator at work. It is not for concurrent use.
type checker struct {
	*validator
	shared map[*Node]bool // nodes of several hosts that were accepted
	own    map[*Node]bool // and those of one
}

func (v *validator) checker() *checker {
	return &checker{validator: v, shared: map[*Node]bool{}, own: map[*Node]bool{}}
}

// check validates root: if partial what one file says, so that keys which
// another layer may add are not missed, else a whole profile in the normal form.
func (c *checker) check(root *Node, partial bool) []finding {
	found := c.top(root, partial)
	if hosts := root.Get("hosts"); hosts != nil {
		for _, f := range hosts.Fields {
			found = append(found, c.host(root, f, partial)...)
		}
	}
	return found
}

// top validates what of root is not in its hosts.
func (c *checker) top(root *Node, partial bool) []finding {
	top := withHosts(root, root.Get("hosts"), func(Field) *Node { return &Node{Kind: Map} })
	if c.accepts(top, "") {
		return nil
	}
	return c.explain(top, partial)
}

// host validates a host of root.
func (c *checker) host(root *Node, f Field, partial bool) []finding {
	definition := c.defs[""].property("hosts").property(f.Key).refers()
	if definition != "" && f.Value.Kind == Map && c.accepts(f.Value, definition) {
		return nil
	}
	hosts := *root.Get("hosts")
	hosts.Fields, hosts.index = []Field{f}, nil
	return c.explain(withHosts(root, &hosts, func(f Field) *Node { return f.Value }), partial)
}

// withHosts is root with these hosts, and value in place of each.
func withHosts(root, hosts *Node, value func(Field) *Node) *Node {
	if hosts == nil || hosts.Kind != Map {
		return root
	}
	some := *hosts
	some.Fields = slices.Clone(hosts.Fields)
	for i, f := range some.Fields {
		some.Fields[i].Value = value(f)
	}
	out := *root
	out.Fields = slices.Clone(root.Fields)
	out.Fields[root.find("hosts")].Value = &some
	return &out
}

// forget drops what is known about the nodes of one host.
func (c *checker) forget() { clear(c.own) }

// accepts reports whether n, and what lies below it, is as the definition wants it.
func (c *checker) accepts(n *Node, definition string) bool {
	seen := c.own
	if n.shared {
		seen = c.shared
	}
	if seen[n] {
		return true
	}
	def, shell := c.defs[definition], c.shells[definition]
	if definition != "" {
		shell = c.shells[shellPrefix+definition]
	}
	if validate(shell, shellValue(n, def)) != nil || !c.below(n, def) {
		return false
	}
	seen[n] = true
	return true
}

// below accepts the parts below n, of which s is the schema.
func (c *checker) below(n *Node, s part) bool {
	if s == nil || n.Kind != Map {
		return true
	}
	for _, f := range n.Fields {
		sub := s.property(f.Key)
		if name := sub.refers(); name == "" {
			if !c.below(f.Value, sub) {
				return false
			}
		} else if !c.accepts(f.Value, name) {
			return false
		}
	}
	return true
}

// shellValue is n as Any has it, without what is judged by itself.
func shellValue(n *Node, s part) any {
	if n.Kind != Map || s == nil {
		return n.Any()
	}
	out := make(map[string]any, len(n.Fields))
	for _, f := range n.Fields {
		sub := s.property(f.Key)
		if sub.refers() != "" {
			out[f.Key] = true
		} else {
			out[f.Key] = shellValue(f.Value, sub)
		}
	}
	return out
}

// explain is what the schema has against root.
func (v *validator) explain(root *Node, partial bool) []finding {
	whole, err := v.whole()
	if err == nil {
		err = validate(whole, root.Any())
	}
	if err == nil {
		return nil
	}
	ve, ok := err.(*jsonschema.ValidationError)
	if !ok {
		return []finding{{Problem: Problem{Pos: root.Pos, Code: CodeValue, What: "the profile cannot be validated",
			Why: err.Error()}}}
	}
	x := explainer{schema: v.doc, root: root, partial: partial}
	x.walk(ve)
	return withoutFollowing(x.found)
}

// validate contains the panics of the library.
func validate(s *jsonschema.Schema, v any) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the validator failed: %v", r)
		}
	}()
	return s.Validate(v)
}
