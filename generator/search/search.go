// Package search finds services, keys of the profile, bundles, packages and options by words: by their names and by
// what people call them.
package search

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Kind is what was found.
type Kind string

// The kinds, as words.txt has them, too.
const (
	Service    Kind = "service"
	Key        Kind = "key"
	Bundle     Kind = "bundle"
	Package    Kind = "package"
	Option     Kind = "option"
	HomeOption Kind = "home" // an option of home-manager
)

// kinds are in their order where two things fit equally well.
var kinds = []Kind{Service, Key, Bundle, Package, Option, HomeOption}

// lists are the lists that the index has of a kind.
var lists = map[Kind]index.Kind{Package: index.Package, Option: index.Option, HomeOption: index.HomeOption}

// Hit is something that was found.
type Hit struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
	// About says what it is; "" where nobody has written that.
	About string `json:"about,omitempty"`
	// Type and Default are an option's.
	Type    string `json:"type,omitempty"`
	Default string `json:"default,omitempty"`
	// How is how it is written in a host of the profile.
	How string `json:"how"`
}

// Result is what was found, best first.
type Result struct {
	Hits []Hit
	// Instead are the words that were looked for in place of those that nothing has; "" if these were found.
	Instead string
}

// How well something fits.
const (
	some      = 1 + iota // the words are somewhere in the name
	partly               // the rarest of the words are among ours
	begins               // each word is the beginning of one of the name's or of ours
	among                // each is one of ours
	phrase               // together they are what people call it
	named                // they are its name
	worthless = 0
)

// found is a thing or a name that fits.
type found struct {
	Hit
	tier   int
	weight float64 // of the words that fit, where not all do
	order  [4]int  // less is better
}

// Find finds what words ask for. Order of the result: how well it fits, then kind, importance, and shortness.
func Find(x *index.Index, words string) (Result, error) {
	s := &searcher{index: x}
	var err error
	if s.things, err = catalogue(); err != nil {
		return Result{}, err
	}
	s.addOwn()
	q := newQuery(words)
	if len(q.words) == 0 {
		return Result{}, nil
	}
	if hits := s.find(q); len(hits) > 0 {
		return Result{Hits: hits}, nil
	}
	instead := s.nearest(q)
	if instead == "" {
		return Result{}, nil
	}
	return Result{Hits: s.find(newQuery(instead)), Instead: instead}, nil
}

// query is what is looked for.
type query struct {
	words  []string // stems of those that tell something
	bytes  [][]byte // the same
	joined string   // squeezed
}

func newQuery(text string) query {
	q := query{joined: squeezed(text)}
	var all []string
	for _, w := range split(text) {
		// "printing.drivers" has two words, and so has "wake on"; "OBS" is one in any case.
		all = append(all, strings.ToLower(w))
		if w = stem(w); !idle[w] && !slices.Contains(q.words, w) {
			q.words = append(q.words, w)
		}
	}
	if len(q.words) == 0 {
		q.words = all
	}
	for _, w := range q.words {
		q.bytes = append(q.bytes, []byte(w))
	}
	return q
}

// searcher looks into things and lists.
type searcher struct {
	index  *index.Index
	things []*thing
	own    map[string]bool // kind and name of packages and options that are things
}

// addOwn joins what words.txt says to the catalogue.
func (s *searcher) addOwn() {
	by := make(map[string]*thing, len(s.things))
	for _, t := range s.things {
		by[string(t.Kind)+" "+t.Name] = t
	}
	s.own = map[string]bool{}
	for i, o := range ownWords() {
		at := string(o.kind) + " " + o.name
		t := by[at]
		if t == nil {
			if _, ok := lists[o.kind]; !ok {
				continue // a key that is gone; a test finds that
			}
			t = &thing{Hit: Hit{Kind: o.kind, Name: o.name, About: o.about}, about: telling(o.about)}
			t.phrases = append(t.phrases, t.about)
			s.things = append(s.things, t)
			s.own[at] = true
		}
		t.place = i
		for _, p := range o.phrases {
			t.phrases = append(t.phrases, telling(p))
		}
	}
}

