// Package schema holds the JSON Schema of the profile (draft 2020-12), the
// single source of truth about its keys: it validates, it completes in
// editors, and its annotations say which option a value sets (see README.md).
package schema

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed *.json services/*.json home/*.json text/*.json
var files embed.FS

//go:embed presets/*.yaml
var presets embed.FS

// ManualPage describes every key in the macros of man(7). TestReferenceIsFresh writes it.
//
//go:embed quick-deploy.yaml.5
var ManualPage []byte

// Presets are the profiles that ship with the tool, as NAME.yaml.
func Presets() fs.FS {
	sub, err := fs.Sub(presets, "presets")
	if err != nil {
		// The name is a constant that go:embed has checked.
		return presets
	}
	return sub
}

// Bundle is the whole schema as one document without references to other
// files: what `quick-deploy schema` prints.
func Bundle() ([]byte, error) {
	doc, err := document()
	if err != nil {
		return nil, fmt.Errorf("bundle the schema: %w", err)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("bundle the schema: %w", err)
	}
	return out.Bytes(), nil
}

// document is the schema in one piece, decoded, with numbers as json.Number. What is embedded never changes, so it is
// put together once.
var document = sync.OnceValues(func() (map[string]any, error) { return bundle(files) })

const rootFile = "profile.schema.json"

// bundle copies every file beside the root document into its $defs, and makes references to files references to those.
func bundle(fsys fs.FS) (map[string]any, error) {
	top, _ := fs.Glob(fsys, "*.json") // the patterns are constants
	folders, _ := fs.Glob(fsys, "*/*.json")
	b := bundler{}
	for _, name := range append(top, folders...) {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		var v map[string]any
		if err := decode(data, &v); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		b[name] = v
	}
	root := b[rootFile]
	defs, _ := root["$defs"].(map[string]any)
	if defs == nil {
		return nil, fmt.Errorf("%s has no $defs", rootFile)
	}
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if err := b.walk(b[name], path.Dir(name)); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if name != rootFile {
			delete(b[name], "$schema")
			defs[definition(name)] = b[name]
		}
	}
	return root, nil
}

// definition is what a file is called in $defs.
func definition(file string) string {
	return strings.ReplaceAll(strings.TrimSuffix(file, ".json"), "/", "-")
}

// bundler has the schema's files by name.
type bundler map[string]map[string]any

// walk rewrites, below v, references to files and x-files folders into references to definitions, fills in the enums
// that x-services asks for, and gives every list a property "+key" beside it, by which a layer adds to the list it
// inherits.
func (b bundler) walk(v any, dir string) error {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if err := b.walk(item, dir); err != nil {
				return err
			}
		}
	case map[string]any:
		b.appendable(v, dir)
		if ref, ok := v["$ref"].(string); ok && !strings.HasPrefix(ref, "#") {
			file := path.Join(dir, ref)
			base := b[file]
			if base == nil {
				return fmt.Errorf("no file %s", file)
			}
			v["$ref"] = "#/$defs/" + definition(file)
			if len(v) > 1 {
				extend(v, base)
			}
		}
		if folder, ok := v["x-files"].(string); ok {
			if err := b.properties(v, folder); err != nil {
				return err
			}
		}
		if key, ok := v["x-services"].(string); ok {
			delete(v, "x-services")
			v["enum"] = b.services(key)
		}
		for _, part := range v {
			if err := b.walk(part, dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// services are the names of the services whose x-service has key, sorted: the service's own if the key says true,
// else what it says.
func (b bundler) services(key string) []any {
	var names []string
	for file, v := range b {
		service, _ := v["x-service"].(map[string]any)
		switch name := service[key].(type) {
		case bool:
			names = append(names, strings.TrimSuffix(path.Base(file), ".json"))
		case string:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	out := make([]any, len(names))
	for i, name := range names {
		out[i] = name
	}
	return out
}

// extend puts what base says in place of v's reference to it, so that editors show what v says besides: of a
// reference they show what it refers to. Rules of both hold.
func extend(v, base map[string]any) {
	delete(v, "$ref")
	for key, part := range base {
		own, has := v[key]
		switch {
		case !has && key != "$schema":
			v[key] = part
		case has && key == "x-nixos":
			v[key] = slices.Concat(rules(part), rules(own))
		}
	}
}

func rules(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

// properties adds one property for each file of folder to the object schema v.
// Such a property may also be true or null (on, nothing else set) or false (off).
func (b bundler) properties(v map[string]any, folder string) error {
	props, _ := v["properties"].(map[string]any)
	if props == nil {
		props = map[string]any{}
		v["properties"] = props
	}
	for file, def := range b {
		name, inFolder := strings.CutPrefix(file, folder+"/")
		if !inFolder {
			continue
		}
		key := strings.TrimSuffix(name, ".json")
		if _, taken := props[key]; taken {
			return fmt.Errorf("%s: the key %s is already declared", file, key)
		}
		def["type"] = []any{"object", "boolean", "null"}
		props[key] = map[string]any{"$ref": "#/$defs/" + definition(file)}
	}
	return nil
}

// appendable adds the "+key" of each list to the properties of v, if v is an object schema with fixed keys.
func (b bundler) appendable(v map[string]any, dir string) {
	props, ok := v["properties"].(map[string]any)
	if !ok || v["additionalProperties"] != false {
		return
	}
	for _, key := range sortedKeys(props) {
		p, ok := props[key].(map[string]any)
		if !ok || strings.HasPrefix(key, "+") || key == "extends" || !b.isList(p, dir) {
			continue
		}
		more := map[string]any{
			"description": "Adds to the inherited list " + key + ".",
			"type":        "array",
		}
		for _, k := range []string{"$ref", "items"} {
			if v, ok := p[k]; ok {
				more[k] = v
			}
		}
		props["+"+key] = more
	}
}

func (b bundler) isList(p map[string]any, dir string) bool {
	if ref, ok := p["$ref"].(string); ok {
		p = b[path.Join(dir, ref)]
	}
	return p["type"] == "array"
}

// decode reads JSON with its numbers as json.Number.
func decode(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return dec.Decode(into)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
