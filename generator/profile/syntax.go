package profile

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// mistake is a way to miss YAML: what the library finds, and what we say.
type mistake struct {
	// Regular expressions for what the library says, with its context before
	// it; the line above; what stands before the place on its line, and what
	// stands there. A group in before ends at our place.
	says, above, before, at string
	// open are the brackets one of which is open there.
	open string

	// Our place is elsewhere: where what is being read begins, or at the open bracket.
	begin, bracket bool

	code Code // CodeSyntax unless it says otherwise
	// what may name the word at our place by %s, and its first character by %c; hint
	// the entry with its value in quotes by %q, and the spaces that the line needs by %d.
	what, why, hint string
	// indented makes what and hint tell how the line is indented, and how it should be.
	indented bool
}

const (
	quoteIt      = "put the value in quotes"
	writeQuoted  = "%q"
	useSpaces    = "use %d spaces"
	closeQuote   = "close it, or write the text without quotes"
	closeBracket = "put one between the entries, or close the bracket before them"
	plainSight   = "profiles share values in plain sight"
	moveShared   = "move what is shared to defaults, a group, or a profile listed under extends"
	maybeText    = "; put the value in quotes if it is text"
	plainOnly    = "profiles hold plain values only"
	noTag        = "delete it, and put the value in quotes if it is text"
	theEnd       = `^($|---|\.\.\.)`
)

// tooDeep is what the library finds by itself or by our count.
var tooDeep = fmt.Sprintf("values nest deeper than %d levels", MaxDepth)

// mistakes are in order: the first that fits counts.
var mistakes = []mistake{
	{says: "quoted scalar.*end of stream", begin: true, what: "the quote is never closed", hint: closeQuote},
	{says: "quoted scalar.*document indicator", begin: true, what: "the quote is never closed",
		why: "a document ends before it", hint: closeQuote},
	{says: "quoted scalar.*unknown escape", what: badEscape, why: knownEscapes, hint: doubleBackslash},
	{says: "quoted scalar", before: `(.*)\\`, what: badEscape, why: knownEscapes, hint: doubleBackslash},
	{says: "cannot start any token", at: `^\t`, what: tabIndents, why: spacesOnly, hint: useSpaces},
	{says: "cannot start any token", what: "a value cannot start with %c", why: "YAML reserves it", hint: writeQuoted},
	{says: `\btabs?\b`, what: tabIndents, why: spacesOnly, hint: useSpaces},
	{says: "max depth", code: CodeLimit, what: tooDeep, why: "no profile needs that"},

	{says: "unknown anchor", code: CodeFeature, what: "an alias (%s)", why: plainSight, hint: moveShared + maybeText},
	{says: "an alias", begin: true, code: CodeFeature, what: "an alias (%s)", why: plainSight,
		hint: moveShared + maybeText},
	{says: "an anchor", begin: true, code: CodeFeature, what: "an anchor (%s)", why: plainSight, hint: moveShared},
	{says: "a tag|tag handle", begin: true, code: CodeFeature, what: "a YAML tag (%s)", why: plainOnly, hint: noTag},
	{says: "a directive", begin: true, code: CodeFeature, what: "a YAML directive", why: "profiles do without",
		hint: "delete the line"},
	{says: "document-end marker", code: CodeFeature, what: "a second YAML document starts here",
		why: "a profile is one document", hint: "put it into a file of its own and list that under extends"},

	{says: "sequence entries are not allowed", what: "a list entry on the line of its key",
		hint: `start a new line before the "-"`},
	{says: "mapping keys are not allowed", what: "a key that starts with ?", why: "profiles have plain keys",
		hint: "write key: value"},
	{says: "values are not allowed", before: `(.*\S:\s+)`, what: "a second key on this line",
		why: "a line holds one key: value", hint: "%q if it is text, or start a new line"},
	{says: "values are not allowed", before: `(\s*)`, open: "[{", what: "a comma is missing before this",
		hint: closeBracket},
	{says: "values are not allowed", above: `\S:\s+[^\s#]`, before: `(\s*)`, indented: true},
	{says: "values are not allowed", before: `(\s*)`, code: CodeKey, what: "a key over several lines",
		why: "a key is one line", hint: "is a colon missing on the line above?"},
	{says: "expected ':'", begin: true, what: "a key without a value", why: "a line of a map is key: value",
		hint: "add a colon and a space"},

	{says: "',' or|node content", at: theEnd, open: "[", bracket: true, what: `the "[" is never closed`,
		hint: `close it with "]"`},
	{says: "',' or|node content", at: theEnd, open: "{", bracket: true, what: `the "{" is never closed`,
		hint: `close it with "}"`},
	{says: "',' or '}'", before: `^(\s*)\S+$`, at: "^:", what: "a comma is missing before this", hint: closeBracket},
	{says: "',' or '}'", at: "^:", what: "a second colon in one entry", why: "an entry is one key: value",
		hint: writeQuoted},
	{says: "',' or '}'", before: `(.*[{,\s]|)[^{,\s]+:$`, what: "a colon without a space between braces",
		why: "it can be read in two ways", hint: "put a space behind the colon, or the whole text in quotes"},
	{says: "',' or", what: "a comma is missing before this", hint: closeBracket},
	{says: "node content", at: "^,", what: "a comma without an entry before it", hint: "delete it"},
	{says: "node content", at: "^[]}]", what: `a "%c" that closes nothing`,
		hint: "put the value in quotes if it belongs to the text"},
	{says: "node content", what: "a value cannot start like this", hint: "put it in quotes"},

	{says: "expected key", before: `^\s*$`, at: "^-", what: "a list entry among keys",
		why: "a line of a map is key: value", hint: "indent the list below its key"},
	{says: "expected (key|'-' indicator)", before: `^\s*$`, indented: true},
	{says: "expected (key|'-' indicator)", what: "text behind the end of a value",
		hint: "put the whole value in quotes, or start a new line"},
	{says: "<document start>", indented: true},
	{says: "block scalar", what: "text behind the start of a block", hint: "put it on lines of its own, or in quotes"},
	{says: "without preceding whitespace", what: "a comment right behind a value",
		hint: "put a space before the #, or the value in quotes"},
}

