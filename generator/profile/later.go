package profile

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/quick-deploy/quick-deploy/schema"
)

// laterFrom is the number of hosts from which on a file is read in parts: its hosts one by one, when they are asked
// for. What is known of each until then is its name. The nodes of ten thousand hosts take 80 MiB, and a question about
// one of them needs one.
const laterFrom = 64

// later is a host of a file that is read when it is asked for.
type later struct {
	name     string
	line     int // of the key, which is indented
	from, to int // offsets of its lines in the text
	file     *file
}

// pos is the place of the key.
func (h *later) pos(t *text) Pos { return Pos{t.name, h.line, indent(t.line(h.line)) + 1} }

// indent is the number of spaces that s begins with.
func indent(s string) int { return len(s) - len(strings.TrimLeft(s, " ")) }

// splitHosts finds the hosts below the key hosts in block style, one a name without quotes, in the text. It knows
// lines and no YAML: the rest has to turn out to have the key where it was found, and each host to be one, else the
// file is read in one piece. What is wrong in a file is found then, too.
//
// The rest is the text with the lines of all hosts but the first blank, so that each other line stays where it is.
func (t *text) splitHosts() (rest string, hosts []*later) {
	at := slices.IndexFunc(t.lines, func(off int) bool { return strings.HasPrefix(t.src[off:], "hosts:") })
	if at < 0 || !hasNothing(strings.TrimPrefix(t.line(at+1), "hosts:")) {
		return "", nil
	}
	depth, end := 0, len(t.src)
	for n := at + 2; n <= len(t.lines); n++ {
		line := t.line(n)
		if hasNothing(line) {
			continue
		}
		in := indent(line)
		if depth == 0 {
			depth = in
		}
		if in == 0 || line[0] == '\t' {
			end = t.lines[n-1]
			break
		}
		if in > depth {
			continue
		}
		name, value, found := strings.Cut(line[in:], ":")
		if in < depth || !found || !isHostLabel(name) || value != "" && value[0] != ' ' {
			return "", nil
		}
		hosts = append(hosts, &later{name: name, line: n, from: t.lines[n-1]})
	}
	if len(hosts) < laterFrom {
		return "", nil
	}
	for i, h := range hosts {
		h.to = end
		if i+1 < len(hosts) {
			h.to = hosts[i+1].from
		}
	}
	second := hosts[1]
	newlines := strings.Repeat("\n", strings.Count(t.src[second.from:end], "\n"))
	return t.src[:second.from] + newlines + t.src[end:], hosts
}

// hasNothing reports whether a line holds nothing but white space and a comment.
func hasNothing(line string) bool {
	line = strings.TrimLeft(line, " ")
	return line == "" || line[0] == '#'
}

// parseInParts is parse for a file of many hosts. It reads the first of them with the rest; ok is false if the file
// has to be read in one piece.
func (f *file) parseInParts() (ok bool) {
	t, problem := newText(f.name, f.data)
	if problem != nil {
		return false
	}
	rest, hosts := t.splitHosts()
	if hosts == nil {
		return false
	}
	f.text = t
	first, next, err := documents(rest)
	if err != nil || first == nil || next != nil {
		return false
	}
	r := reader{cursor: cursor{t: f.text, line: 1, col: 1}}
	root := r.value(first, "")
	at := root.field("hosts")
	if len(r.problems) > 0 || at == nil || at.Value.Kind != Map || len(at.Value.Fields) != 1 ||
		at.Value.Fields[0].Key != hosts[0].name || at.Value.Fields[0].KeyPos != hosts[0].pos(f.text) ||
		int(at.Value.Fields[0].Value.span.to) > hosts[1].from {
		return false
	}
	names := make(map[string]bool, len(hosts))
	for _, h := range hosts {
		names[h.name] = true
		h.file = f
	}
	f.root, f.later, f.whole, f.based = root, hosts[1:], true, true
	return len(names) == len(hosts)
}

// read is the host as an entry of hosts; ok is false if its lines are not one host.
func (h *later) read() (f Field, ok bool) {
	t := h.file.text
	entry, next, err := documents(t.src[h.from:h.to])
	if err != nil || entry == nil || next != nil || entry.Kind != yaml.MappingNode {
		return Field{}, false
	}
	r := reader{cursor: cursor{t: t, off: h.from, line: h.line, col: 1}, above: h.line - 1, depth: 1}
	n := r.value(entry, hostsPointer)
	if len(r.problems) > 0 || len(n.Fields) != 1 {
		return Field{}, false
	}
	f = n.Fields[0]
	return f, f.Key == h.name && f.KeyPos == h.pos(t)
}

// hostsPointer is where the hosts are in a file.
const hostsPointer = "/hosts"

// patch is the host's body as a patch, nil if its lines are not one host.
func (h *later) patch(m *merger, s *schema.Node) *Field {
	f, ok := h.read()
	if !ok {
		return nil
	}
	entry := m.patch(&Node{Kind: Map, Fields: []Field{f}, Pointer: hostsPointer}, child(s, "hosts"), []string{"hosts"})
	f = entry.Fields[0]
	if f.Value.Kind != Map || f.Value.Get("name") != nil {
		return nil // what is to be said of them is said where all are read
	}
	return &f
}
