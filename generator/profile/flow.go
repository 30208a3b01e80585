package profile

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/token"
)

// flow reads a value in flow context: [a, b], {a: b} or a scalar.
func (p *parser) flow(pointer string) (n *Node) {
	if !p.enter() {
		return nil
	}
	defer func() { p.depth-- }()
	if p.properties() {
		defer func() { n.spoil() }()
	}
	switch p.peek().typ {
	case token.SequenceStartType:
		return p.flowList(pointer)
	case token.MappingStartType:
		return p.flowMap(pointer)
	case token.SequenceEntryType, token.LiteralType, token.FoldedType:
		p.fail(p.peek(), "a value cannot start like this between brackets", "", "put it in quotes")
		return nil
	}
	return p.scalar(pointer)
}

func (p *parser) flowList(pointer string) *Node {
	open := p.peek()
	p.i++
	n := &Node{Kind: List, Pos: p.pos(open), Pointer: pointer, width: 1}
	for !p.closes(open, token.SequenceEndType) {
		if p.broken {
			return n
		}
		first := p.peek()
		v := p.flow(pointer + "/" + strconv.Itoa(len(n.Items)))
		if colon := p.peek(); colon.typ == token.MappingValueType {
			p.colonInList(first, colon)
		}
		if p.broken {
			return n
		}
		n.Items = append(n.Items, v)
		p.separator(open, token.SequenceEndType)
	}
	n.width = p.width(open.start, p.last().end)
	p.close(n, open)
	return n
}

// colonInList is [a: b], which YAML reads as [{a: b}], and {x: [a:b]}, which
// the lexer reads alike though YAML does not.
func (p *parser) colonInList(key, colon lexeme) {
	if p.tight(colon) {
		p.fail(key, "a colon without a space between brackets", "it can be read in two ways", "put the value in quotes")
		return
	}
	p.fail(key, "a key among list entries", "", "put it in braces: {key: value}")
}

// tight reports whether the value starts right behind the colon.
func (p *parser) tight(colon lexeme) bool {
	return colon.end < len(p.t.src) && strings.IndexByte(" \t\n,]}", p.t.src[colon.end]) < 0
}

func (p *parser) flowMap(pointer string) *Node {
	open := p.peek()
	p.i++
	n := &Node{Kind: Map, Pos: p.pos(open), Pointer: pointer, width: 1}
	keys := keySet{}
	for !p.closes(open, token.MappingEndType) {
		if p.broken {
			return n
		}
		p.properties()
		lx := p.peek()
		switch lx.typ {
		case token.StringType, token.SingleQuoteType, token.DoubleQuoteType, token.MergeKeyType, token.AliasType, token.MappingValueType:
		default:
			p.fail(lx, "a key is expected here", "between braces stand key: value pairs", "")
			return n
		}
		key, keep := p.key()
		child := pointerTo(pointer, key)
		v := p.null(lx, child)
		end := lx.end
		if colon := p.peek(); colon.typ == token.MappingValueType {
			if lx.plain && p.tight(colon) {
				p.fail(lx, "a colon without a space between braces", "it can be read in two ways",
					"put a space behind the colon, or the whole text in quotes")
				return n
			}
			p.i++
			end = colon.end
			v = p.null(colon, child)
			switch p.peek().typ {
			case token.CollectEntryType, token.MappingEndType:
			default:
				v = p.flow(child)
			}
			if again := p.peek(); again.typ == token.MappingValueType {
				p.fail(again, "a second colon in one entry", "an entry is one key: value", "put the value in quotes")
			}
		}
		if p.broken {
			return n
		}
		if keep && keys.add(p, lx, key) {
			n.Fields = append(n.Fields, Field{Key: key, KeyPos: p.pos(lx), Value: p.release(key, v), span: span{int32(lx.start), int32(end)}})
		}
		p.separator(open, token.MappingEndType)
	}
	n.width = p.width(open.start, p.last().end)
	p.close(n, open)
	return n.seal()
}

// closes consumes the bracket that ends a list or map.
func (p *parser) closes(open lexeme, end token.Type) bool {
	lx := p.peek()
	if lx.typ == end {
		p.i++
		return true
	}
	if lx.typ == eof || isEnd(lx) {
		p.fail(open, "the "+strconv.Quote(open.value)+" is never closed", "", "close it with "+strconv.Quote(indicator(end)))
	}
	return false
}

// separator consumes the comma between entries.
func (p *parser) separator(open lexeme, end token.Type) {
	lx := p.peek()
	switch {
	case lx.typ == end || p.broken:
	case lx.typ == token.CollectEntryType:
		p.i++
		if again := p.peek(); again.typ == token.CollectEntryType {
			p.fail(again, "a comma without an entry before it", "", "delete it")
		}
	case lx.typ == eof || isEnd(lx):
		p.closes(open, end)
	default:
		p.fail(lx, "a comma is missing before this", "", fmt.Sprintf("put one between the entries, or close the %q of line %d", open.value, open.line))
	}
}
