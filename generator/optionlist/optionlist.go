// Package optionlist checks options that a profile names by their own paths
// against a list of the options that a release of NixOS or home-manager has.
package optionlist

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// List is a list of options.
type List struct{ root *node }

type node struct {
	children map[string]*node
	// any is the child for every name: <name> or * in an option path.
	any  *node
	kind string // the option's type as the manual words it, "" inside a path
}

// Read reads a list: the options.json that nixpkgs' nixosOptionsDoc makes (an
// object by option path, each with "type"), or the same under a key "options".
func Read(r io.Reader) (*List, error) {
	var raw map[string]json.RawMessage
	if err := json.NewDecoder(r).Decode(&raw); err != nil {
		return nil, fmt.Errorf("read the option list: %w", err)
	}
	if inner, ok := raw["options"]; ok && len(raw) <= 2 {
		raw = nil
		if err := json.Unmarshal(inner, &raw); err != nil {
			return nil, fmt.Errorf("read the option list: %w", err)
		}
	}
	l := &List{root: &node{}}
	for name, data := range raw {
		var option struct{ Type string }
		if err := json.Unmarshal(data, &option); err != nil {
			return nil, fmt.Errorf("read the option list: %s: %w", name, err)
		}
		l.add(name, option.Type)
	}
	if len(l.root.children) == 0 {
		return nil, fmt.Errorf("read the option list: it names no option")
	}
	return l, nil
}

func (l *List) add(name, kind string) {
	n := l.root
	for part := range strings.SplitSeq(strings.ReplaceAll(name, `"`, ""), ".") {
		n = n.child(part)
	}
	n.kind = kind
}

func (n *node) child(part string) *node {
	if part == "*" || strings.HasPrefix(part, "<") && strings.HasSuffix(part, ">") {
		if n.any == nil {
			n.any = &node{}
		}
		return n.any
	}
	if n.children == nil {
		n.children = map[string]*node{}
	}
	if n.children[part] == nil {
		n.children[part] = &node{}
	}
	return n.children[part]
}

// Check says what is wrong with setting the option at path to value; nil if
// nothing is, as far as names and simple types tell. What lies below an option
// that takes any attributes is accepted.
func (l *List) Check(path []string, value nix.Expr) error {
	n, free := l.root, false
	for i, part := range path {
		free = free || freeForm(n.kind)
		next := n.children[part]
		if next == nil {
			next = n.any
		}
		if next == nil {
			if free {
				return nil
			}
			return n.unknown(path, i)
		}
		n = next
	}
	if n.kind == "" {
		if _, isSet := value.(nix.Attrs); isSet || free {
			return nil
		}
		return fmt.Errorf("there is no option %s, only options below it: %s", strings.Join(path, "."), n.some())
	}
	return n.fits(path, value)
}

func (n *node) unknown(path []string, i int) error {
	if n.kind != "" {
		return fmt.Errorf("%s is %s, and has no %s in it", strings.Join(path[:i], "."), n.kind, path[i])
	}
	why := fmt.Sprintf("there is no option %s", strings.Join(path[:i+1], "."))
	if near := profile.Nearest(path[i], n.names()); near != "" {
		return fmt.Errorf("%s; did you mean %s", why, strings.Join(append(slices.Clone(path[:i]), near), "."))
	}
	return fmt.Errorf("%s", why)
}

func (n *node) names() []string {
	names := make([]string, 0, len(n.children))
	for name := range n.children {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// some are a few of the names below n.
func (n *node) some() string {
	names := n.names()
	if len(names) > 6 {
		return strings.Join(names[:6], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// freeForm tells whether an option of this type takes attributes that no list names.
func freeForm(kind string) bool {
	kind = strings.TrimPrefix(kind, "null or ")
	for _, start := range []string{
		"attribute set", "lazy attribute set", "open submodule", "anything", "unspecified", "raw value",
	} {
		if strings.HasPrefix(kind, start) {
			return true
		}
	}
	return strings.HasSuffix(kind, " value") || strings.HasSuffix(kind, " value)") || strings.Contains(kind, "INI")
}

// fits compares a value with the types that can be told apart without evaluating.
func (n *node) fits(path []string, value nix.Expr) error {
	kind := n.kind
	if rest, ok := strings.CutPrefix(kind, "null or "); ok {
		if _, isNull := value.(nix.Null); isNull {
			return nil
		}
		kind = strings.Trim(rest, "()")
	}
	got := found(value)
	ok := true
	switch {
	case got == "":
	case kind == "boolean":
		ok = got == "a boolean"
	case strings.HasPrefix(kind, "16 bit unsigned integer"), strings.HasPrefix(kind, "unsigned integer"),
		strings.HasPrefix(kind, "positive integer"), kind == "signed integer":
		ok = got == "an integer" && inRange(kind, value)
	case kind == "string", kind == "non-empty string", strings.HasPrefix(kind, "strings concatenated with"),
		strings.HasSuffix(kind, "single-line string"):
		ok = got == "a string"
	case strings.HasPrefix(kind, "list of "):
		ok = got == "a list"
	case kind == "absolute path":
		ok = got == "a string"
	case kind == "package":
		ok = false // a package is a reference, which found does not judge
	}
	if ok {
		return nil
	}
	return fmt.Errorf("%s is %s in the profile, and must be: %s", strings.Join(path, "."), got, n.kind)
}

func inRange(kind string, value nix.Expr) bool {
	i := int64(value.(nix.Int))
	switch {
	case strings.HasPrefix(kind, "16 bit"):
		return i >= 0 && i <= 65535
	case strings.HasPrefix(kind, "unsigned"):
		return i >= 0
	case strings.HasPrefix(kind, "positive"):
		return i > 0
	}
	return true
}

// found is what a value is, "" where only evaluation tells.
func found(value nix.Expr) string {
	switch value.(type) {
	case nix.Bool:
		return "a boolean"
	case nix.Int:
		return "an integer"
	case nix.Float:
		return "a number"
	case nix.Str, nix.Text:
		return "a string"
	case nix.List:
		return "a list"
	case nix.Null:
		return "null"
	case nix.Attrs:
		return "a set"
	}
	return ""
}
