package nix

import (
	"fmt"
	"iter"
	"strings"
)

func (b *builder) list(l List, between kind) {
	if len(l) == 0 {
		b.empty("[", "]")
		return
	}
	b.word("[")
	b.space(lineSpace)
	b.nest++
	for i, e := range l {
		if i > 0 {
			b.space(between)
		}
		outer := b.origin
		if it, ok := e.(Item); ok {
			b.setOrigin(it.Origin)
			b.comment(it.Comment)
			if it.Value == nil && it.Comment != "" {
				b.origin = outer
				continue
			}
		}
		b.open(regular)
		b.operand(e, atTerm)
		b.close()
		b.origin = outer
	}
	b.nest--
	b.space(lineSpace)
	b.word("]")
}

func (b *builder) empty(left, right string) {
	b.word(left)
	b.space(hardSpace)
	b.word(right)
}

func (b *builder) setOrigin(s string) {
	if s == "" || s == b.origins[b.origin] {
		return
	}
	b.origin = int32(len(b.origins))
	b.origins = append(b.origins, s)
}

// comment writes comment lines. A comment ends at the first line break of any
// kind, so those are the lines; other control characters become spaces.
func (b *builder) comment(s string) {
	if s == "" {
		return
	}
	if err := checkText(s); err != nil {
		b.fail(fmt.Errorf("comment: %w", err))
		return
	}
	b.space(hardLine)
	for line := range commentLines(s) {
		from := b.start()
		b.text = append(b.text, line...)
		b.endAs(remark, from)
		b.space(hardLine)
	}
}

// lineEnds are the line breaks that editors or Nix see as such.
var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n")

func commentLines(s string) iter.Seq[string] {
	s = strings.TrimRight(lineEnds.Replace(s), " \t\n")
	return func(yield func(string) bool) {
		for line := range strings.SplitSeq(s, "\n") {
			line = strings.Map(func(r rune) rune {
				if r < ' ' || r == 0x7f {
					return ' '
				}
				return r
			}, line)
			if !yield(strings.TrimRight("# "+line, " ")) {
				return
			}
		}
	}
}
