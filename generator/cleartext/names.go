package cleartext

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"
)

//go:embed names.txt
var nameRules string

// names are the words of names.txt by their kind: stem, word, before, after, part.
var names = sync.OnceValue(func() map[string][]string {
	kinds := map[string][]string{}
	for line := range rules(nameRules) {
		kind, words, _ := strings.Cut(line, " ")
		kinds[kind] = append(kinds[kind], strings.Fields(words)...)
	}
	return kinds
})

// Name reports whether what goes under a name, of a value, a flag or a variable, is a secret.
func Name(name string) bool {
	kinds := names()
	ws := words(name)
	joined := strings.Join(ws, "")
	from, to := len(joined), -1 // of what names the secret
	for _, stem := range kinds["stem"] {
		if i := strings.Index(joined, stem); i >= 0 {
			from, to = min(from, i), max(to, strings.LastIndex(joined, stem)+len(stem))
		}
	}
	at := 0
	for _, w := range ws {
		if slices.Contains(kinds["word"], w) {
			from, to = min(from, at), max(to, at+len(w))
		}
		at += len(w)
	}
	if to < 0 {
		return false
	}
	at = 0
	for _, w := range ws {
		// Of passwordfile, written together, "file" is what is left behind the secret's name.
		rest := strings.TrimPrefix(w, joined[min(at, to):to])
		if at < from && slices.Contains(kinds["before"], w) || at+len(w) > to && slices.Contains(kinds["after"], rest) {
			return false
		}
		at += len(w)
	}
	return true
}

// counts reports whether a name of secrets is one that numbers go by, too, as in tokens: 4096.
func counts(name string) bool { return strings.HasSuffix(strings.Join(words(name), ""), "tokens") }

// words splits a name at capitals, digits and signs, in lower case.
func words(name string) []string {
	var out []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			flush()
		}
		word = append(word, r)
	}
	flush()
	return out
}

// holdsMany reports whether each entry of the map or list of that name is a secret.
func holdsMany(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasSuffix(lower, "basicauth") || strings.HasSuffix(lower, "basic_auth") ||
		strings.HasSuffix(lower, "s") && Name(strings.TrimSuffix(name, "s"))
}
