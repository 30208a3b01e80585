package nix

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// File is a Nix file: comment lines and an expression.
type File struct {
	// Header is printed at the top, each line behind "# ".
	Header string
	Body   Expr
}

// Printed is the text of a file and where its lines come from.
type Printed struct {
	Source []byte
	// Lines[i] is the origin of line i+1, as Binding.Origin and Item.Origin
	// name it; empty where the line has none.
	Lines []string
}

// Print prints an expression in the style of nixfmt, with a newline at the
// end. It fails on what Nix cannot express: NUL characters and invalid UTF-8 in
// strings, floats that are no numbers, names that are no identifiers where one
// is needed, incomplete expressions.
func Print(e Expr) ([]byte, error) {
	p, err := File{Body: e}.Print()
	return p.Source, err
}

// Print prints the file like [Print], and tells where its lines come from.
func (f File) Print() (Printed, error) {
	p := &printer{lines: []string{""}}
	p.comment(f.Header)
	p.headed = f.Header != ""
	p.file(view(f.Body))
	if p.err != nil {
		return Printed{}, p.err
	}
	return Printed{Source: append(bytes.TrimRight(p.out, " \n"), '\n'), Lines: p.lines}, nil
}

// width is the number of columns of a line, not counting its indentation.
const width = 100

// A printer writes expressions in the style of RFC 166 as nixfmt 1.4 applies it, as far as a generator needs it: an
// expression stands on one line if it fits there with what must follow it, else it is broken by the rules of its kind.
type printer struct {
	out    []byte
	lines  []string // the origin of each line so far; the last one may be unfinished
	indent int      // of the line at hand
	column int      // without the indentation; 0 at the start of a line

	// flat says that everything is being tried on one line; too long, or with a line break, it has failed.
	flat, failed bool
	limit        int

	headed bool     // nothing but a header is written yet
	origin string   // of what is being written
	path   []string // of the binding at hand, for messages
	err    error
}

func (p *printer) fail(err error) {
	if p.err != nil || err == nil {
		return
	}
	if len(p.path) > 0 {
		err = fmt.Errorf("print %s: %w", FormatAttrPath(p.path), err)
	}
	p.err = err
}

// text writes what stands on one line.
func (p *printer) text(s string) {
	if p.failed || s == "" {
		return
	}
	p.column += utf8.RuneCountInString(s)
	if p.flat && p.column > p.limit {
		p.failed = true
		return
	}
	if n := len(p.out); n == 0 || p.out[n-1] == '\n' {
		p.out = append(p.out, strings.Repeat(" ", p.indent)...)
	}
	if last := &p.lines[len(p.lines)-1]; *last == "" {
		*last = p.origin
	}
	p.out = append(p.out, s...)
	p.headed = false
}

// newline begins a line with an indentation.
func (p *printer) newline(indent int) {
	if p.flat {
		p.failed = true
		return
	}
	p.out = append(p.out, '\n')
	p.lines = append(p.lines, "")
	p.indent, p.column = indent, 0
}

// onOneLine has write write on the line at hand, if that fits there together with so many columns behind it. If
// not, nothing is written.
func (p *printer) onOneLine(behind int, write func()) bool {
	if p.flat {
		write()
		return true
	}
	before := p.mark()
	p.flat, p.limit = true, width-behind
	write()
	fits := !p.failed
	p.flat, p.failed = false, false
	if !fits {
		p.restore(before)
	}
	return fits
}

// A mark is where a printer stands.
type mark struct {
	printer
	origin string // of the line at hand
}

func (p *printer) mark() mark { return mark{*p, p.lines[len(p.lines)-1]} }

// restore takes back what was written since m. Errors stay: it would be written in any other form, too.
func (p *printer) restore(m mark) {
	m.err = p.err
	*p = m.printer
	p.lines[len(p.lines)-1] = m.origin
}

// fits reports whether so many columns fit on the line at hand.
func (p *printer) fits(columns int) bool { return p.column+columns <= width }

