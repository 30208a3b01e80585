package search

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// ownText is what words.txt says.
//
//go:embed words.txt
var ownText string

// own is a line of words.txt: what something is, and what people call it.
type own struct {
	kind    Kind
	name    string
	about   string   // "" where the schema says it
	phrases []string // as they are written
}

// ownWords are the lines of words.txt, in their order.
var ownWords = sync.OnceValue(func() (all []own) {
	for line := range strings.Lines(ownText) {
		head, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		kind, name, _ := strings.Cut(head, " ")
		about, called, ok := strings.Cut(text, "; ")
		if !ok {
			about, called = "", about
		}
		all = append(all, own{Kind(kind), name, about, strings.Split(called, ", ")})
	}
	return all
})

// idle are words that say nothing of what is looked for.
var idle = map[string]bool{
	"a": true, "an": true, "and": true, "at": true, "by": true, "do": true, "for": true, "how": true, "i": true,
	"in": true, "is": true, "my": true, "of": true, "on": true, "or": true, "the": true, "to": true, "want": true,
	"with": true,
}

// stem is a word in lower case without the s of a plural.
func stem(word string) string {
	word = strings.ToLower(word)
	if len(word) > 3 && strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss") {
		return word[:len(word)-1]
	}
	return word
}

// telling are the stems of the words of a text, without idle ones.
func telling(text string) []string {
	var out []string
	for _, w := range split(text) {
		if w = stem(w); !idle[w] {
			out = append(out, w)
		}
	}
	return out
}

// split are the words of a text or of a name: "wakeOnLan" has three, "allowedTCPPorts" as well.
func split(s string) []string {
	var out []string
	start, last := 0, rune(0)
	take := func(to int) {
		if to > start {
			out = append(out, s[start:to])
		}
		start = to
	}
	for i, r := range s {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '+' && r != '#': // c++, c#
			take(i)
			start = i + utf8.RuneLen(r)
		case unicode.IsUpper(r) && unicode.IsLower(last):
			take(i)
		case unicode.IsLower(r) && unicode.IsUpper(last) && i-start > 1:
			take(i - 1)
		}
		last = r
	}
	take(len(s))
	return out
}

// squeezed is s in lower case, letters and digits only: "Wake on LAN" and "wakeOnLan" are the same.
func squeezed(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}
