package nix

import "errors"

// function writes a function. With top set it is the file's own: the body of a
// module starts on a new line, and a set as the body is broken over lines.
func (b *builder) function(f Func, top bool) {
	if f.Arg == "" {
		if !top {
			b.fail(errors.New("a module within an expression"))
		}
		b.pattern(f.Params)
		b.word(":")
		b.space(hardLine)
		b.topBody(view(f.Body))
		return
	}
	b.open(regular)
	defer b.close()
	b.space(lineBreak)
	from := b.start()
	b.variable(f.Arg)
	b.text = append(b.text, ':')
	b.end(from)
	if body := view(f.Body); absorbable(body) {
		b.space(hardSpace)
		b.open(priority)
		b.term(body, top)
		b.close()
	} else {
		b.space(lineSpace)
		b.expr(body)
	}
}

// pattern writes { a, b, ... }.
func (b *builder) pattern(params []string) {
	b.open(regular)
	defer b.close()
	sep := lineSpace
	if len(params) > 2 {
		sep = hardLine
	}
	b.word("{")
	b.space(sep)
	b.nest++
	for _, p := range params {
		from := b.start()
		b.variable(p)
		b.text = append(b.text, ',')
		b.end(from)
		b.space(sep)
	}
	b.word("...")
	b.space(sep)
	b.nest--
	b.word("}")
}
