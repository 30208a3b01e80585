package nix

import (
	"slices"
	"unicode/utf8"
)

// A doc is a document between expression and text: words, spaces that may
// become line breaks, and groups of them that are laid out on one line or
// broken as a whole. It is one flat slice: brackets enclose groups, and sums
// of widths make "does this fit" a subtraction.
//
// The rules for what goes into a document and how it is laid out are those of
// RFC 166 as nixfmt 1.4 applies them.
type doc struct {
	toks []tok
	text []byte
	// pending holds groups that were opened but have no content yet; hard
	// spaces and comments at their start move out to before them.
	pending []group
	opened  []int32
	nest    int32 // indentation level of the words that follow
	offset  int32 // extra columns for them, inside strings
	origin  int32
	origins []string
	compact bool // write everything for one line
	columns int  // written so, counting every space by itself
}

type kind uint8

// The order of the spaces is that of their strength: of two spaces that meet,
// the later kind wins, with the exceptions that merge makes.
const (
	lineBreak kind = iota // nothing, or a line break with its group
	hardSpace             // a space
	lineSpace             // a space, or a line break with its group
	hardLine              // a line break
	emptyLine             // an empty line
	newlines              // line breaks inside an indented string
	word
	remark   // comment; its width does not count
	trailing // word that exists only in a broken group
	absent   // space taken away by layout.stiffen
	opening
	closing
	nothing
	ending // after the last token
)

func (k kind) space() bool { return k <= newlines }
func (k kind) hard() bool  { return k == hardSpace || hardLine <= k && k <= newlines }

type group uint8

const (
	regular group = iota
	// priority groups are broken first, if that lets all around them stay on one line.
	priority
	// transparent groups hand their priority groups to the group around them.
	transparent
)

type tok struct {
	kind   kind
	group  group
	nest   int32
	offset int32
	from   int32 // word: its bytes in doc.text; newlines: their number
	to     int32
	width  int32
	match  int32 // opening: index of its closing
	origin int32
	flat   int32 // width on one line of all before this
	breaks int32 // line breaks that cannot be avoided before this
}

func (d *doc) reset() {
	clear(d.origins)
	*d = doc{toks: d.toks[:0], text: d.text[:0], pending: d.pending[:0], opened: d.opened[:0], origins: append(d.origins[:0], "")}
}

func (d *doc) open(g group) {
	if d.compact {
		return
	}
	d.pending = append(d.pending, g)
}

// begin puts the pending groups into the document.
func (d *doc) begin() {
	for _, g := range d.pending {
		d.opened = append(d.opened, int32(len(d.toks)))
		d.toks = append(d.toks, tok{kind: opening, group: g})
	}
	d.pending = d.pending[:0]
}

func (d *doc) close() {
	if d.compact {
		return
	}
	if n := len(d.pending); n > 0 {
		d.pending = d.pending[:n-1]
		return
	}
	end := d.toks[len(d.toks)-1]
	if end.kind.hard() {
		d.toks = d.toks[:len(d.toks)-1]
	}
	at := d.opened[len(d.opened)-1]
	d.opened = d.opened[:len(d.opened)-1]
	n := int32(len(d.toks))
	d.toks[at].match = n
	d.toks = append(d.toks, tok{kind: closing})
	if in := &d.toks[at+1]; in.kind == opening && in.match == n-1 && in.group == d.toks[at].group {
		in.kind = nothing
		d.toks[n-1].kind = nothing
	}
	if end.kind.hard() {
		d.spaces(end.kind, end.from)
	}
}

func (d *doc) space(k kind) { d.spaces(k, 1) }

