package nix

import (
	"maps"
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
	return Func{Params: used, Body: body}
}

func (a Attrs) sets(name string) bool {
	return slices.ContainsFunc(a.Body, func(b Binding) bool { return len(b.Path) == 1 && b.Path[0] == name })
}

// FreeVariables lists, sorted, the names that e uses and does not bind itself,
// without those that every Nix expression has in scope (builtins, import, map, …).
func FreeVariables(e Expr) []string {
	free := map[string]bool{}
	findFree(e, nil, free)
	return slices.Sorted(maps.Keys(free))
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

// findFree puts into free what e uses and is not bound around it.
func findFree(e Expr, bound []string, free map[string]bool) {
	all := func(es []Expr) {
		for _, e := range es {
			findFree(e, bound, free)
		}
	}
	switch e := e.(type) {
	case Ref:
		if len(e) > 0 && !slices.Contains(bound, e[0]) && !isGlobal(e[0]) {
			free[e[0]] = true
		}
	case List:
		all(e)
	case Interp:
		all(e)
	case Attrs:
		for _, b := range e.Body {
			findFree(b.Value, bound, free)
		}
	case Call:
		findFree(e.Fn, bound, free)
		all(e.Args)
	case Func:
		findFree(e.Body, slices.Concat(bound, e.Params, []string{e.Arg}), free)
	case Op:
		all([]Expr{e.Left, e.Right})
	case Not:
		findFree(e.Of, bound, free)
	case Item:
		findFree(e.Value, bound, free)
	}
}
