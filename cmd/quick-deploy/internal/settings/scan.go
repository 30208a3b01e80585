package settings

import (
	"errors"
	"fmt"
	"strings"
)

// scanner reads the tokens of Nix as far as they tell where a value ends.
type scanner struct {
	src   string
	at    int
	found []Setting
}

var errEnd = errors.New("unexpected end of file")

func (s *scanner) line(at int) int { return 1 + strings.Count(s.src[:min(at, len(s.src))], "\n") }

// blank skips white space and comments.
func (s *scanner) blank() {
	for s.at < len(s.src) {
		switch rest := s.src[s.at:]; {
		case strings.ContainsRune(" \t\r\n", rune(rest[0])):
			s.at++
		case rest[0] == '#':
			i := strings.IndexByte(rest, '\n')
			if i < 0 {
				i = len(rest)
			}
			s.at += i
		case strings.HasPrefix(rest, "/*"):
			i := strings.Index(rest, "*/")
			if i < 0 {
				i = len(rest) - 2
			}
			s.at += i + 2
		default:
			return
		}
	}
}

func (s *scanner) peek() byte {
	if s.at >= len(s.src) {
		return 0
	}
	return s.src[s.at]
}

// module reads past the function heads and let blocks before the set.
func (s *scanner) module() error {
	for {
		s.blank()
		switch c := s.peek(); {
		case c == 0:
			return errEnd
		case c == '{' && !s.formals():
			s.at++
			return s.bindings(nil)
		case c == '{':
			if err := s.skip(); err != nil {
				return err
			}
		case isStart(c):
			if s.word() == "let" {
				if err := s.pastLet(); err != nil {
					return err
				}
			}
		case c == ':' || c == '@':
			s.at++
		default:
			return fmt.Errorf("unexpected %q", c)
		}
	}
}

// formals reports whether the brace at hand opens the arguments of a function.
func (s *scanner) formals() bool {
	t := &scanner{src: s.src, at: s.at}
	if t.skip() != nil {
		return false
	}
	t.blank()
	return t.peek() == ':' || t.peek() == '@'
}

func (s *scanner) pastLet() error {
	for depth := 1; depth > 0; {
		s.blank()
		switch c := s.peek(); {
		case c == 0:
			return errEnd
		case isStart(c):
			switch s.word() {
			case "let":
				depth++
			case "in":
				depth--
			}
		default:
			if err := s.skip(); err != nil {
				return err
			}
		}
	}
	return nil
}

// bindings reads a set whose opening brace is behind, up to its closing one.
func (s *scanner) bindings(prefix []string) error {
	for {
		s.blank()
		switch s.peek() {
		case 0:
			return errEnd
		case '}':
			s.at++
			return nil
		}
		start := s.at
		path, err := s.path()
		if err != nil {
			return err
		}
		if len(path) == 1 && path[0] == "inherit" {
			if _, err := s.value(); err != nil {
				return err
			}
			continue
		}
		s.blank()
		if s.peek() != '=' {
			return fmt.Errorf("expected =, found %q", s.peek())
		}
		s.at++
		s.blank()
		full := append(prefix[:len(prefix):len(prefix)], path...)
		if s.nested() {
			s.at++
			if err := s.bindings(full); err != nil {
				return err
			}
			s.blank()
			s.at++ // the semicolon
			continue
		}
		text, err := s.value()
		if err != nil {
			return err
		}
		s.found = append(s.found, Setting{Option: strings.Join(full, "."), Value: oneLine(text), Line: s.line(start)})
	}
}

// nested reports whether the value at hand is a set with something in it, and nothing else.
func (s *scanner) nested() bool {
	if s.peek() != '{' {
		return false
	}
	t := &scanner{src: s.src, at: s.at + 1}
	t.blank()
	if t.peek() == '}' {
		return false
	}
	t.at = s.at
	if t.skip() != nil {
		return false
	}
	t.blank()
	return t.peek() == ';'
}

