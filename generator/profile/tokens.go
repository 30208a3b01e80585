package profile

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// lexeme is a token of the lexer with its exact place in the text. Plain
// scalars of every type have the type StringType.
type lexeme struct {
	typ          token.Type
	value        string
	start, end   int // offsets; end is behind the last character
	line, col    int // of start, counted from 1, columns in characters
	endLine      int
	firstOnLine  bool
	plain, block bool // a scalar without quotes; the content of | or >
}

// lexemes runs the lexer and finds each token in the text, in order. The
// lexer's own positions are wrong after tabs, comments and block scalars; and
// since nothing but white space and comments may lie between two tokens, a
// token that is not found where it must be shows that the lexer has misread
// the text, which is then refused rather than guessed at.
func (t *text) lexemes() ([]lexeme, *Problem) {
	toks, err := tokenize(t.src)
	if err != nil {
		return nil, &Problem{Pos: Pos{t.name, 1, 1}, Code: CodeSyntax, What: "the file cannot be read as YAML", Why: err.Error()}
	}
	out := make([]lexeme, 0, len(toks))
	c := cursor{t: t, line: 1, col: 1}
	block := false
	for _, tk := range toks {
		if tk.Type == token.CommentType || tk.Type == token.SpaceType {
			continue
		}
		if block && tk.Type == token.StringType {
			// The content may start with what looks like a comment.
			c.skipSpace()
		} else {
			c.skipTrivia()
		}
		lx := lexeme{typ: tk.Type, value: tk.Value, start: c.off, line: c.line, col: c.col}
		if n := len(out); n == 0 || out[n-1].endLine < c.line {
			lx.firstOnLine = true
		}
		if lx.firstOnLine && !block && strings.Contains(t.src[t.lines[c.line-1]:c.off], "\t") {
			return nil, &Problem{Pos: Pos{t.name, c.line, 1 + strings.IndexByte(t.line(c.line), '\t')}, Code: CodeSyntax,
				What: "a tab indents this line", Why: "YAML indents with spaces only", Hint: "use two spaces"}
		}
		if tk.Type == token.InvalidType {
			return nil, t.invalid(tk, c)
		}
		ok := false
		switch tk.Type {
		case token.SingleQuoteType, token.DoubleQuoteType:
			ok = c.quoted()
		case token.LiteralType, token.FoldedType:
			ok = c.blockHeader()
			block = ok
			lx.end, lx.endLine = c.off, c.line
			if ok {
				out = append(out, lx)
				continue
			}
		case token.MappingValueType, token.SequenceEntryType, token.CollectEntryType, token.MappingKeyType,
			token.SequenceStartType, token.SequenceEndType, token.MappingStartType, token.MappingEndType,
			token.AnchorType, token.AliasType, token.DirectiveType:
			ok = c.match(indicator(tk.Type))
		default:
			lx.block = block
			switch tk.Type {
			case token.StringType, token.NullType, token.BoolType, token.IntegerType, token.BinaryIntegerType,
				token.OctetIntegerType, token.HexIntegerType, token.FloatType, token.InfinityType, token.NanType:
				lx.typ, lx.plain = token.StringType, !block
			}
			ok = c.match(tk.Value)
		}
		block = false
		if tab := strings.IndexByte(t.src[lx.start:c.off], '\t'); tab >= 0 && ok && tk.Type == token.DoubleQuoteType {
			// The lexer loses a character behind the quote for each of them.
			return nil, &Problem{Pos: t.pos(lx.start + tab), Code: CodeSyntax, What: "a tab inside double quotes",
				Hint: "write \\t"}
		}
		if !ok {
			return nil, &Problem{Pos: Pos{t.name, lx.line, lx.col}, Code: CodeSyntax,
				What: "this cannot be read without doubt", Hint: "put the value in quotes, or write it on lines of its own"}
		}
		lx.end, lx.endLine = c.off, c.line
		out = append(out, lx)
	}
	c.skipTrivia()
	if c.off < len(t.src) {
		return nil, &Problem{Pos: Pos{t.name, c.line, c.col}, Code: CodeSyntax,
			What: "this cannot be read without doubt", Hint: "put the value in quotes, or write it on lines of its own"}
	}
	return out, nil
}

// tokenize contains panics of the lexer: what it is given may be hostile.
func tokenize(src string) (toks token.Tokens, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the lexer failed: %v", r)
		}
	}()
	return lexer.Tokenize(src), nil
}

func indicator(t token.Type) string {
	switch t {
	case token.MappingValueType:
		return ":"
	case token.SequenceEntryType:
		return "-"
	case token.CollectEntryType:
		return ","
	case token.MappingKeyType:
		return "?"
	case token.SequenceStartType:
		return "["
	case token.SequenceEndType:
		return "]"
	case token.MappingStartType:
		return "{"
	case token.MappingEndType:
		return "}"
	case token.AnchorType:
		return "&"
	case token.AliasType:
		return "*"
	default:
		return "%"
	}
}

