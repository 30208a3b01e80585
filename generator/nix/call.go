package nix

// A place says where a call stands, and so where lines may break around it.
type place uint8

const (
	anywhere   place = iota
	behindSign       // behind = or an operator: the call may start a new line
	inParens         // between parentheses: the function may move to a line of its own
)

// call writes a function call. The arguments share a line as long as possible;
// if that is too long, the last one that lets the others stay is broken.
func (b *builder) call(c Call, at place) {
	b.open(regular)
	defer b.close()
	fn, args := view(c.Fn), c.Args
	n := len(args) - 1
	if n > 0 && isList(args[n-1]) && isList(args[n]) {
		b.head(fn, args[:n-1], at)
		b.nest++
		b.twoLists(args[n-1], args[n])
		b.nest--
		b.tail(at)
		return
	}
	last := view(args[n])
	if simple(c) && !b.underHeader() && b.onOneLine(-1, func() { b.head(fn, args[:n], at) }) {
		b.space(hardSpace)
		b.lastArgument(last)
		return
	}
	b.head(fn, args[:n], at)
	b.space(lineSpace)
	b.lastArgument(last)
	b.tail(at)
}

// head writes the call up to its last argument.
func (b *builder) head(fn Expr, args []Expr, at place) {
	if at == behindSign {
		b.space(lineSpace)
	}
	b.open(transparent)
	b.arguments(fn, args, at)
	b.close()
}

func (b *builder) tail(at place) {
	if at == inParens {
		b.space(lineBreak)
	}
}

func isList(e Expr) bool {
	_, ok := view(e).(List)
	return ok
}

// twoLists writes two lists in a row, which share a line or take one each.
func (b *builder) twoLists(l1, l2 Expr) {
	for _, l := range []Expr{l1, l2} {
		b.space(lineSpace)
		b.open(regular)
		b.argument(view(l))
		b.close()
	}
}

// arguments writes a function and its first arguments.
func (b *builder) arguments(fn Expr, args []Expr, at place) {
	n := len(args) - 1
	if n < 0 {
		b.called(fn, at)
		return
	}
	b.open(transparent)
	if n > 0 && isList(args[n-1]) && isList(args[n]) {
		b.arguments(fn, args[:n-1], at)
		b.close()
		b.nest++
		b.open(regular)
		b.twoLists(args[n-1], args[n])
		b.close()
		b.nest--
		return
	}
	b.arguments(fn, args[:n], at)
	b.close()
	b.space(lineSpace)
	b.nest++
	arg := view(args[n])
	if selection(arg) {
		b.open(regular) // broken first, it would part at a dot
	} else {
		b.open(priority)
	}
	b.argument(arg)
	b.close()
	b.nest--
}

// called writes the function of a call.
func (b *builder) called(fn Expr, at place) {
	if at != inParens {
		b.operand(fn, atTerm)
		return
	}
	b.nest++
	b.open(regular)
	b.space(lineBreak)
	b.operand(fn, atTerm)
	b.close()
	b.nest--
}

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
