package nix

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A builder turns an expression into a document.
type builder struct {
	doc
	header int      // tokens of the file's header
	path   []string // attribute path of the binding at hand, for messages
	err    error
}

func (b *builder) reset() {
	b.doc.reset()
	clear(b.path)
	b.path, b.err, b.header = b.path[:0], nil, 0
}

// underHeader reports whether what comes next is the first word of a file with
// a header: a comment before it makes a set or a call less compact.
func (b *builder) underHeader() bool { return b.header > 0 && len(b.toks) == b.header }

func (b *builder) fail(err error) {
	if b.err != nil || err == nil {
		return
	}
	if len(b.path) > 0 {
		err = fmt.Errorf("print %s: %w", FormatAttrPath(b.path), err)
	}
	b.err = err
}

// grouped writes e as a group of its own.
func (b *builder) grouped(e Expr) {
	b.open(regular)
	b.expr(e)
	b.close()
}

// expr writes an expression; e is a view.
func (b *builder) expr(e Expr) {
	switch e := e.(type) {
	case nil:
		b.fail(errors.New("an expression is missing"))
	case List:
		b.open(regular)
		b.term(e, false)
		b.close()
	case Int:
		b.number(e < 0, func(dst []byte) ([]byte, error) {
			return strconv.AppendUint(dst, magnitude(int64(e)), 10), nil
		})
	case Float:
		b.number(e < 0, func(dst []byte) ([]byte, error) {
			return appendFloat(dst, max(float64(e), -float64(e)))
		})
	case Call:
		b.call(e, false, hasNoBreak, false)
	case Func:
		b.function(e, false)
	case Let:
		b.let(e)
	case If:
		b.open(regular)
		b.branches(e, lineSpace)
		b.close()
	case Not:
		b.word("!")
		b.operand(e.Of, atNot)
	case Op:
		b.operation(e, false)
	default:
		b.term(e, false)
	}
}

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

