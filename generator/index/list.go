package index

import (
	"iter"
	"strings"
)

// List is the packages, or the options of NixOS or home-manager, of a release, sorted by name as bytes. It reads them
// where they are, without unpacking them first, and is for concurrent use.
type List struct {
	data  string // see format.go
	bit   int    // of the release
	plain bool   // packages have names only
	exact bool
}

// Exact tells whether Nix made the list for the very pin that is in use.
func (l *List) Exact() bool { return l.exact }

// cursor reads a list line by line.
type cursor struct {
	list *List
	pos  int // of the next line
	name []byte
	ids  string // what follows the name
}

// next goes to the next line of the release; false at the end.
func (c *cursor) next() bool {
	data := c.list.data
	for c.pos < len(data) {
		line := data[c.pos:]
		if end := strings.IndexByte(line, '\n'); end >= 0 {
			line = line[:end]
		}
		c.pos += len(line) + 1
		rest := line[1:]
		rest, c.ids, _ = strings.Cut(rest, "\t")
		c.name = append(c.name[:line[0]-low], rest...)
		if c.list.in(c.ids) {
			return true
		}
	}
	return false
}

// in tells whether the list's release has a line that ends so.
func (l *List) in(ids string) bool {
	i := strings.LastIndexByte(ids, '\t')
	return i < 0 || int(ids[i+1]-low)>>l.bit&1 == 1
}

// seek goes to the first name that is not below s; false if there is none.
func (l *List) seek(s string) (cursor, bool) {
	start := 0
	for low, high := 0, len(l.data); low < high; {
		middle := (low + high) / 2
		p := l.whole(middle)
		switch {
		case p >= high:
			high = middle
		case l.nameAt(p) < s:
			start, low = p, p+1
		default:
			high = middle
		}
	}
	c := cursor{list: l, pos: start, name: make([]byte, 0, 2*longest)}
	for c.next() {
		if string(c.name) >= s {
			return c, true
		}
	}
	return c, false
}

// whole is the first line from p on that has its name whole.
func (l *List) whole(p int) int {
	if p == 0 {
		return 0
	}
	if i := strings.Index(l.data[p-1:], "\n"+none); i >= 0 {
		return p + i
	}
	return len(l.data)
}

// nameAt is the name in a line that has it whole.
func (l *List) nameAt(p int) string {
	line := l.data[p+1:]
	return line[:strings.IndexAny(line, "\t\n")]
}

// entry is the cursor's line, with its name as name.
func (c *cursor) entry(name string) Entry {
	e := Entry{Name: name}
	if c.list.plain {
		return e
	}
	kind, ids := number(c.ids)
	e.Type = texts[0]()[kind]
	if ids != "" && ids[0] != '\t' {
		def, _ := number(ids)
		e.Default = texts[1]()[def]
	}
	if e.Default == own {
		e.Default = "pkgs." + before(name)
	}
	return e
}

// before is the last part but one of a path, as git is of programs.git.package.
func before(name string) string {
	name = name[:max(0, strings.LastIndexByte(name, '.'))]
	return name[strings.LastIndexByte(name, '.')+1:]
}

// All are all entries.
func (l *List) All() iter.Seq[Entry] { return l.Prefix("") }

// Prefix are the entries whose names begin with prefix.
func (l *List) Prefix(prefix string) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		const room = 1 << 14 // names share memory: one allocation for many of them
		var all strings.Builder
		for c, ok := l.seek(prefix); ok && strings.HasPrefix(string(c.name), prefix); ok = c.next() {
			if all.Cap()-all.Len() < len(c.name) {
				all = strings.Builder{}
				all.Grow(max(room, len(c.name)))
			}
			if c.hidden() {
				continue
			}
			start := all.Len()
			all.Write(c.name)
			if !yield(c.entry(all.String()[start:])) {
				return
			}
		}
	}
}

// has tells whether s is a name, and returns its entry.
func (l *List) has(s string) (Entry, bool) {
	if c, ok := l.seek(s); ok && string(c.name) == s {
		return c.entry(s), true
	}
	return Entry{}, false
}

// hidden tells whether the line is of an option that the manual does not name: it may be set and is never offered.
func (c *cursor) hidden() bool { return !c.list.plain && c.entry("").Type == Hidden }

// Hidden is the type of the old name of an option that was renamed, and of others that the manual does not name.
const Hidden = "hidden"

// Lookup is the entry with this name. The name of an option may have an attribute where the entry has <name> or *.
func (l *List) Lookup(name string) (Entry, bool) {
	if e, ok := l.has(name); ok || l.plain {
		return e, ok && e.Type != Hidden
	}
	for _, found := range l.walk(split(name)).found {
		if e, ok := l.has(found); ok && e.Type != Hidden {
			return e, true
		}
	}
	return Entry{}, false
}
