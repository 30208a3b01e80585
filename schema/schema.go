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

//go:embed *.json services/*.json home/*.json
var files embed.FS

//go:embed presets/*.yaml
var presets embed.FS

// ID is the address under which the schema is published.
const ID = "https://github.com/quick-deploy/quick-deploy/schema/profile.schema.json"

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
// files: what `quick-deploy schema` prints and what validation compiles.
func Bundle() ([]byte, error) {
	doc, err := Document()
	if err != nil {
		return nil, err
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

// Document is what Bundle prints, decoded, with numbers as json.Number. It must not be changed.
func Document() (map[string]any, error) {
	doc, err := document()
	if err != nil {
		return nil, fmt.Errorf("bundle the schema: %w", err)
	}
	return doc, nil
}

// document is the schema in one piece. What is embedded never changes, so it is put together once.
var document = sync.OnceValues(func() (map[string]any, error) { return bundle(files) })

// bundler copies the referenced files into $defs of the root document.
type bundler struct {
	fsys fs.FS
	defs map[string]any
}

func bundle(fsys fs.FS) (map[string]any, error) {
	root, err := readObject(fsys, "profile.schema.json")
	if err != nil {
		return nil, err
	}
	defs, _ := root["$defs"].(map[string]any)
	if defs == nil {
		defs = map[string]any{}
		root["$defs"] = defs
	}
	b := &bundler{fsys: fsys, defs: defs}
	// Files add definitions while the walk is on, so the existing ones go first.
	for _, name := range sortedKeys(defs) {
		if err := b.walk(defs[name], "."); err != nil {
			return nil, err
		}
	}
	for _, key := range sortedKeys(root) {
		if key == "$defs" {
			continue
		}
		if err := b.walk(root[key], "."); err != nil {
			return nil, err
		}
	}
	return root, nil
}

// walk rewrites, below v, references to files and x-files folders into
// references to definitions, and gives every list its appending twin "+key".
func (b *bundler) walk(v any, dir string) error {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if err := b.walk(item, dir); err != nil {
				return err
			}
		}
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok && !strings.HasPrefix(ref, "#") {
			file, pointer, _ := strings.Cut(ref, "#")
			name, err := b.define(path.Join(dir, file))
			if err != nil {
				return err
			}
			v["$ref"] = "#/$defs/" + name + pointer
		}
		if folder, ok := v["x-files"].(string); ok {
			if err := b.properties(v, folder); err != nil {
				return err
			}
		}
		for _, key := range sortedKeys(v) {
			if err := b.walk(v[key], dir); err != nil {
				return err
			}
		}
		b.appendable(v)
	}
	return nil
}

// properties adds one property for each file of folder to the object schema v.
// Such a property may also be true or null (on, nothing else set) or false (off).
func (b *bundler) properties(v map[string]any, folder string) error {
	entries, err := fs.ReadDir(b.fsys, folder)
	if err != nil {
		return err
	}
	props, _ := v["properties"].(map[string]any)
	if props == nil {
		props = map[string]any{}
		v["properties"] = props
	}
	for _, e := range entries {
		key, isJSON := strings.CutSuffix(e.Name(), ".json")
		if !isJSON {
			continue
		}
		if _, taken := props[key]; taken {
			return fmt.Errorf("%s/%s: the key %s is already declared", folder, e.Name(), key)
		}
		name, err := b.define(path.Join(folder, e.Name()))
		if err != nil {
			return err
		}
		def := b.defs[name].(map[string]any)
		def["type"] = []any{"object", "boolean", "null"}
		props[key] = map[string]any{"$ref": "#/$defs/" + name}
	}
	return nil
}

// define copies the schema in file into the definitions, once, and returns its name there.
func (b *bundler) define(file string) (string, error) {
	name := strings.ReplaceAll(strings.TrimSuffix(file, ".json"), "/", "-")
	if _, done := b.defs[name]; done {
		return name, nil
	}
	def, err := readObject(b.fsys, file)
	if err != nil {
		return "", err
	}
	delete(def, "$schema")
	delete(def, "$id")
	b.defs[name] = def
	return name, b.walk(def, path.Dir(file))
}

// appendable gives each list property of the object schema v a twin whose
// name starts with "+", by which a layer adds to the list it inherits.
func (b *bundler) appendable(v map[string]any) {
	props, ok := v["properties"].(map[string]any)
	if !ok || v["additionalProperties"] != false {
		return
	}
	for _, key := range sortedKeys(props) {
		p, ok := props[key].(map[string]any)
		if !ok || strings.HasPrefix(key, "+") || key == "extends" || !b.isList(p) {
			continue
		}
		twin := map[string]any{
			"description": "Adds to the inherited list " + key + ".",
			"type":        "array",
		}
		for _, k := range []string{"$ref", "items"} {
			if v, ok := p[k]; ok {
				twin[k] = v
			}
		}
		props["+"+key] = twin
	}
}

func (b *bundler) isList(p map[string]any) bool {
	if p["type"] == "array" {
		return true
	}
	ref, _ := p["$ref"].(string)
	name, isDef := strings.CutPrefix(ref, "#/$defs/")
	if !isDef {
		return false
	}
	def, _ := b.defs[name].(map[string]any)
	return def != nil && def["type"] == "array"
}

func readObject(fsys fs.FS, name string) (map[string]any, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v map[string]any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return v, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
