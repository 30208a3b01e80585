package schema

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"
)

// Node is the schema of one value of the profile, with its annotations.
type Node struct {
	Title, Description string
	Types              []string
	Enum               []any
	Default            any
	Examples           []any
	Format, Pattern    string
	// Ref is the definition that it is, as package; empty for none. KeyFormat is the format of a map's keys.
	Ref, KeyFormat string
	// Lines is true of texts that may have several lines.
	Lines bool
	// Folder says who makes the folder on the machine that a key names.
	Folder string

	// Properties are the schemas by key, without "+key". One that is a reference is read by Property.
	Properties map[string]*Node
	Additional *Node  // schema of the values of a map, nil if it has fixed keys
	Key        string // what the map's keys are called in option paths
	Items      *Node

	Rules   []Rule
	Service *Service
	Home    *Home

	Required            []string
	AllOf, AnyOf, OneOf []*Node

	// Doc is what the root was read from; nil below the root.
	Doc *Document

	// base reads what a property refers to; nil if it is no reference.
	base func() *Node
}

// Rule says what a value does to the configuration. See README.md. Its keys are the names of the fields in lower case.
type Rule struct {
	// Option is the NixOS option that is set, Home the home-manager option.
	// Parts in angle brackets stand for the key of the enclosing map of that name.
	Option string
	Home   string
	// Code names a handler of the generator.
	Code string
	// As turns a value into something else: package, packages, secret, path or flags.
	As string
	// Each, Value and Map are templates.
	Each  any
	Join  string // joins the texts of Each to one
	Value any
	Map   map[string]any
	// When restricts the rule to one profile value.
	When     any
	Priority string
	// Since is the first release that the rule holds for, Until the first that it no longer does.
	Since, Until string
}

// Service describes an entry of the catalogue.
type Service struct {
	Summary string `json:"summary"`
	Docs    string `json:"docs,omitempty"`
	// Enable is the option by which NixOS switches it on; empty where it has no such option.
	Enable string   `json:"enable,omitempty"`
	Ports  []Port   `json:"ports,omitempty"`
	Needs  []string `json:"needs,omitempty"`
	// Units are what its systemd units are called, without their kind: sshd for
	// sshd.service or sshd.socket. "*" stands for anything.
	Units  []string `json:"units,omitempty"`
	Health *Health  `json:"health,omitempty"`
	Data   []string `json:"data,omitempty"`
	Unfree []string `json:"unfree,omitempty"`
	// Pages is true if its module registers it as an upstream of nginx, Job is the job of Prometheus that it makes.
	Pages bool   `json:"pages,omitempty"`
	Job   string `json:"job,omitempty"`
	// Accounts are those that its module of NixOS makes, with groups of their names; Groups are more.
	Accounts []Account `json:"accounts,omitempty"`
	Groups   []string  `json:"groups,omitempty"`
	// Encryption is about data that the service encrypts with a key of its own.
	Encryption *Encryption `json:"encryption,omitempty"`
}

// Account is an account of a service's own.
type Account struct {
	Name string `json:"name"`
	When string `json:"when,omitempty"` // key of the service without which there is none
}

// Encryption is data that is lost when its service gets another key.
type Encryption struct {
	Data    string `json:"data"`    // file that is there once there is such data
	Option  string `json:"option"`  // option of NixOS that names the key
	Setting string `json:"setting"` // what the service's configuration file calls that
	Default string `json:"default"` // its value where the profile sets none
	File    string `json:"file"`    // where the key of Default lies
}

// Port is a port that a service listens on.
type Port struct {
	Name     string `json:"name"`
	Key      string `json:"key,omitempty"` // key of the service that sets it
	Port     int    `json:"port"`          // without that key; in the schema the key's default
	Protocol string `json:"protocol"`      // tcp, as without it in the schema, or udp
	// When names a boolean key of the service without which the port is not in use.
	When string `json:"when,omitempty"`
}

// Health is what a service's units cannot say about it.
type Health struct {
	Port string `json:"port"`           // name of one of the service's ports: it answers
	Path string `json:"path,omitempty"` // the page at Path there answers with a status from 200 to 399
	// Grace is how long the service may take from its start until then; 0: no longer than any.
	Grace Duration `json:"grace,omitempty"`
}

// Duration is a time.Duration, in JSON as time.ParseDuration reads it: "2m".
type Duration time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// Home describes an entry of a user's home.
type Home struct {
	Docs string `json:"docs,omitempty"`
	// Packages are those that it puts into the home, by their names without versions.
	Packages []string `json:"packages,omitempty"`
	// Files are those that home-manager links, from the home directory, and FilesBefore
	// are more of them while home.stateVersion is older than the key.
	Files       []string            `json:"files,omitempty"`
	FilesBefore map[string][]string `json:"filesBefore,omitempty"`
}

// IsLeaf reports whether n has no keys and no list items with keys of their own.
func (n *Node) IsLeaf() bool {
	return len(n.Properties) == 0 && n.Additional == nil && (n.Items == nil || n.Items.IsLeaf())
}

// NeedsKeys reports whether the schema refuses an empty object.
func (n *Node) NeedsKeys() bool {
	all := func(some []*Node) bool {
		return len(some) > 0 && !slices.ContainsFunc(some, func(n *Node) bool { return !n.NeedsKeys() })
	}
	return len(n.Required) > 0 || slices.ContainsFunc(n.AllOf, (*Node).NeedsKeys) || all(n.OneOf) || all(n.AnyOf)
}

