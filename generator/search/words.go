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

// own is a line of words.txt.
type own struct {
	kind Kind
	name string
	text string // what it is, and what people call it
}

// ownWords are the lines of words.txt, in their order.
var ownWords = sync.OnceValue(func() (all []own) {
	for line := range strings.Lines(ownText) {
		head, text, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		kind, name, _ := strings.Cut(head, " ")
		all = append(all, own{Kind(kind), name, text})
	}
	return all
})

// parts are what it is, "" where the schema says that, and what people call it.
func (o own) parts() (about string, called []string) {
	about, text, ok := strings.Cut(o.text, "; ")
	if !ok {
		about, text = "", about
	}
	return about, strings.Split(text, ", ")
}

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

// isSqueezed tells whether squeezed is that of name, which is ASCII.
func isSqueezed(name, squeezed string) bool {
	at := 0
	for i := range len(name) {
		c := lower(name[i])
		if !alphanumeric(c) {
			continue
		}
		if at == len(squeezed) || squeezed[at] != c {
			return false
		}
		at++
	}
	return at == len(squeezed)
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func alphanumeric(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

// startsWord tells whether a word begins at name[i], as split has it.
func startsWord(name string, i int) bool {
	if i == 0 || !alphanumeric(lower(name[i-1])) {
		return true
	}
	upper := func(i int) bool { return i < len(name) && name[i] != lower(name[i]) }
	return upper(i) && (!upper(i-1) || i+1 < len(name) && !upper(i+1) && alphanumeric(name[i+1]))
}
