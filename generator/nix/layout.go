package nix

import "bytes"

// width is the number of columns of a line, not counting its indentation.
const width = 100

// A layout turns a measured document into text.
type layout struct {
	toks   []tok
	text   []byte
	out    []byte
	column int // without indentation; 0 at the start of a line
	levels []level
	// lines holds the origin of every line so far; the last one may be unfinished.
	lines  []int32
	undone []undo

	attempts int // attempts at breakOnly under way
	failed   map[attempt]bool
}

// level is an indentation in force: columns, since which nesting.
type level struct{ columns, nest int32 }

type undo struct {
	at   int32
	kind kind
}

func (l *layout) reset(d *doc) {
	*l = layout{
		toks: d.toks, text: d.text, out: l.out[:0],
		levels: append(l.levels[:0], level{}), lines: append(l.lines[:0], 0), undone: l.undone[:0],
	}
}

// run lays out the whole document.
func (l *layout) run() {
	end := int32(len(l.toks) - 1)
	if !l.fitsFlat(0, end) && !l.byPriority(0, end) {
		l.broken(0, end)
	}
	l.out = append(bytes.TrimRight(l.out, " \n"), '\n')
}

// indent makes the indentation for a word of the given nesting current. Deeper
// nesting indents only where it starts a line: several levels on one line count once.
func (l *layout) indent(nest int32) int32 {
	for {
		top := l.levels[len(l.levels)-1]
		if nest >= top.nest {
			if nest > top.nest {
				if l.column == 0 {
					top.columns += 2
				}
				top.nest = nest
				l.levels = append(l.levels, top)
			}
			return top.columns
		}
		l.levels = l.levels[:len(l.levels)-1]
	}
}

const blanks = "                                                                "

func (l *layout) spaces(n int32) {
	for n > int32(len(blanks)) {
		l.out = append(l.out, blanks...)
		n -= int32(len(blanks))
	}
	l.out = append(l.out, blanks[:n]...)
}

func (l *layout) put(t *tok) {
	columns := l.indent(t.nest)
	if l.column == 0 {
		l.spaces(columns + t.offset)
	}
	l.raw(t)
}

func (l *layout) raw(t *tok) {
	if last := &l.lines[len(l.lines)-1]; *last == 0 {
		*last = t.origin
	}
	l.out = append(l.out, l.text[t.from:t.to]...)
	l.column += int(t.width)
}

func (l *layout) newline(n int32) {
	for range n {
		l.out = append(l.out, '\n')
		l.lines = append(l.lines, 0)
	}
	l.column = 0
}

// broken writes the tokens from i to j with the line breaks of this level taken.
func (l *layout) broken(i, j int32) {
	for ; i < j; i++ {
		t := &l.toks[i]
		switch t.kind {
		case word, remark, trailing:
			l.put(t)
		case opening:
			l.group(i)
			i = t.match
		case closing, nothing, ending, absent:
		default:
			if l.column != 0 {
				l.breakAt(t)
			}
		}
	}
}

func (l *layout) breakAt(t *tok) {
	switch t.kind {
	case lineBreak, lineSpace, hardLine:
		l.newline(1)
	case emptyLine:
		l.newline(2)
	case newlines:
		l.newline(t.from)
	case hardSpace:
		l.out = append(l.out, ' ')
		l.column++
	}
}

func (l *layout) group(i int32) {
	j := l.toks[i].match
	if l.fitsFlat(i+1, j) {
		return
	}
	if l.toks[i].group != transparent && l.byPriority(i+1, j) {
		return
	}
	l.broken(i+1, j)
}

// flatWidth is the width on one line of the tokens from i to j, of which the first is no bracket.
func (l *layout) flatWidth(i, j int32) int32 {
	first := &l.toks[i]
	w := l.toks[j].flat - first.flat
	if first.kind.space() {
		w += first.kind.columns() - (l.toks[i+1].flat - first.flat)
	}
	return w
}

func (l *layout) skipBrackets(i, j int32) int32 {
	for i < j && l.toks[i].kind >= opening {
		i++
	}
	return i
}

// fitsFlat writes the tokens from i to j on the current line if they fit
// together with what must follow them there.
func (l *layout) fitsFlat(i, j int32) bool {
	i = l.skipBrackets(i, j)
	if i == j {
		return true
	}
	if l.toks[j].breaks != l.toks[i].breaks {
		return false
	}
	if l.column == 0 && l.toks[i].kind.space() {
		i = l.skipBrackets(i+1, j)
		if i == j {
			return true
		}
	}
	w := l.flatWidth(i, j)
	room := int32(width - l.column)
	if w > room || w+l.firstLineWidth(j, room-w) > room {
		return false
	}
	l.flat(i, j)
	return true
}