// Property is the schema of what stands under key, nil if n does not name it.
func (n *Node) Property(key string) *Node {
	p := n.Properties[key]
	if p != nil && p.base != nil {
		return p.base()
	}
	return p
}

// All are the keys that n names, sorted, with the schemas of what stands under them.
func (n *Node) All() iter.Seq2[string, *Node] {
	return func(yield func(string, *Node) bool) {
		for _, key := range sortedKeys(n.Properties) {
			if !yield(key, n.Property(key)) {
				return
			}
		}
	}
}

// Root is the bundled schema as nodes. They must not be changed.
func Root() (*Node, error) {
	n, err := root()
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	return n, nil
}

// root is read once, as document is.
var root = sync.OnceValues(func() (*Node, error) {
	d, err := document()
	if err != nil {
		return nil, err
	}
	return d.root(), nil
})

// Parse reads a schema that refers to nothing but its own $defs. Neither doc, decoded JSON, nor the nodes may be
// changed from then on. It panics where the schema is wrong.
func Parse(doc map[string]any) *Node { return newDocument(doc).root() }

func (d *Document) root() *Node {
	n := d.node(d.Top)
	n.Doc = d
	return n
}

// node reads v, a schema of d, and what its Additional and Items refer to.
func (d *Document) node(v map[string]any) *Node {
	if ref := text(v["$ref"]); ref != "" {
		return d.follow(ref, text(v["description"]))
	}
	n := &Node{
		Title:       text(v["title"]),
		Description: text(v["description"]),
		Types:       texts(v["type"]),
		Enum:        list(v["enum"]),
		Default:     v["default"],
		Examples:    list(v["examples"]),
		Format:      text(v["format"]),
		Pattern:     text(v["pattern"]),
		KeyFormat:   text(object(v["propertyNames"])["format"]),
		Lines:       v["x-lines"] == true,
		Folder:      text(v["x-folder"]),
		Properties:  map[string]*Node{},
		Additional:  d.part(v["additionalProperties"]),
		Key:         text(v["x-key"]),
		Items:       d.part(v["items"]),
		Required:    texts(v["required"]),
		AllOf:       d.parts(v["allOf"]),
		AnyOf:       d.parts(v["anyOf"]),
		OneOf:       d.parts(v["oneOf"]),
	}
	if c := v["const"]; c != nil {
		n.Enum = []any{c}
	}
	for key, p := range object(v["properties"]) {
		if !strings.HasPrefix(key, "+") {
			n.Properties[key] = d.property(object(p))
		}
	}
	for _, r := range list(v["x-nixos"]) {
		n.Rules = append(n.Rules, rule(object(r)))
	}
	annotation(v["x-service"], &n.Service)
	annotation(v["x-home"], &n.Home)
	if n.Service != nil {
		n.completePorts()
	}
	return n
}

// property is the schema v of a key. A reference waits until it is asked for.
func (d *Document) property(v map[string]any) *Node {
	if v["$ref"] == nil {
		return d.node(v)
	}
	return &Node{base: sync.OnceValue(func() *Node { return d.node(v) })}
}

// part is v as a node; nil where there is nothing, true or false.
func (d *Document) part(v any) *Node {
	if m := object(v); m != nil {
		return d.node(m)
	}
	return nil
}

func (d *Document) parts(v any) []*Node {
	var out []*Node
	for _, part := range list(v) {
		out = append(out, d.part(part))
	}
	return out
}

// follow is what ref refers to, with description if that is not empty.
func (d *Document) follow(ref, description string) *Node {
	name := strings.TrimPrefix(ref, "#/$defs/")
	read := d.nodes[name]
	if read == nil {
		panic("the schema: no definition at " + ref)
	}
	n := *read()
	n.Description, n.Ref = cmp.Or(description, n.Description), name
	return &n
}

func rule(v map[string]any) Rule {
	return Rule{
		Option: text(v["option"]), Home: text(v["home"]), Code: text(v["code"]), As: text(v["as"]),
		Each: v["each"], Join: text(v["join"]), Value: v["value"], Map: object(v["map"]),
		When: v["when"], Priority: text(v["priority"]), Since: text(v["since"]), Until: text(v["until"]),
	}
}

// annotation reads v, which may be nil, into a struct with JSON's names.
func annotation(v, into any) {
	if v == nil {
		return
	}
	data, err := json.Marshal(v)
	if err == nil {
		err = decode(bytes.NewReader(data), into)
	}
	if err != nil {
		panic(fmt.Sprintf("the schema: %v", err))
	}
}

// object is v if that is an object, else nil.
func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// text is v if that is a text, else empty.
func text(v any) string {
	s, _ := v.(string)
	return s
}

// list is v, or v as the only entry if it is no list; nil stays nil.
func list(v any) []any {
	if l, ok := v.([]any); ok || v == nil {
		return l
	}
	return []any{v}
}

// texts is list of texts.
func texts(v any) []string {
	var out []string
	for _, item := range list(v) {
		out = append(out, text(item))
	}
	return out
}

// completePorts adds what the ports of a service leave out.
func (n *Node) completePorts() {
	for i := range n.Service.Ports {
		p := &n.Service.Ports[i]
		p.Protocol = cmp.Or(p.Protocol, "tcp")
		if key := n.Property(p.Key); key != nil {
			number, _ := key.Default.(json.Number)
			v, _ := number.Int64() // a test looks at each
			p.Port = int(v)
		}
	}
}
