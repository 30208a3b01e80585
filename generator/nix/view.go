package nix

import (
	"math"
	"slices"
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
		if rest, ok := strings.CutPrefix(string(e), "./"); ok && rest != "" && !isPath(string(e)) {
			return Op{"+", Path("./."), Str("/" + rest)}
		}
	case Text:
		if !indentable(string(e)) {
			return Str(e)
		}
	case Interp:
		return e.view()
	case Call:
		if len(e.Args) == 0 {
			return view(e.Fn)
		}
		if f, ok := view(e.Fn).(Call); ok {
			return Call{f.Fn, append(f.Args[:len(f.Args):len(f.Args)], e.Args...)}
		}
	case Select:
		if len(e.Attr) == 0 && e.Or == nil {
			return view(e.Of)
		}
		// A selection from a selection is one: (x.a).b is x.a.b.
		if inner, ok := view(e.Of).(Select); ok && inner.Or == nil {
			return Select{Of: inner.Of, Attr: slices.Concat(inner.Attr, e.Attr), Or: e.Or}
		}
	}
	return e
}

// view joins neighbouring text parts, so that escaping sees them as one.
func (p Interp) view() Expr {
	joined := make(Interp, 0, len(p))
	for _, e := range p {
		switch e = view(e); e := e.(type) {
		case Str:
			joined = joined.text(string(e))
		case Text:
			joined = joined.text(string(e))
		case Interp:
			for _, e := range e {
				if s, ok := e.(Str); ok {
					joined = joined.text(string(s))
					continue
				}
				joined = append(joined, e)
			}
		default:
			joined = append(joined, e)
		}
	}
	switch {
	case len(joined) == 0:
		return Str("")
	case len(joined) == 1:
		if s, ok := joined[0].(Str); ok {
			return s
		}
	}
	return joined
}

func (p Interp) text(s string) Interp {
	if s == "" {
		return p
	}
	if n := len(p); n > 0 {
		if last, ok := p[n-1].(Str); ok {
			p[n-1] = last + Str(s)
			return p
		}
	}
	return append(p, Str(s))
}

// Binding strength of an expression, strongest first.
const (
	atTerm = iota
	atCall
	atMinus
	atConcat
	atTimes
	atPlus
	atNot
	atUpdate
	atCompare
	atEqual
	atAnd
	atOr
	atImplies
	atBody // functions, let and if reach as far as they can
)

func strength(e Expr) int {
	switch e := e.(type) {
	case Call:
		return atCall
	case Int:
		if e < 0 {
			return atMinus
		}
	case Float:
		if e < 0 {
			return atMinus
		}
	case Not:
		return atNot
	case Op:
		return e.strength()
	case Func, Let, If:
		return atBody
	}
	return atTerm
}

func (o Op) strength() int {
	switch o.Name {
	case "++":
		return atConcat
	case "*", "/":
		return atTimes
	case "+", "-":
		return atPlus
	case "//":
		return atUpdate
	case "<", "<=", ">", ">=":
		return atCompare
	case "==", "!=":
		return atEqual
	case "&&":
		return atAnd
	case "||":
		return atOr
	case "->":
		return atImplies
	}
	return -1
}

// compares reports whether the operator takes exactly two operands.
func (o Op) compares() bool {
	s := o.strength()
	return s == atCompare || s == atEqual
}

// operands takes a chain of one operator apart: a ++ b ++ c. Grouping makes no
// difference to ++, //, && and ||; + groups to the left, like the others.
func (o Op) operands() []Expr {
	return o.chain(make([]Expr, 0, 4))
}

func (o Op) chain(list []Expr) []Expr {
	left, right := view(o.Left), view(o.Right)
	if l, ok := left.(Op); ok && l.Name == o.Name && !o.compares() && o.Name != "->" {
		list = l.chain(list)
	} else {
		list = append(list, left)
	}
	if r, ok := right.(Op); ok && r.Name == o.Name {
		switch o.Name {
		case "++", "//", "&&", "||":
			return r.chain(list)
		}
	}
	return append(list, right)
}

// joins reports whether the operands may share lines with the = before them.
func (o Op) joins() bool { return o.Name == "++" || o.Name == "//" || o.Name == "+" }

func isTerm(e Expr) bool { return strength(e) == atTerm }

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
	for {
		f, ok := e.(Func)
		if !ok {
			return absorbable(e)
		}
		if f.pattern() && !f.short() {
			return false
		}
		e = view(f.Body)
	}
}

// pattern reports whether the function takes a set pattern.
func (f Func) pattern() bool { return f.Arg == "" }

// short reports whether the pattern may stand on one line.
func (f Func) short() bool { return f.As == "" && len(f.Params) <= 2 }

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
	case Select:
		if e.Or != nil || !simple(view(e.Of)) {
			return false
		}
		for _, a := range e.Attr {
			if s, ok := a.(Str); !ok || !isIdent(string(s)) {
				return false
			}
		}
		return true
	case Call:
		if len(e.Args) > 2 || !simple(view(e.Fn)) {
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
