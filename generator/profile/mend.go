package profile

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// How much is done to read on behind a mistake in the syntax.
const (
	maxMended   = 16      // times that a file is read again
	maxMendSize = 1 << 20 // bytes of a file that is
)

// mended is what can be read of a text that is no YAML, by t.syntax(err): lines around each mistake are blanked, as few
// as possible, so that whatever else the file says is judged in the same run. Of the mistakes only those are told that
// do not come of another. The node is nil where the lines before or behind a mistake cannot be told from it.
func (t *text) mended(err error) (*text, *yaml.Node, Problems) {
	p := t.syntax(err)
	if len(t.src) > maxMendSize {
		return t, nil, Problems{p}
	}
	tries := maxMended
	p = t.opened(p, &tries)
	problems := Problems{p}
	for {
		next, first, later := t.readOn(p, &tries)
		switch {
		case next == nil:
			return t, nil, problems
		case later == nil:
			return next, first, problems
		}
		t, p = next, next.opened(next.syntax(later), &tries)
		problems = append(problems, p)
	}
}

// opened is p, or that a quote or a bracket on a line above is never closed, if that is what p comes of: without that
// line, the place of p is as it should be.
func (t *text) opened(p Problem, tries *int) Problem {
	const most = 3
	candidates := 0
	for n := p.Pos.Line - 1; n > 0 && candidates < most && *tries > 0; n-- {
		at, mark := leftOpen(t.line(n))
		if mark == 0 {
			continue
		}
		candidates++
		*tries--
		next := t.blank(lineRange{n, n + 1})
		first, _, err := documents(next.src)
		if err == nil && !named(first) || err != nil && next.syntax(err).Pos.Line <= p.Pos.Line {
			continue
		}
		p = Problem{Pos: t.pos(t.lines[n-1] + at), Code: CodeSyntax, What: "the quote is never closed", Hint: closeQuote}
		if end, bracket := closing[mark]; bracket {
			p.What, p.Hint = "the "+strconv.Quote(string(mark))+" is never closed", "close it with "+strconv.Quote(string(end))
		}
		return p
	}
	return p
}

// closing are the brackets that close others.
var closing = map[byte]byte{'[': ']', '{': '}'}

// leftOpen is the first quote or bracket that a line opens and does not close, 0 if there is none.
func leftOpen(line string) (at int, mark byte) {
	type opened struct {
		at   int
		mark byte
	}
	var stack []opened
	for i := 0; i < len(line); i++ {
		c := line[i]
		begins := i == 0 || strings.IndexByte(" [{,:", line[i-1]) >= 0
		switch {
		case (c == '"' || c == '\'') && begins:
			end := strings.IndexByte(line[i+1:], c)
			if end < 0 {
				return i, c
			}
			i += end + 1
		case c == '#' && begins:
			i = len(line)
		case closing[c] != 0 && begins:
			stack = append(stack, opened{i, c})
		case len(stack) > 0 && c == closing[stack[len(stack)-1].mark]:
			stack = stack[:len(stack)-1]
		}
	}
	if len(stack) == 0 {
		return 0, 0
	}
	return stack[0].at, stack[0].mark
}

// readOn blanks the lines of the mistake p. The error, if there is one, is of a mistake behind them.
func (t *text) readOn(p Problem, tries *int) (next *text, first *yaml.Node, later error) {
	for _, lines := range t.around(p.Pos.Line) {
		if *tries--; *tries < 0 || p.Code == CodeLimit {
			return nil, nil, nil
		}
		next := t.blank(lines)
		first, second, err := documents(next.src)
		switch {
		case err == nil && second == nil && named(first):
			return next, first, nil
		case err == nil:
			continue
		}
		// A mistake within these lines, or before them, comes of what was blanked.
		if p := next.syntax(err); p.Pos.Line > t.endOf(lines.to-1) {
			return next, nil, err
		}
	}
	return nil, nil, nil
}

// lineRange is the lines from one up to before another.
type lineRange struct{ from, to int }

// around are lines around line n that might be blanked together: the line alone, where it stands among its siblings;
// the entry that begins with it; then what is below each key that the entry is below, from the innermost.
func (t *text) around(n int) []lineRange {
	var out []lineRange
	in := indent(t.line(n))
	above, below := n-1, n+1
	for above > 0 && hasNothing(t.line(above)) {
		above--
	}
	for below <= len(t.lines) && hasNothing(t.line(below)) {
		below++
	}
	siblings := above > 0 && below <= len(t.lines) && indent(t.line(above)) == indent(t.line(below))
	tab := strings.HasPrefix(strings.TrimLeft(t.line(n), " "), "\t")
	if end := t.endOf(n); end == n+1 || siblings || tab {
		out = append(out, lineRange{n, n + 1})
	} else {
		out = append(out, lineRange{n, end})
	}
	for ; above > 0; above-- {
		line := t.line(above)
		if hasNothing(line) || indent(line) >= in {
			continue
		}
		in = indent(line)
		if _, value, ok := strings.Cut(line, ":"); ok && hasNothing(value) {
			out = append(out, lineRange{above + 1, t.endOf(above)})
		}
	}
	return out
}

// endOf is the line behind the entry that begins at line n: the next with something that is not further in.
func (t *text) endOf(n int) int {
	in := indent(t.line(n))
	for n++; n <= len(t.lines); n++ {
		if line := t.line(n); !hasNothing(line) && indent(line) <= in {
			break
		}
	}
	return n
}

// blank is t with these lines blank. All that is left keeps its place.
func (t *text) blank(lines lineRange) *text {
	out := *t
	from, to := t.lines[lines.from-1], len(t.src)
	if lines.to <= len(t.lines) {
		to = t.lines[lines.to-1]
	}
	blanks := []byte(t.src[from:to])
	for i := range blanks {
		if blanks[i] != '\n' {
			blanks[i] = ' '
		}
	}
	out.src = t.src[:from] + string(blanks) + t.src[to:]
	for n := lines.from; n < lines.to; n++ {
		out.lost = append(out.lost[:len(out.lost):len(out.lost)], n)
	}
	return &out
}
