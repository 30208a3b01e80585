package profile

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// mistake is a way to miss YAML: what the library finds, and what we say.
type mistake struct {
	// found is a regular expression for what the library says, its context first
	// and the bracket that is open behind, and on two further lines what stands
	// before the place and there. If it has a group, our place is behind that.
	found string
	// begin is true if our place is where what is being read begins.
	begin bool
	open  bool // the same, where that bracket is
	code  Code // CodeSyntax unless it says otherwise
	// what may name the character at the place by %s.
	what, why, hint string
}

const (
	quoteIt      = "put the value in quotes"
	closeBracket = "put one between the entries, or close the bracket before them"
	closeQuote   = "close it, or write the text without quotes"
	plainSight   = "profiles share values in plain sight"
	moveShared   = "move what is shared to defaults, a group, or a profile listed under extends"
	indentWhy    = "its indentation matches no line above"
)

// mistakes are in order: the first that matches counts.
var mistakes = []mistake{
	{found: `quoted scalar.*end of stream`, begin: true, what: "the quote is never closed", hint: closeQuote},
	{found: `quoted scalar.*document indicator`, begin: true, what: "the quote is never closed",
		why: "a document ends before it", hint: closeQuote},
	{found: `quoted scalar.*(?:escape|hexadecimal).*\n(.*)\n?\\`, what: "the escape in this text is not valid",
		why:  `double quotes know \n, \t, \", \\, \xNN, \uNNNN and a few more`,
		hint: "double the backslash, or use single quotes"},
	{found: `cannot start any token.*\n.*\n\t|^.*tab`, what: "a tab indents this line",
		why: "YAML indents with spaces only", hint: "use two spaces"},
	{found: `cannot start any token`, what: "a value cannot start with %s", why: "YAML reserves it", hint: quoteIt},
	{found: `max depth`, code: CodeLimit, what: tooDeep,
		why: "no profile needs that"},

	{found: `unknown anchor|an alias`, code: CodeFeature, what: "an alias", why: plainSight,
		hint: moveShared + "; put the value in quotes if it is text"},
	{found: `an anchor`, code: CodeFeature, what: "an anchor", why: plainSight, hint: moveShared},
	{found: `a tag|tag handle`, code: CodeFeature, what: "a YAML tag", why: "profiles hold plain values only",
		hint: "delete it, and put the value in quotes if it is text"},
	{found: `document-end marker`, code: CodeFeature, what: "a second YAML document starts here",
		why: "a profile is one document", hint: "put it into a file of its own and list that under extends"},

	{found: `sequence entries are not allowed`, what: "a list entry on the line of its key",
		hint: `start a new line before the "-"`},
	{found: `mapping keys are not allowed`, what: "a key that starts with ?", why: "profiles have plain keys",
		hint: "write key: value"},
	{found: `values are not allowed.*\n(.*\S:\s+)`, what: "a second key on this line", why: "a line holds one key: value",
		hint: "put the value in quotes if it is text, else start a new line"},
	{found: `values are not allowed.* [[{]\n(\s*)`, what: "a comma is missing before this", hint: closeBracket},
	{found: `values are not allowed.*\n(\s*)`, code: CodeKey, what: "a key over several lines", why: "a key is one line",
		hint: "is a colon missing on the line above?"},
	{found: `expected ':'`, begin: true, what: "a key without a value", why: "a line of a map is key: value",
		hint: "add a colon and a space"},

	{found: `(?:',' or|node content).* \[\n.*\n(?:$|---|\.\.\.)`, open: true, what: `the "[" is never closed`, hint: `close it with "]"`},
	{found: `(?:',' or|node content).* \{\n.*\n(?:$|---|\.\.\.)`, open: true, what: `the "{" is never closed`, hint: `close it with "}"`},
	{found: `',' or '}'.*\n.*\n:`, what: "a second colon in one entry", why: "an entry is one key: value", hint: quoteIt},
	{found: `',' or '}'.*\n(.*[{,\s])?[^\s{,]+:\n`, what: "a colon without a space between braces", why: "it can be read in two ways",
		hint: "put a space behind the colon, or the whole text in quotes"},
	{found: `',' or`, what: "a comma is missing before this", hint: closeBracket},
	{found: `node content.*\n.*\n,`, what: "a comma without an entry before it", hint: "delete it"},
	{found: `node content.*\n.*\n[]}]`, what: `a "%s" that closes nothing`, hint: "put the value in quotes if it belongs to the text"},
	{found: `node content`, what: "a value cannot start like this", hint: "put it in quotes"},

	{found: `expected key.*\n *\n- `, what: "a list entry among keys", why: "a line of a map is key: value",
		hint: "indent the list below its key"},
	{found: `expected (?:key|'-' indicator).*\n *\n`, what: "this line is indented too far", why: indentWhy,
		hint: "align it with its siblings"},
	{found: `expected (?:key|'-' indicator)`, what: "text behind the end of a value",
		hint: "put the whole value in quotes, or start a new line"},
	{found: `<document start>`, what: "this belongs to nothing above", why: "its indentation matches no line before it",
		hint: "align it with its siblings"},
	{found: `block scalar`, what: "text behind the start of a block", hint: "put it on lines of its own, or in quotes"},
	{found: `without preceding whitespace`, what: "a comment right behind a value",
		hint: "put a space before the #, or the value in quotes"},
}

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
	before, after := t.src[t.lines[at.line-1]:at.off], t.src[at.off:at.off+at.lineLeft()]
	open, bracket := t.openBracket(at.off)
	finding := load.ContextMsg + " " + load.Message + " " + bracket + "\n" + before + "\n" + after
	for _, m := range mistakes {
		groups := regexp.MustCompile(m.found).FindStringSubmatch(finding)
		switch {
		case groups == nil:
			continue
		case m.begin:
			at.to(load.ContextMark.Line, load.ContextMark.Column)
		case m.open:
			p.Pos = t.pos(open)
			at.to(p.Pos.Line, p.Pos.Column)
		case len(groups) > 1:
			at.to(at.line, 1+utf8.RuneCountInString(groups[1]))
		}
		r, _ := utf8.DecodeRuneInString(t.src[at.off:])
		p.What, p.Why, p.Hint = strings.Replace(m.what, "%s", string(r), 1), m.why, m.hint
		p.Code = cmp.Or(m.code, CodeSyntax)
		break
	}
	p.Pos = at.pos()
	return p
}

// openBracket is the last bracket before off that is not closed before off, as
// far as one can tell without regard to quotes.
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
	return 0, ""
}

var tooDeep = fmt.Sprintf("values nest deeper than %d levels", MaxDepth)
