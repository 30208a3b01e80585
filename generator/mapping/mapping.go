// Package mapping turns a host of the profile into option assignments, as
// the schema's x-nixos annotations say (schema/README.md). What an annotation
// leaves to code it returns as visits, in a stable order.
package mapping

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/generator/release"
	"github.com/quick-deploy/quick-deploy/schema"
)

// Assignment gives one option its value.
type Assignment struct {
	// User is whose home-manager option it is; empty for a NixOS option.
	User  string
	Path  []string
	Value nix.Expr
	// Origin is the profile node that asked for it, as in nix.Binding.
	Origin string
	// Node is that node, for messages.
	Node *profile.Node
}

// Visit is a profile value that code handles.
type Visit struct {
	Code   string
	Node   *profile.Node
	Schema *schema.Node
	// Path is the way to the value below the host.
	Path []string
	// Vars are the keys of the enclosing maps by their x-key names.
	Vars map[string]string
	// Service is the innermost enclosing catalogue entry, if any.
	Service string
}

// Use is an entry of the catalogue that the host switches on.
type Use struct {
	Name    string
	Service *schema.Service // or
	Home    *schema.Home
	User    string // of a home
	Node    *profile.Node
}

// Result is what a host asks for.
type Result struct {
	Assignments []Assignment
	Visits      []Visit
	Services    []Use
	Homes       []Use
}

// Secrets tells where the secret of a name lies at run time, as an expression for
// its path. Node is the reference, for the message about an unknown name.
type Secrets func(name string, node *profile.Node) (nix.Expr, error)

// Names are what names in a profile and in the schema stand for on one host.
type Names struct {
	Release string // of NixOS there: 26.05, unstable
	Secret  Secrets
	// Input is what an input of the flake is called there: a host with a release
	// of its own has nixpkgs-canary for nixpkgs.
	Input func(name string) string
}

// Map walks host along its schema. The error is a profile.Problems; the result is what can be mapped all the same.
func Map(s *schema.Node, host *profile.Node, names Names) (Result, error) {
	w := &walker{names: names}
	w.walk(s, host, place{vars: map[string]string{}})
	if len(w.problems) > 0 {
		return w.result, w.problems
	}
	return w.result, nil
}

// place is where a walk stands.
type place struct {
	path    []string
	vars    map[string]string
	service string
}

func (p place) child(key string) place {
	p.path = append(slices.Clip(p.path), key)
	return p
}

func (p place) bind(name, value string) place {
	p.vars = maps.Clone(p.vars)
	p.vars[name] = value
	return p
}

type walker struct {
	names    Names
	result   Result
	problems profile.Problems
}

func (w *walker) walk(s *schema.Node, n *profile.Node, at place) {
	if n == nil || n.Kind == profile.Null && s.Service == nil && s.Home == nil {
		return
	}
	if s.Service != nil || s.Home != nil {
		if n.Kind == profile.Bool && n.Scalar == false {
			return
		}
		at = w.use(s, n, at)
	}
	for _, r := range s.Rules {
		w.apply(r, s, n, at)
	}
	switch n.Kind {
	case profile.Map:
		for _, f := range n.Fields {
			child := s.Property(f.Key)
			next := at.child(f.Key)
			if child == nil && s.Additional != nil {
				child = s.Additional
				if s.Key != "" {
					next = next.bind(s.Key, f.Key)
				}
			}
			if child != nil {
				w.walk(child, f.Value, next)
			}
		}
	case profile.List:
		if s.Items != nil && len(s.Items.Rules) > 0 {
			for _, item := range n.Items {
				w.walk(s.Items, item, at)
			}
		}
	}
}

func (w *walker) use(s *schema.Node, n *profile.Node, at place) place {
	name := at.path[len(at.path)-1]
	u := Use{Name: name, Service: s.Service, Home: s.Home, Node: n, User: at.vars["user"]}
	if s.Service != nil {
		at.service = name
		w.result.Services = append(w.result.Services, u)
	} else {
		w.result.Homes = append(w.result.Homes, u)
	}
	return at
}

