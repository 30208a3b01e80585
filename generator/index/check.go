package index

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Fault is what is wrong with the name of a package or an option, or with an option's value: What is wrong, Why, and a
// Hint what is meant, each "" where there is nothing to say.
type Fault struct {
	What, Why, Hint string
	// Value says that the value is at fault, and not the name.
	Value bool
}

// way is how far a path leads down a list.
type way struct {
	// found are the names that the whole path leads to: of options or of what options begin with.
	found []string
	// last are those that the part before the first unknown one leads to, and at is that part; len(path) if all are known.
	last []string
	at   int
	// free tells that the innermost option that the path passed takes attributes which no list names.
	free bool
}

func split(path string) []string {
	parts, _ := profile.SplitKey(path)
	return parts
}

// walk follows a path. Of an option with <name> in it every attribute is one.
func (l *List) walk(path []string) way {
	w := way{found: []string{""}}
	for i, part := range path {
		var next []string
		for _, above := range w.found {
			for _, part := range append(l.wild(above), nix.FormatAttrPath([]string{part})) {
				if name := join(above, part); l.leads(name) {
					next = append(next, name)
				}
			}
		}
		if next == nil {
			return way{last: w.found, at: i, free: w.free}
		}
		w.found = next
		if any, is := l.anyOf(next); is {
			w.free = any
		}
	}
	w.at = len(path)
	return w
}

func join(above, part string) string {
	if above == "" {
		return part
	}
	return above + "." + part
}

// leads tells whether name is an option, or options begin with it.
func (l *List) leads(name string) bool {
	c, ok := l.seek(name)
	return ok && (string(c.name) == name || strings.HasPrefix(string(c.name), name+".")) || l.inside(name)
}

// inside tells whether there are options below name.
func (l *List) inside(name string) bool {
	c, ok := l.seek(name + ".")
	return ok && strings.HasPrefix(string(c.name), name+".")
}

// wild are the parts below a name that stand for any attribute: *, <name> and others in angle brackets.
func (l *List) wild(above string) (parts []string) {
	for _, begin := range []string{"*", "<"} {
		for from := join(above, begin); ; {
			c, ok := l.seek(from)
			if !ok || !strings.HasPrefix(string(c.name), join(above, begin)) {
				break
			}
			part, _, _ := strings.Cut(strings.TrimPrefix(string(c.name[len(above):]), "."), ".")
			if part == "*" || begin == "<" {
				parts = append(parts, part)
			}
			from = join(above, part) + "/" // the character behind the dot
		}
	}
	return parts
}

// takesAny tells whether the option takes attributes that no list names: any attributes, or a submodule whose options
// are not listed. is is false where name is no option.
func (l *List) takesAny(name string) (any, is bool) {
	e, is := l.has(name)
	if !is {
		return false, false
	}
	kind := strings.TrimPrefix(e.Type, "null or ")
	switch {
	case isPlain(kind):
		return false, true
	case l.inside(name):
		// A submodule has its options listed. It may be open, and there may be other types beside it.
		return !strings.Contains(kind, "submodule") || strings.Contains(kind, "open submodule") ||
			strings.Contains(kind, " or "), true
	}
	return true, true
}

// anyOf is takesAny for the names that a path leads to: one that takes any attributes is enough.
func (l *List) anyOf(names []string) (any, is bool) {
	for _, name := range names {
		anyHere, isHere := l.takesAny(name)
		any, is = any || anyHere, is || isHere
	}
	return any, is
}

// isPlain tells whether a type takes no attributes.
func isPlain(kind string) bool {
	for _, start := range []string{
		"16 bit", "unsigned integer", "positive integer", "one of ", "list of ", "strings concatenated",
	} {
		if strings.HasPrefix(kind, start) {
			return !strings.Contains(kind, " or ")
		}
	}
	switch kind {
	case "boolean", "string", "non-empty string", "signed integer", "absolute path", "package", "floating point number":
		return true
	}
	return strings.HasSuffix(kind, "single-line string")
}

// children are the parts of names directly below one, sorted.
func (l *List) children(above string) (parts []string) {
	prefix := join(above, "")
	for c, ok := l.seek(prefix); ok && strings.HasPrefix(string(c.name), prefix); ok = c.next() {
		part, _, _ := bytes.Cut(c.name[len(prefix):], []byte("."))
		if part[0] != '<' && part[0] != '*' && (parts == nil || parts[len(parts)-1] != string(part)) {
			parts = append(parts, string(part))
		}
	}
	slices.Sort(parts)
	return slices.Compact(parts)
}

