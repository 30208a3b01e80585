package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Node is the schema of one value of the profile, with its annotations.
type Node struct {
	// Pointer is where the schema stands in the bundle, for messages.
	Pointer     string
	Title       string
	Description string
	Types       []string
	Enum        []any
	Default     any
	Examples    []any
	Deprecated  bool
	Format      string
	Pattern     string
	// Lines is true of texts that may have several lines (x-lines).
	Lines bool

	Properties map[string]*Node // by key, without the "+key" twins
	Additional *Node            // schema of the values of a map, nil if it has fixed keys
	Key        string           // x-key: what the map's keys are called in option paths
	Items      *Node
	// NeedsKeys tells that an empty object is refused.
	NeedsKeys bool

	Rules   []Rule   // x-nixos
	Service *Service // x-service
	Home    *Home    // x-home
}

// Rule says what a value does to the configuration. See README.md.
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
	Summary string   `json:"summary"`
	Docs    string   `json:"docs,omitempty"`
	Ports   []Port   `json:"ports,omitempty"`
	Needs   []string `json:"needs,omitempty"`
	// Units are what its systemd units are called, without their kind: sshd for
	// sshd.service or sshd.socket. "*" stands for anything.
	Units  []string `json:"units,omitempty"`
	Health *Health  `json:"health,omitempty"`
	Data   []string `json:"data,omitempty"`
	Unfree []string `json:"unfree,omitempty"`
	Inputs []string `json:"inputs,omitempty"`
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
	Port     int    `json:"port"`          // without that key
	Protocol string `json:"protocol"`      // tcp or udp
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
	Title   string   `json:"title"`
	Summary string   `json:"summary"`
	Docs    string   `json:"docs,omitempty"`
	Module  string   `json:"module,omitempty"`
	Inputs  []string `json:"inputs,omitempty"`
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

// rulesWith are the rules of n whose value is made from the key and others. A rule with no more
// than a condition on it is not among them.
func (n *Node) rulesWith(key string) []Rule {
	var found []Rule
	for _, r := range n.Rules {
		if namesKey(r.Value, key) {
			found = append(found, r)
		}
	}
	return found
}

// namesKey reports whether template t holds the value of key.
func namesKey(t any, key string) bool {
	switch t := t.(type) {
	case string:
		return t == "$value."+key || strings.HasPrefix(t, "$value."+key+".")
	case []any:
		return slices.ContainsFunc(t, func(item any) bool { return namesKey(item, key) })
	case map[string]any:
		for _, part := range t {
			if namesKey(part, key) {
				return true
			}
		}
	}
	return false
}

// Root parses the bundled schema into nodes.
func Root() (*Node, error) {
	doc, err := document()
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	p := &parser{doc: doc, seen: map[string]*Node{}}
	n, err := p.node(doc, "#")
	if err != nil {
		return nil, fmt.Errorf("read the schema: %w", err)
	}
	return n, nil
}

type parser struct {
	doc  map[string]any
	seen map[string]*Node
}

func (p *parser) node(raw map[string]any, at string) (*Node, error) {
	if n, ok := p.seen[at]; ok {
		return n, nil
	}
	n := &Node{Pointer: at}
	p.seen[at] = n
	if ref, ok := raw["$ref"].(string); ok {
		target, err := p.resolve(ref)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", at, err)
		}
		d, err := p.node(target, ref)
		if err != nil {
			return nil, err
		}
		*n = *d
	}
	n.Title = text(raw, "title", n.Title)
	n.Description = text(raw, "description", n.Description)
	n.Format = text(raw, "format", n.Format)
	n.Pattern = text(raw, "pattern", n.Pattern)
	n.Key = text(raw, "x-key", n.Key)
	switch t := raw["type"].(type) {
	case string:
		n.Types = []string{t}
	case []any:
		n.Types = nil
		for _, v := range t {
			if s, ok := v.(string); ok {
				n.Types = append(n.Types, s)
			}
		}
	}
	if v, ok := raw["enum"].([]any); ok {
		n.Enum = v
	}
	if v, ok := raw["const"]; ok {
		n.Enum = []any{v}
	}
	if v, ok := raw["default"]; ok {
		n.Default = v
	}
	if v, ok := raw["examples"].([]any); ok {
		n.Examples = v
	}
	if v, ok := raw["deprecated"].(bool); ok {
		n.Deprecated = v
	}
	n.NeedsKeys = n.NeedsKeys || needsKeys(raw)
	if v, ok := raw["x-lines"].(bool); ok {
		n.Lines = v
	}
	if err := p.children(n, raw, at); err != nil {
		return nil, err
	}
	return n, p.annotations(n, raw, at)
}

// needsKeys reports whether the schema refuses an empty object.
func needsKeys(raw map[string]any) bool {
	holds := func(v any) bool {
		sub, ok := v.(map[string]any)
		return ok && needsKeys(sub)
	}
	keys, _ := raw["required"].([]any)
	all, _ := raw["allOf"].([]any)
	if len(keys) > 0 || slices.ContainsFunc(all, holds) {
		return true
	}
	for _, keyword := range []string{"oneOf", "anyOf"} {
		some, _ := raw[keyword].([]any)
		if len(some) > 0 && !slices.ContainsFunc(some, func(v any) bool { return !holds(v) }) {
			return true
		}
	}
	return false
}

