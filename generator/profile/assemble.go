package profile

import (
	"fmt"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// sections are the keys of a profile that hold hosts and what goes into them.
var sections = []string{"extends", "defaults", "groups", "host", "hosts"}

// assemble builds the profile from the files, of its hosts those that are asked for. It finds every
// problem it can; where there are any, its result is what remains. It is not ok if a file has to be read in one piece.
func (l *loader) assemble(v *validator, only []string) (p *Profile, ok bool) {
	p = &Profile{}
	if len(l.files) == 0 {
		return p, true
	}
	c := v.checker()
	for _, f := range l.files {
		p.Files = append(p.Files, f.name)
		p.Sources = append(p.Sources, Content{f.name, f.data})
		f.root = l.merger.patch(f.root, l.schema, nil)
		l.problems = append(l.problems, problemsOf(c.check(f.root, true))...)
	}
	own := l.files[len(l.files)-1]
	b := &builder{l: l, bodies: map[string][]layer{}, groups: map[string][]layer{}}
	p.b = b
	for _, f := range l.files {
		b.collect(f)
	}
	for name := range b.groups {
		p.groups = append(p.groups, name)
	}
	sort.Strings(p.groups)
	sort.Strings(b.names)
	b.groupNames = p.groups
	b.inherit()
	p.Root = normal(b.top)
	p.Release = p.Root.Get("release").Str()
	p.choose(only)
	root := b.root()
	ok = b.hosts(p, root, v)
	b.checkNames()
	if len(b.names) == 0 && own.whole && len(l.problems) == 0 {
		l.report(Problem{Pos: own.root.Pos, Path: "hosts", Code: CodeHost, What: "the profile has no host",
			Hint: "add hosts: {NAME: {}}, or host: {name: NAME} for a single machine"})
	}
	found := c.top(root, !l.whole())
	l.problems = append(l.problems, problemsOf(found)...)
	if len(l.problems)+len(l.merger.problems) > 0 {
		p.Root = p.Root.remains(cutsOf(found), !l.whole())
		p.Release = p.Root.Get("release").Str()
		p.unsure = !l.whole() || slices.ContainsFunc(b.names, l.torn) || slices.ContainsFunc(l.problems, ofHosts)
	}
	return p, ok
}

// ofHosts reports whether a problem is about which hosts there are.
func ofHosts(p Problem) bool {
	return p.Code == CodeHost || p.Code == CodeGroup ||
		strings.HasPrefix(p.Path, "hosts") && strings.Count(p.Path, ".") < 2
}

// choose makes the profile's hosts those that the patterns name, if names say so and some hosts have not been read yet.
func (p *Profile) choose(only []string) {
	p.Hosts = make([]*Host, len(p.b.names))
	for i, name := range p.b.names {
		p.Hosts[i] = &Host{Name: name, Pos: p.b.keyOf(name), profile: p}
	}
	labels := slices.ContainsFunc(only, func(pattern string) bool { return strings.Contains(pattern, "@") })
	later := slices.ContainsFunc(p.b.l.files, func(f *file) bool { return len(f.later) > 0 })
	if len(only) == 0 || labels || !later {
		return
	}
	// A pattern that names nothing is for those to report who select.
	if hosts, err := p.Select(only...); err == nil {
		p.Hosts, p.Partial = hosts, len(hosts) < len(p.b.names)
	}
}

// merged is a host with what is wrong with it.
type merged struct {
	node         *Node
	groups       []string
	layer, whole Problems // what single layers say, and what comes of all of them
	read         []readLayer
	lacks        bool // a group of the host is not there
	left         bool // node is what remains of the host
	out          bool // nothing remains
	// ok is false if a layer cannot be read by itself.
	ok bool
}

// readLayer is an entry of hosts that was read for the host.
type readLayer struct {
	file  *file
	entry Field // as a patch
}

// takesBack reports whether the patch n removes anything that it would inherit.
func takesBack(n *Node) bool {
	for _, sub := range n.All() {
		if sub.takesBack() || takesBack(sub) {
			return true
		}
	}
	return false
}

// hosts merges and validates the hosts of p, each by itself. It is not ok if one cannot be read by itself.
func (b *builder) hosts(p *Profile, root *Node, v *validator) (ok bool) {
	results := make([]merged, len(p.Hosts))
	var next atomic.Int64
	var workers sync.WaitGroup
	based, faulty := b.l.based(), len(b.l.problems) > 0
	for range min(runtime.GOMAXPROCS(0), len(p.Hosts)) {
		workers.Go(func() {
			c := v.checker()
			for i := int(next.Add(1)) - 1; i < len(p.Hosts); i = int(next.Add(1)) - 1 {
				h := p.Hosts[i]
				r := b.merge(h.Name)
				whole := based && !b.l.torn(h.Name)
				var found []finding
				if r.ok {
					found = c.host(root, Field{Key: h.Name, KeyPos: h.Pos, Value: r.node}, !whole)
					r.whole = append(r.whole, problemsOf(found)...)
				}
				for _, l := range r.read {
					// What the only layer of a host says is in the host, but for what it takes back.
					if len(b.own(h.Name)) > 1 || len(r.whole) > 0 || !whole || takesBack(l.entry.Value) {
						r.layer = append(r.layer, problemsOf(c.host(l.file.root, l.entry, true))...)
					}
				}
				if r.ok && (faulty || len(found)+len(r.layer) > 0) {
					c := cutsOf(found).at("hosts", h.Name)
					n := r.node.remains(c, !whole || r.lacks)
					r.left, r.out, r.node = n != r.node, c.out, n
				}
				h.Groups, h.Tags, h.Facts = r.groups, r.node.Get("tags").Texts(), r.node.Get("hardware", "facts")
				if r.left || !b.reads(h.Name) {
					h.node = r.node
				}
				r.node, r.groups, r.read = nil, nil, nil
				c.forget()
				results[i] = r
			}
		})
	}
	workers.Wait()
	ok = true
	for _, r := range results {
		ok = ok && r.ok
		b.l.problems = append(b.l.problems, r.layer...)
	}
	remaining := p.Hosts[:0:0]
	for i, r := range results {
		b.l.problems = append(b.l.problems, r.whole...)
		if !r.out {
			remaining = append(remaining, p.Hosts[i])
		}
	}
	p.Hosts = remaining
	return ok
}

// whole reports whether all files could be read to their end: only then what
// seems to be missing is missing.
func (l *loader) whole() bool {
	for _, f := range l.files {
		if !f.whole {
			return false
		}
	}
	return !l.lost
}

// based reports whether all is there that hosts may inherit.
func (l *loader) based() bool {
	return !l.lost && !slices.ContainsFunc(l.files, func(f *file) bool { return !f.based })
}

// torn reports whether not all that a file says of the host could be read.
func (l *loader) torn(host string) bool {
	return slices.ContainsFunc(l.files, func(f *file) bool { return f.torn[host] })
}

// builder merges the layers of all files into hosts.
type builder struct {
	l          *loader
	top        *Node // all but the sections
	defaults   []layer
	groups     map[string][]layer
	bodies     map[string][]layer
	names      []string // of hosts
	groupNames []string
	single     *Field // where host: is written
	plural     *Field // where hosts: is written

	// What hosts inherit, from when all files are collected.
	inherited *Node            // defaults, merged
	folded    map[string]*Node // groups, merged

	mu    sync.Mutex
	bases map[string]*Node // defaults and a list of groups, merged
}

// collect splits a file into layers.
func (b *builder) collect(f *file) {
	top := *f.root
	top.Fields = nil
	for _, field := range f.root.Fields {
		if !slices.Contains(sections, field.Key) {
			top.Fields = append(top.Fields, field)
			continue
		}
		if field.add {
			b.l.report(field.problem(field.Key, CodeMerge, "+"+field.Key+" has no meaning",
				field.Key+" of all files are merged anyway", "write "+field.Key))
			continue
		}
		if field.Value.Kind != Map {
			continue
		}
		switch field.Key {
		case "defaults":
			b.refuseKey(field.Value, "name", "defaults cannot name a host")
			b.defaults = append(b.defaults, layer{label: "defaults", key: field.KeyPos, patch: field.Value})
		case "groups":
			for _, g := range field.Value.Fields {
				if b.body(&g, "groups") {
					b.refuseKey(g.Value, "groups", "a group cannot be in groups")
					b.refuseKey(g.Value, "name", "a group cannot name a host")
					b.groups[g.Key] = append(b.groups[g.Key], layer{label: "group " + g.Key, key: g.KeyPos, patch: g.Value})
				}
			}
		case "host":
			b.single = &field
			b.host1(field)
		case "hosts":
			b.plural = &field
			for _, h := range field.Value.Fields {
				if b.body(&h, "hosts") {
					b.addHost(h.Key, layer{key: h.KeyPos, patch: h.Value})
					if name := h.Value.Get("name"); name != nil && name.Str() != h.Key {
						b.l.report(name.problem(dotted([]string{"hosts", h.Key, "name"}), CodeHost,
							"the host "+h.Key+" is called "+name.brief()+" inside", "its key is its name", "delete name"))
					}
				}
			}
			for _, h := range f.later {
				b.addHost(h.name, layer{key: h.pos(f.text), later: h})
			}
		}
	}
	if b.single != nil && b.plural != nil {
		b.l.report(b.single.problem("host", CodeHost, "both host and hosts", "hosts is at "+b.plural.KeyPos.String(),
			"move the host below hosts"))
		b.single = nil
	}
	b.top = b.l.merger.merge(b.top, top.seal())
}

// body reports whether f, an entry of groups or hosts, counts: it is a map, or
// nothing, which is an empty one. The schema refuses what else it is.
func (b *builder) body(f *Field, section string) bool {
	if f.add {
		b.l.report(f.problem(section, CodeMerge, "+"+f.Key+" has no meaning", "entries of "+section+" are merged anyway",
			"write "+f.Key))
		return false
	}
	if f.Value.Kind == Null {
		empty := *f.Value
		empty.Kind = Map
		f.Value = &empty
	}
	return f.Value.Kind == Map
}

func (b *builder) refuseKey(n *Node, key, what string) {
	if f := n.field(key); f != nil {
		b.l.report(f.problem(key, CodeHost, what, "", "move "+key+" to the host"))
	}
}

// host1 reads the flat form. Its name may stand in another file.
func (b *builder) host1(f Field) {
	b.bodies[""] = append(b.bodies[""], layer{label: "host", key: f.KeyPos, patch: f.Value})
	if name := f.Value.Get("name"); name != nil && name.Kind == String {
		b.names = append(b.names[:0], name.Str())
		b.checkName(name.Str(), name.Pos)
	} else if len(b.names) == 0 && f.Value.Pos.File == b.l.files[len(b.l.files)-1].name {
		b.l.report(f.problem("host.name", CodeHost, "the host has no name", "", "add name: below host"))
	}
}

func (b *builder) addHost(name string, l layer) {
	if _, known := b.bodies[name]; !known {
		b.names = append(b.names, name)
		b.checkName(name, l.key)
	}
	b.bodies[name] = append(b.bodies[name], l)
}

// checkName refuses names that cannot be a host name (RFC 1123, one label):
// they become a directory and an attribute of the flake.
func (b *builder) checkName(name string, pos Pos) {
	if isHostLabel(name) {
		return
	}
	b.l.report(Problem{Pos: pos, width: len([]rune(name)), Path: dotted([]string{"hosts", name}), Code: CodeFormat,
		What: quoteShort(name) + " is not a valid host name",
		Why:  "a host name has 1 to 63 letters, digits and inner hyphens",
		Hint: hostNameHint(name)})
}

// notInLabel is what no host name holds; dots part it.
var notInLabel = lazyregexp.New(`[^A-Za-z0-9.]+`)

func hostNameHint(name string) string {
	fixed := strings.Trim(notInLabel.ReplaceAllString(name, "-"), "-.")
	if label, _, dotted := strings.Cut(fixed, "."); dotted && isHostLabel(label) {
		return "write " + label + " and put the rest into network.domain"
	}
	if isHostLabel(fixed) {
		return "write " + fixed
	}
	return ""
}

// checkNames refuses hosts that differ in case only: host names do not, and
// neither do directories everywhere.
func (b *builder) checkNames() {
	seen := map[string]string{}
	for _, name := range b.names {
		lower := strings.ToLower(name)
		if other, dup := seen[lower]; dup {
			b.l.report(Problem{Pos: b.bodies[name][0].key, width: len(name), Path: dotted([]string{"hosts", name}),
				Code: CodeHost, What: fmt.Sprintf("the hosts %s and %s differ in case only", other, name),
				Why: "host names ignore case"})
		}
		seen[lower] = name
	}
}

// inherit merges what hosts inherit.
func (b *builder) inherit() {
	m := &b.l.merger
	fold := func(layers []layer) (n *Node) {
		for _, l := range layers {
			n = m.merge(n, l.patch)
		}
		return n.share()
	}
	b.inherited = fold(b.defaults)
	b.folded, b.bases = make(map[string]*Node, len(b.groups)), map[string]*Node{"": b.inherited}
	for name, layers := range b.groups {
		b.folded[name] = fold(layers)
	}
}

// base is what a host in these groups inherits.
func (b *builder) base(groups []string, m *merger) *Node {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := strings.Join(groups, "\x00")
	n, known := b.bases[key]
	if known {
		return n
	}
	n = b.inherited
	for _, g := range groups {
		n = m.merge(n, b.folded[g])
	}
	b.bases[key] = n.share()
	return n
}

// own are the layers of the host itself.
func (b *builder) own(name string) []layer {
	own := b.bodies[name]
	if len(own) == 0 {
		own = b.bodies[""]
	}
	return own
}

// reads reports whether a layer of the host is read when it is asked for.
func (b *builder) reads(host string) bool {
	return slices.ContainsFunc(b.own(host), func(l layer) bool { return l.later != nil })
}

// keyOf is where the host is named.
func (b *builder) keyOf(host string) Pos {
	own := b.own(host)
	return own[len(own)-1].key
}

// merge is the host in the normal form.
func (b *builder) merge(name string) merged {
	m := &merger{}
	out := merged{ok: true}
	var body *Node
	for _, l := range b.own(name) {
		patch := l.patch
		if l.later != nil {
			f := l.later.patch(m, b.l.schema)
			if f == nil {
				return merged{}
			}
			patch = f.Value
			out.read = append(out.read, readLayer{l.later.file, *f})
		}
		body = m.merge(body, patch)
	}
	var problems Problems
	out.groups, out.lacks, problems = b.groupsOf(body, m)
	out.layer = append(out.layer, problems...)
	node := normal(m.merge(b.base(out.groups, m), body))
	if i := node.find("name"); i >= 0 {
		without := *node
		without.Fields = slices.Delete(slices.Clone(node.Fields), i, i+1)
		node = without.seal()
	}
	out.node, out.whole = node, m.problems
	return out
}

// layers are all places that a value of the host may come from, in the order in which they are applied.
func (b *builder) layers(h *Host) []layer {
	layers := slices.Clone(b.defaults)
	for _, g := range h.Groups {
		layers = append(layers, b.groups[g]...)
	}
	for _, l := range b.own(h.Name) {
		l.label = "host " + h.Name
		if l.later != nil {
			if f := l.later.patch(&merger{}, b.l.schema); f != nil {
				l.patch = f.Value
			}
		}
		layers = append(layers, l)
	}
	return layers
}

// groupsOf is the groups key of a host, which defaults may set too. It lacks some if one is not there.
func (b *builder) groupsOf(body *Node, m *merger) (groups []string, lacks bool, problems Problems) {
	pick := func(n *Node) *Node {
		if f := n.field("groups"); f != nil {
			return &Node{Kind: Map, Fields: []Field{*f}}
		}
		return nil
	}
	n := m.merge(pick(b.inherited), pick(body))
	if n == nil {
		return nil, false, nil
	}
	list := n.Get("groups")
	lacks = list.Kind != List
	for _, item := range list.Items {
		// The schema refuses what is no text.
		_, known := b.groups[item.Str()]
		lacks = lacks || !known
		if !known && item.Kind == String && b.l.based() {
			problems = append(problems, item.problem("groups", CodeGroup, "unknown group "+item.brief(), "",
				DidYouMean(item.Str(), b.groupNames)))
		}
	}
	return list.Texts(), lacks, problems
}

// root is the whole profile in the normal form, but that its hosts are empty.
func (b *builder) root() *Node {
	out := *normal(b.top)
	out.Fields = out.Fields[:len(out.Fields):len(out.Fields)]
	all := &Node{Kind: Map, Pos: out.Pos, Pointer: hostsPointer, Fields: make([]Field, len(b.names))}
	keyPos := out.Pos
	if b.plural != nil {
		all.Pos, all.Pointer, keyPos = b.plural.Value.Pos, b.plural.Value.Pointer, b.plural.KeyPos
	} else if b.single != nil {
		keyPos = b.single.KeyPos
	}
	for i, name := range b.names {
		all.Fields[i] = Field{Key: name, KeyPos: b.keyOf(name), Value: &Node{Kind: Map}}
	}
	out.Fields = append(out.Fields, Field{Key: "hosts", KeyPos: keyPos, Value: all.seal()})
	return out.seal()
}