// Check says what is wrong with setting the option at path to value, as far as names and simple types tell; nil for
// nothing. What lies below an option that takes any attributes is accepted.
func (l *List) Check(path []string, value nix.Expr) *Fault {
	w := l.walk(path)
	if w.at < len(path) {
		if w.free {
			return nil
		}
		return l.unknown(path, w)
	}
	var fault *Fault
	for _, name := range w.found {
		e, is := l.has(name)
		if !is {
			if _, set := value.(nix.Attrs); set || w.free {
				return nil
			}
			fault = &Fault{
				What: nix.FormatAttrPath(path) + " is not an option itself", Why: "options begin with it",
				Hint: "below it are " + few(l.children(name)),
			}
			continue
		}
		if fault = fits(e.Type, value); fault == nil {
			return nil
		}
		fault.What = nix.FormatAttrPath(path)
	}
	return fault
}

// unknown says what else could be meant.
func (l *List) unknown(path []string, w way) *Fault {
	above := w.last[0]
	if e, is := l.has(above); is && !l.inside(above) {
		return &Fault{
			What: "unknown option " + nix.FormatAttrPath(path),
			Why:  fmt.Sprintf("%s is an option itself, and takes: %s", above, e.Type),
		}
	}
	f := &Fault{What: "unknown option " + nix.FormatAttrPath(path)}
	near := ""
	for _, above := range w.last {
		if near = profile.Nearest(path[w.at], l.children(above)); near != "" {
			break
		}
	}
	// A part that is right elsewhere: services.firefox is programs.firefox.
	if elsewhere := l.elsewhere(path, w.at); near == "" || elsewhere != "" && !profile.Mistyped(path[w.at], near) {
		f.Hint = profile.Meant(elsewhere)
	}
	if f.Hint == "" && near != "" {
		meant := append(slices.Clone(path[:w.at]), near)
		if rest := append(slices.Clone(meant), path[w.at+1:]...); l.leads(nix.FormatAttrPath(rest)) {
			meant = rest
		}
		f.Hint = profile.Meant(nix.FormatAttrPath(meant))
	}
	return f
}

// elsewhere is the same path below another of the sets that most options are in; "" for none.
func (l *List) elsewhere(path []string, at int) string {
	if at > 1 || len(path) < 2 {
		return ""
	}
	for _, top := range []string{"programs", "services", "hardware", "virtualisation", "security", "networking"} {
		if name := nix.FormatAttrPath(append([]string{top}, path[1:]...)); top != path[0] && l.leads(name) {
			return name
		}
	}
	return ""
}

// CheckPackage says what is wrong with the name of a package, as a profile has it: ripgrep, or kdePackages.kate, of
// which the first part counts; nil for nothing. A list that is not exact is older than a release and lacks what came
// later: the newest versions of a package, as in nextcloud33, are taken for granted where it has another.
func (l *List) CheckPackage(name string) *Fault {
	first, _, _ := strings.Cut(name, ".")
	if _, ok := l.has(first); ok {
		return nil
	}
	meant := l.otherVersion(first)
	if meant != "" && !l.exact {
		return nil
	}
	if python := pythonPackage.FindStringSubmatch(name); python != nil {
		meant = "python3Packages." + python[1]
	}
	if meant == "" {
		meant = l.nearest(first)
	}
	f := &Fault{What: fmt.Sprintf("unknown package %q", name), Hint: profile.Meant(meant)}
	if !l.exact {
		f.Why = "it is not among the names that come with quick-deploy"
	}
	return f
}

// pythonPackage is how other distributions call a package of Python.
var pythonPackage = lazyregexp.New(`^python3?-([a-z0-9-]+)$`)

// version is the version in a name: 33 of nextcloud33, _19 of postgresql_19_jit.
var version = lazyregexp.New(`[-_]?[0-9]+([._-][0-9]+)*`)

// otherVersion is the last name that differs from s by its version only, "" for none.
func (l *List) otherVersion(s string) (last string) {
	at := version.FindStringIndex(s)
	if at == nil || at[0] < 2 {
		return ""
	}
	plain := version.ReplaceAllString(s, "")
	for e := range l.Prefix(s[:at[0]]) {
		if version.ReplaceAllString(e.Name, "") == plain {
			last = e.Name
		}
	}
	return last
}

