package nix

import (
	"fmt"
	"strings"
)

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
		r, ok := e.(Ref)
		if !ok {
			b.fail(fmt.Errorf("%T is no part of a string", e))
			return
		}
		b.antiquote(r)
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

// antiquote writes ${r}: on one line if its names are plain or it has at most 30 columns.
func (b *builder) antiquote(r Ref) {
	b.open(regular)
	defer b.close()
	b.word("${")
	switch {
	case plainNames(r):
		b.ref(r)
	case !b.onOneLine(30, func() { b.ref(r) }):
		b.space(lineBreak)
		b.nest++
		b.grouped(r)
		b.nest--
		b.space(lineBreak)
	}
	b.word("}")
}
