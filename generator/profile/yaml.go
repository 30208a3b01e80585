package profile

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
	"go.yaml.in/yaml/v4/plugin/loaderlimits"
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

// parse reads one YAML document. Syntax is go.yaml.in/yaml's business; what
// its nodes do not tell, where values end, is found in the text.
// Positions and pointers are those of data as given.
func parse(name string, data []byte) (*Node, *text, Problems) {
	t, problem := newText(name, data)
	if problem != nil {
		return nil, t, Problems{*problem}
	}
	first, next, err := documents(t.src)
	if (err != nil || !named(first)) && t.isNix() {
		return nil, t, Problems{{Pos: Pos{name, 1, 1}, width: t.width(span{0, int32(len(t.src))}), Code: CodeSyntax,
			What: "this is Nix, not YAML", Hint: "quick-deploy init --adopt PATH takes a configuration over"}}
	}
	var problems Problems
	if err != nil {
		if t, first, problems = t.mended(err); first == nil {
			return nil, t, problems
		}
	}
	if first == nil || isNothing(first) {
		return nil, t, Problems{{Pos: Pos{name, 1, 1}, Code: CodeSyntax, What: "the profile is empty",
			Hint: "delete it, and run quick-deploy init, which writes one"}}
	}
	r := reader{cursor: cursor{t: t, line: 1, col: 1}, problems: problems}
	root := r.value(first, "")
	switch {
	case next != nil:
		t.lost = append(t.lost, next.Line)
		r.note(Problem{Pos: Pos{name, next.Line, next.Column}, Code: CodeFeature, What: "a second YAML document starts here",
			Why: "a profile is one document", Hint: "put it into a file of its own and list that under extends"})
	case root.Kind != Map:
		r.note(Problem{Pos: root.Pos, width: root.width, Code: CodeType, What: "this is not a profile, but " + root.brief(),
			Why:  "a profile is lines of key: value, from version: 1 on",
			Hint: "quick-deploy init writes one where there is none"})
	}
	return root, t, r.problems
}

// documents loads the first document of src, nil if there is none, and the
// beginning of a second one. It contains panics of the library, since what it
// is given may be hostile.
func documents(src string) (first, second *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the YAML library failed: %v", r)
		}
	}()
	limits := loaderlimits.New(loaderlimits.DepthValue(MaxDepth), loaderlimits.AliasNone())
	loader, err := yaml.NewLoader(strings.NewReader(src), yaml.WithPlugin(limits))
	if err != nil {
		return nil, nil, err
	}
	var docs [2]yaml.Node
	for i := range docs {
		if err := loader.Load(&docs[i]); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, nil, err
		}
	}
	if docs[1].Kind != 0 {
		second = &docs[1]
	}
	if len(docs[0].Content) == 1 {
		first = docs[0].Content[0]
	}
	return first, second, nil
}

// named reports whether y is a map whose first key is no list and no map.
func named(y *yaml.Node) bool {
	return y != nil && y.Kind == yaml.MappingNode && (len(y.Content) == 0 || y.Content[0].Kind == yaml.ScalarNode)
}

// isNothing reports whether y is a value that is not written.
func isNothing(y *yaml.Node) bool {
	return y.Kind == yaml.ScalarNode && y.Value == "" && y.Style == 0 && y.Anchor == ""
}

// directive is the number of the line that holds a directive, 0 for none.
func (t *text) directive() int {
	for n := 1; n <= len(t.lines); n++ {
		switch line := t.line(n); {
		case strings.HasPrefix(line, "%"):
			return n
		case strings.Trim(line, " \t") != "" && !strings.HasPrefix(line, "#"):
			return 0
		}
	}
	return 0
}

// reader turns nodes of the library into ours. Its cursor goes through the
// text along with them, and stands behind the last one.
type reader struct {
	cursor
	above    int // lines of the text before what the library has read
	depth    int
	problems Problems
}

func (r *reader) note(p Problem) {
	if len(r.problems) <= maxProblems {
		r.problems = append(r.problems, p)
	}
}

