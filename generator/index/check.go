package index

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Fault is what is wrong with an option that a profile sets.
type Fault struct {
	// Why is the reason, and Hint what is meant, "" if nothing is near.
	Why, Hint string
}

// way is how far a path leads down a list.
type way struct {
	// found are the names that the whole path leads to: of options or of what options begin with.
	found []string
	// last are those that the part before the first unknown one leads to, and at is that part; len(path) if all are known.
	last []string
	at   int
	// free tells that the path passed an option that takes attributes which no list names.
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
				if name := below(above, part); l.leads(name) {
					next = append(next, name)
				}
			}
		}
		if next == nil {
			return way{last: w.found, at: i, free: w.free}
		}
		w.found = next
		w.free = w.free || i < len(path)-1 && slices.ContainsFunc(next, l.takesAny)
	}
	w.at = len(path)
	return w
}

func below(above, part string) string {
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
		for from := below(above, begin); ; {
			c, ok := l.seek(from)
			if !ok || !strings.HasPrefix(string(c.name), below(above, begin)) {
				break
			}
			part, _, _ := strings.Cut(strings.TrimPrefix(string(c.name[len(above):]), "."), ".")
			if part == "*" || begin == "<" {
				parts = append(parts, part)
			}
			from = below(above, part) + "/" // the character behind the dot
		}
	}
	return parts
}

// takesAny tells whether the option takes attributes that no list names: any attributes, or a submodule whose options
// are not listed.
func (l *List) takesAny(name string) bool {
	e, is := l.has(name)
	if !is {
		return false
	}
	kind := strings.TrimPrefix(e.Type, "null or ")
	for _, start := range []string{
		"attribute set", "lazy attribute set", "open submodule", "anything", "unspecified", "raw value", "(submodule)",
	} {
		if strings.HasPrefix(kind, start) {
			return true
		}
	}
	return strings.HasSuffix(kind, " value") || strings.HasSuffix(kind, " value)") || strings.HasSuffix(kind, "…") ||
		strings.Contains(kind, "INI") || strings.Contains(kind, "submodule") && !l.inside(name)
}

// children are the parts of names directly below one, sorted.
func (l *List) children(above string) (parts []string) {
	prefix := below(above, "")
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
		if w.free || slices.ContainsFunc(w.last, l.takesAny) {
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
				Why:  "it is no option itself, only the beginning of some",
				Hint: "options below it: " + few(l.children(name)),
			}
			continue
		}
		if fault = fits(e.Type, value); fault == nil {
			return nil
		}
	}
	return fault
}

// unknown says what else could be meant.
func (l *List) unknown(path []string, w way) *Fault {
	above := w.last[0]
	if e, is := l.has(above); is && !l.inside(above) {
		return &Fault{Why: fmt.Sprintf("the option %s has nothing below it; it takes: %s", above, e.Type)}
	}
	f := &Fault{Why: "unknown option"}
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
	return &Fault{Why: fmt.Sprintf("it is %s here, and takes: %s", got, kind), Hint: hint}
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