// path reads an attribute path as it stands there.
func (s *scanner) path() ([]string, error) {
	var out []string
	for {
		s.blank()
		start := s.at
		switch c := s.peek(); {
		case isStart(c):
			s.word()
		case c == '"' || strings.HasPrefix(s.src[s.at:], "${"):
			if err := s.skip(); err != nil {
				return nil, err
			}
		case c == 0:
			return nil, errEnd
		default:
			return nil, fmt.Errorf("expected a name, found %q", c)
		}
		out = append(out, s.src[start:s.at])
		if len(out) == 1 && out[0] == "inherit" {
			return out, nil
		}
		s.blank()
		if s.peek() != '.' {
			return out, nil
		}
		s.at++
	}
}

// value reads up to the semicolon that ends a binding, and past it.
func (s *scanner) value() (string, error) {
	start := s.at
	more := 0 // semicolons of with, assert and let that belong to the value
	for {
		s.blank()
		switch c := s.peek(); {
		case c == 0:
			return "", errEnd
		case c == ';':
			if more == 0 {
				text := s.src[start:s.at]
				s.at++
				return text, nil
			}
			more--
			s.at++
		case isStart(c):
			switch s.word() {
			case "with", "assert":
				more++
			case "let":
				if err := s.pastLet(); err != nil {
					return "", err
				}
			}
		default:
			if err := s.skip(); err != nil {
				return "", err
			}
		}
	}
}

// skip reads one token; a bracket counts with all that is in it.
func (s *scanner) skip() error {
	rest := s.src[s.at:]
	switch {
	case rest == "":
		return errEnd
	case strings.HasPrefix(rest, "''"):
		return s.indented()
	case rest[0] == '"':
		return s.quoted()
	case strings.HasPrefix(rest, "${"):
		s.at += 2
		return s.until('}')
	case rest[0] == '{':
		s.at++
		return s.until('}')
	case rest[0] == '[':
		s.at++
		return s.until(']')
	case rest[0] == '(':
		s.at++
		return s.until(')')
	}
	s.at++
	return nil
}

func (s *scanner) until(end byte) error {
	for {
		s.blank()
		switch c := s.peek(); {
		case c == 0:
			return errEnd
		case c == end:
			s.at++
			return nil
		case isStart(c):
			s.word()
		default:
			if err := s.skip(); err != nil {
				return err
			}
		}
	}
}

func (s *scanner) quoted() error {
	for s.at++; s.at < len(s.src); s.at++ {
		switch c := s.src[s.at]; {
		case c == '\\':
			s.at++
		case c == '"':
			s.at++
			return nil
		case c == '$' && strings.HasPrefix(s.src[s.at:], "$${"):
			s.at++
		case c == '$' && strings.HasPrefix(s.src[s.at:], "${"):
			if err := s.skip(); err != nil {
				return err
			}
			s.at--
		}
	}
	return errEnd
}

func (s *scanner) indented() error {
	for s.at += 2; s.at < len(s.src); s.at++ {
		switch rest := s.src[s.at:]; {
		case strings.HasPrefix(rest, "'''"), strings.HasPrefix(rest, "''$"):
			s.at += 2
		case strings.HasPrefix(rest, `''\`):
			s.at += 3
		case strings.HasPrefix(rest, "''"):
			s.at += 2
			return nil
		case strings.HasPrefix(rest, "$${"):
			s.at++
		case strings.HasPrefix(rest, "${"):
			if err := s.skip(); err != nil {
				return err
			}
			s.at--
		}
	}
	return errEnd
}

// word reads a name or a keyword.
func (s *scanner) word() string {
	start := s.at
	for s.at < len(s.src) && isPart(s.src[s.at]) {
		s.at++
	}
	return s.src[start:s.at]
}

func isStart(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isPart(c byte) bool { return isStart(c) || c == '-' || c == '\'' || c >= '0' && c <= '9' }