// value reads y, whose place is at the cursor if it is not written.
func (r *reader) value(y *yaml.Node, pointer string) *Node {
	n := &Node{Pointer: pointer}
	if isNothing(y) {
		n.Pos, n.width = r.pos(), 1
		n.span = span{int32(r.off), int32(r.off)}
		n.bad = slices.Contains(r.t.lost, r.line+1) // what it was is among the lines that were blanked
		return n
	}
	r.to(y.Line+r.above, y.Column)
	if r.depth++; r.depth > MaxDepth {
		r.t.lost = append(r.t.lost, r.line)
		r.note(Problem{Pos: r.pos(), Code: CodeLimit, What: tooDeep, Why: "no profile needs that"})
		return n
	}
	defer func() { r.depth-- }()
	n.bad = r.properties(y)
	n.Pos = r.pos()
	from := r.off
	switch y.Kind {
	case yaml.MappingNode:
		n.Kind = Map
		r.entries(n, y)
	case yaml.SequenceNode:
		n.Kind = List
		r.items(n, y)
	case yaml.AliasNode:
		n.bad = true
		r.refuse()
	default:
		r.scalar(n, y)
	}
	n.span = span{int32(from), int32(r.off)}
	n.torn = slices.ContainsFunc(r.t.lost, func(line int) bool { return line >= n.Pos.Line-1 && line <= r.line+1 })
	n.width = 1
	if y.Kind == yaml.ScalarNode || y.Style&yaml.FlowStyle != 0 {
		n.width = r.t.width(n.span)
	}
	return n
}

// properties refuses the anchor and the tag of y. It reports whether there are any.
func (r *reader) properties(y *yaml.Node) (found bool) {
	if y.Kind != yaml.ScalarNode && y.Anchor == "" && y.Style&yaml.TaggedStyle == 0 {
		return false
	}
	for r.at("&") || r.at("!") {
		r.refuse()
		r.skipTrivia("")
		found = true
	}
	return found
}

// refuse passes an anchor, an alias or a tag.
func (r *reader) refuse() {
	word := r.t.word(r.off)
	p := Problem{Pos: r.pos(), width: utf8.RuneCountInString(word), Code: CodeFeature, Why: plainSight, Hint: moveShared}
	switch word[0] {
	case '&':
		p.What = "an anchor (" + word + ")"
	case '*':
		p.What = "an alias (" + word + ")"
		p.Hint += maybeText
	default:
		p.What, p.Why, p.Hint = "a YAML tag ("+word+")", plainOnly, noTag
	}
	r.note(p)
	r.skip(len(word))
}

func (r *reader) items(n *Node, y *yaml.Node) {
	flow := y.Style&yaml.FlowStyle != 0
	if flow {
		r.skip(1)
	}
	n.Items = make([]*Node, 0, len(y.Content))
	for _, item := range y.Content {
		r.skipTrivia(",")
		stray := flow && item.Kind == yaml.MappingNode && !r.at("{")
		if !flow {
			r.skip(len("-"))
		} else if stray {
			r.note(Problem{Pos: Pos{r.t.name, item.Line + r.above, item.Column}, Code: CodeSyntax,
				What: "a key among list entries", Hint: "put it in braces: {key: value}"})
		}
		v := r.value(item, n.Pointer+"/"+strconv.Itoa(len(n.Items)))
		v.bad = v.bad || stray
		n.Items = append(n.Items, v)
	}
	if flow {
		r.close()
	}
}