func (l *layout) flat(i, j int32) {
	if l.column == 0 {
		k := i
		for k < j && l.toks[k].kind != word && l.toks[k].kind != remark {
			k++
		}
		if k < j {
			t := &l.toks[k]
			l.spaces(l.indent(t.nest) + t.offset)
		}
	}
	for first := i; i < j; i++ {
		t := &l.toks[i]
		switch k := t.kind; {
		case k == word:
			l.raw(t)
		case k.space():
			if l.toks[i+1].flat > t.flat || i == first && k.columns() > 0 {
				l.out = append(l.out, ' ')
				l.column++
			}
		}
	}
}

// firstLineWidth is the width of what must follow on the same line from i on:
// all up to the next place where the line may break. It stops counting beyond limit.
func (l *layout) firstLineWidth(i, limit int32) int32 {
	var w int32
	for ; i < int32(len(l.toks)) && w <= limit; i++ {
		switch t := &l.toks[i]; {
		case t.kind == word || t.kind == trailing:
			w += t.width
		case t.kind == hardSpace:
			if next := l.skipBrackets(i+1, int32(len(l.toks))); next < int32(len(l.toks)) && l.toks[next].kind.space() {
				return w
			}
			w++
		case t.kind.space():
			return w
		}
	}
	return w
}

// byPriority tries to break one priority group of the tokens from i to j, the
// last one first, so that all else stays on the line.
func (l *layout) byPriority(i, j int32) bool {
	var few [8]int32
	found := few[:0]
	for k := i; k < j; k++ {
		if t := &l.toks[k]; t.kind == opening {
			switch t.group {
			case priority:
				found = append(found, k)
				k = t.match
			case regular:
				k = t.match
			}
		}
	}
	for n := len(found) - 1; n >= 0; n-- {
		if l.breakOnly(found[n], i, j) {
			return true
		}
	}
	return false
}

// breakOnly writes the tokens from i to j with only the group at p broken, if that fits.
func (l *layout) breakOnly(p, i, j int32) bool {
	q := l.toks[p].match
	if !l.mayFit(q+1, j) {
		return false
	}
	try := attempt{p, int32(l.column), l.firstLineWidth(j, width)}
	if l.failed[try] {
		return false
	}
	out, column, lines, origin := len(l.out), l.column, len(l.lines), l.lines[len(l.lines)-1]
	var few [16]level
	levels := append(few[:0], l.levels...)
	undone := len(l.undone)

	ok := l.fitsFlat(i, p)
	if ok {
		l.stiffen(q+1, j)
		l.attempts++
		l.broken(p+1, q)
		l.attempts--
		ok = l.fitsFlat(q+1, j)
		for _, u := range l.undone[undone:] {
			l.toks[u.at].kind = u.kind
		}
		l.undone = l.undone[:undone]
	}
	if ok {
		return true
	}
	l.out, l.column = l.out[:out], column
	l.lines = l.lines[:lines]
	l.lines[lines-1] = origin
	l.levels = append(l.levels[:0], levels...)
	if l.attempts > 0 { // else it is not tried again
		if l.failed == nil {
			l.failed = map[attempt]bool{}
		}
		l.failed[try] = true
	}
	return false
}

// An attempt is all that the outcome of breakOnly depends on: the group, the
// column it starts at, and the width that must follow it on the same line.
// Failed attempts are remembered, else nested calls would take exponential time.
type attempt struct{ group, column, follow int32 }

// mayFit reports whether the tokens from i to j fit a line at all.
func (l *layout) mayFit(i, j int32) bool {
	i = l.skipBrackets(i, j)
	return i == j || l.toks[i].breaks == l.toks[j].breaks && l.flatWidth(i, j) <= width
}

// stiffen takes the line breaks out of the tokens from i to j, except those of regular groups.
func (l *layout) stiffen(i, j int32) {
	for within := int32(0); i < j; i++ {
		t := &l.toks[i]
		var k kind
		switch t.kind {
		case opening:
			if t.group == regular || i < within {
				i = t.match
			} else if t.group == priority {
				within = t.match
			}
			continue
		case lineSpace:
			k = hardSpace
		case lineBreak:
			k = absent
		default:
			continue
		}
		l.undone = append(l.undone, undo{i, t.kind})
		t.kind = k
	}
}
