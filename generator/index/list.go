package index

import (
	"iter"
	"sort"
	"strings"
)

// List is the packages, or the options of NixOS or home-manager, of a release, sorted by name as bytes. It is for
// concurrent use.
type List struct {
	names string   // one behind the other
	ends  []uint32 // where each ends in names
	// types and defaults are numbers of lines; packages have none.
	types, defaults []uint16
	exact           bool
}

// Len is how many entries there are.
func (l *List) Len() int { return len(l.ends) }

func (l *List) name(i int) string {
	start := uint32(0)
	if i > 0 {
		start = l.ends[i-1]
	}
	return l.names[start:l.ends[i]]
}

func (l *List) entry(i int) Entry {
	e := Entry{Name: l.name(i)}
	if l.types == nil {
		return e
	}
	e.Type, e.Default = texts[0]()[l.types[i]], texts[1]()[l.defaults[i]]
	if e.Default == own {
		e.Default = "pkgs." + before(e.Name)
	}
	return e
}

// before is the last part but one of a path, as git is of programs.git.package.
func before(name string) string {
	name = name[:max(0, strings.LastIndexByte(name, '.'))]
	return name[strings.LastIndexByte(name, '.')+1:]
}

// from is where the first name that is not below s is.
func (l *List) from(s string) int {
	return sort.Search(l.Len(), func(i int) bool { return l.name(i) >= s })
}

// has tells whether s is a name, and where.
func (l *List) has(s string) (int, bool) {
	i := l.from(s)
	return i, i < l.Len() && l.name(i) == s
}

// All are all entries.
func (l *List) All() iter.Seq[Entry] { return l.Prefix("") }

// Prefix are the entries whose names begin with prefix.
func (l *List) Prefix(prefix string) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for i := l.from(prefix); i < l.Len() && strings.HasPrefix(l.name(i), prefix); i++ {
			if !yield(l.entry(i)) {
				return
			}
		}
	}
}

// Lookup is the entry with this name. The name of an option may have an attribute where the entry has <name> or *.
func (l *List) Lookup(name string) (Entry, bool) {
	if i, ok := l.has(name); ok {
		return l.entry(i), true
	}
	if l.types == nil {
		return Entry{}, false
	}
	for _, found := range l.walk(split(name)).found {
		if i, ok := l.has(found); ok {
			return l.entry(i), true
		}
	}
	return Entry{}, false
}

// Exact tells whether Nix made the list for the very pin that is in use.
func (l *List) Exact() bool { return l.exact }
