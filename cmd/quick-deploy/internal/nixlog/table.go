package nixlog

import (
	_ "embed"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

//go:embed kinds.txt
var kindsText string

// Words put an error into words: what is wrong, why, and what helps.
type Words struct{ What, Why, Hint string }

// rule recognises a message by its beginning. Its named groups are the fields of the Error
// that they fill. has stands in every text that it matches.
type rule struct {
	kind Kind
	has  string
	re   *regexp.Regexp
}

// table is kinds.txt.
type table struct {
	messages, lines    []rule
	words              map[Kind]Words
	machine, temporary map[Kind]bool
}

var known = sync.OnceValue(func() table {
	const open, shut = "[`'‘\"]", "['’\"]"
	expand := strings.NewReplacer(
		"OPTION", open+"(?P<option>.+?)"+shut, "NAME", open+"(?P<name>.+?)"+shut,
		"TYPE", open+"(?P<expected>.+?)"+shut, "TEXT", open+".+?"+shut,
		"ANSWER", `(?:curl: \(22\) |fatal: unable to access '[^']*': )The requested URL returned error: `,
	)
	t := table{words: map[Kind]Words{}, machine: map[Kind]bool{}, temporary: map[Kind]bool{}}
	var kind Kind
	for line := range strings.Lines(kindsText) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		value = strings.TrimSpace(value)
		w := t.words[kind]
		switch {
		case key == "" || key[0] == '#':
			continue
		case line[0] != ' ':
			kind = Kind(key)
			w.What = "{first}"
			t.machine[kind] = strings.Contains(value, "machine")
			t.temporary[kind] = strings.Contains(value, "temporary")
		case key == "nix":
			t.messages = append(t.messages, rule{kind, "", regexp.MustCompile("^(?:" + expand.Replace(value) + ")")})
		case key == "line":
			quoted, _ := strconv.QuotedPrefix(value)
			has, _ := strconv.Unquote(quoted) // a test reads the table
			re := regexp.MustCompile("^(?:" + expand.Replace(strings.TrimSpace(value[len(quoted):])) + ")")
			t.lines = append(t.lines, rule{kind, has, re})
		case key == "what":
			w.What = value
		case key == "why":
			w.Why = value
		case key == "hint":
			w.Hint = value
		}
		t.words[kind] = w
	}
	return t
})

// IsWrapper tells whether a line is what nixos-rebuild says about a command that it ran, which has said it itself.
func IsWrapper(line string) bool { return wrapper.MatchString(line) }

var (
	// What libarchive was given failed, which says why.
	archive = lazyregexp.New(`^[Ff]ailed to \w+ archive \(Source threw exception: error: (.*)`)
	// nixos-rebuild tells which of its commands failed, after Nix has told why.
	wrapper      = lazyregexp.New(`^(?:[Cc]ommand '.*' returned non-zero exit status|.*nixos-rebuild.*exit status)`)
	tracedOption = lazyregexp.New("^while evaluating (?:the )?option [`'‘\"]([^`‘]+?)['’\"]:?$")
	tracedFile   = lazyregexp.New("^while evaluating (?:definitions from|the module argument .* in) " +
		"[`'‘\"]([^`'’\"]+)['’\"]:?$")
	definition = lazyregexp.New("^- In [`'‘\"](.+?)['’\"](?:, via option .*?)?(?::\\s?(.*))?$")
	removedIn  = lazyregexp.New("in [`'‘\"](.+?)['’\"] no longer has any effect")
)

// Quoted are the texts that a message has in quotes, of any of the kinds that Nix and nixpkgs use: `a', 'a', ‘a’.
func Quoted(message string) iter.Seq[string] {
	return func(yield func(string) bool) {
		start := -1 // of the text behind the quotation mark that is open
		for i, r := range message {
			switch {
			case r != '`' && r != '\'' && r != '‘' && r != '’', r == '‘' && start >= 0:
			case start >= 0 && i > start && r != '`':
				if !yield(message[start:i]) {
					return
				}
				start = -1
			case r == '’':
				start = -1
			default:
				start = i + utf8.RuneLen(r)
			}
		}
	}
}

