package mapping

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// value is what rule r makes of n; nil if the rule sets nothing for it.
func (w *walker) value(r schema.Rule, n *profile.Node, at place) (nix.Expr, error) {
	t, mapped := r.Value, true
	if r.Map != nil {
		t, mapped = r.Map[fmt.Sprint(n.Scalar)]
	}
	switch {
	case !mapped:
		return nil, nil
	case t != nil:
		return w.fill(t, subject{value: n.Any(), node: n, key: lastKey(at)})
	case r.Each != nil:
		list, err := w.each(r.Each, n)
		if err != nil || r.Join == "" {
			return list, err
		}
		return joined(list, r.Join)
	}
	switch r.As {
	case "package":
		return Package(n)
	case "packages":
		return listOf(n, Package)
	case "secret":
		return w.secret(n.Str(), n)
	}
	return Literal(n)
}

// secret is the path of a secret. One that is not there is noted, so that the rest is mapped all the same.
func (w *walker) secret(name string, ref *profile.Node) (nix.Expr, error) {
	path, err := w.names.Secret(name, ref)
	var p profile.Problem
	if errors.As(err, &p) {
		w.problems = append(w.problems, p)
		return nix.Str(""), nil
	}
	return path, err
}

func lastKey(at place) string {
	if len(at.path) == 0 {
		return ""
	}
	return at.path[len(at.path)-1]
}

// each fills the template once for every list item or map entry.
func (w *walker) each(t any, n *profile.Node) (nix.List, error) {
	list := nix.List{}
	for key, v := range n.All() {
		e, err := w.fill(t, subject{value: v.Any(), node: v, key: key})
		if err != nil {
			return nil, err
		}
		if e != nil {
			list = append(list, nix.Item{Value: e, Origin: v.Origin()})
		}
	}
	return list, nil
}

// joined is one text from a list of texts, for options of the type lines.
func joined(list nix.List, separator string) (nix.Expr, error) {
	var texts []string
	for _, item := range list {
		text, ok := item.(nix.Item).Value.(nix.Str)
		if !ok {
			return nil, errors.New("only texts can be joined")
		}
		texts = append(texts, string(text))
	}
	return nix.Text(strings.Join(texts, separator)), nil
}

// Literal is n as a Nix value. The items of a list keep their origins.
func Literal(n *profile.Node) (nix.Expr, error) {
	if n.Kind == profile.List {
		return listOf(n, func(item *profile.Node) (nix.Expr, error) { return nix.FromValue(item.Any()) })
	}
	return nix.FromValue(n.Any())
}

func listOf(n *profile.Node, item func(*profile.Node) (nix.Expr, error)) (nix.Expr, error) {
	list := nix.List{}
	for _, i := range n.Items {
		e, err := item(i)
		if err != nil {
			return nil, err
		}
		list = append(list, nix.Item{Value: e, Origin: i.Origin()})
	}
	return list, nil
}

// Package is the reference pkgs.… to the package that n names.
func Package(n *profile.Node) (nix.Expr, error) {
	return PackageRef(n.Str())
}

// PackageRef is pkgs.NAME for an attribute path of nixpkgs.
func PackageRef(name string) (nix.Expr, error) {
	parts, err := nix.ParseAttrPath(name)
	if err != nil {
		return nil, fmt.Errorf("not a package name: %q", name)
	}
	return append(nix.Ref{"pkgs"}, parts...), nil
}

// subject is what a template is filled with.
type subject struct {
	value any
	node  *profile.Node
	key   string
}

// fill replaces $value, $value.a.b and $key in template t. A lookup that finds
// nothing yields nil, and leaves out the attribute or item it stands for.
func (w *walker) fill(t any, s subject) (nix.Expr, error) {
	switch t := t.(type) {
	case string:
		v, ok := s.lookup(t)
		if !ok {
			return nil, nil
		}
		return nix.FromValue(v)
	case json.Number:
		if i, err := t.Int64(); err == nil {
			return nix.Int(i), nil
		}
		f, err := t.Float64()
		if err != nil {
			return nil, fmt.Errorf("number in a template: %w", err)
		}
		return nix.Float(f), nil
	case []any:
		list := nix.List{}
		for _, item := range t {
			more, _ := item.(map[string]any)
			items, splice := more["$items"]
			if splice {
				item = items
			}
			e, err := w.fill(item, s)
			switch {
			case err != nil:
				return nil, err
			case splice:
				entries, _ := e.(nix.List)
				list = append(list, entries...)
			case e != nil:
				list = append(list, e)
			}
		}
		return list, nil
	case map[string]any:
		return w.fillMap(t, s)
	}
	return nix.FromValue(t)
}

