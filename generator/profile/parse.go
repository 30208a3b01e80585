package profile

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// Parse reads one YAML document, a map, as profiles are read: with positions,
// and with the limits and refusals of the package. The error is Problems.
func Parse(name string, data []byte) (*Node, error) {
	root, _, problems := parse(name, data)
	if err := problems.err(); err != nil {
		return nil, err
	}
	return root, nil
}

// parse reads one YAML document. The lexer is goccy/go-yaml's; the tree is
// built here and not by its parser, because that one takes quadratic time and
// memory in the number of siblings (10,000 hosts: 0.6 s and 660 MB, against
// 0.1 s), recurses once a sibling, and stops at the first problem.
//
// Positions and pointers are those of data as given.
func parse(name string, data []byte) (*Node, *text, Problems) {
	t, problem := newText(name, data)
	if problem != nil {
		return nil, t, Problems{*problem}
	}
	toks, problem := t.lexemes()
	if problem != nil {
		return nil, t, Problems{*problem}
	}
	p := parser{t: t, toks: toks}
	root := p.document()
	return root, t, p.problems
}

type parser struct {
	t        *text
	toks     []lexeme
	i        int
	depth    int
	problems Problems
	// broken stops the parser: after an error of structure nothing that
	// follows can be trusted.
	broken bool
}

// eof is the token behind the last.
const eof = token.UnknownType

func (p *parser) peek() lexeme { return p.at(0) }

func (p *parser) at(n int) lexeme {
	if p.broken || p.i+n >= len(p.toks) {
		return lexeme{typ: eof}
	}
	return p.toks[p.i+n]
}

// skip consumes n tokens, or those that are left.
func (p *parser) skip(n int) { p.i = min(p.i+n, len(p.toks)) }

// last is the token before the next one.
func (p *parser) last() lexeme { return p.toks[p.i-1] }

func (p *parser) pos(lx lexeme) Pos { return Pos{p.t.name, lx.line, lx.col} }

// fail records a problem of structure and stops the parser.
func (p *parser) fail(lx lexeme, what, why, hint string) {
	if !p.broken {
		p.note(lx, Problem{Code: CodeSyntax, What: what, Why: why, Hint: hint})
	}
	p.broken = true
}

// note records a problem that the parser can read on after.
func (p *parser) note(lx lexeme, problem Problem) {
	if lx.typ == eof && p.i > 0 {
		lx = p.last()
	}
	if !problem.Pos.IsValid() {
		problem.Pos = p.pos(lx)
		problem.width = p.width(lx.start, lx.end)
	}
	p.problems = append(p.problems, problem)
	if len(p.problems) > maxProblems {
		p.broken = true // nobody reads on
	}
}

// width is the number of characters from start to end on the first line.
func (p *parser) width(start, end int) int {
	s := p.t.src[start:max(start, end)]
	s, _, _ = strings.Cut(s, "\n")
	return utf8.RuneCountInString(strings.TrimRight(s, " \t"))
}

func (p *parser) document() *Node {
	if p.peek().typ == token.DirectiveType {
		lx := p.peek()
		p.note(lx, Problem{Code: CodeFeature, What: "a YAML directive", Why: "profiles do without", Hint: "delete the line"})
		return nil
	}
	if p.peek().typ == token.DocumentHeaderType {
		p.i++
	}
	first := p.peek()
	if first.typ == eof || first.typ == token.DocumentEndType {
		if !p.broken {
			p.problems = append(p.problems, Problem{Pos: Pos{p.t.name, 1, 1}, Code: CodeSyntax,
				What: "the profile is empty", Hint: "quick-deploy init writes one to start from"})
		}
		return nil
	}
	root := p.block(0, "")
	if p.peek().typ == token.DocumentEndType {
		p.i++
	}
	if rest := p.peek(); rest.typ == token.DocumentHeaderType || rest.typ == token.DocumentEndType ||
		rest.typ != eof && p.last().typ == token.DocumentEndType {
		p.note(rest, Problem{Code: CodeFeature, What: "a second YAML document starts here", Why: "a profile is one document",
			Hint: "put it into a file of its own and list that under extends"})
	} else if rest.typ != eof {
		p.fail(rest, "this belongs to nothing above", "its indentation matches no line before it", "align it with its siblings")
	}
	if root != nil && root.Kind != Map && !p.broken {
		p.problems = append(p.problems, Problem{Pos: root.Pos, width: root.width, Code: CodeType,
			What: "a profile is a map, found " + root.brief(), Hint: "start with version: 1"})
	}
	return root
}