const (
	badEscape       = "the escape in this text is not valid"
	knownEscapes    = `double quotes know \n, \t, \", \\, \xNN, \uNNNN and a few more`
	doubleBackslash = "double the backslash, or use single quotes"
	tabIndents      = "a tab indents this line"
	spacesOnly      = "YAML indents with spaces only"
)

// syntax words an error of the library.
func (t *text) syntax(err error) Problem {
	p := Problem{Pos: Pos{t.name, 1, 1}, Code: CodeSyntax, What: "this is not YAML", Why: err.Error()}
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		return p
	}
	p.Why = load.Message
	at := cursor{t: t, line: 1, col: 1}
	at.to(load.Mark.Line, load.Mark.Column)
	says := load.ContextMsg + ": " + load.Message
	above := strings.TrimRight(t.src[:t.lines[at.line-1]], " \t\n")
	above = above[strings.LastIndexByte(above, '\n')+1:]
	before, rest := t.src[t.lines[at.line-1]:at.off], t.src[at.off:at.off+at.lineLeft()]
	bracket, open := t.openBracket(at.off)
	for _, m := range mistakes {
		place := regexp.MustCompile(m.before).FindStringSubmatchIndex(before)
		if place == nil || !matches(m.says, says) || !matches(m.above, above) || !matches(m.at, rest) ||
			m.open != "" && !strings.Contains(m.open, open) {
			continue
		}
		switch {
		case m.begin:
			at.to(load.ContextMark.Line, load.ContextMark.Column)
		case m.bracket:
			pos := t.pos(bracket)
			at.to(pos.Line, pos.Column)
		case len(place) > 2:
			at.to(at.line, 1+utf8.RuneCountInString(before[:place[3]]))
		}
		char, _ := utf8.DecodeRuneInString(t.src[at.off:])
		p.What = strings.NewReplacer("%s", t.word(at.off), "%c", string(char)).Replace(m.what)
		p.Why, p.Code = m.why, cmp.Or(m.code, CodeSyntax)
		p.Hint = strings.NewReplacer("%q", t.inQuotes(at.line, at.off, open), "%d", strconv.Itoa(t.spaces(at.line))).
			Replace(m.hint)
		if m.indented {
			p.What, p.Hint = t.misindented(at.line)
		}
		break
	}
	p.Pos = at.pos()
	return p
}

// What a file of Nix begins with behind its comments, and what has an end of its own in it.
var (
	nixBegins = lazyregexp.New(`^(?:\s|#[^\n]*\n|/\*[^*]*\*/)*(?:[{\[(]|let\s|with\s|rec\s|[a-z]+\s*:\s*[{\n])`)
	nixEnds   = lazyregexp.New(`(?m);\s*(?:[#}\]].*)?$|^\s*in\b`)
)

// isNix reports whether a text that is no profile looks like Nix.
func (t *text) isNix() bool {
	return nixBegins.MatchString(t.src) && (nixEnds.MatchString(t.src) || strings.HasSuffix(t.name, ".nix"))
}

func matches(pattern, s string) bool { return regexp.MustCompile(pattern).MatchString(s) }

// word is what stands at off up to white space or what separates values.
func (t *text) word(off int) string {
	end := strings.IndexAny(t.src[off:], " \t\n,[]{}")
	if end < 0 {
		return t.src[off:]
	}
	return t.src[off : off+end]
}

// openBracket is the last bracket before off that is not closed before off, as
// far as one can tell without regard to quotes: "-" if there is none.
func (t *text) openBracket(off int) (at int, bracket string) {
	closed := 0
	for off--; off >= 0; off-- {
		switch c := t.src[off]; c {
		case ']', '}':
			closed++
		case '[', '{':
			if closed--; closed < 0 {
				return off, string(c)
			}
		}
	}
	return 0, "-"
}

// entry is a key and its value on one line, behind what a list or a map in brackets starts with.
var entry = lazyregexp.New(`^[\s{\[,-]*([A-Za-z0-9_.+-]+):\s+(\S.*)$`)

// inQuotes is a hint that shows the entry around off, whose last open bracket is open, with its value in quotes.
func (t *text) inQuotes(line, off int, open string) string {
	const longest = 60 // characters that a hint repeats
	start := t.lines[line-1]
	from, to := start, start+len(t.line(line))
	if open != "-" {
		from = max(start, start+strings.LastIndexAny(t.src[start:off], "{[,")+1)
		if end := strings.IndexAny(t.src[off:to], ",]}"); end >= 0 {
			to = off + end
		}
	}
	text, _, _ := strings.Cut(t.src[from:to], " #")
	m := entry.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil || utf8.RuneCountInString(m[2]) > longest || strings.ContainsAny(m[2], `"\'`) {
		return quoteIt
	}
	return "write " + m[1] + `: "` + m[2] + `"`
}
