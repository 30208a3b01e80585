package nix

import (
	"errors"
)

func (b *builder) attrs(a Attrs, wide bool) {
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
	b.nest++
	b.bindings(a.Body)
	b.nest--
	b.space(sep)
	b.word("}")
}

// bindings writes the entries of a set.
func (b *builder) bindings(list []Binding) {
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
		b.binding(bind)
		b.close()
		b.origin, b.path = origin, b.path[:depth]
	}
}

func (b *builder) binding(bind *Binding) {
	if len(bind.Path) == 0 {
		b.fail(errors.New("a binding without a name"))
		return
	}
	value := view(bind.Value)
	if from, ok := inherited(bind); ok {
		b.inherit(bind.Path[0], from)
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
	_, ok := inherited(&a.Body[0])
	return ok
}

// inherited reports whether the binding is better written as an inherit:
// x = x, where the right-hand side refers to the scope outside, and x = y.x.
func inherited(bind *Binding) (from Ref, ok bool) {
	r, isRef := view(bind.Value).(Ref)
	if !isRef || len(bind.Path) != 1 || !isIdent(bind.Path[0]) {
		return nil, false
	}
	switch {
	case len(r) == 1 && r[0] == bind.Path[0]:
		return nil, true
	case len(r) == 2 && r[1] == bind.Path[0]:
		return r[:1], true
	}
	return nil, false
}

func (b *builder) inherit(name string, from Ref) {
	b.word("inherit")
	b.nest++
	if from != nil {
		b.open(regular)
		b.space(lineSpace)
		b.parens(from)
		b.close()
	}
	b.space(lineSpace)
	b.word(name)
	b.space(lineBreak)
	b.word(";")
	b.nest--
}
