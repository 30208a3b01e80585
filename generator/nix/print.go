package nix

import (
	"bytes"
	"slices"
	"sync"
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

type printer struct {
	builder
	layout layout
}

var printers = sync.Pool{New: func() any { return new(printer) }}

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
	p := printers.Get().(*printer)
	defer printers.Put(p)
	p.reset()
	p.comment(f.Header)
	p.header = len(p.toks)
	p.open(regular)
	p.file(view(f.Body))
	p.close()
	if p.err != nil {
		return Printed{}, p.err
	}
	p.measure()
	p.layout.reset(&p.doc)
	p.layout.run()
	out := Printed{Source: slices.Clone(p.layout.out)}
	lines := p.layout.lines[:bytes.Count(out.Source, []byte{'\n'})]
	out.Lines = make([]string, len(lines))
	for i, o := range lines {
		out.Lines[i] = p.origins[o]
	}
	return out, nil
}

// file writes the expression of a file: a set there, or as the body of a
// function there, is always broken over lines.
func (b *builder) file(e Expr) {
	if f, ok := e.(Func); ok {
		b.function(f, true)
		return
	}
	b.topBody(e)
}

func (b *builder) topBody(e Expr) {
	if a, ok := e.(Attrs); ok {
		b.term(a, true)
		return
	}
	b.expr(e)
}