func (w *walker) apply(r schema.Rule, s *schema.Node, n *profile.Node, at place) {
	if r.When != nil && !equal(r.When, n.Any()) || !w.holds(r) {
		return
	}
	if r.Code != "" {
		w.result.Visits = append(w.result.Visits, Visit{
			Code: r.Code, Node: n, Schema: s, Path: at.path, Vars: at.vars, Service: at.service,
		})
		return
	}
	option, user := r.Option, ""
	if r.Home != "" {
		option, user = r.Home, at.vars["user"]
	}
	path, err := optionPath(option, at.vars)
	if err != nil {
		w.problem(n, at, err)
		return
	}
	if r.As == "flags" {
		w.flags(path, user, n, at)
		return
	}
	value, err := w.value(r, n, at)
	if err != nil {
		w.problem(n, at, err)
		return
	}
	if value == nil {
		return
	}
	if r.Priority != "" {
		fn := map[string]string{"default": "mkDefault", "force": "mkForce", "before": "mkBefore"}[r.Priority]
		value = nix.Call{Fn: nix.Ref{"lib", fn}, Args: []nix.Expr{value}}
	}
	w.result.Assignments = append(w.result.Assignments, Assignment{
		User: user, Path: path, Value: value, Origin: n.Origin(), Node: n,
	})
}

// holds reports whether the host's release is one that the rule is for.
func (w *walker) holds(r schema.Rule) bool {
	return (r.Since == "" || release.AtLeast(w.names.Release, r.Since)) &&
		(r.Until == "" || !release.AtLeast(w.names.Release, r.Until))
}

// flags assigns each flag of the command line n to its own attribute of the set at path. A flag that
// is there several times is a list.
func (w *walker) flags(path []string, user string, n *profile.Node, at place) {
	first := map[string]int{}
	for i := 0; i < len(n.Items); i++ {
		item := n.Items[i]
		name, text, assigned := strings.Cut(item.Str(), "=")
		name, long := strings.CutPrefix(name, "--")
		if !long || name == "" {
			w.problem(item, at, fmt.Errorf(
				"%q is not a long flag: NixOS takes flags by their long names here, such as --ctx-size", item.Str()))
			return
		}
		var value nix.Expr = nix.Bool(true)
		if assigned {
			value = nix.Str(text)
		} else if i+1 < len(n.Items) && isArgument(n.Items[i+1].Str()) {
			i++
			value = nix.Str(n.Items[i].Str())
		}
		a := Assignment{
			User: user, Path: append(slices.Clip(path), name), Value: value, Origin: item.Origin(), Node: item,
		}
		have, again := first[name]
		if !again {
			first[name] = len(w.result.Assignments)
			w.result.Assignments = append(w.result.Assignments, a)
			continue
		}
		old := &w.result.Assignments[have]
		list, isList := old.Value.(nix.List)
		if !isList {
			list = nix.List{old.Value}
		}
		old.Value = append(list, value)
	}
}

// isArgument reports whether a word of a command line belongs to the flag before it: a negative number does.
func isArgument(word string) bool {
	return !strings.HasPrefix(word, "-") || len(word) > 1 && strings.ContainsRune(".0123456789", rune(word[1]))
}

func (w *walker) problem(n *profile.Node, at place, err error) {
	w.problems = append(w.problems, refusal(n, strings.Join(at.path, "."), err))
}

// refusal is err as a problem of what is at path, unless it is a problem already.
func refusal(n *profile.Node, path string, err error) profile.Problem {
	var p profile.Problem
	if errors.As(err, &p) {
		return p
	}
	return n.Problem(path, path, err.Error(), "")
}

// variable is the name of a key in an option of the schema.
var variable = lazyregexp.New(`<[^<>]*>`)

// optionPath splits an option of the schema into its parts; <name> becomes
// the key that vars holds, whatever characters it has, also inside a part.
func optionPath(option string, vars map[string]string) ([]string, error) {
	parts, ok := profile.SplitKey(option)
	if !ok {
		return nil, fmt.Errorf("option path: %s is none", option)
	}
	var err error
	for i, part := range parts {
		if !strings.Contains(part, "<") {
			continue
		}
		parts[i] = variable.ReplaceAllStringFunc(part, func(name string) string {
			key, known := vars[name[1:len(name)-1]]
			if !known {
				err = fmt.Errorf("option path: nothing is called %s here", name)
			}
			return key
		})
	}
	return parts, err
}