// properties consumes anchors, tags and the like before a value: each is a
// problem, and the value is read on without it. It reports whether there were any.
func (p *parser) properties() (found bool) {
	for {
		lx := p.peek()
		switch lx.typ {
		case token.AnchorType:
			p.note(lx, Problem{Code: CodeFeature, What: "an anchor (&" + p.at(1).value + ")", Why: "profiles share values in plain sight",
				Hint: "move what is shared to defaults, a group, or a profile listed under extends"})
			p.skip(2)
			found = true
		case token.TagType:
			p.note(lx, Problem{Code: CodeFeature, What: "a YAML tag (" + lx.value + ")", Why: "profiles hold plain values only",
				Hint: "delete it, and put the value in quotes if it is text"})
			p.i++
			found = true
		default:
			return found
		}
	}
}

// block reads the value that starts at the next token, in block context.
// Its lines lie right of column indent.
func (p *parser) block(indent int, pointer string) (n *Node) {
	if !p.enter() {
		return nil
	}
	defer func() { p.depth-- }()
	if p.properties() {
		defer func() { n.spoil() }()
	}
	lx := p.peek()
	switch lx.typ {
	case token.SequenceEntryType:
		return p.blockList(lx.col, pointer)
	case token.MappingKeyType:
		p.fail(lx, "a key that starts with ?", "profiles have plain keys", "write key: value")
		return nil
	case token.SequenceStartType, token.MappingStartType:
		n = p.flow(pointer)
		if next := p.peek(); next.typ == token.MappingValueType && next.line == lx.line {
			p.fail(lx, "a key that is a list or a map", "keys are text", "put it in quotes if it is text")
		}
		return n
	}
	if p.isKey() {
		return p.blockMap(lx.col, pointer)
	}
	return p.scalar(pointer)
}

// spoil marks a value that is reported already.
func (n *Node) spoil() {
	if n != nil {
		n.bad = true
	}
}

func (p *parser) enter() bool {
	p.depth++
	if p.depth <= MaxDepth {
		return true
	}
	lx := p.peek()
	if !p.broken {
		p.note(lx, Problem{Code: CodeLimit, What: fmt.Sprintf("values nest deeper than %d levels", MaxDepth), Why: "no profile needs that"})
		p.broken = true
	}
	p.depth--
	return false
}

// isKey reports whether the next token is a key of a block map.
func (p *parser) isKey() bool {
	lx, n := p.peek(), 1
	switch lx.typ {
	case token.MappingValueType:
		return true // an empty key, refused by key
	case token.AliasType:
		n = 2
	case token.StringType, token.SingleQuoteType, token.DoubleQuoteType, token.MergeKeyType:
	default:
		return false
	}
	if lx.block {
		return false
	}
	colon := p.at(n)
	return colon.typ == token.MappingValueType && colon.line == p.at(n-1).endLine
}

func (p *parser) blockList(col int, pointer string) *Node {
	start := p.peek()
	n := &Node{Kind: List, Pos: p.pos(start), Pointer: pointer, width: 1}
	defer p.close(n, start)
	for {
		dash := p.peek()
		if dash.typ != token.SequenceEntryType || dash.col != col {
			break
		}
		p.i++
		item := pointer + "/" + strconv.Itoa(len(n.Items))
		next := p.peek()
		var v *Node
		if next.typ == eof || isEnd(next) || next.line > dash.line && next.col <= col {
			v = p.null(dash, item)
		} else {
			v = p.block(col, item)
		}
		if p.broken {
			return n
		}
		n.Items = append(n.Items, v)
		if !p.lineEnds(col) {
			return n
		}
	}
	return n
}

// close ends the span of n, which started at start, behind the last token.
func (p *parser) close(n *Node, start lexeme) {
	n.span = span{int32(start.start), int32(p.last().end)}
}

func isEnd(lx lexeme) bool {
	return lx.typ == token.DocumentHeaderType || lx.typ == token.DocumentEndType
}

// lineEnds checks that a new line starts at the next token and that it lies
// no deeper than col. It reports whether the parser may go on.
func (p *parser) lineEnds(col int) bool {
	next := p.peek()
	if next.typ == eof || isEnd(next) {
		return !p.broken
	}
	if !next.firstOnLine {
		p.unexpected(next)
		return false
	}
	if next.col > col {
		p.fail(next, "this line is indented too far", "its indentation matches no line above", "align it with its siblings")
		return false
	}
	return true
}

