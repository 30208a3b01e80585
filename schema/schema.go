// Package schema holds the JSON Schema of the profile (draft 2020-12), the
// single source of truth about its keys: it validates, it completes in
// editors, and its annotations say which option a value sets (see README.md).
package schema

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
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
	d, err := document()
	if err != nil {
		return nil, fmt.Errorf("bundle the schema: %w", err)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d.Whole()); err != nil {
		return nil, fmt.Errorf("bundle the schema: %w", err)
	}
	return out.Bytes(), nil
}

// Document is a schema in one piece, decoded, with numbers as json.Number. What it has of other files is read when it
// is asked for: most profiles name a tenth of it. Nothing in it may be changed.
type Document struct {
	// Top is the schema of the profile, without $defs.
	Top map[string]any
	// definitions are those in $defs by their names, each a sync.OnceValue.
	definitions map[string]func() map[string]any
	// nodes are the same, to be walked.
	nodes map[string]func() *Node
}

// Definition is what $defs has under name, nil if it has nothing.
func (d *Document) Definition(name string) map[string]any {
	if read, ok := d.definitions[name]; ok {
		return read()
	}
	return nil
}

// Whole is the document with all its definitions.
func (d *Document) Whole() map[string]any {
	defs := make(map[string]any, len(d.definitions))
	for name, read := range d.definitions {
		defs[name] = read()
	}
	doc := maps.Clone(d.Top)
	doc["$defs"] = defs
	return doc
}

// document is the schema. What is embedded never changes, so it is put together once.
var document = sync.OnceValues(func() (*Document, error) { return bundle(files) })

const rootFile = "profile.schema.json"

// bundle makes each file beside the root document a definition of it, and references to files references to those.
func bundle(fsys fs.FS) (*Document, error) {
	root, err := readFile(fsys, rootFile)
	if err != nil {
		return nil, err
	}
	top, _ := fs.Glob(fsys, "*.json") // the patterns are constants
	folders, _ := fs.Glob(fsys, "*/*.json")
	b := bundler{fsys: fsys, files: map[string]func() map[string]any{}}
	for _, name := range slices.Concat(top, folders) {
		b.files[name] = sync.OnceValue(func() map[string]any { return b.file(name) })
	}
	if err := b.walk(root, "."); err != nil {
		return nil, fmt.Errorf("%s: %w", rootFile, err)
	}
	d := newDocument(root)
	for name, read := range b.files {
		if name != rootFile {
			d.define(definition(name), read)
		}
	}
	return d, nil
}

// readFile decodes the file name, a schema.
func readFile(fsys fs.FS, name string) (map[string]any, error) {
	var v map[string]any
	return v, read(fsys, name, &v)
}