// nearest is the package that is meant by a name that is none: the same but for case, blanks and hyphens, else one that
// begins alike, else any that is near.
func (l *List) nearest(s string) string {
	plain := strings.NewReplacer("-", "", "_", "", " ", "")
	want := strings.ToLower(plain.Replace(s))
	var all, alike []string
	for e := range l.All() {
		if strings.ToLower(plain.Replace(e.Name)) == want {
			return e.Name
		}
		all = append(all, e.Name)
		if strings.EqualFold(e.Name[:1], s[:1]) {
			alike = append(alike, e.Name)
		}
	}
	if near := profile.Nearest(s, alike); near != "" {
		return near
	}
	return profile.Nearest(s, all)
}

// few are some of a list of words.
func few(words []string) string {
	const some = 6
	if len(words) > some {
		return strings.Join(words[:some], ", ") + ", …"
	}
	return strings.Join(words, ", ")
}

// fits compares a value with the types that can be told apart without evaluating.
func fits(kind string, value nix.Expr) *Fault {
	got := found(value)
	if got == "" {
		return nil
	}
	plain := kind
	if rest, ok := strings.CutPrefix(kind, "null or "); ok {
		if got == "null" {
			return nil
		}
		plain = rest
		if strings.HasPrefix(rest, "(") && strings.HasSuffix(rest, ")") {
			plain = rest[1 : len(rest)-1]
		}
	}
	ok, hint := true, ""
	switch {
	case strings.HasSuffix(plain, "…"):
	case plain == "boolean":
		if ok = got == "a boolean"; !ok {
			hint = meansBool(value)
		}
	case strings.HasPrefix(plain, "16 bit unsigned integer"), strings.HasPrefix(plain, "unsigned integer"),
		strings.HasPrefix(plain, "positive integer"), plain == "signed integer":
		if plain, _, _ = strings.Cut(plain, " or "); plain == kind {
			ok = got == "an integer" && inRange(plain, value)
		}
	case plain == "string", plain == "non-empty string", strings.HasPrefix(plain, "strings concatenated with"),
		strings.HasSuffix(plain, "single-line string") && !strings.HasPrefix(plain, "list of"), plain == "absolute path":
		if ok = got == "a string"; !ok && got == "an integer" {
			hint = fmt.Sprintf("write %q in quotes", fmt.Sprint(value))
		}
	case strings.HasPrefix(plain, "list of "):
		ok = got == "a list"
	case plain == "package":
		if ok = false; got == "a string" {
			hint = fmt.Sprintf("write {$package: %s}", value)
		}
	case strings.HasPrefix(plain, "one of ") && got == "a string":
		words := quoted(plain)
		if text, isText := value.(nix.Str); isText && words != nil && !slices.Contains(words, string(text)) {
			ok, hint = false, profile.Meant(profile.Nearest(string(text), words))
		}
	}
	if ok {
		return nil
	}
	return &Fault{Why: fmt.Sprintf("its type is %s, and the value is %s", kind, got), Hint: hint, Value: true}
}

// meansBool says what a text that reads as yes or no should be.
func meansBool(value nix.Expr) string {
	text, _ := value.(nix.Str)
	switch strings.ToLower(string(text)) {
	case "true", "yes", "on", "enabled", "enable", "1":
		return "write true"
	case "false", "no", "off", "disabled", "disable", "0":
		return "write false"
	}
	return "write true or false"
}

// quoted are the words of a type such as one of "a", "b"; nil if there are others than texts.
func quoted(kind string) (words []string) {
	kind = strings.NewReplacer("“", `"`, "”", `"`).Replace(strings.TrimPrefix(kind, "one of "))
	for word := range strings.SplitSeq(kind, ", ") {
		text, err := strconv.Unquote(word)
		if err != nil {
			return nil
		}
		words = append(words, text)
	}
	return words
}

func inRange(kind string, value nix.Expr) bool {
	i := int64(value.(nix.Int))
	switch {
	case strings.HasPrefix(kind, "16 bit"):
		return i >= 0 && i <= 65535
	case strings.HasPrefix(kind, "unsigned"):
		return i >= 0
	case strings.HasPrefix(kind, "positive"):
		return i > 0
	}
	return true
}

// found is what a value is, "" where only evaluation tells.
func found(value nix.Expr) string {
	switch value.(type) {
	case nix.Bool:
		return "a boolean"
	case nix.Int:
		return "an integer"
	case nix.Float:
		return "a number"
	case nix.Str, nix.Text:
		return "a string"
	case nix.List:
		return "a list"
	case nix.Null:
		return "null"
	case nix.Attrs:
		return "a set"
	}
	return ""
}
