package nix

import (
	"errors"
)

func (b *builder) attrs(a Attrs, wide bool) {
	if a.Rec {
		b.word("rec")
		b.space(hardSpace)
	}
	if len(a.Body) == 0 && !b.underHeader() {
		b.empty("{", "}")
		return
	}
	sep := lineSpace
	if wide {
		sep = hardLine
	}
	b.word("{")
	b.space(sep)
	b.keep()
	b.nest++
	b.bindings(a.Body, !a.Rec)
	b.nest--
	b.space(sep)
	b.keep()
	b.word("}")
}

// bindings writes the entries of a set or a let. With outer set, names on the
// right refer to the scope outside.
func (b *builder) bindings(list []Binding, outer bool) {
	for i := range list {
		bind := &list[i]
		if i > 0 {
			if bind.Blank {
				b.space(emptyLine)
			} else {
				b.space(hardLine)
			}
		}
		origin, depth := b.origin, len(b.path)
		b.path = append(b.path, bind.Path...)
		b.setOrigin(bind.Origin)
		b.comment(bind.Comment)
		b.open(regular)
		b.binding(bind, outer)
		b.close()
		b.origin, b.path = origin, b.path[:depth]
	}
}

func (b *builder) binding(bind *Binding, outer bool) {
	if bind.Value == nil {
		b.inherit(bind.Inherit, bind.From)
		return
	}
	if len(bind.Path) == 0 {
		b.fail(errors.New("a binding without a name"))
		return
	}
	value := view(bind.Value)
	if from, ok := inherited(bind, outer); ok {
		b.inherit(bind.Path, from)
		return
	}
	from, bare := b.start(), true
	for i, n := range bind.Path {
		if i > 0 {
			b.text = append(b.text, '.')
		}
		b.name(n)
		bare = bare && isIdent(n)
	}
	if bare && len(bind.Path) <= 4 {
		b.text = append(b.text, " ="...)
		b.end(from)
		b.nest++
		b.value(value)
	} else {
		b.end(from)
		b.nest++
		b.space(hardSpace)
		b.word("=")
		b.space(lineBreak)
		b.open(priority)
		b.value(value)
		b.close()
	}
	b.nest--
	b.word(";")
}

// value writes the right-hand side of a binding, with the space before it.
func (b *builder) value(e Expr) {
	b.nest++
	defer func() { b.nest-- }()
	if a, ok := e.(Attrs); ok && a.onlyInherits() {
		b.space(hardSpace)
		b.open(regular)
		b.term(e, false)
		b.close()
		return
	}
	if absorbableBody(e) {
		b.space(hardSpace)
		b.open(regular)
		b.absorb(e, true)
		b.close()
		return
	}
	switch e := e.(type) {
	case Str, Interp, Path:
		b.space(hardSpace)
		b.grouped(e)
		return
	case Call:
		b.call(e, behindSign)
		return
	case Op:
		if !e.joins() {
			break
		}
		list := e.operands()
		if absorbable(list[0]) {
			b.nest--
			b.space(hardSpace)
			b.operation(e, true)
			b.nest++
			return
		}
		if last := list[len(list)-1]; len(list) == 2 && absorbable(last) {
			b.open(regular)
			b.space(lineSpace)
			b.operand(list[0], e.strength())
			b.space(lineSpace)
			b.open(transparent)
			b.word(e.Name)
			b.space(hardSpace)
			b.open(priority)
			b.term(last, true)
			b.close()
			b.close()
			b.close()
			return
		}
	}
	if isTerm(e) {
		b.open(regular)
		b.space(lineSpace)
		b.expr(e)
		b.close()
		return
	}
	b.space(lineSpace)
	b.grouped(e)
}

// onlyInherits reports whether the set consists of one inherit.
func (a Attrs) onlyInherits() bool {
	if len(a.Body) != 1 || a.Body[0].Comment != "" {
		return false
	}
	if a.Body[0].Value == nil {
		return true
	}
	_, ok := inherited(&a.Body[0], !a.Rec)
	return ok
}

// inherited reports whether the binding is better written as an inherit:
// x = x, where the right-hand side refers to the scope outside, and x = y.x.
func inherited(bind *Binding, outer bool) (from Expr, ok bool) {
	r, isRef := view(bind.Value).(Ref)
	if !isRef || len(bind.Path) != 1 || !isIdent(bind.Path[0]) {
		return nil, false
	}
	switch {
	case len(r) == 1 && outer && r[0] == bind.Path[0]:
		return nil, true
	case len(r) == 2 && r[1] == bind.Path[0]:
		return r[:1], true
	}
	return nil, false
}

func (b *builder) inherit(names []string, from Expr) {
	if len(names) == 0 {
		b.fail(errors.New("an inherit without names"))
		return
	}
	sep, end := lineSpace, lineBreak
	if len(names) >= 4 {
		sep, end = hardLine, hardLine
	}
	b.word("inherit")
	b.nest++
	if from != nil {
		b.open(regular)
		b.space(lineSpace)
		b.parens(view(from))
		b.close()
	}
	for _, n := range names {
		b.space(sep)
		b.keep()
		at := b.start()
		if from == nil {
			b.variable(n)
		} else {
			b.name(n)
		}
		b.end(at)
	}
	b.space(end)
	b.keep()
	b.word(";")
	b.nest--
}

func (b *builder) let(l Let) {
	if len(l.Binds) == 0 {
		b.expr(view(l.Body))
		return
	}
	b.open(regular)
	b.word("let")
	b.space(hardLine)
	b.nest++
	b.bindings(l.Binds, false)
	b.nest--
	b.close()
	b.space(hardLine)
	b.open(regular)
	b.word("in")
	b.space(hardLine)
	b.expr(view(l.Body))
	b.close()
}
