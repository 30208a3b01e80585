package diagnose

import (
	"cmp"
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Owner says to whom the place of a finding belongs.
type Owner string

// The owners.
const (
	OfProfile Owner = "profile" // a line of the profile
	OfUser    Owner = "user"    // a file of the flake that the user wrote or edited
	OfNobody  Owner = ""        // no place was found
)

// Finding is an error with its address.
type Finding struct {
	// Problem is what to show: where, what, why and what to do. Its file is a
	// file of the profile, or the absolute path of a file of the user's.
	profile.Problem
	Kind  nixlog.Kind
	Owner Owner
	// Option is the option at fault, if one is.
	Option string
	// Generated is the place in the flake that led to the profile, as
	// file or file:line below the flake's folder, "" if none did.
	Generated string
	// Message is what Nix said.
	Message string
}

// MarshalJSON writes the keys of a profile.Problem and kind, owner, option,
// generated and message.
func (f Finding) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		File      string      `json:"file"`
		Line      int         `json:"line"`
		Column    int         `json:"column"`
		Path      string      `json:"path"`
		Kind      nixlog.Kind `json:"kind"`
		Owner     Owner       `json:"owner"`
		Option    string      `json:"option,omitempty"`
		Generated string      `json:"generated,omitempty"`
		What      string      `json:"what"`
		Why       string      `json:"why"`
		Hint      string      `json:"hint"`
		Message   string      `json:"message"`
	}{
		f.Pos.File, f.Pos.Line, f.Pos.Column, f.Path, f.Kind, f.Owner, f.Option, f.Generated,
		f.What, f.Why, f.Hint, f.Message,
	})
}

// Locate finds what of the profile, or of the user's own files, the errors go
// back to. Each error gives one finding; where no place is found it has none.
func Locate(errs []nixlog.Error, s Source) []Finding {
	x := newIndex(s)
	var out []Finding
	for _, e := range errs {
		f := x.locate(e)
		f.explain(x, e)
		same := func(have Finding) bool { return have.Problem == f.Problem && have.Kind == f.Kind }
		if !slices.ContainsFunc(out, same) {
			out = append(out, f.Finding)
		}
	}
	return out
}

// located is a Finding under way.
type located struct {
	Finding
	node  *profile.Node
	host  string
	words *[]string // see optionWords; nil until somebody asks
}

// locate tries what is most exact first: where the option is defined, where
// the error is, the option that was being evaluated, the package, and the
// part of the profile that brought a module in.
func (x *index) locate(e nixlog.Error) *located {
	f := &located{Finding: Finding{Kind: e.Kind, Option: e.Option, Message: e.Message}, host: x.Host}
	steps := []func(*located, nixlog.Error) bool{
		x.byDefinition, x.byPlace, x.byOption, x.byPackage, x.byMention, x.byModule, x.byFile, x.byKey,
	}
	switch e.Kind {
	case nixlog.Unfree, nixlog.Insecure, nixlog.Broken, nixlog.Unsupported, nixlog.PackageGone:
		steps = []func(*located, nixlog.Error) bool{x.byPackage, x.byPlace, x.byDefinition, x.byOption, x.byModule}
	case nixlog.Builder, nixlog.HashMismatch:
		steps = []func(*located, nixlog.Error) bool{x.byPackage, x.byFile}
	case nixlog.Syntax, nixlog.AttributeTwice, nixlog.VariableMissing, nixlog.AttributeMissing, nixlog.Recursion:
		steps = []func(*located, nixlog.Error) bool{x.byPlace, x.byDefinition, x.byOption, x.byModule}
	}
	for _, step := range steps {
		if step(f, e) {
			return f
		}
	}
	return f
}

// take makes n the place of f, at its key or at its value.
func (x *index) take(f *located, n *profile.Node, key bool) bool {
	f.Owner, f.node = OfProfile, n
	f.Pos = n.Pos
	if key {
		f.Pos = x.keyOf(n)
	}
	f.Path = strings.ReplaceAll(strings.TrimPrefix(n.Pointer, "/"), "/", ".")
	return true
}

// mine makes a line of a user's file the place of f.
func (x *index) mine(f *located, file *file, line, column int) bool {
	f.Owner = OfUser
	f.Pos = profile.Pos{File: path.Join(x.Dir, file.path), Line: line}
	if line > 0 {
		f.Pos.Column = max(column, 1)
	}
	return true
}

// atKey are the kinds of which the name of what is set is at fault, and not its value.
var atKey = map[nixlog.Kind]bool{
	nixlog.OptionMissing: true, nixlog.OptionRemoved: true, nixlog.OptionReadOnly: true, nixlog.OptionUnset: true,
	nixlog.Assertion: true, nixlog.Recursion: true, nixlog.Builder: true,
}