// unexpected is what follows a value on its line.
func (p *parser) unexpected(lx lexeme) {
	switch lx.typ {
	case token.MappingValueType:
		p.fail(lx, "a second \": \" on this line", "a line holds one key", "put the value in quotes")
	case token.SequenceEndType, token.MappingEndType:
		p.fail(lx, "a "+strconv.Quote(lx.value)+" that closes nothing", "", "put the value in quotes if it belongs to the text")
	default:
		p.fail(lx, "text behind the end of a value", "", "put the whole value in quotes, or start a new line")
	}
}

func (p *parser) blockMap(col int, pointer string) *Node {
	start := p.peek()
	n := &Node{Kind: Map, Pos: p.pos(start), Pointer: pointer, width: 1}
	defer p.close(n, start)
	keys := keySet{}
	for {
		lx := p.peek()
		if lx.typ == eof || isEnd(lx) || lx.col != col {
			break
		}
		if lx.typ == token.AnchorType || lx.typ == token.TagType {
			p.properties()
			lx = p.peek()
		}
		if !p.isKey() {
			what := "a key without a value"
			why := "a line of a map is key: value"
			hint := "add a colon and a space"
			if lx.typ == token.SequenceEntryType {
				what, hint = "a list entry among keys", "indent the list below its key"
			}
			p.fail(lx, what, why, hint)
			return n
		}
		key, keep := p.key()
		colon := p.peek()
		p.i++
		child := pointerTo(pointer, key)
		next := p.peek()
		var v *Node
		switch {
		case next.typ == eof || isEnd(next):
			v = p.null(colon, child)
		case next.line == colon.line:
			v = p.sameLine(col, child)
		case next.col > col:
			v = p.block(col, child)
		case next.col == col && next.typ == token.SequenceEntryType:
			v = p.block(col-1, child)
		default:
			v = p.null(colon, child)
		}
		if p.broken {
			return n
		}
		if keep && keys.add(p, lx, key) {
			n.Fields = append(n.Fields, Field{Key: key, KeyPos: p.pos(lx), Value: p.release(key, v), span: span{int32(lx.start), int32(colon.end)}})
		}
		if !p.lineEnds(col) {
			return n
		}
	}
	return n.seal()
}

// sameLine reads the value that starts on the line of its key.
func (p *parser) sameLine(col int, pointer string) (n *Node) {
	if p.properties() {
		defer func() { n.spoil() }()
	}
	lx := p.peek()
	key := p.last()
	switch {
	case lx.typ == eof || isEnd(lx):
		return p.null(key, pointer)
	case lx.line > key.line && lx.col <= col:
		return p.null(key, pointer)
	case lx.line > key.line:
		return p.block(col, pointer)
	case lx.typ == token.SequenceEntryType:
		p.fail(lx, "a list entry on the line of its key", "", "start a new line before the \"-\"")
		return nil
	case p.isKey():
		p.fail(lx, "a second key on this line", "a line holds one key: value", "put the value in quotes if it is text, else start a new line")
		return nil
	}
	return p.block(col, pointer)
}

// keySet finds keys written twice.
type keySet map[string]Pos

func (s keySet) add(p *parser, lx lexeme, key string) bool {
	if first, dup := s[key]; dup {
		p.note(lx, Problem{Code: CodeDuplicate, What: "the key " + quoteShort(key) + " is here twice",
			Why:  fmt.Sprintf("it is already set at %s", first),
			Hint: "keep one of them"})
		return false
	}
	s[key] = p.pos(lx)
	return true
}

// key consumes a key. It reports false if the key is refused and only its
// value is to be checked.
func (p *parser) key() (string, bool) {
	lx := p.peek()
	switch lx.typ {
	case token.MappingValueType:
		p.note(lx, Problem{Code: CodeKey, What: "a value without a key", Hint: "write key: value"})
		return "", false
	case token.MergeKeyType:
		p.i++
		p.note(lx, Problem{Code: CodeFeature, What: "a merge key (<<)", Why: "profiles merge in layers",
			Hint: "move what is shared to defaults, a group, or a profile listed under extends"})
		return "<<", false
	case token.AliasType:
		p.skip(2)
		p.note(lx, Problem{Code: CodeFeature, What: "an alias as a key", Why: "keys are text"})
		return "", false
	}
	p.i++
	key := lx.value
	if lx.endLine != lx.line {
		p.note(lx, Problem{Code: CodeKey, What: "a key over several lines", Why: "a key is one line", Hint: "is a colon missing on the first?"})
		return key, false
	}
	if len(key) > maxKey {
		p.note(lx, Problem{Code: CodeLimit, What: fmt.Sprintf("a key longer than %d bytes", maxKey)})
		return key[:0], false
	}
	if problem := p.checkString(lx); problem != nil {
		p.note(lx, *problem)
		return key, false
	}
	if !lx.plain {
		return key, true
	}
	if kind, _, problem := plainScalar(key); kind != String || problem != nil {
		if problem == nil {
			problem = &Problem{Code: CodeKey, What: "the key " + key + " is " + kind.String(), Why: "keys are text",
				Hint: "put it in quotes: " + strconv.Quote(key)}
			if kind == Null {
				problem.What = "the key " + key + " means nothing (null)"
			}
		}
		p.note(lx, *problem)
		return key, false
	}
	return key, true
}