// invalid words a token that the lexer refuses.
func (t *text) invalid(tk *token.Token, c cursor) *Problem {
	p := &Problem{Pos: Pos{t.name, c.line, c.col}, Code: CodeSyntax, What: "this is not YAML", Why: tk.Error}
	switch {
	case strings.Contains(tk.Error, "end character of"):
		p.What, p.Why = "the quote is never closed", ""
		p.Hint = "close it, or write the text without quotes"
	case strings.Contains(tk.Error, "escape"), strings.Contains(tk.Error, "surrogate"), strings.Contains(tk.Error, "UTF-"):
		// The escape stands somewhere behind the opening quote.
		if off, ok := badEscape(t.src[c.off:]); ok {
			p.Pos = t.pos(c.off + off)
		}
		p.What, p.Why = "the escape in this text is not valid", "double quotes know \\n, \\t, \\\", \\\\, \\xNN, \\uNNNN and a few more"
		p.Hint = "double the backslash, or use single quotes"
	case strings.Contains(tk.Error, "reserved character"):
		p.What = "a value cannot start with " + string(t.src[c.off])
		p.Why, p.Hint = "YAML reserves it", "put the value in quotes"
	case strings.Contains(tk.Error, "tab") || strings.Contains(tk.Error, "\t"):
		p.What, p.Why, p.Hint = "a tab indents this line", "YAML indents with spaces only", "use two spaces"
	case strings.Contains(tk.Error, "document separator"):
		p.What, p.Why, p.Hint = "the quote is never closed", "a document ends before it", "close it"
	}
	return p
}

// cursor walks through a text and keeps count of lines and columns.
type cursor struct {
	t         *text
	off       int
	line, col int
}

func (c *cursor) advance() {
	b := c.t.src[c.off]
	if b == '\n' {
		c.off++
		c.line++
		c.col = 1
		return
	}
	if b < utf8.RuneSelf {
		c.off++
	} else {
		_, size := utf8.DecodeRuneInString(c.t.src[c.off:])
		c.off += size
	}
	c.col++
}

func (c *cursor) skipSpace() {
	for c.off < len(c.t.src) && isSpace(c.t.src[c.off]) {
		c.advance()
	}
}

// skipTrivia skips white space and comments.
func (c *cursor) skipTrivia() {
	for {
		c.skipSpace()
		if c.off == len(c.t.src) || c.t.src[c.off] != '#' {
			return
		}
		c.skipLine()
	}
}

func (c *cursor) skipLine() {
	for c.off < len(c.t.src) && c.t.src[c.off] != '\n' {
		c.advance()
	}
}

// match consumes value, whose white space may be written in any other way, as
// folding and indentation do.
func (c *cursor) match(value string) bool {
	for i := 0; i < len(value); {
		if isSpace(value[i]) {
			i++
			continue
		}
		for c.off < len(c.t.src) && isSpace(c.t.src[c.off]) {
			c.advance()
		}
		if c.off == len(c.t.src) || c.t.src[c.off] != value[i] {
			return false
		}
		_, size := utf8.DecodeRuneInString(value[i:])
		if !strings.HasPrefix(c.t.src[c.off:], value[i:i+size]) {
			return false
		}
		c.advance()
		i += size
	}
	return true
}

// quoted consumes a text in quotes.
func (c *cursor) quoted() bool {
	if c.off == len(c.t.src) {
		return false
	}
	quote := c.t.src[c.off]
	if quote != '"' && quote != '\'' {
		return false
	}
	c.advance()
	for c.off < len(c.t.src) {
		b := c.t.src[c.off]
		c.advance()
		switch {
		case b == '\\' && quote == '"':
			if c.off == len(c.t.src) {
				return false
			}
			c.advance()
		case b == quote && quote == '\'' && c.off < len(c.t.src) && c.t.src[c.off] == '\'':
			c.advance()
		case b == quote:
			return true
		}
	}
	return false
}

// blockHeader consumes the line of a | or >.
func (c *cursor) blockHeader() bool {
	if c.off == len(c.t.src) || c.t.src[c.off] != '|' && c.t.src[c.off] != '>' {
		return false
	}
	c.advance()
	for c.off < len(c.t.src) && strings.IndexByte("+-123456789", c.t.src[c.off]) >= 0 {
		c.advance()
	}
	start := c.off
	c.skipLine()
	rest := c.t.src[start:c.off]
	trimmed := strings.TrimLeft(rest, " \t")
	return trimmed == "" || trimmed[0] == '#' && len(trimmed) < len(rest)
}

func isSpace(b byte) bool { return b == ' ' || b == '\n' || b == '\t' }

// badEscape finds the first escape in the double-quoted text s that YAML does
// not know or that denotes no character. The lexer accepts some of them and
// yields other text than was written.
func badEscape(s string) (int, bool) {
	for i := 1; i < len(s) && s[i] != '"'; i++ {
		if s[i] != '\\' {
			continue
		}
		at := i
		i++
		if i == len(s) {
			return at, true
		}
		digits := 0
		switch s[i] {
		case 'x':
			digits = 2
		case 'u':
			digits = 4
		case 'U':
			digits = 8
		default:
			if strings.IndexByte("0abt\tnvfre \"/\\N_LP\n", s[i]) < 0 {
				return at, true
			}
			continue
		}
		r, ok := hex(s, i+1, digits)
		if !ok {
			return at, true
		}
		i += digits
		if digits == 4 && r >= 0xD800 && r < 0xDC00 && strings.HasPrefix(s[i+1:], `\u`) {
			low, ok := hex(s, i+3, 4)
			if !ok || low < 0xDC00 || low > 0xDFFF {
				return at, true
			}
			i += 6
			continue
		}
		if !utf8.ValidRune(r) {
			return at, true
		}
	}
	return 0, false
}

func hex(s string, at, digits int) (rune, bool) {
	if at+digits > len(s) {
		return 0, false
	}
	var r int64
	for _, b := range []byte(s[at : at+digits]) {
		d := strings.IndexByte("0123456789abcdef", b|0x20)
		if d < 0 || b < '0' {
			return 0, false
		}
		r = r<<4 | int64(d)
	}
	if r > utf8.MaxRune {
		return 0, false
	}
	return rune(r), true
}
