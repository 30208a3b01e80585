package profile

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Render writes each problem as "file:line:col: what; why; hint" followed by
// its line and a caret under the place. read returns the files, as the method
// of Source does; a file that cannot be read again is left out. With color,
// the text carries ANSI colors.
func (ps Problems) Render(w io.Writer, read func(file string) ([]byte, error), color bool) error {
	r := renderer{read: read, color: color, texts: map[string]*text{}}
	for _, p := range ps {
		r.problem(p)
	}
	_, err := r.out.WriteTo(w)
	return err
}

type renderer struct {
	read  func(file string) ([]byte, error)
	color bool
	texts map[string]*text
	out   bytes.Buffer
}

// The colors are SGR sequences of ECMA-48: bold, red, cyan, dim.
const (
	sgrBold = "1"
	sgrRed  = "1;31"
	sgrCyan = "36"
	sgrDim  = "2"
)

func (r *renderer) paint(sgr, s string) string {
	if !r.color || s == "" {
		return s
	}
	return "\x1b[" + sgr + "m" + s + "\x1b[0m"
}

func (r *renderer) problem(p Problem) {
	if at := p.Pos.String(); at != "" {
		r.out.WriteString(r.paint(sgrBold, printable(at)+":") + " ")
	}
	r.out.WriteString(r.paint(sgrRed, p.What))
	if p.Why != "" {
		r.out.WriteString("; " + p.Why)
	}
	if p.Hint != "" {
		r.out.WriteString("; " + r.paint(sgrCyan, p.Hint))
	}
	r.out.WriteByte('\n')
	if p.Pos.IsValid() {
		r.excerpt(p)
	}
}

// excerpt writes the line of p and a caret.
func (r *renderer) excerpt(p Problem) {
	t := r.text(p.Pos.File)
	if t == nil || p.Pos.Line > len(t.lines) {
		return
	}
	before, marked, after := window(t.line(p.Pos.Line), p.Pos.Column-1, p.Width())
	gutter := fmt.Sprintf("%5d | ", p.Pos.Line)
	r.out.WriteString(r.paint(sgrDim, gutter) + before + marked + after + "\n")
	r.out.WriteString(r.paint(sgrDim, strings.Repeat(" ", len(gutter)-2)+"| "))
	caret := "^" + strings.Repeat("~", max(uniseg.StringWidth(marked)-1, 0))
	r.out.WriteString(blank(before) + r.paint(sgrRed, caret) + "\n")
}

func (r *renderer) text(file string) *text {
	if t, ok := r.texts[file]; ok {
		return t
	}
	r.texts[file] = nil
	data, err := r.read(file)
	if err != nil || len(data) > MaxBytes {
		return nil
	}
	// The text may be what is wrong; its lines can be shown all the same.
	t := splitText(file, data)
	r.texts[file] = t
	return t
}

// window cuts line into what lies before, in and behind the width characters
// from column at (counted from 0), and shortens it to what a terminal shows.
func window(line string, at, width int) (before, marked, after string) {
	const lead, most = 60, 100
	runes := []rune(line)
	at = min(at, len(runes))
	end := min(at+width, len(runes))
	from, to := 0, len(runes)
	cutLeft, cutRight := "", ""
	if at > lead {
		from, cutLeft = at-lead, "…"
	}
	if to-from > most {
		to, cutRight = from+most, "…"
	}
	end = min(end, to)
	return cutLeft + visible(runes[from:at]), visible(runes[at:end]), visible(runes[end:to]) + cutRight
}

// visible replaces what would disturb a terminal.
func visible(runes []rune) string {
	var b strings.Builder
	for _, r := range runes {
		if r != '\t' && r != ' ' && (r == utf8.RuneError || !unicode.IsGraphic(r) || unicode.IsSpace(r)) {
			r = utf8.RuneError
		}
		b.WriteRune(r)
	}
	return b.String()
}

// blank is white space as wide as s on a terminal. Tabs stay, so that they
// reach the same tab stop.
func blank(s string) string {
	var b strings.Builder
	for i, part := range strings.Split(s, "\t") {
		if i > 0 {
			b.WriteByte('\t')
		}
		b.WriteString(strings.Repeat(" ", uniseg.StringWidth(part)))
	}
	return b.String()
}
