package adopt

import (
	"regexp"
	"strings"
)

// kind is what a token of Nix is, as far as it can name a file.
type kind int

const (
	wordToken   kind = iota // an identifier or a keyword
	pathToken               // ./a, ../a, /a, a/b or ~/a
	lookupToken             // <a/b>, in the search path
	textToken               // "…" without an antiquotation
)

// token is a token of a Nix file; the others are left out.
type token struct {
	kind kind
	text string
	// at is where it begins in the file, end where the next one may.
	at, end int
	// open says that a path goes on with an antiquotation: text is then the folder it begins with.
	open bool
}

// The forms are those of Nix's own lexer (src/libexpr/lexer.l).
var (
	wordForm   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_'-]*`)
	pathForm   = regexp.MustCompile(`^(?:~|[A-Za-z0-9._+-]*)(?:/[A-Za-z0-9._+-]+)+/?|^(?:~|[A-Za-z0-9._+-]*)/`)
	lookupForm = regexp.MustCompile(`^<[A-Za-z0-9._+-]+(?:/[A-Za-z0-9._+-]+)*>`)
	uriForm    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9%/?:@&=+$,_.!~*'-]+`)
)

// tokens reads a file. What is no Nix gives tokens, too, and no error: Nix itself tells of it.
func tokens(src string) []token {
	l := &lexer{src: src}
	for l.at < len(src) {
		l.code()
	}
	return l.out
}

type lexer struct {
	src string
	at  int
	out []token
}

// code reads up to the brace that closes the one before it, or to the end.
func (l *lexer) code() {
	for l.at < len(l.src) {
		switch rest := l.src[l.at:]; {
		case rest[0] == '#':
			l.past("\n")
		case strings.HasPrefix(rest, "/*"):
			l.past("*/")
		case strings.HasPrefix(rest, "''"):
			l.indented()
		case rest[0] == '"':
			l.quoted()
		case rest[0] == '}':
			l.at++
			return
		case rest[0] == '{':
			l.at++
			l.code()
		default:
			l.token(rest)
		}
	}
}

func (l *lexer) past(end string) {
	i := strings.Index(l.src[l.at+1:], end)
	if i < 0 {
		l.at = len(l.src)
		return
	}
	l.at += 1 + i + len(end)
}

func (l *lexer) token(rest string) {
	if m := pathForm.FindString(rest); m != "" {
		open := strings.HasPrefix(rest[len(m):], "${")
		if i := strings.LastIndexByte(m, '/'); open && i > 0 {
			l.add(pathToken, m[:i], i)
			l.out[len(l.out)-1].open = true
			l.at++
			return
		}
		if len(m) > 1 && !strings.HasSuffix(m, "/") {
			l.add(pathToken, m, len(m))
			return
		}
	}
	for _, f := range []struct {
		form *regexp.Regexp
		kind kind
	}{{lookupForm, lookupToken}, {uriForm, textToken}, {wordForm, wordToken}} {
		if m := f.form.FindString(rest); m != "" {
			l.add(f.kind, m, len(m))
			return
		}
	}
	l.at++
}

func (l *lexer) add(k kind, s string, size int) {
	l.out = append(l.out, token{kind: k, text: s, at: l.at, end: l.at + size})
	l.at += size
}

func (l *lexer) quoted() {
	start, plain := l.at, true
	for l.at++; l.at < len(l.src); {
		switch rest := l.src[l.at:]; {
		case rest[0] == '\\':
			plain = false
			l.at += 2
		case rest[0] == '"':
			l.at++
			if plain {
				l.out = append(l.out, token{kind: textToken, text: l.src[start+1 : l.at-1], at: start, end: l.at})
			}
			return
		case strings.HasPrefix(rest, "$$"):
			l.at += 2
		case strings.HasPrefix(rest, "${"):
			plain = false
			l.at += 2
			l.code()
		default:
			l.at++
		}
	}
}

func (l *lexer) indented() {
	for l.at += 2; l.at < len(l.src); {
		switch rest := l.src[l.at:]; {
		case strings.HasPrefix(rest, "'''"), strings.HasPrefix(rest, "''$"), strings.HasPrefix(rest, `''\`):
			l.at += 3
		case strings.HasPrefix(rest, "''"):
			l.at += 2
			return
		case strings.HasPrefix(rest, "$$"):
			l.at += 2
		case strings.HasPrefix(rest, "${"):
			l.at += 2
			l.code()
		default:
			l.at++
		}
	}
}
