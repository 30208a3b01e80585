package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/schema"
)

// Limits of what a profile extends.
const (
	// MaxFiles is how many files a profile consists of.
	MaxFiles = 256
	// MaxTotal is the size of all files of a profile together, in bytes.
	MaxTotal = 4 * MaxBytes
	// MaxExtends is how many files may extend each other in a chain.
	MaxExtends = 16
)

// Profile is a profile with everything it extends, merged.
type Profile struct {
	// Release is the NixOS release, "" if the profile names none.
	Release string
	// Hosts are sorted by name.
	Hosts []*Host
	// Root is the profile in the normal form without its hosts: host, hosts,
	// defaults, groups and extends are gone.
	Root *Node
	// Files are the names of all files read, in the order they are applied,
	// the profile itself last; Sources are the files themselves.
	Files   []string
	Sources []Content

	// Partial is true if Hosts are not all that the profile has.
	Partial bool
	// unsure is true of a profile at fault if it is not known which hosts there are, and in which groups.
	unsure bool

	b      *builder
	groups []string // names, sorted
}

// Host is one machine.
type Host struct {
	Name string
	// Pos is where the host is named.
	Pos Pos
	// Groups and Tags as the merged host lists them.
	Groups, Tags []string
	// Facts names the file with the facts of the machine, nil where none is named.
	Facts *Node

	profile *Profile
	node    *Node // nil where it is made when it is asked for
}

// Node is the merged host in the normal form. Of a large profile it is made anew
// for each call, and what a host inherits is the same in all of them: see Node.Shared.
func (h *Host) Node() *Node {
	if h.node != nil {
		return h.node
	}
	return h.profile.b.merge(h.Name).node
}

// Host is the host called name, nil if there is none.
func (p *Profile) Host(name string) *Host {
	i, found := slices.BinarySearchFunc(p.Hosts, name, func(h *Host, name string) int {
		return strings.Compare(h.Name, name)
	})
	if !found {
		return nil
	}
	return p.Hosts[i]
}

// layer is one place that a host's values come from.
type layer struct {
	label string // "defaults", "group web", "host atlas"
	key   Pos    // of the layer
	patch *Node
	later *later // where there is no patch: it has to be read
}

// Content is a file as it was read.
type Content struct {
	Name string
	Data []byte
}

// Spelling is n, a scalar of the file, as it is written there: with quotes and escapes.
func (c Content) Spelling(n *Node) string {
	src := splitText(c.Name, c.Data).src
	if from, to := int(n.span.from), int(n.span.to); from >= 0 && from < to && to <= len(src) {
		return src[from:to]
	}
	return ""
}

// Load reads the profile called name and what it extends. Each file and each
// merged host is validated by s, and layers are merged by what s says about
// services and open maps. If the profile is at fault the error is Problems, all that can be found here, and the
// profile is what remains without what is wrong (see Node.Known): it is good for finding more. If it cannot be read at
// all the error wraps that of src, and there is no profile.
//
// With patterns (see Select) that need no more than names, of a large profile only
// these hosts are read, validated, and in the result.
func Load(src Source, name string, s *schema.Node, only ...string) (*Profile, error) {
	return (&Reader{Schema: s}).Load(src, name, only...)
}

// Reader loads a profile again and again while it is edited: what of the schema it has compiled is good for the next
// time, unless there are new keys. It is not for concurrent use.
type Reader struct {
	Schema *schema.Node

	last *validator
}

// Load is the function Load.
func (r *Reader) Load(src Source, name string, only ...string) (*Profile, error) {
	p, ok, err := r.loadFrom(src, name, true, only)
	if !ok {
		p, _, err = r.loadFrom(src, name, false, nil)
	}
	return p, err
}

// validator is one for the files.
func (r *Reader) validator(files []*file) (*validator, error) {
	keys := vocabularyOf(files)
	if r.last != nil && r.last.about.covers(keys) {
		return r.last, nil
	}
	v, err := newValidator(r.Schema, keys)
	if err == nil {
		r.last = v
	}
	return v, err
}

// loadFrom is Load, with files of many hosts in parts; ok is false if that cannot be done.
func (r *Reader) loadFrom(src Source, name string, parts bool, only []string) (p *Profile, ok bool, err error) {
	l := &loader{src: src, schema: r.Schema, parts: parts, state: map[string]fileState{}}
	data, err := src.ReadFile(name)
	if err != nil {
		return nil, true, fmt.Errorf("read profile %s: %w", name, err)
	}
	l.read(name, data, nil)
	v, err := r.validator(l.files)
	if err != nil {
		return nil, true, err
	}
	p, ok = l.assemble(v, only)
	if len(l.files) == 0 {
		p = nil
	}
	return p, ok, append(l.problems, l.merger.problems...).err()
}

// noSecret is the mark of a value that only looks like a secret.
var noSecret = lazyregexp.New(`(?:^|\s)# *not-a-secret: *(\S.*)$`)

// NoSecret reports whether the line that n starts on, or a comment above it,
// says that n is no secret, and why.
func (p *Profile) NoSecret(n *Node) (reason string, marked bool) {
	for _, s := range p.Sources {
		if s.Name != n.Pos.File {
			continue
		}
		t := splitText(s.Name, s.Data)
		line := t.line(n.Pos.Line)
		if m := noSecret.FindStringSubmatch(line); m != nil && !strings.Contains(n.Str(), "not-a-secret:") {
			return m[1], true
		}
		above := strings.TrimSpace(t.line(n.Pos.Line - 1))
		if m := noSecret.FindStringSubmatch(above); m != nil && strings.HasPrefix(above, "#") {
			return m[1], true
		}
	}
	return "", false
}

type fileState uint8

const (
	unread fileState = iota
	reading
	done
)

