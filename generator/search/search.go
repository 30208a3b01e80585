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

// Kinds are all kinds.
func Kinds() []Kind { return slices.Clone(kinds) }

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
	// Total is how many fit; Hits may be fewer.
	Total int
	// Instead are the words that were looked for in place of those that nothing has; "" if these were found.
	Instead string
}

// How well something fits.
const (
	worthless = iota
	some      // the words are somewhere in the name
	partly    // the rarest of the words are among ours
	begins    // each word is the beginning of one of the name's or of ours
	among     // each is one of ours
	phrase    // together they are what people call it
	named     // they are its name
)

// found is a thing or an entry that fits.
type found struct {
	kind   Kind
	name   string
	entry  index.Entry
	thing  *thing // nil if it is none
	tier   int
	weight float64 // of the words that fit, where not all do
	order  int     // within the tier; less is better
}

// Searcher finds things of one release. It is for concurrent use.
type Searcher struct {
	index *index.Index
	// things are read when they are first needed, while the lists are looked through.
	things func() ([]*thing, error)
	own    map[at]bool // packages and options that are things
}

// at names a thing.
type at struct {
	kind Kind
	name string
}

// New searches the catalogue and the names of x.
func New(x *index.Index) *Searcher {
	s := &Searcher{index: x, own: map[at]bool{}, things: sync.OnceValues(things)}
	for _, o := range ownWords() {
		if _, ok := lists[o.kind]; ok {
			s.own[at{o.kind, o.name}] = true
		}
	}
	return s
}

// Find finds at most limit things that words ask for, of the kinds, or of all if there are none. Their order: how well
// it fits, then kind, importance, shortness. An error is one of the schema's.
func (s *Searcher) Find(words string, limit int, of ...Kind) (Result, error) {
	q := newQuery(words)
	if len(q.words) == 0 {
		return Result{Hits: []Hit{}}, nil
	}
	q.kinds = of
	r, fit, err := s.find(q, limit)
	if err != nil || fit > partly {
		return r, err
	}
	instead, err := s.nearest(q)
	if err != nil || instead == "" {
		return r, err
	}
	q = newQuery(instead)
	q.kinds = of
	other, better, err := s.find(q, limit)
	if err != nil || better <= fit {
		return r, err
	}
	other.Instead = instead
	return other, nil
}

// query is what is looked for.
type query struct {
	words  []string // stems of those that tell something
	bytes  [][]byte // the same
	joined string   // squeezed
	kinds  []Kind   // of what; all if there are none
}

func (q query) asks(kind Kind) bool { return len(q.kinds) == 0 || slices.Contains(q.kinds, kind) }

func newQuery(text string) query {
	q := query{joined: squeezed(text)}
	for _, w := range telling(text) {
		if !slices.Contains(q.words, w) {
			q.words = append(q.words, w)
		}
	}
	if len(q.words) == 0 { // "at" is a package
		q.words = strings.Fields(strings.ToLower(text))
	}
	for _, w := range q.words {
		q.bytes = append(q.bytes, []byte(w))
	}
	return q
}

// find also says how well the first one fits.
func (s *Searcher) find(q query, limit int) (r Result, fit int, err error) {
	var parts [4]best
	for i := range parts {
		parts[i].limit = limit
	}
	var all sync.WaitGroup
	all.Go(func() { err = s.amongThings(q, &parts[0]) })
	for i, kind := range []Kind{Package, Option, HomeOption} {
		if q.asks(kind) {
			all.Go(func() { s.inList(q, kind, &parts[i+1]) })
		}
	}
	all.Wait()
	hits := best{limit: limit}
	for _, p := range parts {
		hits.all, hits.total = append(hits.all, p.all...), hits.total+p.total
	}
	hits.cut()
	r = Result{Hits: []Hit{}, Total: hits.total}
	for _, h := range hits.all {
		r.Hits = append(r.Hits, h.hit())
		fit = max(fit, h.tier)
	}
	return r, fit, err
}

// best collects what fits, and keeps the best of it.
type best struct {
	limit int
	all   []found
	total int
	full  bool // the first limit ones are in order
}

func (b *best) add(f found) {
	b.total++
	if b.full && byFit(f, b.all[b.limit-1]) > 0 {
		return
	}
	b.all = append(b.all, f)
	if len(b.all) > 8*b.limit+64 {
		b.cut()
		b.full = true
	}
}