// checkString refuses text that the lexer has not read as written, and NUL.
func (p *parser) checkString(lx lexeme) *Problem {
	if lx.typ == token.DoubleQuoteType {
		if off, bad := badEscape(p.t.src[lx.start:lx.end]); bad {
			return &Problem{Pos: p.t.pos(lx.start + off), width: 2, Code: CodeSyntax, What: "the escape " + strconv.Quote(shortEscape(p.t.src[lx.start+off:lx.end])) + " is not valid",
				Why:  "double quotes know \\n, \\t, \\\", \\\\, \\xNN, \\uNNNN and a few more",
				Hint: "double the backslash, or use single quotes"}
		}
	}
	if strings.IndexByte(lx.value, 0) >= 0 {
		return &Problem{Code: CodeEncoding, What: "the text holds a NUL character", Why: "Nix cannot hold one"}
	}
	return nil
}

func shortEscape(s string) string {
	r := []rune(s)
	return string(r[:min(len(r), 2)])
}

// null is the value that is missing behind lx, a key, a colon or a dash.
func (p *parser) null(lx lexeme, pointer string) *Node {
	pos := p.pos(lx)
	pos.Column += p.width(lx.start, lx.end)
	return &Node{Kind: Null, Pos: pos, Pointer: pointer, width: 1, span: span{int32(lx.end), int32(lx.end)}}
}

// scalar reads a scalar of any style.
func (p *parser) scalar(pointer string) *Node {
	lx := p.peek()
	n := &Node{Pos: p.pos(lx), Pointer: pointer, width: p.width(lx.start, lx.end), span: span{int32(lx.start), int32(lx.end)}}
	switch lx.typ {
	case token.StringType:
		p.i++
		kind, v, problem := plainScalar(lx.value)
		if problem != nil {
			p.note(lx, *problem)
			kind, v = String, lx.value
			n.bad = true
		}
		n.Kind, n.Scalar = kind, v
	case token.SingleQuoteType, token.DoubleQuoteType:
		p.i++
		n.Kind, n.Scalar = String, lx.value
		if problem := p.checkString(lx); problem != nil {
			p.note(lx, *problem)
			n.bad = true
		}
	case token.LiteralType, token.FoldedType:
		p.i++
		n.Kind, n.Scalar = String, ""
		if content := p.peek(); content.block {
			p.i++
			n.Scalar = content.value
			n.span.to = int32(content.end)
		}
	case token.AliasType:
		p.note(lx, Problem{Code: CodeFeature, What: "an alias (*" + p.at(1).value + ")", Why: "profiles share values in plain sight",
			Hint: "move what is shared to defaults, a group, or a profile listed under extends; put the value in quotes if it is text"})
		p.skip(2)
		n.bad = true
	case token.MergeKeyType:
		p.i++
		n.Kind, n.Scalar = String, lx.value
	case token.MappingKeyType:
		p.fail(lx, "a key that starts with ?", "profiles have plain keys", "write key: value")
	case token.DirectiveType:
		p.fail(lx, "a value cannot start with %", "YAML reserves it", "put the value in quotes")
	case eof:
		if !p.broken && p.i > 0 {
			p.fail(p.last(), "a value is missing here", "", "")
		}
	default:
		p.unexpected(lx)
	}
	return n
}

// release turns `release: 26.05` into the text it was meant to be and says so:
// as a number 25.10 would be 25.1.
func (p *parser) release(key string, n *Node) *Node {
	if n == nil || n.Kind != Float {
		return n
	}
	if name := key[strings.LastIndexByte(key, '.')+1:]; name != "release" && name != "stateVersion" {
		return n
	}
	written := p.last()
	if !releaseNumber.MatchString(written.value) {
		return n
	}
	p.note(written, Problem{Code: CodeQuote, What: key + " is the number " + written.value,
		Why: "without quotes YAML reads a number, and 25.10 would become 25.1", Hint: "put it in quotes: " + strconv.Quote(written.value)})
	n.Kind, n.Scalar, n.bad = String, written.value, true
	return n
}