// file writes the expression of a file: a set there, or as the body of a function there, is always broken over lines.
func (p *printer) file(e Expr) {
	f, ok := e.(Func)
	if !ok {
		p.body(e)
		return
	}
	if set, ok := view(f.Body).(Attrs); ok && f.Arg != "" {
		p.text(p.variable(f.Arg) + ": ")
		p.set(set, true)
		return
	} else if f.Arg != "" {
		p.expr(f, 0)
		return
	}
	between := func(indent int) {
		if len(f.Params) > 2 {
			p.newline(indent)
		} else {
			p.text(" ")
		}
	}
	p.text("{")
	for _, name := range f.Params {
		between(2)
		p.text(p.variable(name) + ",")
	}
	between(2)
	p.text("...")
	between(0)
	p.text("}:")
	p.newline(0)
	p.body(view(f.Body))
}

func (p *printer) body(e Expr) {
	if set, ok := e.(Attrs); ok {
		p.set(set, true)
		return
	}
	p.expr(e, 0)
}

// expr writes an expression, a view, with so many columns behind it on its last line.
func (p *printer) expr(e Expr, behind int) {
	if !p.onOneLine(behind, func() { p.layOut(e, behind) }) {
		p.layOut(e, behind)
	}
}

// layOut writes an expression by the rules of its kind: on one line if that is tried, else broken.
func (p *printer) layOut(e Expr, behind int) {
	switch e := e.(type) {
	case List:
		p.list(e)
	case Attrs:
		p.set(e, false)
	case Text:
		p.indented(string(e))
	case Call:
		p.call(e, behind)
	case Func:
		p.function(e, behind)
	default:
		p.text(p.atom(e))
	}
}

func (p *printer) indented(s string) {
	p.fail(checkText(s))
	at := p.indent
	p.text("''")
	for line := range strings.SplitSeq(s, "\n") {
		p.newline(at + 2)
		if p.failed {
			return
		}
		p.text(indentedEscapes.Replace(line))
	}
	if p.column == 0 {
		p.indent = at
	}
	p.text("''")
}

func (p *printer) list(l List) {
	if len(l) == 0 {
		p.text("[ ]")
		return
	}
	at := p.indent
	p.text("[")
	for i, e := range l {
		it, _ := e.(Item)
		p.lineOrSpace(at+2, i > 0 || it.Comment != "")
		outer := p.from(it.Origin)
		p.comment(it.Comment)
		if it.Value != nil || it.Comment == "" {
			p.term(view(e), 0)
		} else if !p.flat {
			p.dropLine()
		}
		p.origin = outer
		if p.failed {
			return
		}
	}
	p.lineOrSpace(at, false)
	p.text("]")
}

// lineOrSpace separates what stands in brackets. Where it must be a line break, one line has failed.
func (p *printer) lineOrSpace(indent int, must bool) {
	if p.flat && !must {
		p.text(" ")
		return
	}
	p.newline(indent)
}

// dropLine takes back the line that was begun behind a comment.
func (p *printer) dropLine() {
	p.out, p.lines = p.out[:len(p.out)-1], p.lines[:len(p.lines)-1]
}

// from makes s the origin of what follows, and returns the one before.
func (p *printer) from(s string) string {
	outer := p.origin
	if s != "" {
		p.origin = s
	}
	return outer
}

// term writes an expression, in parentheses where it needs them to be an argument or an item of a list.
func (p *printer) term(e Expr, behind int) {
	if isTerm(e) {
		p.expr(e, behind)
		return
	}
	if p.onOneLine(behind, func() { p.text("("); p.layOut(e, 0); p.text(")") }) {
		return
	}
	p.text("(")
	c, isCall := e.(Call)
	switch at := p.indent; {
	case isCall && p.breakArgument(c, "", 1+behind):
	case absorbableBody(e):
		p.layOut(e, 1+behind)
	default:
		p.newline(at + 2)
		p.expr(e, 0)
		p.newline(at)
	}
	p.text(")")
}

func (p *printer) function(f Func, behind int) {
	if f.Arg == "" {
		p.fail(errors.New("a module within an expression"))
		return
	}
	at := p.indent
	p.text(p.variable(f.Arg) + ":")
	body := view(f.Body)
	if p.flat || absorbable(body) {
		p.text(" ")
		p.layOut(body, behind)
		return
	}
	p.newline(at)
	p.expr(body, behind)
}
