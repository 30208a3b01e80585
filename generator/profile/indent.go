package profile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// level is an indentation that a line may have, and the line that it is of.
type level struct {
	spaces, line int
	// opens tells that deeper lines belong to the line, entry that it starts an entry of a list.
	opens, entry bool
}

var (
	// opensLevel is the end of a line that deeper ones belong to, opensText of one below which there is text.
	opensLevel = lazyregexp.New(`(:|^\s*-)\s*(#.*)?$`)
	opensText  = lazyregexp.New(`[:-]\s+[|>][0-9+-]*\s*(#.*)?$`)
)

// levels are the indentations that are open above a line, deepest first.
func (t *text) levels(line int) []level {
	var out []level
	for n := line - 1; n > 0 && (len(out) == 0 || out[len(out)-1].spaces > 0); n-- {
		s := t.line(n)
		body := strings.TrimLeft(s, " ")
		spaces := len(s) - len(body)
		if body == "" || body[0] == '#' || body[0] == '\t' || len(out) > 0 && spaces >= out[len(out)-1].spaces {
			continue
		}
		if opensText.MatchString(s) {
			out = nil // those of the text are none
		}
		if inside := strings.TrimLeft(strings.TrimPrefix(body, "- "), " "); len(inside) < len(body) && inside != "" {
			out = append(out, level{spaces: len(s) - len(inside), line: n, opens: opensLevel.MatchString(s), entry: true})
		}
		out = append(out, level{spaces: spaces, line: n, opens: opensLevel.MatchString(s)})
	}
	return out
}

// misindented tells how a line is indented whose indentation is none that is open, and hints at the nearest that is;
// of two the deeper one.
func (t *text) misindented(line int) (what, hint string) {
	s := t.line(line)
	has := len(s) - len(strings.TrimLeft(s, " "))
	what = "this line has " + countSpaces(has)
	levels := t.levels(line)
	if len(levels) == 0 {
		return what + ", and belongs to nothing above", "give it none"
	}
	off := func(l level) int { return max(l.spaces-has, has-l.spaces) }
	best := slices.MinFunc(levels, func(a, b level) int { return off(a) - off(b) })
	where := "the line above"
	if strings.TrimSpace(strings.Join(t.between(best.line, line), "")) != "" {
		where = fmt.Sprintf("line %d", best.line)
	}
	verb := " has "
	if best.entry {
		verb = ` has, with its "-", `
	}
	number := fmt.Sprint(best.spaces)
	if best.spaces == 0 {
		number = "none"
	}
	return what + ", " + where + verb + number, "give it " + number
}

// between are the lines after one and before another.
func (t *text) between(first, last int) []string {
	var out []string
	for n := first + 1; n < last; n++ {
		out = append(out, t.line(n))
	}
	return out
}

func countSpaces(n int) string {
	switch n {
	case 0:
		return "no spaces"
	case 1:
		return "1 space"
	}
	return fmt.Sprintf("%d spaces", n)
}

// spaces is how far a line is likely to be meant to be indented that a tab indents.
func (t *text) spaces(line int) int {
	const usual = 2
	levels := t.levels(line)
	if len(levels) == 0 {
		return usual
	}
	last := levels[0]
	if !last.opens {
		return max(last.spaces, usual)
	}
	next := t.line(line + 1)
	if deeper := len(next) - len(strings.TrimLeft(next, " ")); deeper > last.spaces && strings.TrimSpace(next) != "" {
		return deeper
	}
	step := usual
	if len(levels) > 1 && !last.entry {
		step = last.spaces - levels[1].spaces
	}
	return last.spaces + step
}
