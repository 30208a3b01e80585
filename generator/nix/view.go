package nix

import (
	"math"
	"strings"
)

// view is e as it is written: without wrappers and in terms of what Nix has
// syntax for.
func view(e Expr) Expr {
	switch e := e.(type) {
	case Item:
		return view(e.Value)
	case Int:
		if e == math.MinInt64 {
			return Op{"-", Int(math.MinInt64 + 1), Int(1)}
		}
	case Float:
		if e == 0 {
			return Float(0) // there is no negative zero: -0.0 is 0 - 0.0
		}
	case Path:
		if rest, ok := strings.CutPrefix(string(e), "./"); ok && rest != "" && !pathForm.MatchString(string(e)) {
			return Op{"+", Path("./."), Str("/" + rest)}
		}
	case Text:
		if !indentable(string(e)) {
			return Str(e)
		}
	}
	return e
}

// isTerm reports whether an expression needs no parentheses as an argument or an item of a list.
func isTerm(e Expr) bool {
	switch e := e.(type) {
	case Int:
		return e >= 0
	case Float:
		return e >= 0
	case Call, Not, Op, Func:
		return false
	}
	return true
}

// absorbable reports whether e may start on the line of what is before it even
// where it spans several: lists and sets with content and indented strings.
func absorbable(e Expr) bool {
	switch e := e.(type) {
	case List:
		return len(e) > 0
	case Attrs:
		return len(e.Body) > 0
	case Text:
		return true
	}
	return false
}

// absorbableBody extends absorbable by functions that lead up to such a value.
func absorbableBody(e Expr) bool {
	if f, ok := e.(Func); ok {
		e = view(f.Body)
	}
	return absorbable(e)
}

// simple reports whether e is short enough in kind to share a line in a list
// of arguments or an antiquotation.
func simple(e Expr) bool {
	switch e := e.(type) {
	case Str, Text, Path, Bool, Null, Interp:
		return true
	case Int:
		return e >= 0
	case Float:
		return e >= 0
	case Ref:
		return plainNames(e)
	case Call:
		if len(e.Args) > 2 || !plainNames(e.Fn) {
			return false
		}
		for _, a := range e.Args {
			if !simple(view(a)) {
				return false
			}
		}
		return true
	}
	return false
}

func plainNames(names []string) bool {
	for _, n := range names {
		if !isIdent(n) {
			return false
		}
	}
	return true
}