// byDefinition follows "Definition values: - In `file': value".
func (x *index) byDefinition(f *located, e nixlog.Error) bool {
	var all []*file
	for _, d := range e.Definitions {
		if file := x.find(d.File); file != nil {
			all = append(all, file)
		}
	}
	// The profile comes before a file of the user's, and both before a module of the catalogue.
	slices.SortStableFunc(all, func(a, b *file) int { return rank(a) - rank(b) })
	for _, file := range all {
		f.host, f.Generated = cmp.Or(file.host(), f.host), file.path
		if strings.HasPrefix(file.path, "modules/") {
			if n := x.service(f.host, file); n != nil {
				return x.take(f, n, true)
			}
			continue
		}
		if e.Option == "" {
			if file.own && (file.lines == nil || e.Kind == nixlog.Recursion) {
				return x.mine(f, file, 0, 0)
			}
			continue
		}
		if a, rest := x.setting(f.host, x.userOf(file), parts(e.Option)); a != nil && (!file.own || file.keeps(a.Path)) {
			return x.take(f, x.nodeFor(a, rest, e.Option), atKey[e.Kind])
		}
		if file.own {
			line, column := file.line(e.Option)
			return x.mine(f, file, line, column)
		}
		if n := x.partOf(f.host, file); n != nil {
			return x.take(f, n, true)
		}
	}
	f.Generated = ""
	return false
}

// keeps tells whether an edited file still has the last part of an option somewhere.
func (f *file) keeps(path []string) bool {
	last := path[len(path)-1]
	for i, l := range f.text {
		if strings.Contains(string(l), last) && f.unedited(i+1) != 0 {
			return true
		}
	}
	return false
}

func rank(f *file) int {
	switch {
	case strings.HasSuffix(f.path, "/hardware-configuration.nix"):
		return 3
	case strings.HasPrefix(f.path, "hosts/") && f.own:
		return 1
	case strings.HasPrefix(f.path, "hosts/"):
		return 0
	}
	return 2
}

// partOf is the part of a host that a generated file without origins is made from.
func (x *index) partOf(host string, f *file) *profile.Node {
	h := x.hosts[host].node
	for suffix, key := range map[string]string{"/hardware-configuration.nix": "hardware", "/disks.nix": "disks"} {
		if strings.HasSuffix(f.path, suffix) {
			return cmp.Or(h.Get(key), h)
		}
	}
	return nil
}

// byPlace follows "at file:line:column".
func (x *index) byPlace(f *located, e nixlog.Error) bool {
	for _, p := range e.Places {
		file := x.find(p.File)
		if !file.at(p) {
			continue
		}
		f.host = cmp.Or(file.host(), x.Host)
		f.Generated = profile.Pos{File: file.path, Line: p.Line, Column: p.Column}.String()
		// What is generated has neither error: they came with an edit, wherever Nix noticed.
		edited := file.own && (e.Kind == nixlog.Syntax || e.Kind == nixlog.AttributeTwice)
		if s, ok := x.nodes[file.origin(p.Line)]; ok && !edited {
			return x.take(f, s.node, atKey[e.Kind] && s.node.Kind == profile.Map)
		}
		if file.own {
			return x.mine(f, file, p.Line, p.Column)
		}
		if n := cmp.Or(x.service(f.host, file), x.partOf(f.host, file)); n != nil {
			return x.take(f, n, true)
		}
	}
	f.host, f.Generated = x.Host, ""
	return false
}

// byOption follows the option that the message or the trace names.
func (x *index) byOption(f *located, e nixlog.Error) bool {
	if e.Option == "" {
		return false
	}
	for _, user := range x.usersOf(f.host) {
		if a, rest := x.setting(f.host, user, parts(e.Option)); a != nil {
			return x.take(f, x.nodeFor(a, rest, e.Option), atKey[e.Kind])
		}
	}
	return false
}

// usersOf are the owners of options on a host: the system, then its homes.
func (x *index) usersOf(host string) []string {
	out := []string{""}
	for _, u := range x.hosts[host].Users {
		if u.Home {
			out = append(out, u.Name)
		}
	}
	return out
}

// byPackage finds who asked for a package, by its name with or without version.
func (x *index) byPackage(f *located, e nixlog.Error) bool {
	if e.Name == "" {
		return false
	}
	name := nixlog.ShortName(e.Name)
	best, score := (*profile.Node)(nil), 0
	for _, u := range x.of(f.host).packages() {
		if s := resembles(u.attr, name); s > score {
			best, score = u.node, s
		}
	}
	return best != nil && x.take(f, best, false)
}