func (r *reader) entries(n *Node, y *yaml.Node) {
	flow := r.at("{")
	if flow {
		r.skip(1)
	}
	n.Fields = make([]Field, 0, len(y.Content)/2)
	places := make(map[string]Pos, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		r.skipTrivia(",")
		f, ok := r.key(y.Content[i], flow)
		child := pointerTo(n.Pointer, f.Key)
		v := r.value(y.Content[i+1], child)
		first, twice := places[f.Key]
		switch {
		case !ok:
			r.t.lost = append(r.t.lost, f.KeyPos.Line)
		case twice:
			r.note(Problem{Pos: f.KeyPos, width: r.t.width(f.span), Code: CodeDuplicate,
				What: "duplicate key " + quoteShort(f.Key), Why: fmt.Sprintf("first set at %s", first),
				Hint: "keep one of them"})
		default:
			places[f.Key] = f.KeyPos
			f.Value = r.release(f.Key, v)
			n.Fields = append(n.Fields, f)
		}
	}
	if flow {
		r.close()
	}
	n.seal()
}

// key reads a key and the colon behind it. It reports whether the entry counts.
func (r *reader) key(y *yaml.Node, flow bool) (f Field, ok bool) {
	start := *r
	k := r.value(y, "")
	f = Field{Key: y.Value, KeyPos: k.Pos, span: k.span}
	p := Problem{Pos: k.Pos, width: k.width, Code: CodeKey, Why: "keys are text"}
	switch {
	case start.at("?") && start.off < int(k.span.from):
		p.Pos, p.width, p.Code, p.What = start.pos(), 1, CodeSyntax, "a key that starts with ?"
		p.Why, p.Hint = "profiles have plain keys", "write key: value"
	case k.bad:
		p = Problem{}
	case k.Kind == Map || k.Kind == List:
		p.Code, p.What, p.Hint = CodeSyntax, "a key that is a list or a map", "put it in quotes if it is text"
	case isNothing(y):
		p.What, p.Why, p.Hint = "a value without a key", "", "write key: value"
	case y.Value == "<<" && y.Style == 0:
		p.Code, p.What, p.Why = CodeFeature, "a merge key (<<)", "profiles merge in layers"
		p.Hint = moveShared
	case len(y.Value) > maxKey:
		p.Code, p.What, p.Why = CodeLimit, fmt.Sprintf("a key longer than %d bytes", maxKey), ""
	case k.Kind != String:
		p.What = "the key " + y.Value + " is " + k.Kind.String()
		p.Hint = "put it in quotes: " + strconv.Quote(y.Value)
		if k.Kind == Null {
			p.What = "the key " + y.Value + " means nothing (null)"
		}
	case r.line != k.Pos.Line:
		p.What, p.Why, p.Hint = "a key over several lines", "a key is one line", "is a colon missing on the first?"
	case flow && y.Style == 0 && strings.Contains(y.Value, ":"):
		p.Code, p.What, p.Why = CodeSyntax, "a colon without a space between braces", "it can be read in two ways"
		p.Hint = "put a space behind the colon, or the whole text in quotes"
	default:
		ok = true
	}
	if p.What != "" {
		r.note(p)
	}
	ahead := r.cursor
	if ahead.skipTrivia(""); ahead.at(":") {
		ahead.skip(1)
		r.cursor = ahead
		f.span.to = int32(r.off)
	}
	return f, ok
}

// scalar reads a scalar of any style. Text without quotes has the type that
// the core schema of YAML 1.2 gives it.
func (r *reader) scalar(n *Node, y *yaml.Node) {
	n.Kind, n.Scalar = String, y.Value
	var problem *Problem
	switch y.Style &^ yaml.TaggedStyle {
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		r.skipQuoted()
	case yaml.LiteralStyle, yaml.FoldedStyle:
		r.skip(r.lineLeft())
		r.skipWritten(y.Value)
	default:
		r.skipWritten(y.Value)
		if n.Kind, n.Scalar, problem = plainScalar(y.Value); problem != nil {
			n.Kind, n.Scalar = String, y.Value
		}
	}
	if r.broken(n) {
		n.Kind, n.Scalar, n.bad = Null, nil, true
		return
	}
	if strings.IndexByte(y.Value, 0) >= 0 {
		problem = &Problem{Code: CodeEncoding, What: "the text holds a NUL character", Why: "Nix cannot hold one"}
	}
	if problem != nil {
		problem.Pos, problem.width = n.Pos, utf8.RuneCountInString(y.Value)
		r.note(*problem)
		n.bad = true
	}
}