// match finds the first rule that recognises e, and fills in what it tells.
func (e *Error) match(rules []rule) bool {
	text := head(e.Message)
	if m := archive.FindStringSubmatch(text); m != nil {
		text = m[1]
	}
	for _, r := range rules {
		if !strings.Contains(text, r.has) {
			continue
		}
		m := r.re.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		e.Kind = r.kind
		for i, group := range r.re.SubexpNames() {
			switch group {
			case "option":
				e.Option = m[i]
			case "name":
				e.Name = m[i]
			case "expected":
				e.Expected = m[i]
			case "message":
				e.Message = strings.TrimSpace(m[i])
			}
		}
		return true
	}
	return false
}

// classify finds out what e is about.
func (e Error) classify() []Error {
	if list, ok := strings.CutPrefix(e.Message, "Failed assertions:"); ok {
		return e.assertions(list)
	}
	e.Suggestions = suggestions(head(e.Message))
	if !e.match(known().messages) && !e.match(known().lines) {
		e.Kind = Other
	}
	reading := false // definitions
	for line := range strings.Lines(e.Message) {
		reading = e.detail(strings.TrimRight(line, "\n"), reading)
	}
	return []Error{e}
}

// detail reads a line of the message: a definition behind "Definition values:", a line
// of a build's log, a hash, or a known vulnerability. It tells whether a definition may go on.
func (e *Error) detail(line string, reading bool) bool {
	text := strings.TrimSpace(line)
	switch {
	case e.Kind == Builder:
		if log, ok := logLine(text); ok {
			e.Detail = append(e.Detail, log)
		}
	case e.Kind == HashMismatch && (strings.HasPrefix(text, "specified:") || strings.HasPrefix(text, "got:")):
		e.Detail = append(e.Detail, strings.Join(strings.Fields(text), " "))
	case e.Kind == Insecure && strings.HasPrefix(line, " - "):
		e.Detail = append(e.Detail, line[len(" - "):])
	case strings.HasPrefix(text, "- In ") && len(e.Definitions) < maxItems:
		if m := definition.FindStringSubmatch(head(text)); m != nil {
			e.Definitions = append(e.Definitions, Definition{File: m[1], Value: m[2]})
			return true
		}
	}
	if !reading || !strings.HasPrefix(line, " ") {
		return reading && line == ""
	}
	if d := &e.Definitions[len(e.Definitions)-1]; len(d.Value) < maxValue {
		d.Value = strings.TrimSpace(d.Value + " " + head(text))
	}
	return true
}

// assertions are the failed ones, an error each.
func (e Error) assertions(list string) []Error {
	var out []Error
	for _, text := range strings.Split("\n"+list, "\n- ")[1:] {
		if len(out) == maxItems {
			break
		}
		a := Error{Kind: Assertion, Message: strings.TrimSpace(text), Places: e.Places}
		if o := (Error{Message: a.Message}); o.match(known().messages) && strings.HasPrefix(string(o.Kind), "option-") {
			a.Kind, a.Option, a.Expected = o.Kind, o.Option, o.Expected
		}
		if m := removedIn.FindStringSubmatch(head(a.Message)); m != nil {
			a.Definitions = []Definition{{File: m[1]}}
		}
		out = append(out, a)
	}
	return out
}

// suggestions are the names behind "Did you mean": `a', `b' or `c'; a, b or c.
func suggestions(message string) []string {
	_, text, _ := strings.Cut(message, "Did you mean ")
	text, _, ok := strings.Cut(text, "?")
	if !ok {
		return nil
	}
	var out []string
	for name := range Quoted(text) {
		out = append(out, name)
	}
	if out != nil {
		return out
	}
	for _, word := range strings.Fields(strings.TrimPrefix(text, "one of ")) {
		if word = strings.Trim(word, ","); word != "or" {
			out = append(out, word)
		}
	}
	return out
}