// cut sorts, and drops what is beyond the limit.
func (b *best) cut() {
	slices.SortFunc(b.all, byFit)
	b.all = b.all[:min(b.limit, len(b.all))]
}

// byFit orders what fits better first.
func byFit(x, y found) int {
	switch {
	case x.tier != y.tier:
		return y.tier - x.tier
	case x.weight != y.weight:
		return cmp.Compare(y.weight, x.weight)
	case x.order != y.order:
		return x.order - y.order
	case len(x.name) != len(y.name):
		return len(x.name) - len(y.name)
	}
	return strings.Compare(x.name, y.name)
}

// hit is what there is to say of it.
func (f found) hit() Hit {
	h := Hit{Kind: f.kind, Name: f.name, Type: f.entry.Type, Default: f.entry.Default}
	if f.thing != nil {
		h.About = f.thing.About
	}
	if _, ok := lists[f.kind]; ok {
		h.How = how(f.kind, f.entry)
	} else {
		h.How = f.thing.how()
	}
	return h
}

// amongThings adds the things that fit.
func (s *Searcher) amongThings(q query, out *best) error {
	things, err := s.things()
	if err != nil {
		return err
	}
	fitting, weights := mentioning(things, q)
	for t, words := range fitting {
		tier, weight := t.fits(words, q, weights)
		if tier == worthless {
			continue
		}
		f := found{kind: t.Kind, name: t.Name, thing: t, tier: tier, weight: weight}
		if list, ok := lists[t.Kind]; ok {
			if f.entry, ok = s.entry(list, t.Name); !ok {
				continue // of another release
			}
		}
		f.order = order(t.Kind, t.detail) + t.place
		if tier == phrase {
			// What it is called first is what it is; the last may be but a part of it.
			const most = 2
			f.order += min(words.phrase(q), most) * behind
		}
		out.add(f)
	}
	return nil
}

// mentioning are the things that have something to do with q, and for each word of it how rare it is: what many have
// tells little.
func mentioning(things []*thing, q query) (map[*thing]words, []float64) {
	fitting, counts := map[*thing]words{}, make([]int, len(q.words))
	for _, t := range things {
		if !q.asks(t.Kind) || !t.isNamed(q) && !t.mentions(q.words) {
			continue
		}
		words := t.words()
		fitting[t] = words
		for i, w := range q.words {
			if words.have(w) {
				counts[i]++
			}
		}
	}
	weights := make([]float64, len(q.words))
	for i, n := range counts {
		if weights[i] = math.Log(1 + float64(len(things))/float64(1+n)); n == 0 && len(q.words[i]) <= 2 {
			weights[i] = 0 // it is still being typed
		}
	}
	return fitting, weights
}

// entry is the entry of a list with this name. The index has no packages of sets such as kdePackages.
func (s *Searcher) entry(list index.Kind, name string) (index.Entry, bool) {
	if list == index.Package && strings.Contains(name, ".") {
		return index.Entry{Name: name}, true
	}
	return s.index.List(list).Lookup(name)
}

// order is that of kinds, with room for the order within them; the keys of services come behind packages.
func order(kind Kind, detail bool) int {
	const room = 4 * behind
	if detail {
		return (2*slices.Index(kinds, Package) + 1) * room
	}
	return 2 * slices.Index(kinds, kind) * room
}

// have tells whether w is one of the words.
func (ws words) have(w string) bool {
	return slices.Contains(ws.name, w) || slices.Contains(ws.about, w) ||
		slices.ContainsFunc(ws.phrases, func(p []string) bool { return slices.Contains(p, w) })
}

// begin tells whether w is the beginning of one of the words.
func (ws words) begin(w string) bool {
	if len(w) < 2 {
		return false
	}
	begins := func(other string) bool { return strings.HasPrefix(other, w) }
	return slices.ContainsFunc(ws.name, begins) || slices.ContainsFunc(ws.about, begins) ||
		slices.ContainsFunc(ws.phrases, func(p []string) bool { return slices.ContainsFunc(p, begins) })
}

