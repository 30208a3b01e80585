// Package diagnose says which line of a profile an error of Nix goes back to:
// [Locate] follows the names that the error tells through the generated flake,
// whose lines know the profile node that they were made from.
package diagnose

import (
	"bytes"
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Source is what errors are traced back through.
type Source struct {
	// Host is the host that was built; an error may name another one itself.
	Host string
	// Dir is the flake's folder, absolute.
	Dir     string
	Profile *profile.Profile
	// Tree is the flake as the profile makes it, with the hosts' options.
	Tree *generator.Tree
	// ReadFile reads a file of the flake as it lies there, by its path below
	// Dir with slashes. What it cannot read counts as absent.
	ReadFile func(path string) ([]byte, error)
}

// index is a Source made ready for questions.
type index struct {
	Source
	files map[string]*file
	nodes map[string]spot // by origin
	hosts map[string]host // by name
	asked map[string]*asked
}

// host is a host as it was generated, and its node in the profile.
type host struct {
	generator.Host
	node *profile.Node
}

// spot is a node of the profile and where its key stands.
type spot struct {
	node *profile.Node
	key  profile.Pos
}

// file is a file of the flake.
type file struct {
	path string
	// text is how it lies there, made is how it was generated.
	text, made [][]byte
	lines      []string // origins of made
	// own tells that it is the user's: never generated, written once, or edited by hand.
	own bool
}

func newIndex(s Source) *index {
	x := &index{
		Source: s, files: map[string]*file{}, nodes: map[string]spot{}, hosts: map[string]host{}, asked: map[string]*asked{},
	}
	for _, h := range s.Tree.Hosts {
		x.hosts[h.Name] = host{Host: h}
	}
	for _, f := range s.Tree.Files {
		e := &file{path: f.Path, made: bytes.Split(f.Data, []byte("\n")), lines: f.Lines, own: f.Once}
		e.text = e.made
		if have, ok := x.read(f.Path); ok && !bytes.Equal(have, f.Data) {
			e.text, e.own = bytes.Split(have, []byte("\n")), true
		}
		x.files[f.Path] = e
	}
	x.walk(s.Profile.Root, profile.Pos{})
	for _, h := range s.Profile.Hosts {
		n := h.Node()
		x.walk(n, h.Pos)
		x.hosts[h.Name] = host{x.hosts[h.Name].Host, n}
	}
	return x
}

func (x *index) read(path string) ([]byte, bool) {
	data, err := x.ReadFile(path)
	return data, err == nil
}

func (x *index) walk(n *profile.Node, key profile.Pos) {
	if n == nil {
		return
	}
	origin := n.Origin()
	if s, seen := x.nodes[origin]; seen && s.key.IsValid() {
		return
	}
	x.nodes[origin] = spot{n, key}
	for _, item := range n.Items {
		x.walk(item, profile.Pos{})
	}
	for _, f := range n.Fields {
		x.walk(f.Value, f.KeyPos)
	}
}

// keyOf is where the key of a node stands; the value itself where it has none.
func (x *index) keyOf(n *profile.Node) profile.Pos {
	if s, ok := x.nodes[n.Origin()]; ok && s.key.IsValid() {
		return s.key
	}
	return n.Pos
}

// find is the file of the flake that Nix calls name: a path in the store, in
// the flake's folder, or «path:/the/folder»/file.
func (x *index) find(name string) *file {
	if rest, ok := strings.CutPrefix(name, strings.TrimSuffix(x.Dir, "/")+"/"); ok && x.Dir != "" {
		return x.below(rest)
	}
	if rest, ok := nixlog.InFlake(name); ok {
		return x.below(rest)
	}
	return nil
}

// below finds a path of the flake, also where the flake is a folder within the
// repository that Nix copied.
func (x *index) below(path string) *file {
	for rest := path; ; {
		if f := x.files[rest]; f != nil {
			return f
		}
		_, after, ok := strings.Cut(rest, "/")
		if !ok {
			break
		}
		rest = after
	}
	if !strings.HasPrefix(path, "hosts/") && !strings.HasPrefix(path, "modules/") {
		return nil
	}
	data, ok := x.read(path)
	if !ok {
		return nil
	}
	f := &file{path: path, text: bytes.Split(data, []byte("\n")), own: true}
	x.files[path] = f
	return f
}

// at checks that p is a line of f. nixpkgs has files of the same names, so
// where Nix shows the line it must be the file's.
func (f *file) at(p nixlog.Place) bool {
	if f == nil || p.Line < 1 || p.Line > len(f.text) {
		return false
	}
	return !p.Shown || strings.TrimSpace(p.Text) == strings.TrimSpace(string(f.text[p.Line-1]))
}

// origin is the profile node that a line goes back to. An edited file still has the lines that nobody touched.
func (f *file) origin(line int) string {
	if f.own {
		line = f.unedited(line)
	}
	if line < 1 || line > len(f.lines) {
		return ""
	}
	return f.lines[line-1]
}

// unedited is the line of the generated text that a line of the edited one is,
// 0 where it was added or changed or stands there more than once.
func (f *file) unedited(line int) int {
	if f.lines == nil || line > len(f.text) {
		return 0
	}
	found := 0
	for i, l := range f.made {
		if bytes.Equal(l, f.text[line-1]) {
			if found != 0 {
				return 0
			}
			found = i + 1
		}
	}
	return found
}

// host is the host that a file belongs to, "" if to none.
func (f *file) host() string {
	rest, ok := strings.CutPrefix(f.path, "hosts/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// userOf is whose home f configures, "" for a file of the system.
func (x *index) userOf(f *file) string {
	for _, u := range x.hosts[f.host()].Users {
		if u.Home && strings.HasSuffix(f.path, "/"+u.File) {
			return u.Name
		}
	}
	return ""
}

// nodeFor is the node of the profile that stands for an option: within the value that is
// assigned, or around it where the option is only the beginning of what is set.
func (x *index) nodeFor(a *mapping.Assignment, rest []string, option string) *profile.Node {
	if len(rest) > 0 {
		return inside(a.Node, rest)
	}
	// Only below nixos: and options: do the keys of the profile spell the option.
	pointer, at := a.Node.Pointer, -1
	for _, key := range []string{"/nixos/", "/options/", "/home/"} {
		if i := strings.Index(pointer, key); i >= 0 {
			at = max(at, i+len(key))
		}
	}
	if at < 0 {
		return a.Node
	}
	n, have := a.Node, len(a.Path)
	for want := len(parts(option)); ; {
		i := strings.LastIndexByte(pointer, '/')
		if i < at {
			return n
		}
		have -= len(parts(pointer[i+1:]))
		if have < want {
			return n
		}
		pointer = pointer[:i]
		s, ok := x.nodes[n.Pos.File+"#"+pointer]
		if !ok {
			return n
		}
		n = s.node
	}
}

func before(a, b profile.Pos) bool {
	return a.File == b.File && cmp.Or(a.Line-b.Line, a.Column-b.Column) < 0
}

// entry is an item of a list as the module system names it: [definition 1-entry 2].
var entry = lazyregexp.New(`^\[definition \d+-entry (\d+)\]$`)

// inside follows an option path into the value of a node, as far as it goes.
func inside(n *profile.Node, rest []string) *profile.Node {
	for _, p := range rest {
		if m := entry.FindStringSubmatch(p); m != nil {
			i, _ := strconv.Atoi(m[1]) // digits
			if i--; n.Kind != profile.List || i < 0 || i >= len(n.Items) {
				return n
			}
			n = n.Items[i]
			continue
		}
		next := n.Get(p)
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

// service is the entry of the profile that brought a module of the catalogue in.
func (x *index) service(host string, f *file) *profile.Node {
	name, ok := strings.CutPrefix(f.path, "modules/")
	if !ok {
		return nil
	}
	h := x.hosts[host].node
	switch dir, base := path.Split(strings.TrimSuffix(name, ".nix")); dir {
	case "home/":
		users := h.Get("users")
		for i := 0; users != nil && i < len(users.Fields); i++ {
			if n := users.Fields[i].Value.Get("home", base); n != nil {
				return n
			}
		}
		return nil
	case "desktop/":
		return h.Get("desktop")
	default:
		return h.Get("services", base)
	}
}

// line finds where a Nix file that was not generated sets an option: the line with the
// longest tail of its path. It is 0 where none has.
func (f *file) line(option string) (line, column int) {
	path := parts(option)
	path = slices.DeleteFunc(path, func(p string) bool { return entry.MatchString(p) })
	for from := range path {
		tail := strings.Join(path[from:], ".")
		for i, text := range f.text {
			code, _, _ := bytes.Cut(text, []byte("#"))
			at := bytes.Index(code, []byte(tail))
			if at < 0 || at > 0 && isName(code[at-1]) || at+len(tail) < len(code) && isName(code[at+len(tail)]) {
				continue
			}
			return i + 1, at + 1
		}
	}
	for from := len(path) - 1; from > 0; from-- {
		head := strings.Join(path[:from], ".")
		for i, text := range f.text {
			if at := bytes.Index(text, []byte(head)); at >= 0 {
				return i + 1, at + 1
			}
		}
	}
	return 0, 0
}

func isName(c byte) bool {
	return c == '_' || c == '-' || c == '\'' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// parts splits an option path as Nix prints it: services."a.b".x.
func parts(option string) []string {
	if !strings.Contains(option, `"`) {
		return strings.Split(option, ".")
	}
	if p, err := nix.ParseAttrPath(option); err == nil {
		return p
	}
	return strings.Split(option, ".")
}
