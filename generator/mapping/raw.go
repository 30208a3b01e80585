package mapping

import (
	"fmt"

	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Raw reads the options that a profile sets by their own paths ("nixos:" and
// "home:"). Maps are opened down to their leaves, so that they merge with what
// else sets options beside them; {$package: name} and {$secret: name} name a
// package and the file of a secret. User is whose home the options belong to. The error is a profile.Problems; what is
// returned is the rest.
func Raw(n *profile.Node, user string, secrets Secrets) ([]Assignment, error) {
	r := &raw{user: user, secrets: secrets}
	for _, f := range n.Fields {
		path, err := nix.ParseAttrPath(f.Key)
		if err != nil {
			r.problem(f.Key, f.Name(), fmt.Errorf("not an option path: %w", err))
			continue
		}
		r.open(path, f.Value)
	}
	if len(r.problems) > 0 {
		return r.found, r.problems
	}
	return r.found, nil
}

type raw struct {
	user     string
	secrets  Secrets
	found    []Assignment
	problems profile.Problems
}

func (r *raw) open(path []string, n *profile.Node) {
	names := n.Get("$package") != nil || n.Get("$packages") != nil || n.Get("$secret") != nil
	if n.Kind == profile.Map && len(n.Fields) > 0 && !names {
		for _, f := range n.Fields {
			r.open(append(path[:len(path):len(path)], f.Key), f.Value)
		}
		return
	}
	value, err := r.value(n)
	if err != nil {
		r.problem(path[len(path)-1], n, err)
		return
	}
	r.found = append(r.found, Assignment{User: r.user, Path: path, Value: value, Origin: n.Origin(), Node: n})
}

func (r *raw) value(n *profile.Node) (nix.Expr, error) {
	switch n.Kind {
	case profile.List:
		return listOf(n, r.value)
	case profile.Map:
		return r.set(n)
	}
	return nix.FromValue(n.Any())
}

func (r *raw) set(n *profile.Node) (nix.Expr, error) {
	if v := n.Get("$package"); v != nil {
		return Package(v)
	}
	if v := n.Get("$packages"); v != nil {
		return listOf(v, Package)
	}
	if v := n.Get("$secret"); v != nil {
		return r.secrets(v.Str(), v)
	}
	set := nix.Attrs{}
	for _, f := range n.Fields {
		e, err := r.value(f.Value)
		if err != nil {
			return nil, err
		}
		set.Body = append(set.Body, nix.Binding{Path: []string{f.Key}, Value: e, Origin: f.Value.Origin()})
	}
	return set, nil
}

func (r *raw) problem(key string, n *profile.Node, err error) {
	r.problems = append(r.problems, refusal(n, key, err))
}
