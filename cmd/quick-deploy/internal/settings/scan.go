package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixtokens"
)

// scanner follows the sets of a module down to their values.
type scanner struct {
	src   string
	at    int // where an error is
	found []Setting
}

func (s *scanner) of(t nixtokens.Token) string { return s.src[t.From:t.To] }

// is tells whether there is a token at i, and it is one of these.
func (s *scanner) is(ts []nixtokens.Token, i int, of ...string) bool {
	return i < len(ts) && slices.Contains(of, s.of(ts[i]))
}

// module reads past the function heads and let blocks before the set.
func (s *scanner) module() error {
	ts, err := nixtokens.Read(s.src)
	if err != nil {
		s.at = len(s.src)
		return err
	}
	for i := 0; i < len(ts); i++ {
		s.at = ts[i].From
		switch text := s.of(ts[i]); {
		case text == "let":
			i = s.pastLet(ts, i)
		case text[0] == '{' && !s.is(ts, i+1, ":", "@"):
			return s.bindings(ts[i].Inner, nil)
		case text[0] != '{' && text != ":" && text != "@" && ts[i].Kind != nixtokens.Word:
			return fmt.Errorf("unexpected %q", text)
		}
	}
	return errors.New("unexpected end of file")
}

// pastLet is where the "in" of the let at i is.
func (s *scanner) pastLet(ts []nixtokens.Token, i int) int {
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
func (s *scanner) bindings(ts []nixtokens.Token, prefix []string) error {
	for len(ts) > 0 {
		s.at = ts[0].From
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
		equals := slices.IndexFunc(binding, func(t nixtokens.Token) bool { return s.of(t) == "=" })
		if equals < 1 || equals%2 == 0 || equals+1 == len(binding) {
			return errors.New("expected a name, = and a value")
		}
		path := prefix[:len(prefix):len(prefix)]
		for i, t := range binding[:equals] {
			switch name := s.of(t); {
			case i%2 == 0 && (t.Kind == nixtokens.Word || name[0] == '"' || name[0] == '$'):
				path = append(path, name)
			case i%2 == 0 || name != ".":
				return fmt.Errorf("unexpected %q", name)
			}
		}
		value := binding[equals+1:]
		if len(value) == 1 && s.src[value[0].From] == '{' && len(value[0].Inner) > 0 {
			if err := s.bindings(value[0].Inner, path); err != nil {
				return err
			}
			continue
		}
		text := s.src[value[0].From:value[len(value)-1].To]
		s.found = append(s.found, Setting{
			Option: strings.Join(path, "."), Value: oneLine(text), Line: s.line(binding[0].From),
		})
	}
	return nil
}

func (s *scanner) line(at int) int { return 1 + strings.Count(s.src[:min(at, len(s.src))], "\n") }
