package settings

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// token is a word, a string, a bracket with all that is in it, or any other character.
type token struct {
	from, to int // bytes of the source
	inner    []token
}

var (
	blank = regexp.MustCompile(`^(?:\s|#[^\n]*|/\*(?s:.*?)\*/)+`)
	word  = regexp.MustCompile(`^[A-Za-z_][\w'-]*`)
	// What stands for itself in a string, by how the string ends (nix, src/libexpr/lexer.l).
	plain = map[string]*regexp.Regexp{
		`"`:  regexp.MustCompile(`^(?s:[^"\\$]|\\.|\$[^{"\\])+`),
		`''`: regexp.MustCompile(`^(?s:[^'$]|\$[^{']|''['$]|''\\.|'[^'$])+`),
	}
	brackets = map[string]string{"{": "}", "[": "]", "(": ")", "${": "}"}
	errEnd   = errors.New("unexpected end of file")
)

// scanner reads the tokens of Nix as far as they tell where a value ends.
type scanner struct {
	src   string
	at    int
	found []Setting
}

// tokens reads up to a closing bracket and past it; up to the end of the file where there is none.
func (s *scanner) tokens(end string) (out []token, err error) {
	for s.at < len(s.src) {
		rest := s.src[s.at:]
		if n := len(blank.FindString(rest)); n > 0 {
			s.at += n
			continue
		}
		t := token{from: s.at}
		opening := rest[:1]
		if strings.HasPrefix(rest, "${") || strings.HasPrefix(rest, "''") {
			opening = rest[:2]
		}
		s.at += max(len(opening), len(word.FindString(rest)))
		switch {
		case opening == end:
			return out, nil
		case plain[opening] != nil:
			err = s.text(opening)
		case brackets[opening] != "":
			t.inner, err = s.tokens(brackets[opening])
		}
		if err != nil {
			return nil, err
		}
		t.to = s.at
		out = append(out, t)
	}
	if end != "" {
		return nil, errEnd
	}
	return out, nil
}

// text reads the rest of a string.
func (s *scanner) text(end string) error {
	for s.at < len(s.src) {
		rest := s.src[s.at:]
		switch n := len(plain[end].FindString(rest)); {
		case n > 0:
			s.at += n
		case strings.HasPrefix(rest, end):
			s.at += len(end)
			return nil
		case strings.HasPrefix(rest, "${"):
			s.at += 2
			if _, err := s.tokens("}"); err != nil {
				return err
			}
		default:
			s.at++
		}
	}
	return errEnd
}

func (s *scanner) of(t token) string { return s.src[t.from:t.to] }

// is tells whether there is a token at i, and it is one of these.
func (s *scanner) is(ts []token, i int, of ...string) bool {
	return i < len(ts) && slices.Contains(of, s.of(ts[i]))
}

// module reads past the function heads and let blocks before the set.
func (s *scanner) module() error {
	ts, err := s.tokens("")
	if err != nil {
		return err
	}
	for i := 0; i < len(ts); i++ {
		s.at = ts[i].from
		switch text := s.of(ts[i]); {
		case text == "let":
			i = s.pastLet(ts, i)
		case text[0] == '{' && !s.is(ts, i+1, ":", "@"):
			return s.bindings(ts[i].inner, nil)
		case text[0] != '{' && text != ":" && text != "@" && !word.MatchString(text):
			return fmt.Errorf("unexpected %q", text)
		}
	}
	return errEnd
}

// pastLet is where the "in" of the let at i is.
func (s *scanner) pastLet(ts []token, i int) int {
	for depth := 1; depth > 0 && i+1 < len(ts); {
		i++
		switch s.of(ts[i]) {
		case "let":
			depth++
		case "in":
			depth--
		}
	}
	return i
}

// bindings reads what is in a set.
func (s *scanner) bindings(ts []token, prefix []string) error {
	for len(ts) > 0 {
		s.at = ts[0].from
		end := 0
		for more := 0; !s.is(ts, end, ";") || more > 0; end++ { // with and assert have semicolons of their own
			switch {
			case end == len(ts):
				return errors.New("expected ;")
			case s.is(ts, end, "let"):
				end = s.pastLet(ts, end)
			case s.is(ts, end, "with", "assert"):
				more++
			case s.is(ts, end, ";"):
				more--
			}
		}
		binding := ts[:end]
		ts = ts[end+1:]
		if s.is(binding, 0, "inherit") {
			continue
		}
		equals := slices.IndexFunc(binding, func(t token) bool { return s.of(t) == "=" })
		if equals < 1 || equals%2 == 0 || equals+1 == len(binding) {
			return errors.New("expected a name, = and a value")
		}
		path := prefix[:len(prefix):len(prefix)]
		for i, t := range binding[:equals] {
			switch name := s.of(t); {
			case i%2 == 0 && (word.MatchString(name) || name[0] == '"' || name[0] == '$'):
				path = append(path, name)
			case i%2 == 0 || name != ".":
				return fmt.Errorf("unexpected %q", name)
			}
		}
		value := binding[equals+1:]
		if len(value) == 1 && s.src[value[0].from] == '{' && len(value[0].inner) > 0 {
			if err := s.bindings(value[0].inner, path); err != nil {
				return err
			}
			continue
		}
		text := s.src[value[0].from:value[len(value)-1].to]
		s.found = append(s.found, Setting{
			Option: strings.Join(path, "."), Value: oneLine(text), Line: s.line(binding[0].from),
		})
	}
	return nil
}

func (s *scanner) line(at int) int { return 1 + strings.Count(s.src[:min(at, len(s.src))], "\n") }
