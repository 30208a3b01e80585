package nix

import (
	"slices"
	"strings"
)

// Module wraps body in a module's function, { config, lib, pkgs, ... }: body,
// taking only the arguments that body uses: its free variables. Where it uses
// none, the argument is _, as statix asks, or { ... } if the module has imports
// and is meant to be extended.
func Module(body Expr) Func {
	used := FreeVariables(body)
	rank := func(name string) int {
		switch name {
		case "config":
			return 0
		case "lib":
			return 1
		case "pkgs":
			return 2
		}
		return 3
	}
	slices.SortFunc(used, func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	if set, ok := body.(Attrs); len(used) == 0 && !(ok && set.sets("imports")) {
		return Func{Arg: "_", Body: body}
	}
	return Func{Params: used, Open: true, Body: body}
}

func (a Attrs) sets(name string) bool {
	return slices.ContainsFunc(a.Body, func(b Binding) bool { return len(b.Path) == 1 && b.Path[0] == name })
}

// FreeVariables lists, sorted, the names that e uses and does not bind itself,
// without those that every Nix expression has in scope (builtins, import, map, …).
func FreeVariables(e Expr) []string {
	s := &scope{bound: map[string]int{}, free: map[string]bool{}}
	s.expr(e)
	names := make([]string, 0, len(s.free))
	for n := range s.free {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// isGlobal reports whether a name is in scope everywhere (Nix manual, "Built-ins").
func isGlobal(name string) bool {
	switch name {
	case "abort", "baseNameOf", "builtins", "derivation", "derivationStrict", "dirOf", "false", "fetchGit",
		"fetchMercurial", "fetchTarball", "fetchTree", "fromTOML", "import", "isNull", "map", "null",
		"placeholder", "removeAttrs", "scopedImport", "throw", "toString", "true":
		return true
	}
	return strings.HasPrefix(name, "__")
}

type scope struct {
	bound map[string]int // names bound around the expression at hand
	free  map[string]bool
}

func (s *scope) use(name string) {
	if s.bound[name] == 0 && !isGlobal(name) {
		s.free[name] = true
	}
}

// within runs f with names bound.
func (s *scope) within(names []string, f func()) {
	for _, n := range names {
		s.bound[n]++
	}
	f()
	for _, n := range names {
		s.bound[n]--
	}
}

func (s *scope) expr(e Expr) {
	switch e := e.(type) {
	case Ref:
		if len(e) > 0 {
			s.use(e[0])
		}
	case List:
		s.all(e)
	case Interp:
		s.all(e)
	case Attrs:
		if e.Rec {
			s.within(boundBy(e.Body), func() { s.bindings(e.Body, true) })
			return
		}
		s.bindings(e.Body, false)
	case Call:
		s.expr(e.Fn)
		s.all(e.Args)
	case Func:
		names := append([]string{e.Arg, e.As}, e.Params...)
		s.within(names, func() { s.expr(e.Body) })
	case Let:
		s.within(boundBy(e.Binds), func() {
			s.bindings(e.Binds, true)
			s.expr(e.Body)
		})
	case If:
		s.all([]Expr{e.Cond, e.Then, e.Else})
	case Op:
		s.expr(e.Left)
		s.expr(e.Right)
	case Not:
		s.expr(e.Of)
	case Select:
		s.expr(e.Of)
		s.all(e.Attr)
		s.expr(e.Or)
	case Item:
		s.expr(e.Value)
	}
}

func (s *scope) all(es []Expr) {
	for _, e := range es {
		s.expr(e)
	}
}

// bindings looks at the right-hand sides. Where the set's own names are in
// scope (own), a plain inherit still takes from outside.
func (s *scope) bindings(bs []Binding, own bool) {
	for _, b := range bs {
		switch {
		case b.Value != nil:
			s.expr(b.Value)
		case b.From != nil:
			s.expr(b.From)
		case own:
			for _, n := range b.Inherit {
				s.bound[n]--
				s.use(n)
				s.bound[n]++
			}
		default:
			for _, n := range b.Inherit {
				s.use(n)
			}
		}
	}
}

func boundBy(bs []Binding) []string {
	var names []string
	for _, b := range bs {
		if b.Value == nil {
			names = append(names, b.Inherit...)
			continue
		}
		if len(b.Path) > 0 && !slices.Contains(names, b.Path[0]) {
			names = append(names, b.Path[0])
		}
	}
	return names
}
