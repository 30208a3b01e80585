package nix

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The rules of statix that a printer can break, checked on the printed text:
// useless_parens, manual_inherit, manual_inherit_from, empty_let_in,
// empty_inherit, unquoted_uri. Those that depend on the expression are checked
// where expressions are made: repeated_keys in TestNestProperty, unused
// arguments and empty_pattern in the tests of Module.

// words splits printed Nix into words; a string is one word, whatever it
// holds, and comments are dropped.
func words(source string) ([]string, error) {
	token := regexp.MustCompile(`^(?:[A-Za-z_][A-Za-z0-9_'-]*|[0-9][0-9.]*|(?:\.{1,2})?(?:/[A-Za-z0-9._+-]+)+|\.\.\.|\+\+|//|==|!=|<=|>=|&&|\|\||->|.)`)
	var out []string
	for s := source; ; {
		s = strings.TrimLeft(s, " \n")
		if s == "" {
			return out, nil
		}
		n := 0
		switch {
		case s[0] == '#':
			n = len(s)
			if end := strings.IndexByte(s, '\n'); end >= 0 {
				n = end
			}
			s = s[n:]
			continue
		case s[0] == '"', strings.HasPrefix(s, "''"):
			if n = stringEnd(s); n < 0 {
				return nil, fmt.Errorf("no end of the string at %.40q", s)
			}
			out = append(out, `"…"`)
		default:
			n = len(token.FindString(s))
			out = append(out, s[:n])
		}
		s = s[n:]
	}
}

// stringEnd returns the length of the string literal that s starts with.
func stringEnd(s string) int {
	quote, i := `"`, 1
	if s[0] == '\'' {
		quote, i = "''", 2
	}
	for i < len(s) {
		rest := s[i:]
		switch {
		case quote == `"` && rest[0] == '\\':
			i += 2
		case quote == "''" && (strings.HasPrefix(rest, "'''") || strings.HasPrefix(rest, "''$")):
			i += 3
		case strings.HasPrefix(rest, "$${"), quote == "''" && strings.HasPrefix(rest, "$$"):
			i += 2
		case strings.HasPrefix(rest, "${"):
			n := braceEnd(rest[2:])
			if n < 0 {
				return -1
			}
			i += 2 + n
		case strings.HasPrefix(rest, quote):
			return i + len(quote)
		default:
			i++
		}
	}
	return -1
}

// braceEnd returns the length of s up to and with the brace that closes it.
func braceEnd(s string) int {
	for i, depth := 0, 1; i < len(s); i++ {
		switch {
		case s[i] == '"', strings.HasPrefix(s[i:], "''"):
			n := stringEnd(s[i:])
			if n < 0 {
				return -1
			}
			i += n - 1
		case s[i] == '#':
			n := strings.IndexByte(s[i:], '\n')
			if n < 0 {
				return -1
			}
			i += n
		case s[i] == '{':
			depth++
		case s[i] == '}':
			if depth--; depth == 0 {
				return i + 1
			}
		case s[i] == '\'' || isNameByte(s[i], true):
			for i+1 < len(s) && isNameByte(s[i+1], false) {
				i++
			}
		}
	}
	return -1
}

var pairs = map[string]string{"(": ")", "[": "]", "{": "}"}

