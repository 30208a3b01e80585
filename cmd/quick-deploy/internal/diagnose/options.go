package diagnose

import (
	"strings"
	"sync"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/storepath"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// asked is a host's options, made ready for the questions that each word of an error may ask. What nobody asks
// for is not made.
type asked struct {
	// options are those that a user's home sets, those of the system under "".
	options func() map[string]*options
	// keys are the first assignments by the names in their paths.
	keys     func() map[string]*mapping.Assignment
	packages func() []use
}

// use is a package that the profile asks for.
type use struct {
	attr string
	node *profile.Node
}

func (x *index) of(host string) *asked {
	if a := x.asked[host]; a != nil {
		return a
	}
	all := x.hosts[host].Options
	a := &asked{
		options:  sync.OnceValue(func() map[string]*options { return optionsOf(all) }),
		keys:     sync.OnceValue(func() map[string]*mapping.Assignment { return keysOf(all) }),
		packages: sync.OnceValue(func() []use { return x.packagesOf(all) }),
	}
	x.asked[host] = a
	return a
}

// begins tells whether an option that begins with a name may be set. A name in quotes may be any.
func (a *asked) begins(name string) bool {
	if strings.Contains(name, `"`) {
		return true
	}
	for _, o := range a.options() {
		if o.here != nil || o.below[name] != nil {
			return true
		}
	}
	return false
}

// options are the assignments whose paths begin with the same names.
type options struct {
	below map[string]*options
	here  *mapping.Assignment // the first that ends here
	first *mapping.Assignment // of all that go on, by its place in the profile
}

func (o *options) next(name string) *options {
	if o == nil {
		return nil
	}
	return o.below[name]
}

func optionsOf(all []mapping.Assignment) map[string]*options {
	users := map[string]*options{}
	for i := range all {
		a := &all[i]
		if a.Node == nil {
			continue
		}
		o := users[a.User]
		if o == nil {
			o = &options{}
			users[a.User] = o
		}
		for _, name := range a.Path {
			if o.first == nil || before(a.Node.Pos, o.first.Node.Pos) {
				o.first = a
			}
			if o.below == nil {
				o.below = map[string]*options{}
			}
			if o.below[name] == nil {
				o.below[name] = &options{}
			}
			o = o.below[name]
		}
		if o.here == nil {
			o.here = a
		}
	}
	return users
}

// setting finds what sets an option: the assignment of the option itself, else
// of the nearest one around it, else the first one within. rest is what of the path
// leads on into the value.
func (x *index) setting(host, user string, path []string) (found *mapping.Assignment, rest []string) {
	o := x.of(host).options()[user]
	for i, name := range path {
		if o == nil {
			return found, rest
		}
		if o.here != nil {
			found, rest = o.here, path[i:]
		}
		o = o.next(name)
	}
	switch {
	case o == nil:
		return found, rest
	case o.here != nil:
		return o.here, nil
	case found != nil:
		return found, rest
	}
	return o.first, nil
}

func keysOf(all []mapping.Assignment) map[string]*mapping.Assignment {
	keys := map[string]*mapping.Assignment{}
	for i := range all {
		a := &all[i]
		for _, key := range a.Path {
			if a.Node != nil && keys[key] == nil {
				keys[key] = a
			}
		}
	}
	return keys
}

// packagesOf are the packages that options refer to, those in a list with the item's own node.
func (x *index) packagesOf(all []mapping.Assignment) (out []use) {
	note := func(n *profile.Node, ref nix.Expr) {
		if n == nil {
			return
		}
		for _, attr := range packagesIn(ref) {
			out = append(out, use{attr, n})
		}
	}
	for _, a := range all {
		list, ok := a.Value.(nix.List)
		if !ok {
			note(a.Node, a.Value)
			continue
		}
		for _, item := range list {
			if it, ok := item.(nix.Item); ok && it.Origin != "" {
				note(x.nodes[it.Origin].node, it.Value)
			} else {
				note(a.Node, item)
			}
		}
	}
	return out
}

var packageRef = lazyregexp.New(`\bpkgs\.([\w."'+-]+)`)

// packagesIn are the packages that an expression refers to as pkgs.…, by their attribute paths.
func packagesIn(e nix.Expr) (out []string) {
	text, err := nix.Print(e)
	if err != nil {
		return nil // it was printed a moment ago
	}
	for _, m := range packageRef.FindAllSubmatch(text, -1) {
		out = append(out, strings.ReplaceAll(string(m[1]), `"`, ""))
	}
	return out
}

// resembles tells how sure it is that a package attribute and the name that
// nixpkgs prints (pname-version, or an alias) are the same thing; 0 is not at all.
func resembles(attr, name string) int {
	last := attr[strings.LastIndexByte(attr, '.')+1:]
	bare := storepath.Unversioned(name)
	switch {
	case attr == name || last == name:
		return 5
	case last == bare:
		return 4
	case strings.EqualFold(squash(last), squash(bare)):
		return 3
	case begins(last, bare), begins(bare, last):
		return 2
	}
	return 0
}

// begins reports whether a name begins with another one of some length.
func begins(name, with string) bool {
	return len(with) > 3 && strings.HasPrefix(squash(name), squash(with))
}

var separators = strings.NewReplacer("-", "", "_", "", ".", "")

func squash(s string) string { return strings.ToLower(separators.Replace(s)) }