// read decodes what into has a place for of the file name.
func read(fsys fs.FS, name string, into any) error {
	f, err := fsys.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := decode(f, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// newDocument is doc, which has all its definitions in itself.
func newDocument(doc map[string]any) *Document {
	d := &Document{maps.Clone(doc), map[string]func() map[string]any{}, map[string]func() *Node{}}
	defs, _ := doc["$defs"].(map[string]any)
	for name, def := range defs {
		m, _ := def.(map[string]any)
		d.define(name, func() map[string]any { return m })
	}
	delete(d.Top, "$defs")
	return d
}

func (d *Document) define(name string, read func() map[string]any) {
	d.definitions[name] = read
	d.nodes[name] = sync.OnceValue(func() *Node { return d.node(read()) })
}

// definition is what a file is called in $defs.
func definition(file string) string {
	return strings.ReplaceAll(strings.TrimSuffix(file, ".json"), "/", "-")
}

// bundler reads the schema's files. What is wrong with one is no error but a panic: they are embedded, and a test reads
// all of them.
type bundler struct {
	fsys fs.FS
	// files are the definitions that files are, by the names of those.
	files map[string]func() map[string]any
	// folders are those that fill the properties of an object.
	folders []string
}

// file reads the definition that the file name is.
func (b *bundler) file(name string) map[string]any {
	v, err := readFile(b.fsys, name)
	if err == nil {
		err = b.walk(v, path.Dir(name))
	}
	if err != nil {
		panic(fmt.Sprintf("the schema: %s: %v", name, err))
	}
	delete(v, "$schema")
	if slices.Contains(b.folders, path.Dir(name)) {
		// It may also be true or null (on, nothing else set) or false (off).
		v["type"] = []any{"object", "boolean", "null"}
	}
	return v
}

// walk rewrites, below v, references to files and x-files folders into references to definitions, fills in the enums
// that x-services asks for, and gives every list a property "+key" beside it, by which a layer adds to the list it
// inherits.
func (b *bundler) walk(v any, dir string) error {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			if err := b.walk(item, dir); err != nil {
				return err
			}
		}
	case map[string]any:
		if err := b.appendable(v, dir); err != nil {
			return err
		}
		if ref, ok := v["$ref"].(string); ok && !strings.HasPrefix(ref, "#") {
			file := path.Join(dir, ref)
			base := b.files[file]
			if base == nil {
				return fmt.Errorf("no file %s", file)
			}
			v["$ref"] = "#/$defs/" + definition(file)
			if len(v) > 1 {
				extend(v, base())
			}
		}
		if folder, ok := v["x-files"].(string); ok {
			if err := b.properties(v, folder); err != nil {
				return err
			}
		}
		if key, ok := v["x-services"].(string); ok {
			delete(v, "x-services")
			names, err := b.services(key)
			if err != nil {
				return err
			}
			v["enum"] = names
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
func (b *bundler) services(key string) ([]any, error) {
	var names []string
	var data bytes.Buffer
	for file := range b.files {
		f, err := b.fsys.Open(file)
		if err != nil {
			return nil, err
		}
		data.Reset()
		_, err = data.ReadFrom(f)
		f.Close()
		if err != nil {
			return nil, err
		}
		// Few files have it, and decoding all takes longer than the rest of the schema.
		if !bytes.Contains(data.Bytes(), []byte(strconv.Quote(key))) {
			continue
		}
		var v struct {
			Service map[string]any `json:"x-service"`
		}
		if err := json.Unmarshal(data.Bytes(), &v); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		switch name := v.Service[key].(type) {
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
	return out, nil
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
			v[key] = slices.Concat(list(part), list(own))
		}
	}
}

// properties adds one property for each file of folder to the object schema v.
func (b *bundler) properties(v map[string]any, folder string) error {
	props, _ := v["properties"].(map[string]any)
	if props == nil {
		props = map[string]any{}
		v["properties"] = props
	}
	for file := range b.files {
		name, inFolder := strings.CutPrefix(file, folder+"/")
		if !inFolder {
			continue
		}
		key := strings.TrimSuffix(name, ".json")
		if _, taken := props[key]; taken {
			return fmt.Errorf("%s: the key %s is already declared", file, key)
		}
		props[key] = map[string]any{"$ref": "#/$defs/" + definition(file)}
	}
	b.folders = append(b.folders, folder)
	return nil
}

// appendable adds the "+key" of each list to the properties of v, if v is an object schema with fixed keys.
func (b *bundler) appendable(v map[string]any, dir string) error {
	props, ok := v["properties"].(map[string]any)
	if !ok || v["additionalProperties"] != false {
		return nil
	}
	for _, key := range sortedKeys(props) {
		p, ok := props[key].(map[string]any)
		if !ok || strings.HasPrefix(key, "+") || key == "extends" {
			continue
		}
		list, err := b.isList(p, dir)
		if err != nil {
			return err
		}
		if !list {
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
	return nil
}

// isList reports whether p, or the file that it refers to, is a list. Of a file it reads no more than that.
func (b *bundler) isList(p map[string]any, dir string) (bool, error) {
	ref, _ := p["$ref"].(string)
	if ref == "" || strings.HasPrefix(ref, "#") {
		return p["type"] == "array", nil
	}
	var file struct{ Type any }
	err := read(b.fsys, path.Join(dir, ref), &file)
	return file.Type == "array", err
}

// decode reads JSON with its numbers as json.Number.
func decode(r io.Reader, into any) error {
	dec := json.NewDecoder(r)
	dec.UseNumber()
	return dec.Decode(into)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
