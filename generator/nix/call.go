package nix

import "errors"

// call writes a function call. The arguments share a line as long as possible; if that is too long, the last one that
// lets the others stay is broken.
func (p *printer) call(c Call, behind int) {
	switch {
	case len(c.Args) == 0:
		p.fail(errors.New("a call without arguments"))
	case p.flat:
		p.text(p.ref(c.Fn))
		p.arguments(c.Args)
	case p.breakArgument(c, "", behind):
	default:
		p.breakCall(c, behind)
	}
}

// argument writes an argument. A function that leads up to a set or a list is absorbed: (x: {
func (p *printer) argument(e Expr, behind int) {
	f, ok := e.(Func)
	if !ok || !absorbable(view(f.Body)) {
		p.term(e, behind)
		return
	}
	p.text("(" + p.variable(f.Arg) + ": ")
	if set, ok := view(f.Body).(Attrs); ok {
		p.set(set, true)
	} else {
		p.expr(view(f.Body), 1+behind)
	}
	p.text(")")
}

// breakArgument writes a call behind lead with all but one argument on one line, if that fits. A simple call stays on
// its line, however long it is.
func (p *printer) breakArgument(c Call, lead string, behind int) bool {
	last := len(c.Args) - 1
	if simple(c) {
		p.text(lead)
		p.head(c, last)
		p.argument(view(c.Args[last]), behind)
		return true
	}
	for k := last; k >= 0; k-- {
		arg := view(c.Args[k])
		if isTerm(arg) && !absorbable(arg) {
			continue
		}
		opens := 1 // its bracket
		switch arg.(type) {
		case Func, Text:
			opens = p.first(arg, 0)
		}
		before := p.mark()
		if p.onOneLine(opens, func() { p.text(lead); p.head(c, k) }) {
			p.argument(arg, behind)
			if p.onOneLine(behind, func() { p.arguments(c.Args[k+1:]) }) {
				return true
			}
		}
		p.restore(before)
	}
	return false
}

// head writes the function of a call and its first k arguments, with the space before the next.
func (p *printer) head(c Call, k int) {
	p.text(p.ref(c.Fn))
	p.arguments(c.Args[:k])
	p.text(" ")
}

// arguments writes arguments, each behind a space.
func (p *printer) arguments(args []Expr) {
	for _, a := range args {
		p.text(" ")
		p.argument(view(a), 0)
	}
}

// breakCall writes a call whose last argument has a line of its own.
func (p *printer) breakCall(c Call, behind int) {
	at, last := p.indent, len(c.Args)-1
	p.text(p.ref(c.Fn))
	p.arguments(c.Args[:last])
	p.newline(at + 2)
	p.argument(view(c.Args[last]), behind)
}
