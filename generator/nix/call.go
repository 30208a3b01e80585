package nix

import "errors"

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
	fn, args := c.Fn, c.Args
	n := len(args) - 1
	if n < 0 {
		b.fail(errors.New("a call without arguments"))
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
func (b *builder) head(fn Ref, args []Expr, at place) {
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

// arguments writes a function and its first arguments.
func (b *builder) arguments(fn Ref, args []Expr, at place) {
	n := len(args) - 1
	if n < 0 {
		b.called(fn, at)
		return
	}
	b.open(transparent)
	b.arguments(fn, args[:n], at)
	b.close()
	b.space(lineSpace)
	b.nest++
	arg := view(args[n])
	if r, ok := arg.(Ref); ok && len(r) > 1 {
		b.open(regular) // broken first, it would part at a dot
	} else {
		b.open(priority)
	}
	b.argument(arg)
	b.close()
	b.nest--
}

// called writes the function of a call.
func (b *builder) called(fn Ref, at place) {
	if at != inParens {
		b.ref(fn)
		return
	}
	b.nest++
	b.open(regular)
	b.space(lineBreak)
	b.ref(fn)
	b.close()
	b.nest--
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
	if f, ok := e.(Func); ok && absorbable(view(f.Body)) {
		from := b.start()
		b.text = append(b.text, '(')
		b.variable(f.Arg)
		b.text = append(b.text, ':')
		b.end(from)
		b.space(hardSpace)
		b.term(view(f.Body), true)
		b.word(")")
		return
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
