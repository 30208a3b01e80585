// Package nixtokens reads Nix as tokens, as far as one must know them to find values and the names of files without
// an evaluator. The forms are those of Nix's own lexer (src/libexpr/lexer.l).
package nixtokens

import (
	"errors"
	"regexp"
	"strings"
)

// Kind is what a token is.
type Kind int

// The kinds.
const (
	Other  Kind = iota // a character, a bracket with all that is in it, or a string that is no Text
	Word               // an identifier or a keyword
	Path               // ./a, ../a, /a, a/b or ~/a
	Lookup             // <a/b>, in the search path
	Text               // "…" without an escape or an antiquotation, and an address
)

// Token is a token of a file.
type Token struct {
	Kind Kind
	// From and To are its bytes in the source.
	From, To int
	// Open says that a path goes on with an antiquotation: it ends before the last slash then.
	Open bool
	// Inner are the tokens in a bracket, or in the antiquotations of a string.
	Inner []Token
}

var forms = []struct {
	kind Kind
	form *regexp.Regexp
}{
	{Lookup, regexp.MustCompile(`^<[A-Za-z0-9._+-]+(?:/[A-Za-z0-9._+-]+)*>`)},
	{Text, regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9%/?:@&=+$,_.!~*'-]+`)},
	{Word, regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_'-]*`)},
}

var (
	pathForm = regexp.MustCompile(`^(?:~|[A-Za-z0-9._+-]*)(?:/[A-Za-z0-9._+-]+)+/?|^(?:~|[A-Za-z0-9._+-]*)/`)
	blank    = regexp.MustCompile(`^(?:\s|#[^\n]*|/\*(?s:.*?)(?:\*/|$))+`)
	brackets = map[string]string{"{": "}", "[": "]", "(": ")", "${": "}"}
)

// IsPath reports whether s as a whole is a path.
func IsPath(s string) bool { return pathForm.FindString(s) == s }

// Read reads a file. The error says that a bracket or a string is not closed; what was read is returned all the same.
func Read(src string) ([]Token, error) {
	l := &lexer{src: src}
	return l.until(""), l.err
}

type lexer struct {
	src string
	at  int
	err error
}

// until reads up to a closing bracket and past it; up to the end of the file where there is none.
func (l *lexer) until(end string) (out []Token) {
	for l.at < len(l.src) {
		rest := l.src[l.at:]
		if n := len(blank.FindString(rest)); n > 0 {
			l.at += n
			continue
		}
		if end != "" && strings.HasPrefix(rest, end) {
			l.at += len(end)
			return out
		}
		out = append(out, l.token(rest))
	}
	if end != "" {
		l.err = errors.New("unexpected end of file")
	}
	return out
}

func (l *lexer) token(rest string) Token {
	t := Token{From: l.at}
	opening := rest[:1]
	if strings.HasPrefix(rest, "${") || strings.HasPrefix(rest, "''") {
		opening = rest[:2]
	}
	switch {
	case opening == `"`:
		l.at++
		t.Kind, t.Inner = l.text(opening)
	case opening == "''":
		l.at += 2
		_, t.Inner = l.text(opening)
	case brackets[opening] != "":
		l.at += len(opening)
		t.Inner = l.until(brackets[opening])
	default:
		t.Kind, t.Open = l.name(rest)
		if t.Open {
			t.To = l.at
			l.at++ // the slash
			return t
		}
	}
	t.To = l.at
	return t
}

// name reads a path, a word and the like, or else one character.
func (l *lexer) name(rest string) (kind Kind, open bool) {
	if m := pathForm.FindString(rest); m != "" {
		if i := strings.LastIndexByte(m, '/'); i > 0 && strings.HasPrefix(rest[len(m):], "${") {
			l.at += i
			return Path, true
		}
		if len(m) > 1 && !strings.HasSuffix(m, "/") {
			l.at += len(m)
			return Path, false
		}
	}
	for _, f := range forms {
		if m := f.form.FindString(rest); m != "" {
			l.at += len(m)
			return f.kind, false
		}
	}
	l.at++
	return Other, false
}

// text reads the rest of a string, which ends as it has begun, and the tokens in its antiquotations.
func (l *lexer) text(end string) (kind Kind, inner []Token) {
	kind = Text
	for l.at < len(l.src) {
		rest := l.src[l.at:]
		switch n := escape(rest, end); {
		case n > 0:
			if rest[0] != '$' {
				kind = Other
			}
			l.at += n
		case strings.HasPrefix(rest, end):
			l.at += len(end)
			return kind, inner
		case strings.HasPrefix(rest, "${"):
			kind = Other
			l.at += 2
			inner = append(inner, l.until("}")...)
		default:
			l.at++
		}
	}
	l.err = errors.New("unexpected end of file")
	return Other, inner
}

// escape is the length of what stands for something else at the start of rest, 0 if nothing does.
func escape(rest, end string) int {
	switch {
	case strings.HasPrefix(rest, "$$"):
		return 2
	case end == `"` && rest[0] == '\\':
		return min(2, len(rest))
	case end == "''" && strings.HasPrefix(rest, `''\`):
		return min(4, len(rest))
	case end == "''" && (strings.HasPrefix(rest, "'''") || strings.HasPrefix(rest, "''$")):
		return 3
	}
	return 0
}
