package cleartext

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// Finding is a secret in a profile.
type Finding struct {
	Node *profile.Node
	// Key is what the value goes under, "" if the key is itself the secret.
	Key string
	// Kind is what of the value gives it away: "name", or the name of a shape.
	Kind string
	// Text is the value as text.
	Text string
}

// Walker finds the secrets of several parts of a profile. Hosts share what they inherit, which is
// looked at once. It may be used concurrently.
type Walker struct {
	seen sync.Map // of *profile.Node
	keys sync.Map // keyFacts by key: hosts have the same keys
}

// NewWalker returns a Walker that has seen nothing.
func NewWalker() *Walker { return &Walker{} }

// Walk finds the secrets below root, a profile or a part of one, and s, its schema.
func (w *Walker) Walk(root *profile.Node, s *schema.Node, found func(Finding)) {
	(&walker{Walker: w, found: found}).walk(root, place{schema: s, fixed: true})
}

type walker struct {
	*Walker
	found func(Finding)
	// strict takes for a secret also what stands anywhere below a name of one,
	// and what stands for the name of a secret and is none of these names.
	strict bool
	names  []string
}

// keyFacts are what a key, which may be an option path, says about its value.
type keyFacts struct {
	last string // its last part
	// many is true of a map or list of secrets, inside of an entry of one.
	many, inside bool
	kind         string // of secret that the key itself is, "" for none
}

func (w *walker) key(key string) keyFacts {
	if known, ok := w.keys.Load(key); ok {
		return known.(keyFacts)
	}
	k := keyFacts{last: key}
	if path, err := nix.ParseAttrPath(key); err == nil && len(path) > 0 {
		k.last = path[len(path)-1]
		k.inside = slices.ContainsFunc(path[:len(path)-1], holdsMany)
	}
	k.many, k.kind = holdsMany(k.last), Value("", key)
	w.keys.Store(key, k)
	return k
}

// place is where a value stands.
type place struct {
	key    string
	schema *schema.Node // nil where anything may stand
	// fixed is true of keys of the catalogue. One of them that takes a secret
	// takes its name (passwordSecret): it says nothing about the value.
	fixed bool
	// all is true below a map or list of secrets.
	all bool
}

// clear reports whether a value that stands here is a secret for that alone.
func (p place) clear() (secret, sure bool) {
	switch {
	case p.all:
		return true, true
	case p.fixed:
		return false, false
	}
	return Name(p.key), !counts(p.key)
}

// misnamed reports whether n may be a secret where the name of one belongs.
func (w *walker) misnamed(n *profile.Node, p place) bool {
	if !w.strict || !p.fixed || !strings.HasSuffix(p.key, "Secret") && p.key != "$secret" {
		return false
	}
	return !slices.Contains(w.names, n.Str()) && profile.Nearest(n.Str(), w.names) == ""
}

func (w *walker) walk(n *profile.Node, p place) {
	if n == nil {
		return
	}
	if n.Shared() {
		if _, seen := w.seen.LoadOrStore(n, true); seen {
			return
		}
	}
	switch n.Kind {
	case profile.String:
		w.text(n, p)
	case profile.Int, profile.Float:
		// Small numbers are ports' and sizes'.
		if secret, sure := p.clear(); secret && sure && len(fmt.Sprint(n.Scalar)) >= 4 {
			w.found(Finding{n, p.key, "name", fmt.Sprint(n.Scalar)})
		}
	case profile.List:
		w.list(n, p)
	case profile.Map:
		w.entries(n, p)
	}
}

func (w *walker) text(n *profile.Node, p place) {
	name, kind := p.key, ""
	if secret, _ := p.clear(); secret && !elsewhere.MatchString(n.Str()) || w.misnamed(n, p) {
		kind = "name"
	} else {
		if p.fixed {
			name = ""
		}
		kind = Value(name, n.Str())
	}
	if kind != "" {
		w.found(Finding{n, p.key, kind, n.Str()})
	}
}

func (w *walker) list(n *profile.Node, p place) {
	if p.schema != nil {
		p.schema = p.schema.Items
	}
	flag := ""
	for _, item := range n.Items {
		at := p
		if flag != "" {
			at = place{key: flag}
		}
		w.walk(item, at)
		flag = ""
		// --token and its value are two items of a command line.
		if text := item.Str(); strings.HasPrefix(text, "-") && !strings.ContainsAny(text, "= \n") {
			flag = text
		}
	}
}

func (w *walker) entries(n *profile.Node, p place) {
	// {name: TOKEN, value: x} is TOKEN: x.
	named := ""
	for _, k := range []string{"name", "key", "variable"} {
		if v := n.Get(k); v.Str() != "" && n.Get("value") != nil {
			named = v.Str()
		}
	}
	for _, f := range n.Fields {
		if strings.HasPrefix(f.Key, "$") {
			if f.Key == "$secret" && f.Value.Kind == profile.String { // $package and $packages hold names of packages
				w.walk(f.Value, place{key: f.Key, fixed: true})
			}
			continue
		}
		at := place{key: f.Key}
		if p.schema != nil {
			at.schema = p.schema.Property(f.Key)
			if at.fixed = at.schema != nil; !at.fixed {
				at.schema = p.schema.Additional
			}
		}
		if !at.fixed {
			k := w.key(f.Key)
			if k.kind != "" {
				w.found(Finding{f.Value, "", k.kind, f.Key})
			}
			at.key, at.all = k.last, p.all || k.inside || k.many && holds(f.Value)
			if w.strict && Name(k.last) && holds(f.Value) {
				at.all = true
			}
		}
		if f.Key == "value" && named != "" {
			at.key = named
		}
		w.walk(f.Value, at)
	}
}

// holds reports whether n is a map or a list of what may be secrets themselves.
func holds(n *profile.Node) bool {
	return (n.Kind == profile.Map || n.Kind == profile.List) && !refers(n)
}

// refers reports whether n is a map of names of secrets, each with where it lies.
func refers(n *profile.Node) bool {
	for _, f := range n.Fields {
		if f.Value.Get("file") == nil && f.Value.Get("sops") == nil && f.Value.Get("$secret") == nil {
			return false
		}
	}
	return n.Kind == profile.Map
}
