package play

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads a profile line by line, by indentation and braces. What is being typed is seldom valid YAML, so nothing
// is wrong for it.
type scanner struct {
	frames []frame
	tokens []token
	// text is the indentation of the key whose text in several lines goes on, -1 for none.
	text int
}

// frame is a map, a list, or one of their entries, that is open.
type frame struct {
	indent int
	key    string // of a map; an item of a list has the place where it begins
	item   bool
	flow   byte // what it was opened by: '{', '[' or nothing
}

// token is a key or a scalar.
type token struct {
	line     int // from 0
	from, to int // bytes in the line
	text     string
	path     []string // of what it is in
	key      bool
	// first is true where a key could be instead: no key is before it in the line.
	first bool
}

// scan reads a text.
func scan(text string) *scanner {
	s := &scanner{text: -1}
	for i, line := range strings.Split(text, "\n") {
		s.line(i, strings.TrimSuffix(line, "\r"))
	}
	return s
}

// path names what is open.
func (s *scanner) path() []string {
	var out []string
	for _, f := range s.frames {
		if f.key != "" {
			out = append(out, f.key)
		}
	}
	return out
}

// itemMark begins the keys of lists' items.
const itemMark = "\x00"

func itemAt(line, at int) string { return itemMark + strconv.Itoa(line) + ":" + strconv.Itoa(at) }

// closeTo closes what is indented as far, or further.
func (s *scanner) closeTo(indent int, item bool) {
	for i := len(s.frames) - 1; i >= 0; i-- {
		f := s.frames[i]
		// A list may be as far to the left as the key that it belongs to.
		if f.indent < indent || item && f.indent == indent && !f.item {
			return
		}
		s.frames = s.frames[:i]
	}
}

func (s *scanner) line(n int, line string) {
	at := len(line) - len(strings.TrimLeft(line, " "))
	rest := line[at:]
	if s.text >= 0 && (at > s.text || rest == "") {
		return
	}
	s.text = -1
	if rest == "" || rest[0] == '#' {
		return
	}
	if i := slices.IndexFunc(s.frames, func(f frame) bool { return f.flow != 0 }); i >= 0 {
		if end := keyEnd(rest); end < 0 || i > 0 && at > s.frames[i-1].indent {
			s.inline(n, line, at)
			return
		}
		s.frames = s.frames[:i] // a brace that was never closed
	}
	for rest == "-" || strings.HasPrefix(rest, "- ") {
		s.closeTo(at, true)
		s.frames = append(s.frames, frame{indent: at, key: itemAt(n, at), item: true})
		rest = strings.TrimLeft(rest[1:], " ")
		at = len(line) - len(rest)
	}
	if rest == "" {
		return
	}
	s.closeTo(at, false)
	end := keyEnd(rest)
	if end < 0 {
		s.inline(n, line, at)
		return
	}
	key := strings.Trim(rest[:end], `"'`)
	s.tokens = append(s.tokens, token{n, at, at + end, key, s.path(), true, true})
	s.frames = append(s.frames, frame{indent: at, key: key})
	value := strings.TrimLeft(rest[end+1:], " ")
	if value != "" && (value[0] == '|' || value[0] == '>') {
		s.text = at
		return
	}
	s.inline(n, line, at+end+1)
}

// keyEnd is where the colon behind a key is that begins a line; -1 if none does.
func keyEnd(rest string) int {
	end := word(rest, "")
	if end > 0 && end < len(rest) && rest[end] == ':' && !strings.ContainsAny(rest[:1], "{[") {
		return end
	}
	return -1
}

// word is the length of the quoted or plain text that rest begins with. It ends before a colon and a space, before a
// comment, and before any of stops.
func word(rest, stops string) int {
	if rest != "" && (rest[0] == '"' || rest[0] == '\'') {
		if i := strings.IndexByte(rest[1:], rest[0]); i >= 0 {
			return i + 2
		}
		return len(rest)
	}
	end := 0
	for i := range len(rest) {
		switch c := rest[i]; {
		case strings.IndexByte(stops, c) >= 0, c == ':' && (i+1 == len(rest) || rest[i+1] == ' '),
			c == '#' && i > 0 && rest[i-1] == ' ':
			return end
		case c != ' ':
			end = i + 1
		}
	}
	return end
}

// inline reads the rest of a line from at: a scalar, or braces.
func (s *scanner) inline(n int, line string, at int) {
	first := strings.Trim(line[:at], " -") == ""
	for at < len(line) {
		top := &frame{}
		if len(s.frames) > 0 {
			top = &s.frames[len(s.frames)-1]
		}
		stops := ""
		if top.flow != 0 {
			stops = ",[]{}"
		}
		switch c := line[at]; {
		case c == ' ':
			at++
		case c == '#' && (at == 0 || line[at-1] == ' '):
			return
		case c == '{' || c == '[':
			f := frame{indent: len(line) + at, flow: c} // deeper than any line that it could end at
			if c == '[' {
				f.key = itemAt(n, at)
			}
			s.frames, first = append(s.frames, f), false
			at++
		case (c == '}' || c == ']') && top.flow != 0:
			s.frames = s.frames[:len(s.frames)-1]
			at++
		case c == ',' && top.flow != 0:
			top.key = ""
			if top.flow == '[' {
				top.key = itemAt(n, at)
			}
			at++
		case c == ':':
			at++
		default:
			end := at + max(1, word(line[at:], stops))
			t := token{n, at, end, strings.Trim(line[at:end], `"'`), s.path(), false, first}
			if top.flow == '{' && top.key == "" {
				t.key, top.key = true, strings.Trim(line[at:end], `"'`)
			}
			s.tokens, at, first = append(s.tokens, t), end, false
		}
	}
}

// spot is the token that is being written before a cursor.
type spot struct {
	token
	// key is true where a key can be, value where a value can be.
	value bool
}

// caret stands at the cursor, so that there is always something being written. It is for private use (Unicode, 23.5).
const caret = "\ue000"

// spotAt is the spot at a byte of a line; ok is false in comments and texts.
func spotAt(lines []string, n, at int) (s spot, ok bool) {
	before := slices.Concat(lines[:n], []string{lines[n][:at] + caret})
	tokens := scan(strings.Join(before, "\n")).tokens
	if len(tokens) == 0 || !strings.HasSuffix(tokens[len(tokens)-1].text, caret) {
		return spot{}, false
	}
	s.token = tokens[len(tokens)-1]
	s.text = strings.TrimSuffix(s.text, caret)
	item := strings.HasPrefix(strings.TrimLeft(lines[n], " "), "- ")
	s.value = !s.key && (!s.first || item)
	s.key = s.key || s.first
	return s, true
}

// utf16Column is the column from 1 of a byte of a line, in UTF-16 units; byteAt is its inverse.
func utf16Column(line string, at int) int { return 1 + len(utf16.Encode([]rune(line[:at]))) }

func byteAt(line string, column int) int {
	units := 1
	for i, r := range line {
		if units >= column {
			return i
		}
		units += max(1, utf16.RuneLen(r))
	}
	return len(line)
}

// wordEnd is where the word ends that begins before at.
func wordEnd(line string, at int) int {
	for at < len(line) {
		r, size := utf8.DecodeRuneInString(line[at:])
		if strings.ContainsRune(" ,:{}[]\"'#", r) {
			break
		}
		at += size
	}
	return at
}
