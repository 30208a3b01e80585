package index

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Editor adds names to the schema of a profile, a bundle of package schema, for editors: packages, and options with
// their types and defaults wherever options are set by their paths. What is unknown stays allowed. It is written
// without indentation: a language server reads it whole.
func (x *Index) Editor(bundle []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(bundle))
	decoder.UseNumber()
	var doc map[string]any
	if err := decoder.Decode(&doc); err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	defs, _ := doc["$defs"].(map[string]any)
	pkg, _ := defs["package"].(map[string]any)
	if pkg == nil {
		return nil, fmt.Errorf("read the schema: it has no packages")
	}
	var packages []any
	for e := range x.List(Package).All() {
		packages = append(packages, e.Name)
	}
	some, _ := pkg["anyOf"].([]any)
	pkg["anyOf"] = append([]any{map[string]any{"enum": packages}}, some...)

	e := editor{defs: defs, types: map[string]string{}}
	below(doc, "", func(key string, n map[string]any) {
		names, _ := n["propertyNames"].(map[string]any)
		switch {
		case names["format"] != "nix-attrpath":
		case key == "nixos":
			n["$ref"] = ref + "options-of-nixos"
		default:
			n["$ref"] = ref + "options-of-home-manager"
		}
	})
	defs["options-of-nixos"] = e.options(x.List(Option))
	defs["options-of-home-manager"] = e.options(x.List(HomeOption))
	var out bytes.Buffer
	write := json.NewEncoder(&out)
	write.SetEscapeHTML(false)
	if err := write.Encode(doc); err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return out.Bytes(), nil
}

const ref = "#/$defs/"

// below calls see with every object in a schema, and the key that it is the value of.
func below(v any, key string, see func(string, map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		see(key, v)
		for k, inner := range v {
			below(inner, k, see)
		}
	case []any:
		for _, inner := range v {
			below(inner, "", see)
		}
	}
}

type editor struct {
	defs  map[string]any
	types map[string]string // names of definitions, by what they say
}

// options is a tree of the options, as they are written below each other. A path in one key is offered where it enables
// something; of all paths a server would make five megabytes at each key.
func (e *editor) options(l *List) map[string]any {
	root := map[string]any{}
	flat := map[string]any{}
	for o := range l.All() {
		parts := split(o.Name)
		if len(parts) == 0 {
			continue
		}
		n := root
		for _, part := range parts {
			if part[0] == '<' || part == "*" {
				n = child(n, "additionalProperties")
				continue
			}
			n = child(child(n, "properties"), part)
		}
		e.describe(n, o)
		if len(parts) <= 3 && strings.HasSuffix(o.Name, ".enable") && !strings.Contains(o.Name, "<") {
			flat[o.Name] = n
		}
	}
	top := child(root, "properties")
	for name, n := range flat {
		top[name] = n
	}
	return root
}

func child(n map[string]any, key string) map[string]any {
	if c, ok := n[key].(map[string]any); ok {
		return c
	}
	c := map[string]any{}
	n[key] = c
	return c
}

// describe says what an option takes, by a definition, since most are as another. The default is in its description,
// if it is one that many have: a server writes what it finds as one into the file, that of each option below a key that
// it completes.
func (e *editor) describe(n map[string]any, o Entry) {
	about := o.Type
	switch o.Default {
	case "true", "false", "null", "[ ]", "{ }", `""`:
		about += ", by default " + o.Default
	}
	name, ok := e.types[about]
	if !ok {
		name = "t" + strconv.Itoa(len(e.types))
		s := typeSchema(o.Type)
		s["description"] = about
		e.types[about], e.defs[name] = name, s
	}
	n["$ref"] = ref + name
}

// typeSchema is the schema of a type: what may be wrong only where a value is certain to be, else what it can be.
func typeSchema(kind string) map[string]any {
	s := map[string]any{}
	switch plain := strings.TrimPrefix(kind, "null or "); {
	case kind == "boolean":
		s["type"] = "boolean"
	case plain == "package":
		s["properties"] = map[string]any{"$package": map[string]any{"$ref": ref + "package"}}
	case plain == "list of package":
		s["items"] = typeSchema("package")
	case strings.HasPrefix(plain, "one of "):
		if words := quoted(plain); words != nil {
			s["anyOf"] = []any{map[string]any{"enum": words}, map[string]any{}}
		}
	}
	return s
}
