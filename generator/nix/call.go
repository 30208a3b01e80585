package nix

// hasNoBreak stands for "no space before" in the calls below.
const hasNoBreak = nothing

// call writes a function call. With parens set it stands between parentheses,
// where the function itself may move to a line of its own; before is the space
// before it, after asks for a line break at the end where the call is broken.
func (b *builder) call(c Call, parens bool, before kind, after bool) {
	fn, args := view(c.Fn), c.Args
	n := len(args)
	last := view(args[n-1])
	if n >= 2 {
		if l1, l2, ok := twoLists(args[n-2], last); ok {
			b.open(regular)
			b.before(before)
			b.open(transparent)
			b.arguments(fn, args[:n-2], parens)
			b.close()
			b.nest++
			b.space(lineSpace)
			b.open(regular)
			b.argument(l1)
			b.close()
			b.space(lineSpace)
			b.open(regular)
			b.argument(l2)
			b.close()
			b.nest--
			b.after(after)
			b.close()
			return
		}
	}
	b.open(regular)
	if simple(c) && !b.underHeader() {
		flat := b.onOneLine(-1, func() {
			b.before(before)
			b.arguments(fn, args[:n-1], parens)
		})
		if flat {
			b.space(hardSpace)
			b.lastArgument(last)
			b.close()
			return
		}
	}
	b.before(before)
	b.open(transparent)
	b.arguments(fn, args[:n-1], parens)
	b.close()
	b.space(lineSpace)
	b.lastArgument(last)
	b.after(after)
	b.close()
}

func (b *builder) before(k kind) {
	if k != hasNoBreak {
		b.space(k)
	}
}

func (b *builder) after(yes bool) {
	if yes {
		b.space(lineBreak)
	}
}

func twoLists(a, c Expr) (l1, l2 List, ok bool) {
	l1, ok1 := view(a).(List)
	l2, ok2 := c.(List)
	return l1, l2, ok1 && ok2
}

// arguments writes a function and all its arguments but the last one.
func (b *builder) arguments(fn Expr, args []Expr, parens bool) {
	n := len(args)
	if n == 0 {
		if !parens {
			b.function1(fn)
			return
		}
		b.nest++
		b.open(regular)
		b.space(lineBreak)
		b.function1(fn)
		b.close()
		b.nest--
		return
	}
	arg := view(args[n-1])
	if selection(arg) {
		b.open(transparent)
		b.arguments(fn, args[:n-1], parens)
		b.close()
		b.space(lineSpace)
		b.nest++
		b.open(regular)
		b.argument(arg)
		b.close()
		b.nest--
		return
	}
	if n >= 2 {
		if l1, l2, ok := twoLists(args[n-2], arg); ok {
			b.open(transparent)
			b.open(transparent)
			b.arguments(fn, args[:n-2], parens)
			b.close()
			b.nest++
			b.open(regular)
			b.space(lineSpace)
			b.open(regular)
			b.argument(l1)
			b.close()
			b.space(lineSpace)
			b.open(regular)
			b.argument(l2)
			b.close()
			b.close()
			b.nest--
			b.close()
			return
		}
	}
	b.open(transparent)
	b.arguments(fn, args[:n-1], parens)
	b.close()
	b.space(lineSpace)
	b.nest++
	b.open(priority)
	b.argument(arg)
	b.close()
	b.nest--
}

func (b *builder) function1(fn Expr) { b.operand(fn, atTerm) }

func selection(e Expr) bool {
	switch e := e.(type) {
	case Ref:
		return len(e) > 1
	case Select:
		return true
	}
	return false
}

// argument writes an argument that is not the last one. Short lists of simple
// items stay on one line there.
func (b *builder) argument(e Expr) {
	if l, ok := e.(List); ok && shortList(l) {
		b.list(l, lineSpace)
		return
	}
	b.operand(e, atTerm)
}

func shortList(l List) bool {
	n := len(l)
	for _, e := range l {
		if it, ok := e.(Item); ok && it.Comment != "" {
			n++
		}
		if !simple(view(e)) {
			return false
		}
	}
	return n <= 6
}

func (b *builder) lastArgument(e Expr) {
	b.nest++
	defer func() { b.nest-- }()
	if absorbable(e) {
		b.open(priority)
		b.term(e, false)
		b.close()
		return
	}
	if isTerm(e) {
		b.open(regular)
		b.expr(e)
		b.close()
		return
	}
	b.open(priority)
	defer b.close()
	switch e := e.(type) {
	case Func:
		if body := view(e.Body); !e.pattern() && absorbable(body) {
			from := b.start()
			b.text = append(b.text, '(')
			b.variable(e.Arg)
			b.text = append(b.text, ':')
			b.end(from)
			b.space(hardSpace)
			b.term(body, true)
			b.word(")")
			return
		}
	case Call:
		if fn := view(e.Fn); len(e.Args) == 1 && isVariable(fn) && absorbable(view(e.Args[0])) {
			b.word("(")
			b.expr(fn)
			b.space(hardSpace)
			b.term(view(e.Args[0]), true)
			b.word(")")
			return
		}
	}
	b.word("(")
	b.space(lineBreak)
	b.open(regular)
	b.nest++
	b.expr(e)
	b.nest--
	b.close()
	b.space(lineBreak)
	b.word(")")
}

// isVariable reports whether e is a single name; so are true, false and null.
func isVariable(e Expr) bool {
	switch e := e.(type) {
	case Ref:
		return len(e) == 1
	case Bool, Null:
		return true
	}
	return false
}
