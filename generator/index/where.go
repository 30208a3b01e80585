package index

import "iter"

// Where are the entries whose names keep takes. It must not hold on to a name, which is valid during the call only.
func (l *List) Where(keep func(name []byte) bool) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		c := cursor{list: l, name: make([]byte, 0, 2*longest)}
		for c.next() {
			if keep(c.name) && !c.hidden() && !yield(c.entry(string(c.name))) {
				return
			}
		}
	}
}