type loader struct {
	src      Source
	parts    bool // read files of many hosts in parts
	schema   *schema.Node
	state    map[string]fileState
	total    int     // bytes read
	lost     bool    // a file is missing
	files    []*file // in the order they are applied
	merger   merger
	problems Problems
}

// file is one parsed file, split into layers.
type file struct {
	name string
	data []byte
	text *text
	root *Node // as parsed; assemble makes a patch of it
	// later are the hosts that are not among those of root.
	later []*later
	// whole is false if not all could be parsed but for single hosts, which are torn; based is false if what hosts
	// inherit is not all there.
	whole, based bool
	torn         map[string]bool
}

// lostIn notes where the lines are that could not be parsed.
func (f *file) lostIn() {
	f.whole, f.based, f.torn = f.root != nil, f.root != nil, map[string]bool{}
	if f.root == nil || len(f.text.lost) == 0 {
		return
	}
	t := splitText(f.name, f.data) // in which nothing is blank yet
	var hosts []Field
	if n := f.root.Get("hosts"); n != nil {
		hosts = n.Fields
	}
	for _, line := range f.text.lost {
		i := slices.IndexFunc(hosts, func(h Field) bool {
			return h.KeyPos.Line <= line && line < t.endOf(h.KeyPos.Line)
		})
		if i >= 0 {
			f.torn[hosts[i].Key] = true
			continue
		}
		for line > 1 && (hasNothing(t.line(line)) || indent(t.line(line)) > 0) {
			line--
		}
		section, _, found := strings.Cut(t.line(line), ":")
		f.whole = false
		f.based = f.based && found && !slices.Contains(sections, section)
	}
}

func (l *loader) report(p Problem) {
	l.lost = l.lost || p.Code == CodeExtends || p.Code == CodeRead || p.Code == CodeLimit
	l.problems = append(l.problems, p)
}

// read parses data and, before it, what it extends. chain names the files
// that are being read, outermost first.
func (l *loader) read(name string, data []byte, chain []string) {
	l.state[name] = reading
	l.total += len(data)
	defer func() { l.state[name] = done }()
	f := &file{name: name, data: data}
	if !l.parts || !f.parseInParts() {
		var problems Problems
		f.root, f.text, problems = parse(name, data)
		f.lostIn()
		l.problems = append(l.problems, problems...)
	}
	if f.root == nil || f.root.Kind != Map {
		l.lost = true
		return
	}
	chain = append(chain[:len(chain):len(chain)], name)
	for _, ref := range l.references(f.root) {
		l.extend(ref, chain)
	}
	l.files = append(l.files, f)
}

func (l *loader) references(root *Node) []*Node {
	f := root.field("extends")
	if f == nil || f.Value.Kind == Null || f.Value.torn {
		l.lost = l.lost || f != nil && (f.Value.torn || f.Value.bad)
		return nil
	}
	if f.Value.Kind != List {
		l.report(f.Value.problem("extends", CodeType, "extends must be a list, not "+f.Value.brief(), "",
			"write extends: [./base.yaml]"))
		return nil
	}
	var refs []*Node
	for i, item := range f.Value.Items {
		if item.Kind != String {
			l.report(item.problem(fmt.Sprintf("extends.%d", i), CodeType,
				"an entry of extends must be text, not "+item.brief(), "", "name a file or preset:NAME"))
			continue
		}
		refs = append(refs, item)
	}
	return refs
}

// extend reads the file that ref names.
func (l *loader) extend(ref *Node, chain []string) {
	from := chain[len(chain)-1]
	p := ref.problem("extends", CodeExtends, "cannot extend "+quoteShort(ref.Str()), "", "")
	name, err := Resolve(from, ref.Str())
	var outside error
	if b, ok := l.src.(Bounded); ok && err == nil {
		outside = b.MayExtend(chain[0], name)
	}
	switch {
	case err != nil:
		p.Why = err.Error()
	case outside != nil:
		p.Why, p.Hint = outside.Error(), "--extends-from DIR lets a profile extend files below DIR, too"
	case l.state[name] == done:
		return
	case l.state[name] == reading:
		circle := append(slices.Clone(chain[slices.Index(chain, name):]), name)
		p.Why = "the files extend each other in a circle: " + strings.Join(circle, " → ")
	case len(chain) >= MaxExtends:
		p.Code, p.Why = CodeLimit, fmt.Sprintf("more than %d files extend each other in a chain", MaxExtends)
	case len(l.state) >= MaxFiles:
		p.Code, p.Why = CodeLimit, fmt.Sprintf("a profile has at most %d files", MaxFiles)
	case l.total > MaxTotal:
		p.Code, p.Why = CodeLimit, fmt.Sprintf("the files of a profile have at most %d MiB together", MaxTotal>>20)
	default:
		data, err := l.src.ReadFile(name)
		if err == nil {
			l.read(name, data, chain)
			return
		}
		l.state[name] = done
		p.Code = CodeRead
		var preset *unknownPreset
		if errors.As(err, &preset) {
			p.What, p.Hint = preset.Error(), DidYouMean(preset.name, preset.known)
			if near := Nearest(preset.name, preset.known); near != "" {
				p.Hint = Meant(PresetPrefix + near)
			}
			break
		}
		p.Why, p.Hint = reason(err, from)
	}
	l.report(p)
}

// reason words an error of reading a file that the file called from names,
// without naming it again, and what to do about it.
func reason(err error, from string) (why, hint string) {
	var pathErr *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file", "the path is relative to " + from
	case errors.Is(err, fs.ErrPermission):
		return "it cannot be read: permission denied", ""
	case errors.As(err, &pathErr):
		return pathErr.Err.Error(), ""
	}
	return err.Error(), ""
}