func (s *searcher) find(q query) []Hit {
	var parts [4][]found
	var all sync.WaitGroup
	all.Go(func() { parts[0] = s.amongThings(q) })
	for i, kind := range []Kind{Package, Option, HomeOption} {
		all.Go(func() { parts[i+1] = s.inList(q, kind) })
	}
	all.Wait()
	hits := slices.Concat(parts[:]...)
	slices.SortFunc(hits, func(a, b found) int {
		return cmp.Or(-cmp.Compare(a.tier, b.tier), -cmp.Compare(a.weight, b.weight),
			slices.Compare(a.order[:], b.order[:]), len(a.Name)-len(b.Name), strings.Compare(a.Name, b.Name))
	})
	out := make([]Hit, len(hits))
	for i, h := range hits {
		out[i] = h.Hit
	}
	return out
}

// amongThings are the things that fit.
func (s *searcher) amongThings(q query) []found {
	var out []found
	weights := s.weights(q)
	for _, t := range s.things {
		tier, weight := t.fits(q, weights)
		if tier == worthless {
			continue
		}
		f := found{Hit: t.Hit, tier: tier, weight: weight}
		if list, ok := lists[t.Kind]; ok {
			e, ok := s.entry(list, t.Name)
			if !ok {
				continue // of another release
			}
			f.Type, f.Default, f.How = e.Type, e.Default, how(t.Kind, e)
		}
		f.order = [4]int{rank(t.Kind, t.detail), 0, t.place, 0}
		out = append(out, f)
	}
	return out
}

// entry is the entry of a list with this name. The index has no packages of sets such as kdePackages.
func (s *searcher) entry(list index.Kind, name string) (index.Entry, bool) {
	if list == index.Package && strings.Contains(name, ".") {
		return index.Entry{Name: name}, true
	}
	return s.index.List(list).Lookup(name)
}

// rank is the order of kinds; the details of services come behind packages.
func rank(kind Kind, detail bool) int {
	if detail {
		kind = Package
	}
	return 2*slices.Index(kinds, kind) + btoi(detail)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// weights say of each word how rare it is among all things: what many have tells little.
func (s *searcher) weights(q query) []float64 {
	out := make([]float64, len(q.words))
	for i, w := range q.words {
		n := 0
		for _, t := range s.things {
			n += btoi(t.has(w))
		}
		out[i] = math.Log(1 + float64(len(s.things))/float64(1+n))
	}
	return out
}

// has tells whether w is one of t's words.
func (t *thing) has(w string) bool {
	return slices.Contains(t.about, w) ||
		slices.ContainsFunc(t.phrases, func(p []string) bool { return slices.Contains(p, w) }) ||
		slices.ContainsFunc(split(t.Name), func(n string) bool { return stem(n) == w })
}

// begins tells whether w is the beginning of one of t's words.
func (t *thing) begins(w string) bool {
	const short = 2 // says nothing
	if len(w) <= short {
		return false
	}
	begins := func(other string) bool { return strings.HasPrefix(other, w) }
	return slices.ContainsFunc(t.about, begins) ||
		slices.ContainsFunc(t.phrases, func(p []string) bool { return slices.ContainsFunc(p, begins) }) ||
		slices.ContainsFunc(split(t.Name), func(n string) bool { return begins(strings.ToLower(n)) })
}

// fits says how well t fits; where not all words do, weight says how much of what is asked does.
func (t *thing) fits(q query, weights []float64) (tier int, weight float64) {
	if isNamed(t.Kind, t.Name, q) || slices.Contains(t.called, q.joined) {
		return named, 0
	}
	if slices.ContainsFunc(t.phrases, func(p []string) bool { return sameWords(p, q.words) }) {
		return phrase, 0
	}
	tier, total := among, 0.0
	for i, w := range q.words {
		total += weights[i]
		switch {
		case t.has(w):
			weight += weights[i]
		case t.begins(w):
			tier = min(tier, begins)
			weight += weights[i] / 2
		default:
			tier = partly
		}
	}
	const most = 0.5 // of what is asked
	switch {
	case tier == partly && (weight < most*total || t.detail):
		return worthless, 0
	case tier == partly:
		return partly, weight
	case t.detail:
		return begins, 0
	}
	return tier, 0
}

func sameWords(a, b []string) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(w string) bool { return !slices.Contains(b, w) })
}