func (d *doc) spaces(k kind, n int32) {
	if d.compact {
		switch k {
		case lineBreak:
			return
		case lineSpace:
			k = hardSpace
		}
		d.columns++
	}
	last := len(d.toks) - 1
	if len(d.pending) == 0 || k.hard() {
		if last >= 0 && d.toks[last].kind.space() {
			d.toks[last].kind, d.toks[last].from = merge(d.toks[last].kind, d.toks[last].from, k, n)
			return
		}
		d.toks = append(d.toks, tok{kind: k, from: n})
		return
	}
	if last >= 0 && d.toks[last].kind == hardSpace {
		d.toks = d.toks[:last]
		k, n = merge(hardSpace, 1, k, n)
	}
	d.begin()
	d.toks = append(d.toks, tok{kind: k, from: n})
}

// merge says what two spaces in a row are together.
func merge(a kind, n int32, b kind, m int32) (kind, int32) {
	if a > b {
		a, n, b, m = b, m, a, n
	}
	switch {
	case a == lineBreak && b == hardSpace:
		return lineSpace, 1
	case b == newlines && a == newlines:
		return newlines, n + m
	case b == newlines && a == emptyLine:
		return newlines, m + 2
	case b == newlines && a != hardSpace:
		return newlines, m + 1
	}
	return b, m
}

// start begins a word; its bytes are appended to d.text until end is called.
func (d *doc) start() int32 { return int32(len(d.text)) }

func (d *doc) end(from int32) { d.endAs(word, from) }

func (d *doc) endAs(k kind, from int32) {
	to := int32(len(d.text))
	if from == to {
		return
	}
	if k != remark {
		d.begin()
	}
	w := int32(utf8.RuneCount(d.text[from:to]))
	d.columns += int(w)
	if last := len(d.toks) - 1; last >= 0 && k == word && d.toks[last].kind == word {
		d.toks[last].to = to
		d.toks[last].width += w
		return
	}
	d.toks = append(d.toks, tok{
		kind: k, nest: d.nest, offset: d.offset, from: from, to: to,
		width: w, origin: d.origin,
	})
}

func (d *doc) word(s string) {
	from := d.start()
	d.text = append(d.text, s...)
	d.end(from)
}

// onOneLine has write write without optional line breaks. It reports whether
// that came without line breaks altogether, and within limit columns (any number
// if limit is negative); if not, nothing is written.
func (d *doc) onOneLine(limit int, write func()) bool {
	toks, text, opened, columns, outer := len(d.toks), len(d.text), len(d.opened), d.columns, d.compact
	var few [8]group
	pending := append(few[:0], d.pending...)
	var last tok
	if toks > 0 {
		last = d.toks[toks-1]
	}

	d.compact = true
	write()
	d.compact = outer

	from := toks
	if toks > 0 && d.toks[toks-1].kind != last.kind {
		from-- // the space there has merged with one that came later
	}
	if (limit < 0 || d.columns-columns <= limit) && !breaks(d.toks[from:]) {
		return true
	}
	d.toks, d.text, d.opened = d.toks[:toks], d.text[:text], d.opened[:opened]
	d.pending = append(d.pending[:0], pending...)
	if toks > 0 {
		d.toks[toks-1] = last
	}
	return false
}

func breaks(toks []tok) bool {
	return slices.ContainsFunc(toks, func(t tok) bool { return hardLine <= t.kind && t.kind <= newlines })
}

// measure fills in the sums of widths and line breaks.
func (d *doc) measure() {
	if n := len(d.toks); n > 0 && d.toks[n-1].kind == ending {
		d.toks = d.toks[:n-1]
	}
	var flat, breaks int32
	var before int32 // width of the space just before, if one is
	for i := range d.toks {
		t := &d.toks[i]
		t.flat, t.breaks = flat, breaks
		switch k := t.kind; {
		case k.space():
			w := k.columns()
			if k >= hardLine {
				breaks++
			}
			if w > before {
				flat += w - before
				before = w
			}
		case k == word:
			flat += t.width
			before = 0
		case k == remark || k == trailing:
			before = 0
		}
	}
	d.toks = append(d.toks, tok{kind: ending, flat: flat, breaks: breaks})
}

// columns is the width of a space on one line.
func (k kind) columns() int32 {
	if k == hardSpace || k == lineSpace {
		return 1
	}
	return 0
}