// fits says how well t fits; where not all words do, weight says how much of what is asked does.
func (t *thing) fits(ws words, q query, weights []float64) (tier int, weight float64) {
	if t.isNamed(q) {
		return named, 0
	}
	if !t.detail && ws.phrase(q) >= 0 {
		return phrase, 0
	}
	tier, total := among, 0.0
	for i, w := range q.words {
		total += weights[i]
		switch {
		case ws.have(w):
			weight += weights[i]
		case ws.begin(w):
			tier = min(tier, begins)
			weight += weights[i] / 2
		default:
			tier = partly
		}
	}
	const enough = 0.3 // of what is asked
	switch {
	case tier == partly && (weight < enough*total || t.detail):
		return worthless, 0
	case tier == partly:
		return partly, weight
	case t.detail:
		return begins, 0
	}
	return tier, 0
}

// phrase is which of the phrases has just the words of q, 0 if what it is begins with them, -1 if there is none.
func (ws words) phrase(q query) int {
	if n := len(q.words); n <= len(ws.about) && slices.Equal(ws.about[:n], q.words) {
		return 0
	}
	return slices.IndexFunc(ws.phrases, func(p []string) bool { return sameWords(p, q.words) })
}

func sameWords(a, b []string) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(w string) bool { return !slices.Contains(b, w) })
}

// isNamed tells whether the words are the name of t.
func (t *thing) isNamed(q query) bool {
	if t.detail {
		return isSqueezed(t.Name, q.joined)
	}
	return isNamed(t.Kind, t.Name, q) || t.title != "" && squeezed(t.title) == q.joined
}

// isNamed tells whether the words are the name of something, or that of what an option enables.
func isNamed(kind Kind, name string, q query) bool {
	if len(name) < len(q.joined) {
		return false
	}
	if isSqueezed(name, q.joined) {
		return true
	}
	if kind == Option || kind == HomeOption {
		name = strings.TrimSuffix(name, ".enable")
		if isSqueezed(name, q.joined) {
			return true
		}
		if strings.Count(name, ".") > 1 {
			return false // the last part alone says too little
		}
	}
	return isSqueezed(name[strings.LastIndexByte(name, '.')+1:], q.joined)
}

// inList adds the entries of a list whose names fit and that are no things.
func (s *Searcher) inList(q query, kind Kind, out *best) {
	buffer := make([]byte, 0, 256)
	fits := func(name []byte) bool {
		buffer = appendLower(buffer[:0], name)
		return hasAll(buffer, q)
	}
	for e := range s.index.List(lists[kind]).Where(fits) {
		if s.own[at{kind, e.Name}] {
			continue
		}
		const details = 1 << 8 // more than words in a name
		at := order(kind, false) + behind + numberOfWords(e.Name)
		if kind != Package && !strings.HasSuffix(e.Name, ".enable") {
			at += details
		}
		out.add(found{kind: kind, name: e.Name, entry: e, tier: nameFits(kind, e.Name, buffer, q), order: at})
	}
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

func appendLower(to, s []byte) []byte {
	for i := range len(s) {
		to = append(to, lower(s[i]))
	}
	return to
}

func numberOfWords(name string) (n int) {
	for i := range len(name) {
		if alphanumeric(lower(name[i])) && startsWord(name, i) {
			n++
		}
	}
	return n
}

// nameFits says how well a name, which is also in lower case, fits that has all words somewhere.
func nameFits(kind Kind, name string, lower []byte, q query) int {
	if isNamed(kind, name, q) {
		return named
	}
	for _, w := range q.bytes {
		if !beginsWord(name, lower, w) {
			return some
		}
	}
	return begins
}

func beginsWord(name string, lower, w []byte) bool {
	for from := 0; ; from++ {
		i := bytes.Index(lower[from:], w)
		if i < 0 {
			return false
		}
		if from += i; startsWord(name, from) {
			return true
		}
	}
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
func (s *Searcher) nearest(q query) (string, error) {
	things, err := s.things()
	if err != nil {
		return "", err
	}
	vocabulary := map[string]bool{}
	for _, t := range things {
		words := t.words()
		for _, w := range slices.Concat(append(words.phrases, words.name, words.about)...) {
			vocabulary[w] = true
		}
	}
	sorted := make([]string, 0, len(vocabulary))
	for w := range vocabulary {
		sorted = append(sorted, w)
	}
	slices.Sort(sorted)
	out, changed := slices.Clone(q.words), false
	for i, w := range q.words {
		const short = 3 // anything is near it
		if vocabulary[w] || len(w) <= short {
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
		return "", nil
	}
	return strings.Join(out, " "), nil
}

func (s *Searcher) packages() []string {
	var out []string
	for e := range s.index.List(index.Package).All() {
		out = append(out, e.Name)
	}
	return out
}
