package nix

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
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
			return nil, fmt.Errorf("attribute path %q, column %d: %.1q where a dot or the end was expected; "+
				"other characters need quotes",
				s, len(s)-len(after)+1, after)
		}
		rest = after[1:]
	}
}

func cutName(s string) (name, rest string, err error) {
	name = bareName.FindString(s)
	switch {
	case strings.HasPrefix(s, `"`):
		return cutQuoted(s[1:])
	case s == "":
		return "", "", errors.New("a name is missing")
	case name == "":
		return "", "", fmt.Errorf("a name cannot start with %.1q; quote it", s)
	}
	return name, s[len(name):], nil
}

var (
	bareName = lazyregexp.New(`^[A-Za-z_][\w'-]*`)
	// quotedParts are the parts of a name in quotes: antiquotations and what is none, escaped and plain characters.
	quotedParts = lazyregexp.New(`(?s)\$\$\{|\$\{|\\.|.`)
	unescaped   = map[string]string{`\n`: "\n", `\r`: "\r", `\t`: "\t"}
)

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
	end := 0
	for _, part := range quotedParts.FindAllString(s, -1) {
		end += len(part)
		switch {
		case part == `"`:
			return name, s[end:], checkText(name)
		case part == "${":
			return "", "", errors.New(`a name is text: write \${ for ${`)
		case part[0] == '\\' && len(part) > 1:
			name += cmp.Or(unescaped[part], part[1:])
		default:
			name += part
		}
	}
	return "", "", errors.New("the closing quote is missing")
}
