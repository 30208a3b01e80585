package index

import (
	"strings"
	"sync"
)

// A list is text, one entry a line, sorted by name as bytes:
//
//	N REST [TAB TYPE [DEFAULT]] [TAB RELEASES]
//
// without the blanks. N says how many bytes the name has in common with that of the line before, as '!' for 0, '"' for
// 1 and so on; REST is the rest of it. At least every 16th line has its name whole, so that names are found by halving.
// TYPE and DEFAULT are numbers of lines of types.txt and defaults.txt, the most frequent ones first; see number.
// RELEASES has a bit for each release of releases.json, as '!' for none; without it the entry is in all of them. An
// entry with another type in another release is there twice.
//
// The default "pkgs.git" of an option like programs.git.package is the line "pkgs.*" of defaults.txt.
const (
	low     = '!' // the first printable character
	high    = '~'
	none    = string(low)
	longest = high - low // prefix that a line can refer to
	block   = 16         // lines
	singles = 48         // numbers of one character
	base    = high - low + 1
	own     = "pkgs.*"
)

// number reads a number: below singles it is one character; else the first one counts by base, and a second follows.
func number(s string) (n int, rest string) {
	if n = int(s[0]) - low; n < singles {
		return n, s[1:]
	}
	return singles + (n-singles)*base + int(s[1]) - low, s[2:]
}

// Number writes the number of a line of types.txt or defaults.txt; ok is false if it is too large.
func Number(n int) (text string, ok bool) {
	if n < singles {
		return string(rune(low + n)), true
	}
	n -= singles
	return string(rune(low+singles+n/base)) + string(rune(low+n%base)), singles+n/base <= longest
}

// OwnPackage is what defaults.txt has for the package that the option is named after.
const OwnPackage = own

// Writer writes a list.
type Writer struct {
	out  strings.Builder
	last string
	n    int // lines since the last whole name
}

// Add adds a name, behind which all others come, and what follows it: TYPE and DEFAULT by Number, and the releases, 0
// for all.
func (w *Writer) Add(name, numbers string, releases int) {
	same := 0
	if w.n++; w.n < block {
		for same < min(len(w.last), len(name), longest) && w.last[same] == name[same] {
			same++
		}
	}
	if same == 0 {
		w.n = 0
	}
	w.last = name
	w.out.WriteByte(byte(low + same))
	w.out.WriteString(name[same:])
	if numbers != "" {
		w.out.WriteString("\t" + numbers)
	}
	if releases != 0 {
		w.out.WriteString("\t" + string(rune(low+releases)))
	}
	w.out.WriteByte('\n')
}

// String is the list.
func (w *Writer) String() string { return w.out.String() }

var texts = [...]func() []string{
	sync.OnceValue(func() []string { return lines(typesText) }),
	sync.OnceValue(func() []string { return lines(defaultsText) }),
}

func lines(text string) []string { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }
