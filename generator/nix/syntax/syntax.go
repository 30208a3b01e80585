// Package syntax reads the text of Nix files without evaluating them: their tokens, and the options that a module
// sets. The tokens are those of Nix's own lexer (src/libexpr/lexer.l), as far as values and the names of files show
// by them.
package syntax

import (
	"errors"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// Kind is what a token is.
type Kind int

// The kinds, in the order that forms are tried.
const (
	blank Kind = iota
	opening
	begun  // a path up to the last slash before an antiquotation
	Path   // ./a, ../a, /a, a/b or ~/a
	Lookup // <a/b>, in the search path
	Text   // "…" without an escape or an antiquotation, and an address
	Word   // an identifier or a keyword
	Other  // a character, a bracket with all that is in it, or a string that is no Text
)

// form fits the next token; its groups are the kinds.
var form = lazyregexp.New(`^(?s:` + strings.Join([]string{
	blank:   `((?:\s|#[^\n]*|/\*.*?(?:\*/|$))+)`,
	opening: `(\$\{|''|["{\[(])`,
	begun:   `((?:~|[\w.+-]+|/[\w.+-]+)(?:/[\w.+-]+)*)/[\w.+-]*\$\{`,
	Path:    `((?:~|[\w.+-]*)(?:/[\w.+-]+)+)`,
	Lookup:  `(<[\w.+-]+(?:/[\w.+-]+)*>)`,
	Text:    `([A-Za-z][A-Za-z0-9+.-]*:[\w%/?:@&=+$,.!~*'-]+)`,
	Word:    `([A-Za-z_][\w'-]*)`,
	Other:   `(//|.)`,
}, "|") + `)`)

// Token is a token of a file.
type Token struct {
	Kind Kind
	// Text is what stands there, brackets and quotes included; From and To are its bytes in the source.
	Text     string
	From, To int
	// Open says that a path goes on with an antiquotation: it ends before the last slash then.
	Open bool
	// Inner are the tokens in a bracket, or in the antiquotations of a string.
	Inner []Token
}

// plain fits the inside of a string up to its end, an antiquotation, or a single character before either.
var plain = map[string]*lazyregexp.Regexp{
	`"`:  lazyregexp.New(`^(?s:\$\$|\\.|[^"\\$])*`),
	"''": lazyregexp.New(`^(?s:\$\$|''\\.|''['$]|[^'$])*`),
}

var closing = map[string]string{"{": "}", "[": "]", "(": ")", "${": "}"}

var errEnd = errors.New("unexpected end of file")

// IsPath tells whether s as a whole is a path.
func IsPath(s string) bool {
	list, _ := Read(s)
	return len(list) == 1 && list[0].Kind == Path && list[0].Text == s
}

// Read reads a file. The error says that a bracket or a string is not closed; what was read is returned all the same.
func Read(src string) ([]Token, error) {
	l := &lexer{src: src}
	return l.until(""), l.err
}

// All returns tokens, each before those in it: in the order of the file.
func All(list []Token) []Token { return appendAll(nil, list) }

func appendAll(out, list []Token) []Token {
	for _, t := range list {
		out = appendAll(append(out, t), t.Inner)
	}
	return out
}

// Strip returns a file without its comments.
func Strip(src string) string {
	l := &lexer{src: src}
	l.until("")
	for _, c := range slices.Backward(l.comments) {
		src = src[:c[0]] + " " + src[c[1]:]
	}
	return src
}

type lexer struct {
	src      string
	at       int
	comments [][2]int // first byte and end of white space with comments in it
	err      error
}

// until reads up to a closing bracket and past it; up to the end of the file where there is none.
func (l *lexer) until(end string) (out []Token) {
	for l.at < len(l.src) {
		rest := l.src[l.at:]
		if end != "" && strings.HasPrefix(rest, end) {
			l.at += len(end)
			return out
		}
		groups := form.FindStringSubmatchIndex(rest)[2:]
		i := slices.IndexFunc(groups, func(at int) bool { return at >= 0 })
		t := Token{Kind: Kind(i / 2), From: l.at}
		l.at += groups[i+1]
		t.To = l.at
		switch t.Kind {
		case blank:
			if strings.TrimSpace(l.src[t.From:t.To]) != "" {
				l.comments = append(l.comments, [2]int{t.From, t.To})
			}
			continue
		case begun:
			t.Kind, t.Open = Path, true
			l.at++ // the slash
		case opening:
			t.Kind, t.Inner = l.inner(rest[:groups[i+1]])
			t.To = l.at
		}
		t.Text = l.src[t.From:t.To]
		out = append(out, t)
	}
	if end != "" {
		l.err = errEnd
	}
	return out
}

// inner reads the rest of what a bracket or a quote begins.
func (l *lexer) inner(begin string) (Kind, []Token) {
	if end := closing[begin]; end != "" {
		return Other, l.until(end)
	}
	return l.text(begin)
}

// text reads the rest of a string, which ends as it has begun, and the tokens in its antiquotations.
func (l *lexer) text(end string) (kind Kind, inner []Token) {
	kind = Text
	if end != `"` {
		kind = Other
	}
	for l.at < len(l.src) {
		part := plain[end].FindString(l.src[l.at:])
		l.at += len(part)
		if strings.Contains(part, `\`) {
			kind = Other
		}
		switch rest := l.src[l.at:]; {
		case strings.HasPrefix(rest, end):
			l.at += len(end)
			return kind, inner
		case strings.HasPrefix(rest, "${"):
			kind = Other
			l.at += len("${")
			inner = append(inner, l.until("}")...)
		case rest != "":
			l.at++
		}
	}
	l.err = errEnd
	return Other, inner
}
