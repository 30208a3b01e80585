package profile

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// sections are the keys of a profile that hold hosts and what goes into them.
var sections = []string{"extends", "defaults", "groups", "host", "hosts"}

// assemble builds the profile from the files. It finds every problem it can;
// its result is of use only if there are none.
func (l *loader) assemble(v *validator) *Profile {
	p := &Profile{}
	if len(l.files) == 0 {
		return p
	}
	for _, f := range l.files {
		p.Files = append(p.Files, f.name)
		p.Sources = append(p.Sources, Content{f.name, f.data})
		f.root = l.merger.patch(f.root, l.schema, nil)
		l.problems = append(l.problems, v.check(f.root, true)...)
	}
	own := l.files[len(l.files)-1]
	b := builder{l: l, bodies: map[string][]layer{}, groups: map[string][]layer{}, folded: map[string]*Node{}}
	for _, f := range l.files {
		b.collect(f)
	}
	for name := range b.groups {
		p.groups = append(p.groups, name)
	}
	sort.Strings(p.groups)
	sort.Strings(b.names)
	b.groupNames = p.groups
	for _, name := range b.names {
		p.Hosts = append(p.Hosts, b.host(name))
	}
	b.checkNames()
	if len(b.names) == 0 && own.whole && len(l.problems) == 0 {
		l.report(Problem{Pos: own.root.Pos, Path: "hosts", Code: CodeHost, What: "the profile has no host",
			Hint: "add hosts: {NAME: {}}, or host: {name: NAME} for a single machine"})
	}
	p.Root = b.root(p.Hosts)
	if r := p.Root.Get("release"); r != nil {
		p.Release = r.Str()
	}
	if l.whole() {
		l.problems = append(l.problems, v.check(p.Root, false)...)
	}
	return p
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

// builder merges the layers of all files into hosts.
type builder struct {
	l          *loader
	top        *Node // all but the sections
	defaults   []layer
	groups     map[string][]layer
	bodies     map[string][]layer
	names      []string // of hosts
	groupNames []string
	// folded caches merged layers: defaults under "", and groups by name.
	folded map[string]*Node
	single *Field // where host: is written
	plural *Field // where hosts: is written
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
			b.defaults = append(b.defaults, layer{"defaults", field.KeyPos, field.Value})
		case "groups":
			for _, g := range field.Value.Fields {
				if b.body(&g, "groups") {
					b.refuseKey(g.Value, "groups", "a group cannot be in groups")
					b.refuseKey(g.Value, "name", "a group cannot name a host")
					b.groups[g.Key] = append(b.groups[g.Key], layer{"group " + g.Key, g.KeyPos, g.Value})
				}
			}
		case "host":
			b.single = &field
			b.host1(field)
		case "hosts":
			b.plural = &field
			for _, h := range field.Value.Fields {
				if b.body(&h, "hosts") {
					b.addHost(h.Key, h.KeyPos, h.Value)
					if name := h.Value.Get("name"); name != nil && name.Str() != h.Key {
						b.l.report(name.problem(dotted([]string{"hosts", h.Key, "name"}), CodeHost,
							"the host "+h.Key+" is called "+name.brief()+" inside", "its key is its name", "delete name"))
					}
				}
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
	b.bodies[""] = append(b.bodies[""], layer{"host", f.KeyPos, f.Value})
	if name := f.Value.Get("name"); name != nil && name.Kind == String {
		b.names = append(b.names[:0], name.Str())
		b.checkName(name.Str(), name.Pos)
	} else if len(b.names) == 0 && f.Value.Pos.File == b.l.files[len(b.l.files)-1].name {
		b.l.report(f.problem("host.name", CodeHost, "the host has no name", "", "add name: below host"))
	}
}

func (b *builder) addHost(name string, pos Pos, body *Node) {
	if _, known := b.bodies[name]; !known {
		b.names = append(b.names, name)
		b.checkName(name, pos)
	}
	b.bodies[name] = append(b.bodies[name], layer{"host " + name, pos, body})
}

// checkName refuses names that cannot be a host name (RFC 1123, one label):
// they become a directory and an attribute of the flake.
func (b *builder) checkName(name string, pos Pos) {
	if isHostLabel(name) {
		return
	}
	b.l.report(Problem{Pos: pos, width: len([]rune(name)), Path: dotted([]string{"hosts", name}), Code: CodeFormat,
		What: quoteShort(name) + " is no host name",
		Why:  "a host name has 1 to 63 letters, digits and inner hyphens",
		Hint: hostNameHint(name)})
}

func hostNameHint(name string) string {
	fixed := strings.Trim(strings.ReplaceAll(strings.ReplaceAll(name, "_", "-"), " ", "-"), "-")
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

// fold merges layers and remembers the result under key.
func (b *builder) fold(key string, layers []layer) *Node {
	if n, ok := b.folded[key]; ok {
		return n
	}
	var n *Node
	for _, l := range layers {
		n = b.l.merger.merge(n, l.patch)
	}
	b.folded[key] = n
	return n
}

func (b *builder) host(name string) *Host {
	own, flat := b.bodies[name], false
	if len(own) == 0 {
		own, flat = b.bodies[""], true
	}
	h := &Host{Name: name}
	defaults := b.fold("", b.defaults)
	var body *Node
	for _, l := range own {
		if flat {
			l.label = "host " + name
		}
		body = b.l.merger.merge(body, l.patch)
	}
	h.Groups = b.groupsOf(defaults, body)
	h.layers = append(h.layers, b.defaults...)
	node := defaults
	for _, g := range h.Groups {
		h.layers = append(h.layers, b.groups[g]...)
		node = b.l.merger.merge(node, b.fold("group "+g, b.groups[g]))
	}
	h.layers = append(h.layers, own...)
	node = b.l.merger.merge(node, body)
	h.Node = normal(node)
	if i := h.Node.find("name"); i >= 0 {
		without := *h.Node
		without.Fields = slices.Delete(slices.Clone(h.Node.Fields), i, i+1)
		h.Node = without.seal()
	}
	h.Tags = h.Node.Get("tags").Texts()
	return h
}

// groupsOf is the groups key of a host, which defaults may set too.
func (b *builder) groupsOf(defaults, body *Node) []string {
	pick := func(n *Node) *Node {
		if f := n.field("groups"); f != nil {
			return &Node{Kind: Map, Fields: []Field{*f}}
		}
		return nil
	}
	n := b.l.merger.merge(pick(defaults), pick(body))
	if n == nil {
		return nil
	}
	list := n.Get("groups")
	for _, item := range list.Items {
		// The schema refuses what is no text.
		if _, known := b.groups[item.Str()]; !known && item.Kind == String {
			b.l.report(item.problem("groups", CodeGroup, "there is no group "+item.brief(), "",
				DidYouMean(item.Str(), b.groupNames)))
		}
	}
	return list.Texts()
}

// root is the whole profile in the normal form.
func (b *builder) root(hosts []*Host) *Node {
	out := *normal(b.top)
	out.Fields = out.Fields[:len(out.Fields):len(out.Fields)]
	all := &Node{Kind: Map, Pos: out.Pos, Pointer: "/hosts", Fields: make([]Field, len(hosts))}
	keyPos := out.Pos
	if b.plural != nil {
		all.Pos, all.Pointer, keyPos = b.plural.Value.Pos, b.plural.Value.Pointer, b.plural.KeyPos
	} else if b.single != nil {
		keyPos = b.single.KeyPos
	}
	for i, h := range hosts {
		all.Fields[i] = Field{Key: h.Name, KeyPos: h.layers[len(h.layers)-1].key, Value: h.Node}
	}
	out.Fields = append(out.Fields, Field{Key: "hosts", KeyPos: keyPos, Value: all.seal()})
	return out.seal()
}