// byMention looks for an option that the words of an assertion name, then for
// one beside it: what is said to be missing is often next to what is set.
func (x *index) byMention(f *located, e nixlog.Error) bool {
	users := x.usersOf(f.host)
	for _, beside := range []bool{false, true} {
		for _, word := range x.optionWords(f) {
			path := word
			if beside {
				i := strings.LastIndexByte(word, '.')
				if strings.Count(word, ".") < 2 {
					continue
				}
				path = word[:i]
			}
			names := parts(path)
			for _, user := range users {
				a, rest := x.setting(f.host, user, names)
				if a == nil {
					continue
				}
				if f.Option == "" {
					f.Option = word
				}
				n := a.Node
				if !beside {
					n = x.nodeFor(a, rest, path)
				}
				return x.take(f, n, true)
			}
		}
	}
	return false
}

// optionWords are the words of the message that may be paths of options which the host sets or a module is chosen by,
// the longest first.
func (x *index) optionWords(f *located) []string {
	if f.words != nil {
		return *f.words
	}
	byDots, seen := map[int][]string{}, map[string]bool{}
	note := func(w string, dots int) {
		first, _, _ := strings.Cut(w, ".")
		if (x.of(f.host).begins(first) || slices.Contains(ofModules, first)) && !seen[w] {
			seen[w] = true
			byDots[dots] = append(byDots[dots], w)
		}
	}
	for w := range strings.FieldsFuncSeq(f.Message, between) {
		w = strings.Trim(w, ".?!")
		w = strings.TrimPrefix(strings.TrimPrefix(w, "config."), "options.")
		if dots := strings.Count(w, "."); dots > 0 && !strings.Contains(w, "/") {
			note(w, dots)
		}
	}
	for w := range nixlog.Quoted(f.Message) {
		if isPlainName(w) {
			note(w, 0) // ‘fileSystems’
		}
	}
	f.words = new([]string)
	for _, dots := range slices.Backward(slices.Sorted(maps.Keys(byDots))) {
		*f.words = append(*f.words, byDots[dots]...)
	}
	return *f.words
}

// between tells whether r stands between words.
func between(r rune) bool {
	switch r {
	case ' ', '\t', '\n', ',', ';', ':', '(', ')', '[', ']', '{', '}', '`', '\'', '‘', '’', '“', '”', '=':
		return true
	}
	return false
}

// isPlainName tells whether s is a letter and then letters and digits.
func isPlainName(s string) bool {
	for i := range len(s) {
		if c := s[i] | 0x20; (c < 'a' || c > 'z') && (i == 0 || s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return s != ""
}

// What options begin with that a service, and the hardware, sets.
var (
	ofServices = []string{"services", "programs"}
	ofHardware = []string{"fileSystems", "boot", "hardware", "swapDevices"}
	ofModules  = slices.Concat(ofServices, ofHardware)
)

// byModule falls back to the service whose options an error is about.
func (x *index) byModule(f *located, e nixlog.Error) bool {
	h := x.hosts[f.host].node
	words := x.optionWords(f)
	if e.Option != "" {
		words = append([]string{e.Option}, words...)
	}
	for _, w := range words {
		p := parts(w)
		if len(p) > 1 && slices.Contains(ofServices, p[0]) {
			if n := h.Get("services", p[1]); n != nil {
				return x.take(f, n, true)
			}
		}
		if slices.Contains(ofHardware, p[0]) {
			n := cmp.Or(h.Get("hardware"), h)
			return n != nil && x.take(f, n, true)
		}
	}
	return false
}

// byFile follows a path that the message names into a file of the user's.
func (x *index) byFile(f *located, e nixlog.Error) bool {
	if e.Name == "" {
		return false
	}
	name := e.Name
	if file := x.find(name); file != nil {
		return x.mine(f, file, 0, 0)
	}
	base := path.Base(name)
	if strings.HasSuffix(name, ".drv") {
		base = nixlog.ShortName(name)
	}
	for _, file := range x.files {
		if !file.own {
			continue
		}
		if line, column := file.line(base); line > 0 {
			// The path before the name belongs to it: ./printer.nix
			partOfPath := func(c byte) bool { return isName(c) || c == '.' || c == '/' }
			for !strings.HasSuffix(name, ".drv") && column > 1 && partOfPath(file.text[line-1][column-2]) {
				column--
			}
			return x.mine(f, file, line, column)
		}
	}
	return false
}

// byKey looks for a key of the profile that the message quotes: the mount point
// of "No device specified for mount point ‘/data’".
func (x *index) byKey(f *located, e nixlog.Error) bool {
	keys := x.of(f.host).keys()
	for key := range nixlog.Quoted(e.Message) {
		if a := keys[key]; a != nil && len(key) > 1 {
			return x.take(f, a.Node, true)
		}
	}
	return false
}
