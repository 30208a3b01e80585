package cleartext

import (
	_ "embed"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// Shapes of secrets, one a line: name, keywords in lower case, regular expression.
//
//go:embed shapes.txt
var ownShapes string

//go:embed gitleaks.txt
var gitleaks string

// rules are the lines of a file of rules, without comments.
func rules(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for line := range strings.Lines(text) {
			if line = strings.TrimSuffix(line, "\n"); line != "" && line[0] != '#' && !yield(line) {
				return
			}
		}
	}
}

// shape is what a kind of secret looks like.
type shape struct {
	name string
	// find matches it; the last group that takes part, if there is one, is the secret itself.
	find *lazyregexp.Regexp
}

// table finds the shapes whose keywords a text holds: regular expressions are
// slow, and most texts hold none.
type table struct {
	shapes []shape
	// words are the keywords, those with the same first two bytes together; none come first.
	words [][]keyword
	// at has the indexes in words of two bytes. Lists in their place would be 1.5 MB in each run.
	at [1 << 16]uint16
}

type keyword struct {
	text  string
	shape int // index, -1 for a word that may be a name before a value
}

var shapes = sync.OnceValue(func() *table {
	t := &table{words: [][]keyword{nil}}
	add := func(word string, index int) {
		at := &t.at[uint16(word[0])<<8|uint16(word[1])]
		if *at == 0 {
			*at = uint16(len(t.words))
			t.words = append(t.words, nil)
		}
		t.words[*at] = append(t.words[*at], keyword{word, index})
	}
	for line := range rules(ownShapes + gitleaks) {
		fields := strings.SplitN(line, "\t", 3)
		for word := range strings.SplitSeq(fields[1], ",") {
			add(word, len(t.shapes))
		}
		t.shapes = append(t.shapes, shape{fields[0], lazyregexp.New(fields[2])})
	}
	for _, word := range names()["part"] {
		add(word, -1)
	}
	return t
})

// candidates are the indexes of the shapes that text may hold, each once, and
// whether it may hold a name and a value.
func (t *table) candidates(text string) (found []int, named bool) {
	lower := strings.ToLower(text)
	for i := 0; i+1 < len(lower); i++ {
		for _, w := range t.words[t.at[uint16(lower[i])<<8|uint16(lower[i+1])]] {
			switch {
			case !strings.HasPrefix(lower[i:], w.text):
			case w.shape < 0:
				named = true
			case !slices.Contains(found, w.shape):
				found = append(found, w.shape)
			}
		}
	}
	return found, named
}

// secretOf is the part of a match that is secret: its last group, or all of it.
func secretOf(text string, m []int) (from, to int) {
	from, to = m[0], m[1]
	for g := 2; g+1 < len(m); g += 2 {
		if m[g] >= 0 && m[g] < m[g+1] {
			from, to = m[g], m[g+1]
		}
	}
	return from, to
}
