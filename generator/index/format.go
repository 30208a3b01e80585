package index

import (
	"strings"
	"sync"
)

// A list is text, one entry a line, sorted by name as bytes:
//
//	N REST [TAB TYPE [DEFAULT] [TAB RELEASES]]
//
// without the blanks. N says how many bytes the name has in common with that of the line before, as '!' for 0, '"' for 1
// and so on; REST is the rest of it. TYPE and DEFAULT are numbers of lines of types.txt and defaults.txt, the most
// frequent ones first; see number. RELEASES has a bit for each release of releases.json, as '!' for none; without it the
// entry is in all of them. An entry with another type in another release is there twice.
//
// The default "pkgs.git" of an option like programs.git.package is line 1 of defaults.txt, "pkgs.*".
const (
	low      = '!' // the first printable character
	high     = '~'
	longest  = high - low // prefix that a line can refer to
	singles  = 48         // numbers of one character
	own      = "pkgs.*"
	fieldEnd = '\t'
)

// number reads a number: below singles it is one character; else the first one says which hundred, and a second follows.
func number(s string) (n int, rest string) {
	if n = int(s[0]) - low; n < singles {
		return n, s[1:]
	}
	return singles + (n-singles)*(high-low+1) + int(s[1]) - low, s[2:]
}

var texts = [...]func() []string{
	sync.OnceValue(func() []string { return lines("types.txt") }),
	sync.OnceValue(func() []string { return lines("defaults.txt") }),
}

func lines(name string) []string { return strings.Split(strings.TrimSuffix(file(name), "\n"), "\n") }

// shipped decodes a list as the release with this bit has it.
func shipped(kind Kind, bit int) *List {
	data := file(kind.String() + ".txt")
	rows := strings.Count(data, "\n")
	l := &List{ends: make([]uint32, 0, rows)}
	if kind != Package {
		l.types, l.defaults = make([]uint16, 0, rows), make([]uint16, 0, rows)
	}
	all := make([]byte, 0, 3*len(data)/2)
	name := make([]byte, 0, 256)
	for data != "" {
		end := strings.IndexByte(data, '\n')
		line := data[:end]
		data = data[end+1:]
		rest, ids, _ := strings.Cut(line[1:], "\t")
		name = append(name[:line[0]-low], rest...)
		var typ, def int
		releases := ^0
		if ids != "" {
			if ids[0] != fieldEnd {
				typ, ids = number(ids)
				if ids != "" && ids[0] != fieldEnd {
					def, ids = number(ids)
				}
			}
			if ids != "" {
				releases = int(ids[1] - low)
			}
		}
		if releases>>bit&1 == 0 {
			continue
		}
		all = append(all, name...)
		l.ends = append(l.ends, uint32(len(all)))
		if kind != Package {
			l.types, l.defaults = append(l.types, uint16(typ)), append(l.defaults, uint16(def))
		}
	}
	l.names = string(all)
	return l
}
