package syntax

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Setting is one option with its value.
type Setting struct {
	// Option is its path; parts that are no plain names are quoted.
	Option string
	// Value is the text of the expression, on one line.
	Value string
	// Line is where it is set, from 1.
	Line int
}

// maxDepth is how deep the sets of a module may lie in each other; what is deeper is a value.
const maxDepth = 64

// Settings reads the settings of a module, in the order of its lines. It follows nested attribute sets down to their
// values and leaves each value as the text that stands there: functions around the set, let, inherit, with and
// conditions in values are read past, but options within them are not looked for. With deep set, it looks for
// them in sets that a function is given, too: lib.mkDefault { a = 1; }.
//
// Text that does not have the form of a module is an error; what was read before it is returned all the same.
func Settings(src string, deep bool) ([]Setting, error) {
	s := &scanner{src: src, deep: deep}
	if err := s.module(); err != nil {
		return s.found, fmt.Errorf("line %d: %w", s.line(s.at), err)
	}
	return s.found, nil
}

// scanner follows the sets of a module down to their values.
type scanner struct {
	src   string
	deep  bool
	at    int // where an error is
	found []Setting
}

// is tells whether there is a token at i, and it is one of these.
func is(ts []Token, i int, of ...string) bool { return i < len(ts) && slices.Contains(of, ts[i].Text) }

// module reads past the function heads, let blocks and the like before the set.
func (s *scanner) module() error {
	ts, err := Read(s.src)
	if err != nil {
		s.at = len(s.src)
		return err
	}
	for i := 0; i < len(ts); i++ {
		s.at = ts[i].From
		switch text := ts[i].Text; {
		case text == "let":
			i = pastLet(ts, i)
		case text == "with", text == "assert":
			i += max(slices.IndexFunc(ts[i:], func(t Token) bool { return t.Text == ";" }), 0)
		case text[0] == '{' && !is(ts, i+1, ":", "@"):
			return s.bindings(ts[i].Inner, nil)
		case text[0] != '{' && text != ":" && text != "@" && ts[i].Kind != Word:
			return fmt.Errorf("unexpected %q", text)
		}
	}
	return errEnd
}

// pastLet returns where the "in" of the let at i is.
func pastLet(ts []Token, i int) int {
	for depth := 1; depth > 0 && i+1 < len(ts); {
		i++
		switch ts[i].Text {
		case "let":
			depth++
		case "in":
			depth--
		}
	}
	return i
}

// bindings reads what is in a set.
func (s *scanner) bindings(ts []Token, prefix []string) error {
	for len(ts) > 0 {
		s.at = ts[0].From
		end := 0
		for more := 0; !is(ts, end, ";") || more > 0; end++ { // with and assert have semicolons of their own
			switch {
			case end == len(ts):
				return errors.New("expected ;")
			case is(ts, end, "let"):
				end = pastLet(ts, end)
			case is(ts, end, "with", "assert"):
				more++
			case is(ts, end, ";"):
				more--
			}
		}
		binding := ts[:end]
		ts = ts[end+1:]
		if is(binding, 0, "inherit") {
			continue
		}
		equals := slices.IndexFunc(binding, func(t Token) bool { return t.Text == "=" })
		if equals < 1 || equals%2 == 0 || equals+1 == len(binding) {
			return errors.New("expected a name, = and a value")
		}
		path := prefix[:len(prefix):len(prefix)]
		for i, t := range binding[:equals] {
			switch {
			case i%2 == 0 && (t.Kind == Word || t.Text[0] == '"' || t.Text[0] == '$'):
				path = append(path, t.Text)
			case i%2 == 0 || t.Text != ".":
				return fmt.Errorf("unexpected %q", t.Text)
			}
		}
		value, err := s.inner(binding[equals+1:], path)
		if err != nil {
			return err
		}
		if len(value) > 0 {
			s.found = append(s.found, Setting{
				Option: strings.Join(path, "."), Line: s.line(binding[0].From),
				Value: strings.Join(strings.Fields(s.src[value[0].From:value[len(value)-1].To]), " "),
			})
		}
	}
	return nil
}

// inner reads what is in the set that a value begins with, and returns what of the value is left.
func (s *scanner) inner(value []Token, path []string) ([]Token, error) {
	set := slices.IndexFunc(value, func(t Token) bool { return strings.ContainsAny(t.Text[:1], "{[(") })
	switch {
	case set < 0, value[set].Text[0] != '{', len(value[set].Inner) == 0, len(path) > maxDepth:
		return value, nil
	case !s.deep && len(value) > 1, is(value, set+1, ":", "@"):
		return value, nil
	}
	return value[set+1:], s.bindings(value[set].Inner, path)
}

func (s *scanner) line(at int) int { return 1 + strings.Count(s.src[:min(at, len(s.src))], "\n") }
