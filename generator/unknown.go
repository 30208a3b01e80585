package generator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Inputs are what a host is built from, as far as names go.
type Inputs struct {
	Release string
	// Nixpkgs and HomeManager are what the flake calls the inputs.
	Nixpkgs, HomeManager string
	// Pinned says that the profile pins them, to these NAR hashes, "" where it names none.
	Pinned                       bool
	NixpkgsHash, HomeManagerHash string
}

// asked is what was looked up: an option and what it is set to, or a package.
type asked struct {
	x    *index.Index
	home bool
	name string
	// value is what tells whether the type fits: a scalar, or the kind of another value; nil for a package.
	value any
}

// listed are the packages in the value of a node, for an option.
type listed struct {
	x      *index.Index
	node   *profile.Node
	option string
}

// openIndex opens the names of the host's release.
func (h *host) openIndex() {
	if h.in.Index == nil {
		return
	}
	in := Inputs{
		Release: h.channel.release, Nixpkgs: h.channel.inputName("nixpkgs"),
		HomeManager: h.channel.inputName("home-manager"),
	}
	pinned := []*profile.Node{h.channel.pins}
	if in.Release == releaseOf(h.in.Profile) {
		pinned = append([]*profile.Node{h.in.Profile.Root.Get("pins")}, pinned...)
	}
	for _, pins := range pinned {
		for name, hash := range map[string]*string{
			"nixpkgs": &in.NixpkgsHash, "home-manager": &in.HomeManagerHash,
		} {
			if pin := pins.Get(name); pin != nil {
				in.Pinned, *hash = true, pin.Get("narHash").Str()
			}
		}
	}
	h.index = h.in.Index(in)
}

// slip is a name that the release does not have, or an option that is given what it does not take.
type slip struct {
	node  *profile.Node
	fault index.Fault
}

// once is what ask finds, once for all hosts that ask the same.
func once[T any](h *host, q any, ask func() T) T {
	if known, ok := h.in.known.slips.Load(q); ok {
		return known.(T)
	}
	found := ask()
	h.in.known.slips.Store(q, found)
	return found
}

// tell tells of slips: as problems where the list is exact, otherwise as warnings. A name that is near none of the list
// may be of an overlay or a module of the user's own: Nix knows.
func (h *host) tell(list *index.List, slips []slip) {
	for _, s := range slips {
		if list.Exact() && (s.fault.Value || s.fault.Hint != "") {
			h.problem(s.node, s.fault.What, s.fault.Why, s.fault.Hint)
			continue
		}
		text := s.fault.What
		for _, more := range []string{s.fault.Why, s.fault.Hint} {
			if more != "" {
				text += "; " + more
			}
		}
		h.in.Warn(Notice{Host: h.profile.Name, Pos: s.node.Pos, Text: text, Name: true})
	}
}

// checkOption looks an option up that the profile names by its path below options.
func (h *host) checkOption(options *profile.Node, a mapping.Assignment) {
	if h.index == nil || isForeign(a) {
		return
	}
	list := h.index.List(index.Option)
	if a.User != "" {
		list = h.index.List(index.HomeOption)
	}
	q := asked{h.index, a.User != "", nix.FormatAttrPath(a.Path), kindOf(a.Value)}
	fault := once(h, q, func() *index.Fault { return list.Check(a.Path, a.Value) })
	if fault == nil {
		return
	}
	at := a.Node
	if !fault.Value {
		at = cmp.Or(keyOf(options, at), at)
	}
	h.tell(list, []slip{{at, *fault}})
}

// kindOf is a value if it can be compared, else what it is.
func kindOf(value nix.Expr) any {
	switch value.(type) {
	case nix.Bool, nix.Int, nix.Str, nix.Null, nix.Float:
		return value
	}
	return fmt.Sprintf("%T", value)
}

// checkPackages looks up the packages in a value that the profile names at node or below: what a bundle or the schema
// names is known to be there.
func (h *host) checkPackages(node *profile.Node, value nix.Expr, of ...string) {
	if h.index == nil || eachPackage(value, func(string) bool { return false }) {
		return
	}
	list := h.index.List(index.Package)
	h.tell(list, once(h, listed{h.index, node, strings.Join(of, ".")}, func() (found []slip) {
		eachPackage(value, func(name string) bool {
			fault := once(h, asked{x: h.index, name: name}, func() *index.Fault { return list.CheckPackage(name) })
			if fault != nil {
				if at := find(node, name); at != nil {
					found = append(found, slip{at, *fault})
				}
			}
			return true
		})
		return found
	}))
}

// foreign are options of the flake's other inputs and of the catalogue's own modules, which no list has.
var foreign = []string{
	"disko", "home-manager", "programs.quick-deploy",
	"services.flatpak-apps", "sops", "programs.ssh.settings",
}

func isForeign(a mapping.Assignment) bool {
	name := strings.Join(a.Path, ".") + "."
	return slices.ContainsFunc(foreign, func(begin string) bool { return strings.HasPrefix(name, begin+".") })
}

// keyOf is the key whose value is node, somewhere below all; nil if there is none.
func keyOf(all, node *profile.Node) *profile.Node {
	for _, f := range all.Fields {
		if f.Value == node {
			return &profile.Node{Pos: f.KeyPos}
		}
		if f.Value.Kind == profile.Map {
			if key := keyOf(f.Value, node); key != nil {
				return key
			}
		}
	}
	return nil
}

// eachPackage calls yield with the packages in a value, as pkgs.NAME without pkgs, until it returns false.
func eachPackage(value nix.Expr, yield func(string) bool) bool {
	switch v := value.(type) {
	case nix.Ref:
		return len(v) < 2 || v[0] != "pkgs" || yield(strings.Join(v[1:], "."))
	case nix.Item:
		return eachPackage(v.Value, yield)
	case nix.List:
		return !slices.ContainsFunc(v, func(e nix.Expr) bool { return !eachPackage(e, yield) })
	case nix.Attrs:
		return !slices.ContainsFunc(v.Body, func(b nix.Binding) bool { return !eachPackage(b.Value, yield) })
	case nix.Call:
		return !slices.ContainsFunc(v.Args, func(e nix.Expr) bool { return !eachPackage(e, yield) })
	}
	return true
}

// find is the value at or below node that says text, nil if none does.
func find(node *profile.Node, text string) *profile.Node {
	if node == nil || node.Str() == text {
		return node
	}
	for _, item := range node.Items {
		if at := find(item, text); at != nil {
			return at
		}
	}
	for _, f := range node.Fields {
		if at := find(f.Value, text); at != nil {
			return at
		}
	}
	return nil
}