func (p *parser) children(n *Node, raw map[string]any, at string) error {
	if props, ok := raw["properties"].(map[string]any); ok {
		n.Properties = make(map[string]*Node, len(props))
		for _, key := range sortedKeys(props) {
			if strings.HasPrefix(key, "+") {
				continue
			}
			sub, ok := props[key].(map[string]any)
			if !ok {
				return fmt.Errorf("%s/properties/%s: not a schema", at, key)
			}
			c, err := p.node(sub, at+"/properties/"+key)
			if err != nil {
				return err
			}
			n.Properties[key] = c
		}
	}
	if sub, ok := raw["additionalProperties"].(map[string]any); ok {
		c, err := p.node(sub, at+"/additionalProperties")
		if err != nil {
			return err
		}
		n.Additional = c
	}
	if sub, ok := raw["items"].(map[string]any); ok {
		c, err := p.node(sub, at+"/items")
		if err != nil {
			return err
		}
		n.Items = c
	}
	return nil
}

func (p *parser) annotations(n *Node, raw map[string]any, at string) error {
	if v, ok := raw["x-nixos"]; ok {
		if _, one := v.(map[string]any); one {
			v = []any{v}
		}
		list, ok := v.([]any)
		if !ok {
			return fmt.Errorf("%s/x-nixos: neither a rule nor a list of rules", at)
		}
		n.Rules = make([]Rule, len(list))
		for i, v := range list {
			r, err := newRule(v)
			if err != nil {
				return fmt.Errorf("%s/x-nixos: %w", at, err)
			}
			n.Rules[i] = r
		}
	}
	if v, ok := raw["x-service"]; ok {
		n.Service = &Service{}
		if err := remarshal(v, n.Service); err != nil {
			return fmt.Errorf("%s/x-service: %w", at, err)
		}
	}
	if v, ok := raw["x-home"]; ok {
		n.Home = &Home{}
		if err := remarshal(v, n.Home); err != nil {
			return fmt.Errorf("%s/x-home: %w", at, err)
		}
	}
	return nil
}

// newRule reads a rule. By hand, since there are thousands and every command reads them all.
func newRule(v any) (Rule, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return Rule{}, errors.New("a rule is an object")
	}
	var r Rule
	texts := map[string]*string{
		"option": &r.Option, "home": &r.Home, "code": &r.Code, "as": &r.As, "join": &r.Join, "priority": &r.Priority,
		"since": &r.Since, "until": &r.Until,
	}
	for key, v := range m {
		switch key {
		case "each":
			r.Each = v
		case "value":
			r.Value = v
		case "when":
			r.When = v
		case "map":
			if r.Map, ok = v.(map[string]any); !ok {
				return Rule{}, errors.New("map is an object")
			}
		default:
			into, known := texts[key]
			if !known {
				return Rule{}, fmt.Errorf("unknown key %s", key)
			}
			if *into, ok = v.(string); !ok {
				return Rule{}, fmt.Errorf("%s is a text", key)
			}
		}
	}
	return r, r.check()
}

// check refuses rules whose meaning would be ambiguous.
func (r Rule) check() error {
	targets := 0
	for _, t := range []string{r.Option, r.Home, r.Code} {
		if t != "" {
			targets++
		}
	}
	if targets != 1 {
		return errors.New("a rule has exactly one of option, home and code")
	}
	shapes := 0
	for _, set := range []bool{r.As != "", r.Each != nil, r.Value != nil, r.Map != nil} {
		if set {
			shapes++
		}
	}
	if shapes > 1 {
		return errors.New("a rule has at most one of as, each, value and map")
	}
	if r.Code != "" && (shapes > 0 || r.Priority != "") {
		return errors.New("a rule with code has nothing beside it but when, since and until")
	}
	switch r.As {
	case "", "package", "packages", "secret", "path", "flags":
	default:
		return fmt.Errorf("unknown as: %s", r.As)
	}
	switch r.Priority {
	case "", "default", "force", "before":
	default:
		return fmt.Errorf("unknown priority: %s", r.Priority)
	}
	return nil
}

func (p *parser) resolve(ref string) (map[string]any, error) {
	rest, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil, fmt.Errorf("unsupported reference %s", ref)
	}
	var cur any = p.doc
	for part := range strings.SplitSeq(rest, "/") {
		m, ok := cur.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("no definition at %s", ref)
		}
		cur = m[part]
	}
	m, ok := cur.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("no definition at %s", ref)
	}
	return m, nil
}

func text(raw map[string]any, key, fallback string) string {
	if s, ok := raw[key].(string); ok {
		return s
	}
	return fallback
}

// remarshal decodes v strictly, so that a misspelt annotation is an error;
// numbers of templates stay json.Number.
func remarshal(v any, into any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(strings.NewReader(string(data)))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}
