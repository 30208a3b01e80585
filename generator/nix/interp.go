package nix

import "strings"

// interp writes a string with antiquotations.
func (b *builder) interp(p Interp) {
	b.open(regular)
	defer b.close()
	b.word(`"`)
	lead, rest := "", p
	if s, ok := p[0].(Str); ok {
		lead, rest = string(s), p[1:]
	}
	blank := int32(len(lead) - len(strings.TrimLeft(lead, " ")))
	b.part(lead, len(rest) > 0)
	if len(rest) == 1 && int(blank) == len(lead) {
		b.offset += blank
		b.open(regular)
		b.word("${")
		b.nest++
		b.enclosed(view(rest[0]))
		b.nest--
		b.word("}")
		b.close()
		b.offset -= blank
		b.word(`"`)
		return
	}
	b.offset += blank
	for i, e := range rest {
		if s, ok := e.(Str); ok {
			b.part(string(s), i+1 < len(rest))
			continue
		}
		b.antiquote(view(e))
	}
	b.offset -= blank
	b.word(`"`)
}

func (b *builder) part(s string, more bool) {
	if err := checkText(s); err != nil {
		b.fail(err)
		return
	}
	from := b.start()
	b.text = appendString(b.text, s, more)
	b.end(from)
}

// antiquote writes ${e}: on one line if e is simple or has at most 30 columns.
func (b *builder) antiquote(e Expr) {
	if absorbable(e) {
		b.open(regular)
		b.word("${")
		b.term(e, false)
		b.word("}")
		b.close()
		return
	}
	if simple(e) {
		b.word("${")
		if !b.onOneLine(-1, func() { b.expr(e) }) {
			b.expr(e)
		}
		b.word("}")
		return
	}
	b.open(regular)
	b.word("${")
	if !b.onOneLine(30, func() { b.expr(e) }) {
		b.space(lineBreak)
		b.nest++
		b.grouped(e)
		b.nest--
		b.space(lineBreak)
	}
	b.word("}")
	b.close()
}
