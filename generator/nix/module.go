package nix

import (
	"cmp"
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
	rank := func(name string) int { return slices.Index([]string{"pkgs", "lib", "config"}, name) }
	slices.SortFunc(used, func(a, b string) int { return cmp.Or(rank(b)-rank(a), strings.Compare(a, b)) })
	set, _ := body.(Attrs)
	imports := func(b Binding) bool { return slices.Equal(b.Path, []string{"imports"}) }
	if len(used) == 0 && !slices.ContainsFunc(set.Body, imports) {
		return Func{Arg: "_", Body: body}
	}
	return Func{Params: used, Body: body}
}

// FreeVariables lists, sorted, the names that e uses and does not bind itself,
// without builtins, which every Nix expression has in scope.
func FreeVariables(e Expr) []string {
	free := map[string]bool{}
	findFree(e, []string{"builtins"}, free)
	return slices.Sorted(maps.Keys(free))
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
		if len(e) > 0 && !slices.Contains(bound, e[0]) {
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
