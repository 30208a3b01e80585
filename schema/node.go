package schema

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Node is the schema of one value of the profile, with its annotations.
type Node struct {
	Title       string       `json:"title"`
	Description string       `json:"description"`
	Types       list[string] `json:"type"`
	Enum        []any        `json:"enum"`
	Default     any          `json:"default"`
	Examples    []any        `json:"examples"`
	Format      string       `json:"format"`
	Pattern     string       `json:"pattern"`
	// Lines is true of texts that may have several lines.
	Lines bool `json:"x-lines"`
	// Folder says who makes the folder on the machine that a key names.
	Folder string `json:"x-folder"`

	Properties map[string]*Node `json:"properties"` // by key, without "+key"
	Additional *Node            `json:"-"`          // schema of the values of a map, nil if it has fixed keys
	Key        string           `json:"x-key"`      // what the map's keys are called in option paths
	Items      *Node            `json:"items"`

	Rules   list[Rule] `json:"x-nixos"`
	Service *Service   `json:"x-service"`
	Home    *Home      `json:"x-home"`

	// Doc is the document that the root was read from, decoded; nil below the root.
	Doc map[string]any `json:"-"`

	// The rest is what the fields above and NeedsKeys are made from.
	Ref      string       `json:"$ref"`
	Const    any          `json:"const"`
	Others   schemaOrBool `json:"additionalProperties"`
	Required []string     `json:"required"`
	AllOf    []*Node      `json:"allOf"`
	AnyOf    []*Node      `json:"anyOf"`
	OneOf    []*Node      `json:"oneOf"`
}

// list is a list in JSON, or its only item without the brackets.
type list[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *list[T]) UnmarshalJSON(data []byte) error {
	if data[0] != '[' {
		data = slices.Concat([]byte{'['}, data, []byte{']'})
	}
	return decode(data, (*[]T)(l))
}

// schemaOrBool is a schema; nil if JSON has true or false in its place.
type schemaOrBool struct{ node *Node }

// UnmarshalJSON implements json.Unmarshaler.
func (s *schemaOrBool) UnmarshalJSON(data []byte) error {
	if data[0] != '{' {
		return nil
	}
	return decode(data, &s.node)
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
	doc, err := document()
	if err != nil {
		return nil, err
	}
	return Parse(doc)
})

// Parse reads a schema that refers to nothing but its own $defs. Neither doc, decoded JSON, nor the nodes may be
// changed from then on.
func Parse(doc map[string]any) (*Node, error) {
	data, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	var n struct {
		Node
		Defs map[string]*Node `json:"$defs"`
	}
	if err := decode(data, &n); err != nil {
		return nil, err
	}
	n.Doc = doc
	r := resolver{defs: n.Defs, done: map[*Node]bool{}}
	return &n.Node, r.resolve(&n.Node)
}

type resolver struct {
	defs map[string]*Node
	done map[*Node]bool
}

// resolve completes n and the nodes below it: by what they refer to, and by what follows from their other keywords.
func (r *resolver) resolve(n *Node) error {
	if n == nil || r.done[n] {
		return nil
	}
	r.done[n] = true
	if n.Ref != "" {
		base := r.defs[strings.TrimPrefix(n.Ref, "#/$defs/")]
		if base == nil {
			return fmt.Errorf("no definition at %s", n.Ref)
		}
		if err := r.resolve(base); err != nil {
			return err
		}
		description := cmp.Or(n.Description, base.Description)
		*n = *base
		n.Description = description
		return nil
	}
	if n.Const != nil {
		n.Enum = []any{n.Const}
	}
	n.Additional = n.Others.node
	for key, p := range n.Properties {
		if strings.HasPrefix(key, "+") {
			delete(n.Properties, key)
		} else if err := r.resolve(p); err != nil {
			return err
		}
	}
	if n.Service != nil {
		n.completePorts()
	}
	return cmp.Or(r.resolve(n.Additional), r.resolve(n.Items))
}

// completePorts adds what the ports of a service leave out.
func (n *Node) completePorts() {
	for i := range n.Service.Ports {
		p := &n.Service.Ports[i]
		p.Protocol = cmp.Or(p.Protocol, "tcp")
		if key := n.Properties[p.Key]; key != nil {
			number, _ := key.Default.(json.Number)
			v, _ := number.Int64() // a test looks at each
			p.Port = int(v)
		}
	}
}