// lint returns what statix would find.
func lint(source string) ([]string, error) {
	w, err := words(source)
	if err != nil {
		return nil, err
	}
	match := make([]int, len(w)) // of an opening bracket: its closing one
	var open []int
	for i, s := range w {
		switch s {
		case "(", "[", "{":
			open = append(open, i)
		case ")", "]", "}":
			if len(open) == 0 || pairs[w[open[len(open)-1]]] != s {
				return nil, fmt.Errorf("unbalanced %s", s)
			}
			match[open[len(open)-1]] = i
			open = open[:len(open)-1]
		}
	}
	at := func(i int) string {
		if i < 0 || i >= len(w) {
			return ""
		}
		return w[i]
	}
	ident := func(s string) bool { return isIdent(s) }
	var found []string
	report := func(rule string, i, j int) {
		found = append(found, rule+": "+strings.Join(w[max(i, 0):min(j+1, len(w))], " "))
	}
	for i, s := range w {
		switch {
		case s == "(" && at(i-1) != "inherit":
			j := match[i]
			if at(i-1) == "=" && at(j+1) == ";" {
				report("useless parens around a value", i-1, j+1)
			}
			if at(i-1) == "in" && (j+1 == len(w) || strings.Contains(";)]}", at(j+1))) {
				report("useless parens around a let body", i-1, j+1)
			}
			k := i + 1
			switch first := at(k); {
			case first == "rec":
				k++
				fallthrough
			case first == "[" || first == "{" || first == "(":
				k = match[k] + 1
			case first == `"…"` || ident(first):
				k++
			}
			for at(k) == "." && k > i+1 {
				if k += 2; at(k-1) == "$" {
					k = match[k] + 1
				}
			}
			if k == j && k > i+1 {
				report("useless parens around a primitive", i, j)
			}
		case s == "=" && ident(at(i-1)) && (at(i-2) == "{" || at(i-2) == ";"):
			if at(i+1) == at(i-1) && at(i+2) == ";" {
				report("manual inherit", i-1, i+2)
			}
			if ident(at(i+1)) && at(i+2) == "." && at(i+3) == at(i-1) && at(i+4) == ";" {
				report("manual inherit from", i-1, i+4)
			}
		case s == "let" && at(i+1) == "in":
			report("empty let", i, i+1)
		case s == "inherit" && (at(i+1) == ";" || at(i+1) == "(" && at(match[i+1]+1) == ";"):
			report("empty inherit", i, i+1)
		case s == ":" && at(i+1) == "//":
			report("unquoted URI", i-1, i+1)
		}
	}
	return found, nil
}

func TestLintFindsWhatItShould(t *testing.T) {
	for source, want := range map[string]string{
		"{ a = (1 + 2); }":                     "useless parens around a value",
		"let a = 1; in (a + 1)":                "useless parens around a let body",
		"[ (let a = 1; in (a + 1)) ]":          "useless parens around a let body",
		"f (x)":                                "useless parens around a primitive",
		"f (x.y.\"z\")":                        "useless parens around a primitive",
		"f (x.${y z})":                         "useless parens around a primitive",
		"f (\"a${(b)}\")":                      "useless parens around a primitive",
		"f ((g x))":                            "useless parens around a primitive",
		"f ([ 1 ])":                            "useless parens around a primitive",
		"f (rec { a = 1; })":                   "useless parens around a primitive",
		"{ a = a; }":                           "manual inherit",
		"{ b = 1; a = x.a; }":                  "manual inherit from",
		`{ "a" = "a"; }`:                       "",
		"let in 1":                             "empty let",
		"{ inherit; }":                         "empty inherit",
		"{ inherit (x); }":                     "empty inherit",
		"[ http://example.org ]":               "unquoted URI",
		"{ inherit (x) a; b = f (-1) (g x); }": "",
		"let a = 1; in (f a).b":                "",
		"{ a = (f x).y; c = [ (1 + 2) ]; }":    "",
		"{ a = rec { b = 1; }; x.a = a; }":     "",
	} {
		found, err := lint(source)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		if got := strings.Join(found, "\n"); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: found %q, want %q", source, got, want)
		}
	}
}

func TestNothingForStatix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, err := genFile.Draw(t, "file").Print()
		if err != nil {
			t.Fatal(err)
		}
		found, err := lint(string(p.Source))
		if err != nil {
			t.Fatalf("%v in\n%s", err, p.Source)
		}
		for _, f := range found {
			t.Errorf("%s", f)
		}
		if t.Failed() {
			t.Fatalf("in\n%s", p.Source)
		}
	})
}
