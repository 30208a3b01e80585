package nix

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// set writes an attribute set. A wide one is broken over lines even if it fits on one.
func (p *printer) set(a Attrs, wide bool) {
	if len(a.Body) == 0 && !p.headed {
		p.text("{ }")
		return
	}
	at := p.indent
	p.text("{")
	for i := range a.Body {
		b := &a.Body[i]
		if i > 0 && b.Blank {
			p.newline(0)
		}
		p.lineOrSpace(at+2, i > 0 || wide || b.Comment != "")
		outer, depth := p.from(b.Origin), len(p.path)
		p.path = append(p.path, b.Path...)
		p.comment(b.Comment)
		p.binding(b)
		p.origin, p.path = outer, p.path[:depth]
		if p.failed {
			return
		}
	}
	p.lineOrSpace(at, false)
	p.text("}")
}

func (p *printer) binding(b *Binding) {
	if len(b.Path) == 0 {
		p.fail(errors.New("a binding without a name"))
		return
	}
	names := make([]string, len(b.Path))
	for i, n := range b.Path {
		names[i] = p.name(n)
	}
	p.text(strings.Join(names, ".") + " =")
	p.value(view(b.Value), plainNames(b.Path) && len(b.Path) <= 4)
	p.text(";")
}

// value writes the right-hand side of a binding, with the space before it. What is behind a short path stays on its
// line as far as it can.
func (p *printer) value(e Expr, short bool) {
	at := p.indent
	if p.flat {
		p.text(" ")
		if set, ok := e.(Attrs); ok {
			p.set(set, true)
			return
		}
		p.layOut(e, 0)
		return
	}
	switch c, isCall := e.(Call); {
	case isCall && !simple(c):
		if p.onOneLine(1, func() { p.text(" "); p.layOut(e, 0) }) || p.breakArgument(c, " ", 1) {
			return
		}
		p.newline(at + 2)
		p.breakCall(c, 1)
	case isCall, absorbableBody(e), stays(e):
		if !short && !p.fits(1+p.first(e, 1)) {
			p.newline(at + 2)
		} else {
			p.text(" ")
		}
		if set, ok := e.(Attrs); ok && len(set.Body) > 0 {
			p.set(set, true)
			return
		}
		p.expr(e, 1)
	default:
		if !p.onOneLine(1, func() { p.text(" "); p.layOut(e, 0) }) {
			p.newline(at + 2)
			p.expr(e, 1)
		}
	}
}

// stays reports whether an expression stays on the line of the sign before it, however long it is.
func stays(e Expr) bool {
	switch e.(type) {
	case Str, Interp, Path:
		return true
	}
	return false
}

// first is the width of an expression up to the first place where its line may break, with what is behind it if
// there is none.
func (p *printer) first(e Expr, behind int) int {
	switch e := e.(type) {
	case List, Attrs:
		return 1
	case Text:
		return 2
	case Func: // in parentheses
		return len(e.Arg) + 3 + p.first(view(e.Body), behind)
	case Call:
		n := len(e.Args) - 1
		columns := utf8.RuneCountInString(p.ref(e.Fn))
		for _, a := range e.Args[:n] {
			columns += 1 + p.columns(view(a))
		}
		return columns + 1 + p.first(view(e.Args[n]), behind)
	}
	return p.columns(e) + behind
}

// columns is the width of a term on one line.
func (p *printer) columns(e Expr) int {
	scratch := printer{flat: true, limit: 1 << 30, lines: []string{""}}
	scratch.term(e, 0)
	return scratch.column
}
