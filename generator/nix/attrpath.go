package nix

import (
	"errors"
	"fmt"
	"strings"
)

// FormatAttrPath writes an attribute path as Nix does: a.b."c.d". It is for
// messages: bytes that Nix cannot hold appear as they are.
func FormatAttrPath(parts []string) string {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = quoteName(p)
	}
	return strings.Join(names, ".")
}

// ParseAttrPath reads an attribute path such as
// services.nginx.virtualHosts."a.b".root. Keywords need no quotes; what is in
// quotes follows the rules of Nix strings, without antiquotations.
func ParseAttrPath(s string) ([]string, error) {
	var parts []string
	for rest := s; ; {
		part, after, err := cutName(rest)
		if err != nil {
			return nil, fmt.Errorf("attribute path %q, column %d: %w", s, len(s)-len(rest)+1, err)
		}
		parts = append(parts, part)
		if after == "" {
			return parts, nil
		}
		if after[0] != '.' {
			return nil, fmt.Errorf("attribute path %q, column %d: %q where a dot or the end was expected; "+
				"other characters need quotes",
				s, len(s)-len(after)+1, firstRune(after))
		}
		rest = after[1:]
	}
}

func firstRune(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

func cutName(s string) (name, rest string, err error) {
	if strings.HasPrefix(s, `"`) {
		return cutQuoted(s[1:])
	}
	n := 0
	for n < len(s) && isNameByte(s[n], n == 0) {
		n++
	}
	switch {
	case n > 0:
		return s[:n], s[n:], nil
	case s == "":
		return "", "", errors.New("a name is missing")
	}
	return "", "", fmt.Errorf("a name cannot start with %q; quote it", firstRune(s))
}

func isNameByte(c byte, first bool) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		return true
	case '0' <= c && c <= '9', c == '\'', c == '-':
		return !first
	}
	return false
}

func cutQuoted(s string) (name, rest string, err error) {
	var out []byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			if err := checkText(string(out)); err != nil {
				return "", "", err
			}
			return string(out), s[i+1:], nil
		case c == '\\' && i+1 < len(s):
			i++
			switch s[i] {
			case 'n':
				out = append(out, '\n')
			case 'r':
				out = append(out, '\r')
			case 't':
				out = append(out, '\t')
			default:
				out = append(out, s[i])
			}
		case strings.HasPrefix(s[i:], "$${"):
			out = append(out, "$${"...)
			i += 2
		case strings.HasPrefix(s[i:], "${"):
			return "", "", errors.New(`a name is text: write \${ for ${`)
		default:
			out = append(out, c)
		}
	}
	return "", "", errors.New("the closing quote is missing")
}
