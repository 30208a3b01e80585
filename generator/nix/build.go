package nix

import (
	"errors"
	"fmt"
	"strconv"
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
		b.call(e, anywhere)
	case Func:
		b.function(e, false)
	case Not:
		b.word("!")
		b.ref(e.Of)
	case Op:
		if e.Name != "+" && e.Name != "-" {
			b.fail(fmt.Errorf("no operator %q", e.Name))
		}
		b.open(regular)
		b.operand(e.Left, atMinus)
		b.space(lineSpace)
		b.word(e.Name)
		b.space(hardSpace)
		b.operand(e.Right, atTerm)
		b.close()
	default:
		b.term(e, false)
	}
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
		b.call(c, inParens)
		return
	}
	if r, ok := e.(Ref); !ok || len(r) < 2 {
		b.space(lineBreak)
	}
	b.grouped(e)
	b.space(lineBreak)
}

// absorb writes an expression that stays on the line of what is before it.
func (b *builder) absorb(e Expr, wide bool) {
	if absorbable(e) {
		b.term(e, wide)
		return
	}
	b.expr(e)
}