// isNamed tells whether the words are the name of something, or that of what an option enables.
func isNamed(kind Kind, name string, q query) bool {
	if kind == Key && strings.HasPrefix(name, "services.") {
		return squeezed(name) == q.joined
	}
	whole := name
	if kind == Option || kind == HomeOption {
		name = strings.TrimSuffix(name, ".enable")
		if strings.Count(name, ".") > 1 {
			return squeezed(whole) == q.joined || squeezed(name) == q.joined // the last part alone says too little
		}
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	// Most names are of another length.
	return len(last) >= len(q.joined) && squeezed(last) == q.joined || len(name) >= len(q.joined) &&
		(squeezed(whole) == q.joined || squeezed(name) == q.joined)
}

// inList are the entries of a list whose names fit and that are no things.
func (s *searcher) inList(q query, kind Kind) []found {
	var out []found
	lower := make([]byte, 0, 256)
	for e := range s.index.List(lists[kind]).All() {
		lower = appendLower(lower[:0], e.Name)
		if !hasAll(lower, q) {
			continue
		}
		if s.own[string(kind)+" "+e.Name] {
			continue
		}
		tier, words := nameFits(kind, e.Name, q)
		enables := strings.HasSuffix(e.Name, ".enable")
		out = append(out, found{
			Hit:  Hit{Kind: kind, Name: e.Name, Type: e.Type, Default: e.Default, How: how(kind, e)},
			tier: tier, order: [4]int{rank(kind, false), 1, btoi(kind != Package && !enables), words},
		})
	}
	return out
}

// hasAll tells whether a name in lower case has all words somewhere.
func hasAll(name []byte, q query) bool {
	for _, w := range q.bytes {
		if !bytes.Contains(name, w) {
			return false
		}
	}
	return true
}

func appendLower(to []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		to = append(to, c)
	}
	return to
}

// nameFits says how well a name fits that has all words somewhere, and how many words it has.
func nameFits(kind Kind, name string, q query) (tier, words int) {
	parts := split(name)
	if isNamed(kind, name, q) {
		return named, len(parts)
	}
	for i, p := range parts {
		parts[i] = strings.ToLower(p)
	}
	for _, w := range q.words {
		if !slices.ContainsFunc(parts, func(p string) bool { return strings.HasPrefix(p, w) }) {
			return some, len(parts)
		}
	}
	return begins, len(parts)
}

// how is how a package or an option is written in a host of the profile.
func how(kind Kind, e index.Entry) string {
	switch kind {
	case Package:
		return "packages: [" + e.Name + "]"
	case HomeOption:
		return "home: {" + e.Name + ": " + value(e) + "}"
	}
	return "nixos: {" + e.Name + ": " + value(e) + "}"
}

// value is a value that an option takes, or … where only its user knows one.
func value(e index.Entry) string {
	switch {
	case e.Type == "boolean":
		return text(e.Default != "true")
	case strings.HasPrefix(e.Type, "list of"), e.Type == "package", strings.HasPrefix(e.Type, "attribute set"):
		return map[byte]string{'l': "[…]", 'p': "{$package: …}", 'a': "{…}"}[e.Type[0]]
	}
	return "…"
}

// nearest are the words of q, those that nothing has replaced by the nearest that there is; "" where none is near.
func (s *searcher) nearest(q query) string {
	vocabulary := map[string]bool{}
	for _, t := range s.things {
		for _, p := range append(t.phrases, t.about, split(t.Name)) {
			for _, w := range p {
				vocabulary[strings.ToLower(w)] = true
			}
		}
	}
	sorted := make([]string, 0, len(vocabulary))
	for w := range vocabulary {
		sorted = append(sorted, w)
	}
	slices.Sort(sorted)
	out, changed := slices.Clone(q.words), false
	for i, w := range q.words {
		if vocabulary[w] {
			continue
		}
		near := profile.Nearest(w, sorted)
		if near == "" {
			near = profile.Nearest(w, s.packages())
		}
		if near != "" {
			out[i], changed = near, true
		}
	}
	if !changed {
		return ""
	}
	return strings.Join(out, " ")
}

func (s *searcher) packages() []string {
	var out []string
	for e := range s.index.List(index.Package).All() {
		out = append(out, e.Name)
	}
	return out
}
