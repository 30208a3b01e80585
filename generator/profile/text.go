package profile

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of one file. They leave room for 10,000 hosts and keep hostile input
// harmless: the YAML library needs up to 2 KiB a value.
const (
	// MaxBytes is the size of a profile file.
	MaxBytes = 8 << 20
	// MaxDepth is how deep lists and maps nest.
	MaxDepth = 32
	// MaxIndicators is how many characters may start or separate values
	// (line ends and any of -:,[]{}), an upper bound of the values.
	MaxIndicators = 2 << 20
	// maxKey is the length of a key in bytes, as in the YAML specification.
	maxKey = 1024
)

// text is the content of one file, made safe to parse: valid UTF-8 without BOM,
// control characters and carriage returns.
type text struct {
	name  string
	src   string
	lines []int // offset of each line
	lost  []int // once parsed: lines of which not all is in the nodes
}

// newText checks data. The problem is nil if it may be parsed.
func newText(name string, data []byte) (*text, *Problem) {
	t := &text{name: name, lines: []int{0}}
	at := Pos{File: name, Line: 1, Column: 1}
	if len(data) > MaxBytes {
		return t, &Problem{Pos: at, Code: CodeLimit,
			What: fmt.Sprintf("the file is larger than %d MiB", MaxBytes>>20),
			Why:  "a profile of 10,000 hosts needs about 2 MiB",
			Hint: "split it into several profiles and list them under extends"}
	}
	if bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}) {
		return t, &Problem{Pos: at, Code: CodeEncoding, What: "the file is UTF-16", Why: "profiles are UTF-8",
			Hint: "save it as UTF-8"}
	}
	t = splitText(name, data)
	if p := t.checkCharacters(); p != nil {
		return t, p
	}
	if p := t.checkWork(); p != nil {
		return t, p
	}
	if line := t.directive(); line > 0 {
		return t, &Problem{Pos: Pos{name, line, 1}, Code: CodeFeature, What: "a YAML directive",
			Why: "profiles do without", Hint: "delete the line"}
	}
	return t, nil
}

// splitText is the text of data without any check.
func splitText(name string, data []byte) *text {
	data = bytes.TrimPrefix(data, []byte(bom))
	t := &text{name: name, src: strings.ReplaceAll(string(data), "\r\n", "\n"), lines: []int{0}}
	for i := 0; i < len(t.src); i++ {
		if t.src[i] == '\n' {
			t.lines = append(t.lines, i+1)
		}
	}
	return t
}

// Hidden reports whether r is a control character, or changes how others are
// shown: their order (UAX #9) or the lines that they are on (UAX #14).
func Hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) || r == 0xFEFF
}

// bom is the byte order mark that may start a UTF-8 file.
const bom = "\uFEFF"

// pos is the place of the byte at offset off.
func (t *text) pos(off int) Pos {
	line := sort.SearchInts(t.lines, off+1)
	start := t.lines[line-1]
	return Pos{File: t.name, Line: line, Column: utf8.RuneCountInString(t.src[start:min(off, len(t.src))]) + 1}
}

// line is the text of line n, counted from 1, without its end.
func (t *text) line(n int) string {
	if n < 1 || n > len(t.lines) {
		return ""
	}
	start, end := t.lines[n-1], len(t.src)
	if n < len(t.lines) {
		end = t.lines[n] - 1
	}
	return t.src[start:end]
}

func (t *text) checkCharacters() *Problem {
	for i, r := range t.src {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(t.src[i:], "\uFFFD"):
			return &Problem{Pos: t.pos(i), Code: CodeEncoding,
				What: fmt.Sprintf("the byte 0x%02x is not UTF-8", t.src[i]), Why: "profiles are UTF-8",
				Hint: "save the file as UTF-8"}
		case r < ' ' && r != '\n' && r != '\t', r >= 0x7F && r < 0xA0, r == 0x2028, r == 0x2029, r == 0xFEFF,
			r == 0xFFFE, r == 0xFFFF:
			return t.badCharacter(i, r)
		}
	}
	return nil
}

func (t *text) badCharacter(off int, r rune) *Problem {
	p := &Problem{Pos: t.pos(off), Code: CodeEncoding,
		What: fmt.Sprintf("the control character U+%04X", r), Why: "YAML does not allow it",
		Hint: "delete it"}
	switch r {
	case 0:
		p.What = "a NUL character (U+0000)"
		p.Why = "neither YAML nor Nix can hold one"
	case '\r':
		p.What = "a carriage return (U+000D) that ends no line"
		p.Why = "lines end in LF or CRLF"
		p.Hint = "convert the line ends"
	case 0x2028, 0x2029:
		p.What, p.Why = fmt.Sprintf("the line separator U+%04X", r), "YAML readers disagree on whether it ends a line"
		p.Hint = fmt.Sprintf(`delete it, or write \u%04X in double quotes`, r)
	case 0xFEFF:
		p.What = "a byte order mark (U+FEFF) inside the file"
		p.Why = "it may only start a file"
	}
	return p
}

// checkWork refuses what would take too much memory as nodes.
func (t *text) checkWork() *Problem {
	values := 0
	for i, c := range []byte(t.src) {
		if c == '\n' || strings.IndexByte("-:,[]{}", c) >= 0 {
			values++
		}
		if values > MaxIndicators {
			return &Problem{Pos: t.pos(i), Code: CodeLimit,
				What: fmt.Sprintf("more than %d values", MaxIndicators), Why: "a profile of 10,000 hosts needs about a tenth",
				Hint: "split it into several profiles and list them under extends"}
		}
	}
	return nil
}

// width is the number of characters of s on its first line.
func (t *text) width(s span) int {
	line, _, _ := strings.Cut(t.src[s.from:s.to], "\n")
	return utf8.RuneCountInString(strings.TrimRight(line, " \t"))
}