// term writes a term that needs no parentheses, ungrouped. With wide set, sets
// are broken over lines whatever their width.
func (b *builder) term(e Expr, wide bool) {
	switch e := e.(type) {
	case Str:
		b.str(string(e))
	case Text:
		b.indented(string(e))
	case Bool:
		b.word(strconv.FormatBool(bool(e)))
	case Null:
		b.word("null")
	case Path:
		b.pathLiteral(string(e))
	case Ref:
		b.ref(e)
	case Select:
		b.selection(e)
	case List:
		b.list(e, hardLine)
	case Interp:
		b.interp(e)
	case Attrs:
		b.attrs(e, wide)
	case Int, Float:
		b.expr(e)
	default:
		b.fail(fmt.Errorf("%T is no expression", e))
	}
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

func (b *builder) attrName(s string) {
	from := b.start()
	b.name(s)
	b.end(from)
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

func (b *builder) selection(s Select) {
	of := view(s.Of)
	switch of.(type) {
	case Ref:
		b.expr(of)
	case Attrs, List, Str, Text, Interp:
		b.expr(of)
		b.space(lineBreak)
	case Bool, Null, Path:
		b.fail(fmt.Errorf("%T has no attributes", of))
	default:
		b.parens(of)
		b.space(softBreak)
	}
	for _, a := range s.Attr {
		b.word(".")
		switch a := view(a).(type) {
		case Str:
			b.attrName(string(a))
		case Text:
			b.attrName(string(a))
		default:
			b.antiquote(a)
		}
	}
	if s.Or != nil {
		b.space(softSpace)
		b.nest++
		b.word("or")
		b.space(hardSpace)
		b.operand(s.Or, atTerm)
		b.nest--
	}
}

// operand writes e, in parentheses unless it binds at least as strongly as asked.
func (b *builder) operand(e Expr, weakest int) {
	e = view(e)
	if strength(e) > weakest {
		b.parens(e)
		return
	}
	b.expr(e)
}

// parens writes e in parentheses.
func (b *builder) parens(e Expr) {
	b.open(regular)
	b.word("(")
	b.nest++
	b.enclosed(e)
	b.nest--
	b.word(")")
	b.close()
}

// enclosed writes what stands between parentheses or the braces of an antiquotation.
func (b *builder) enclosed(e Expr) {
	if absorbableBody(e) {
		b.open(regular)
		b.absorb(e, false)
		b.close()
		return
	}
	if c, ok := e.(Call); ok {
		b.call(c, true, hasNoBreak, true)
		return
	}
	if !selects(e) {
		b.space(lineBreak)
	}
	b.grouped(e)
	b.space(lineBreak)
}

func selects(e Expr) bool {
	switch e := e.(type) {
	case Ref:
		return len(e) > 1
	case Select:
		return !absorbable(view(e.Of))
	}
	return false
}

// absorb writes an expression that stays on the line of what is before it.
func (b *builder) absorb(e Expr, wide bool) {
	if absorbable(e) {
		b.term(e, wide)
		return
	}
	b.expr(e)
}

func (b *builder) list(l List, between kind) {
	if len(l) == 0 {
		b.empty("[", "]")
		return
	}
	b.word("[")
	b.space(lineSpace)
	b.keep()
	b.nest++
	for i, e := range l {
		if i > 0 {
			b.space(between)
		}
		outer := b.origin
		if it, ok := e.(Item); ok {
			b.setOrigin(it.Origin)
			b.comment(it.Comment)
		}
		b.open(regular)
		b.operand(e, atTerm)
		b.close()
		b.origin = outer
	}
	b.nest--
	b.space(lineSpace)
	b.keep()
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

func commentLines(s string) func(yield func(string) bool) {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n").Replace(s)
	return func(yield func(string) bool) {
		for line := range strings.SplitSeq(strings.TrimRight(s, " \t\n"), "\n") {
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

func (b *builder) attrs(a Attrs, wide bool) {
	if a.Rec {
		b.word("rec")
		b.space(hardSpace)
	}
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
	b.keep()
	b.nest++
	b.bindings(a.Body, !a.Rec)
	b.nest--
	b.space(sep)
	b.keep()
	b.word("}")
}

// bindings writes the entries of a set or a let. With outer set, names on the
// right refer to the scope outside.
func (b *builder) bindings(list []Binding, outer bool) {
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
		b.binding(bind, outer)
		b.close()
		b.origin, b.path = origin, b.path[:depth]
	}
}

func (b *builder) binding(bind *Binding, outer bool) {
	if bind.Value == nil {
		b.inherit(bind.Inherit, bind.From)
		return
	}
	if len(bind.Path) == 0 {
		b.fail(errors.New("a binding without a name"))
		return
	}
	value := view(bind.Value)
	if from, ok := inherited(bind, outer); ok {
		b.inherit(bind.Path, from)
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
		b.call(e, false, lineSpace, false)
		return
	case Op:
		if !e.joins() {
			break
		}
		list := e.operands()
		if absorbable(list[0]) {
			b.nest--
			b.space(hardSpace)
			b.operation(e, true)
			b.nest++
			return
		}
		if last := list[len(list)-1]; len(list) == 2 && absorbable(last) {
			b.open(regular)
			b.space(lineSpace)
			b.operand(list[0], e.strength())
			b.space(lineSpace)
			b.open(transparent)
			b.word(e.Name)
			b.space(hardSpace)
			b.open(priority)
			b.term(last, true)
			b.close()
			b.close()
			b.close()
			return
		}
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
	if a.Body[0].Value == nil {
		return true
	}
	_, ok := inherited(&a.Body[0], !a.Rec)
	return ok
}

// inherited reports whether the binding is better written as an inherit:
// x = x, where the right-hand side refers to the scope outside, and x = y.x.
func inherited(bind *Binding, outer bool) (from Expr, ok bool) {
	r, isRef := view(bind.Value).(Ref)
	if !isRef || len(bind.Path) != 1 || !isIdent(bind.Path[0]) {
		return nil, false
	}
	switch {
	case len(r) == 1 && outer && r[0] == bind.Path[0]:
		return nil, true
	case len(r) == 2 && r[1] == bind.Path[0]:
		return r[:1], true
	}
	return nil, false
}

func (b *builder) inherit(names []string, from Expr) {
	if len(names) == 0 {
		b.fail(errors.New("an inherit without names"))
		return
	}
	sep, end := lineSpace, lineBreak
	if len(names) >= 4 {
		sep, end = hardLine, hardLine
	}
	b.word("inherit")
	b.nest++
	if from != nil {
		b.open(regular)
		b.space(lineSpace)
		b.parens(view(from))
		b.close()
	}
	for _, n := range names {
		b.space(sep)
		b.keep()
		at := b.start()
		if from == nil {
			b.variable(n)
		} else {
			b.name(n)
		}
		b.end(at)
	}
	b.space(end)
	b.keep()
	b.word(";")
	b.nest--
}

func (b *builder) let(l Let) {
	if len(l.Binds) == 0 {
		b.expr(view(l.Body))
		return
	}
	b.open(regular)
	b.word("let")
	b.space(hardLine)
	b.nest++
	b.bindings(l.Binds, false)
	b.nest--
	b.close()
	b.space(hardLine)
	b.open(regular)
	b.word("in")
	b.space(hardLine)
	b.expr(view(l.Body))
	b.close()
}

// branches writes if … then … else chains, the branches of which are set apart by sep.
func (b *builder) branches(e If, sep kind) {
	b.open(regular)
	b.word("if")
	b.space(lineSpace)
	b.nest++
	b.expr(view(e.Cond))
	b.nest--
	b.space(lineSpace)
	b.word("then")
	b.close()
	b.space(sep)
	b.nest++
	b.grouped(view(e.Then))
	b.nest--
	b.space(sep)
	b.word("else")
	b.space(hardSpace)
	other := view(e.Else)
	if other, ok := other.(If); ok {
		b.branches(other, hardLine)
		return
	}
	b.space(lineSpace)
	b.nest++
	b.grouped(other)
	b.nest--
}

// function writes a function. With top set it is the file's own: the body of a
// set pattern starts on a new line, and a set as the body is broken over lines.
func (b *builder) function(f Func, top bool) {
	if f.pattern() {
		b.patternFunction(f, top)
		return
	}
	b.open(regular)
	b.space(lineBreak)
	for depth := 1; ; depth++ {
		from := b.start()
		b.variable(f.Arg)
		b.text = append(b.text, ':')
		b.end(from)
		body := view(f.Body)
		if g, ok := body.(Func); ok && !g.pattern() {
			b.space(hardSpace)
			f = g
			continue
		}
		switch {
		case absorbableBody(body):
			b.space(hardSpace)
			b.open(priority)
			b.absorb(body, top)
			b.close()
		case depth <= 2:
			b.space(lineSpace)
			b.expr(body)
		default:
			b.space(hardLine)
			b.expr(body)
		}
		break
	}
	b.close()
}

func (b *builder) patternFunction(f Func, top bool) {
	b.pattern(f)
	b.word(":")
	body := view(f.Body)
	switch {
	case top && f.As == "":
		b.space(hardLine)
		b.topBody(body)
	case f.short() && absorbableBody(body):
		b.space(hardSpace)
		b.open(priority)
		b.expr(body)
		b.close()
	case absorbable(body):
		b.space(lineSpace)
		b.keepIf(f.As == "")
		b.open(regular)
		b.term(body, true)
		b.close()
	default:
		b.space(lineSpace)
		b.keepIf(f.As == "")
		b.expr(body)
	}
}

func (b *builder) keepIf(yes bool) {
	if yes {
		b.keep()
	}
}

func (b *builder) pattern(f Func) {
	if f.As != "" {
		from := b.start()
		b.variable(f.As)
		b.text = append(b.text, '@')
		b.end(from)
	}
	b.open(regular)
	defer b.close()
	if len(f.Params) == 0 && !f.Open {
		b.empty("{", "}")
		return
	}
	sep := lineSpace
	if len(f.Params) > 2 {
		sep = hardLine
	}
	b.word("{")
	b.space(sep)
	b.nest++
	for i, p := range f.Params {
		from := b.start()
		b.variable(p)
		last := i == len(f.Params)-1 && !f.Open
		if !last {
			b.text = append(b.text, ',')
		}
		b.end(from)
		if last {
			from = b.start()
			b.text = append(b.text, ',')
			b.endAs(trailing, from)
		}
		b.space(sep)
	}
	if f.Open {
		b.word("...")
		b.space(sep)
	}
	b.nest--
	b.word("}")
}
