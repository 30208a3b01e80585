package nix

import "fmt"

// operation writes operators. With wide set a set as the first operand is
// broken over lines whatever its width.
func (b *builder) operation(o Op, wide bool) {
	at := o.strength()
	if at < 0 {
		b.fail(fmt.Errorf("no operator %q", o.Name))
		return
	}
	if o.compares() {
		b.operand(o.Left, at-1)
		b.space(softSpace)
		b.word(o.Name)
		b.space(hardSpace)
		b.operand(o.Right, at-1)
		return
	}
	b.open(regular)
	defer b.close()
	for i, e := range o.operands() {
		weakest := at - 1
		if i == 0 && o.Name != "->" && o.Name != "++" && o.Name != "//" {
			weakest = at
		}
		if i == 0 {
			if wide && absorbable(e) {
				b.term(e, true)
				continue
			}
			b.operand(e, weakest)
			continue
		}
		b.space(lineSpace)
		b.word(o.Name)
		b.nest++
		b.rightOperand(e, weakest)
		b.nest--
	}
}

func (b *builder) rightOperand(e Expr, weakest int) {
	if strength(e) > weakest {
		b.space(hardSpace)
		b.parens(e)
		return
	}
	switch e := e.(type) {
	case Op:
		b.open(regular)
		b.space(lineSpace)
		b.expr(e)
		b.close()
	case Call:
		b.open(regular)
		b.space(hardSpace)
		b.call(e, behindSign)
		b.close()
	default:
		b.space(hardSpace)
		b.expr(e)
	}
}