// broken reports whether the text n, read up to the cursor, may be what is left of a mistake: it goes on over several
// lines, or is alone on a line before one that was blanked.
func (r *reader) broken(n *Node) bool {
	if len(r.t.lost) == 0 {
		return false
	}
	alone := indent(r.t.line(n.Pos.Line)) == n.Pos.Column-1 && !r.at(":")
	return r.line > n.Pos.Line || alone && slices.Contains(r.t.lost, r.line+1)
}

// release turns `release: 26.05` into the text it was meant to be and says so:
// as a number 25.10 would be 25.1.
func (r *reader) release(key string, n *Node) *Node {
	name := key[strings.LastIndexByte(key, '.')+1:]
	written := r.t.src[n.span.from:n.span.to]
	if n.Kind != Float || name != "release" && name != "stateVersion" || !releaseNumber.MatchString(written) {
		return n
	}
	r.note(n.problem("", CodeQuote, key+" is the number "+written,
		"without quotes YAML reads a number, and 25.10 would become 25.1", "put it in quotes: "+strconv.Quote(written)))
	n.Kind, n.Scalar, n.bad = String, written, true
	return n
}

// cursor walks through a text and keeps count of lines and columns.
type cursor struct {
	t         *text
	off       int
	line, col int
}

func (c *cursor) pos() Pos { return Pos{c.t.name, c.line, c.col} }

// at reports whether s stands at the cursor.
func (c *cursor) at(s string) bool { return strings.HasPrefix(c.t.src[c.off:], s) }

// to moves to a place that the library names. It is seldom before the cursor.
func (c *cursor) to(line, col int) {
	if line != c.line || col < c.col {
		line = min(line, len(c.t.lines))
		c.off, c.line, c.col = c.t.lines[line-1], line, 1
	}
	for c.col < col && c.off < len(c.t.src) && c.t.src[c.off] != '\n' {
		c.skip(1)
	}
}

// skip passes at least n bytes, and whole characters.
func (c *cursor) skip(n int) {
	for end := min(c.off+n, len(c.t.src)); c.off < end; {
		if c.t.src[c.off] == '\n' {
			c.off, c.line, c.col = c.off+1, c.line+1, 1
			continue
		}
		_, size := utf8.DecodeRuneInString(c.t.src[c.off:])
		c.off, c.col = c.off+size, c.col+1
	}
}

// skipTrivia passes white space, comments, and the other characters given.
func (c *cursor) skipTrivia(others string) {
	for c.off < len(c.t.src) {
		switch b := c.t.src[c.off]; {
		case b == '#':
			c.skip(c.lineLeft())
		case isSpace(b) || strings.IndexByte(others, b) >= 0:
			c.skip(1)
		default:
			return
		}
	}
}

// skipWritten passes a text that is written as it is, but for white space.
func (c *cursor) skipWritten(s string) {
	for _, char := range s {
		if unicode.IsSpace(char) {
			continue
		}
		for c.off < len(c.t.src) && isSpace(c.t.src[c.off]) {
			c.skip(1)
		}
		c.skip(1)
	}
}

// skipQuoted passes a text in quotes.
func (c *cursor) skipQuoted() {
	quote := c.t.src[c.off]
	for c.skip(1); c.off < len(c.t.src); c.skip(1) {
		switch b := c.t.src[c.off]; {
		case b == '\\' && quote == '"':
			c.skip(1)
		case b == quote && quote == '\'' && c.at("''"):
			c.skip(1)
		case b == quote:
			c.skip(1)
			return
		}
	}
}

// close passes the bracket that ends a list or map, and what may lie before it.
func (c *cursor) close() {
	c.skipTrivia(",")
	c.skip(1)
}

// lineLeft is the number of bytes up to the end of the line.
func (c *cursor) lineLeft() int { return c.t.lines[c.line-1] + len(c.t.line(c.line)) - c.off }

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\t' }
