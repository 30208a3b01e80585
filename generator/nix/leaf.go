package nix

import (
	"errors"
	"fmt"
	"strings"
)

func magnitude(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}

func (b *builder) number(negative bool, digits func([]byte) ([]byte, error)) {
	from := b.start()
	if negative {
		b.text = append(b.text, '-')
	}
	text, err := digits(b.text)
	if err != nil {
		b.fail(err)
		return
	}
	b.text = text
	b.end(from)
}

func (b *builder) str(s string) {
	if err := checkText(s); err != nil {
		b.fail(err)
		return
	}
	b.open(regular)
	from := b.start()
	b.text = appendQuoted(b.text, s)
	b.end(from)
	b.close()
}

func (b *builder) indented(s string) {
	if err := checkText(s); err != nil {
		b.fail(err)
		return
	}
	b.open(regular)
	b.word("''")
	b.space(lineBreak)
	b.nest++
	first := true
	for line := range strings.SplitSeq(s, "\n") {
		if !first {
			b.space(newlines)
		}
		first = false
		from := b.start()
		b.text = appendIndented(b.text, line)
		b.end(from)
	}
	b.nest--
	b.word("''")
	b.close()
}

func (b *builder) pathLiteral(s string) {
	if !isPath(s) && s != "./." {
		b.fail(fmt.Errorf("%q is no path literal", s))
		return
	}
	b.word(s)
}

func (b *builder) name(s string) {
	text, err := appendName(b.text, s)
	b.fail(err)
	b.text = text
}

func (b *builder) variable(s string) {
	if !isIdent(s) {
		b.fail(fmt.Errorf("%q cannot be the name of a variable", s))
		return
	}
	b.text = append(b.text, s...)
}

func (b *builder) ref(r Ref) {
	if len(r) == 0 {
		b.fail(errors.New("an empty reference"))
		return
	}
	from := b.start()
	b.variable(r[0])
	for _, n := range r[1:] {
		b.text = append(b.text, '.')
		b.name(n)
	}
	b.end(from)
}