func (w *walker) fillMap(t map[string]any, s subject) (nix.Expr, error) {
	if name, ok := t["$package"].(string); ok {
		v, _ := s.lookup(name)
		text, _ := v.(string)
		return PackageRef(text)
	}
	if name, ok := t["$secret"].(string); ok {
		v, found := s.lookup(name)
		if !found {
			return nil, nil
		}
		text, _ := v.(string)
		node := s.node
		if path, below := strings.CutPrefix(name, "$value."); below {
			node = cmp.Or(node.Get(strings.Split(path, ".")...), node)
		}
		return w.secret(text, node)
	}
	if name, ok := t["$input"].(string); ok {
		return nix.Str(w.names.Input(name)), nil
	}
	if format, ok := t["$format"].(string); ok {
		return w.format(format, t["of"], s)
	}
	if condition, ok := t["$if"].(string); ok {
		branch := "else"
		if v, found := s.lookup(condition); found && v != false {
			branch = "then"
		}
		if t[branch] == nil {
			return nil, nil
		}
		return w.fill(t[branch], s)
	}
	if choices, ok := t["$or"].([]any); ok {
		for _, c := range choices {
			if e, err := w.fill(c, s); e != nil || err != nil {
				return e, err
			}
		}
		return nil, nil
	}
	set := nix.Attrs{}
	for _, key := range slices.Sorted(maps.Keys(t)) {
		e, err := w.fill(t[key], s)
		if err != nil {
			return nil, err
		}
		if e == nil {
			continue
		}
		name, ok := s.lookup(key)
		text, isText := name.(string)
		if !ok || !isText {
			return nil, fmt.Errorf("template key %s is not a text", key)
		}
		set.Body = append(set.Body, nix.Binding{Path: []string{text}, Value: e})
	}
	return set, nil
}

// format puts the parts at the %v of a text. A part that is only known when
// the configuration is evaluated, such as a secret's path, makes it an
// interpolated string.
func (w *walker) format(format string, of any, s subject) (nix.Expr, error) {
	parts, isList := of.([]any)
	if !isList {
		parts = []any{of}
	}
	pieces := strings.Split(format, "%v")
	if len(pieces) != len(parts)+1 {
		return nil, fmt.Errorf("the template %q has %d places for %d parts", format, len(pieces)-1, len(parts))
	}
	text, dynamic := pieces[0], nix.Interp{}
	for i, part := range parts {
		e, err := w.fill(part, s)
		if e == nil || err != nil {
			return nil, err
		}
		switch e := e.(type) {
		case nix.Str:
			text += string(e)
		case nix.Int:
			text += strconv.FormatInt(int64(e), 10)
		case nix.Float:
			text += strconv.FormatFloat(float64(e), 'g', -1, 64)
		case nix.Ref:
			dynamic = append(dynamic, nix.Str(text), e)
			text = ""
		default:
			return nil, errors.New("only a text or a number fits here")
		}
		text += pieces[i+1]
	}
	if len(dynamic) == 0 {
		return nix.Str(text), nil
	}
	return append(dynamic, nix.Str(text)), nil
}

// lookup is the value that t stands for: itself, unless it is one of the variables.
func (s subject) lookup(t string) (any, bool) {
	switch {
	case t == "$value":
		return s.value, s.value != nil
	case t == "$key":
		return s.key, true
	case strings.HasPrefix(t, "$value."):
		v := s.value
		for part := range strings.SplitSeq(strings.TrimPrefix(t, "$value."), ".") {
			m, ok := v.(map[string]any)
			if !ok {
				return nil, false
			}
			if v, ok = m[part]; !ok || v == nil {
				return nil, false
			}
		}
		return v, true
	}
	return t, true
}

// equal compares a constant of the schema with a profile value; numbers by
// their text, since the schema keeps them exact.
func equal(want, got any) bool {
	if n, ok := want.(json.Number); ok {
		return n.String() == fmt.Sprint(got)
	}
	return reflect.DeepEqual(want, got)
}
