package nix

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

var (
	errNUL      = errors.New("a NUL character cannot be written in Nix: the evaluator would cut the string there")
	errEncoding = errors.New("not valid UTF-8")
)

// checkText refuses what no Nix string can hold.
func checkText(s string) error {
	if strings.IndexByte(s, 0) >= 0 {
		return errNUL
	}
	if !utf8.ValidString(s) {
		return errEncoding
	}
	return nil
}

// appendString appends s as the inside of a "…" string. With more set an
// antiquotation follows, so that a dollar sign at the end is escaped as well:
// "$${x}" would be text.
//
// Nix knows the escapes \n \r \t and takes any other escaped character as
// itself; \x41 and \u0041 are not escapes. A raw carriage return would become
// a newline. Other control characters stand for themselves.
func appendString(dst []byte, s string, more bool) []byte {
	plain := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c > '\\' || c != '"' && c != '\\' && c != '$' && c > '\r' {
			continue
		}
		var esc string
		switch c {
		case '"':
			esc = `\"`
		case '\\':
			esc = `\\`
		case '\n':
			esc = `\n`
		case '\r':
			esc = `\r`
		case '\t':
			esc = `\t`
		case '$':
			if i+1 < len(s) && s[i+1] != '{' || i+1 == len(s) && !more {
				continue
			}
			esc = `\$`
		default:
			continue
		}
		dst = append(dst, s[plain:i]...)
		dst = append(dst, esc...)
		plain = i + 1
	}
	return append(dst, s[plain:]...)
}

// appendQuoted appends s as a complete "…" string.
func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	dst = appendString(dst, s, false)
	return append(dst, '"')
}

// Quote is s as a complete "…" string of Nix, for a place in a file that is not printed from expressions. A zero
// byte, which no file name has, and what is not UTF-8 are as in s.
func Quote(s string) string { return string(appendQuoted(nil, s)) }

// indentable reports whether ”…” with every line of s indented alike denotes
// s, and is worth it: s has more than one line.
//
// Nix strips the indentation that all lines with text share, counting spaces
// only, so some line must start with none of its own. A carriage return
// or a tab would need an escape, white space at the end of a line is lost in
// editors, and a quote before ${ or before the closing quotes would join the
// escape that follows it.
func indentable(s string) bool {
	if strings.IndexByte(s, '\n') < 0 {
		return false
	}
	flush := false
	for line := range strings.SplitSeq(s, "\n") {
		if line == "" {
			continue
		}
		if line[0] != ' ' {
			flush = true
		}
		if line[len(line)-1] == ' ' {
			return false
		}
		for i := 0; i < len(line); i++ {
			switch c := line[i]; {
			case c < ' ' || c == 0x7f:
				return false
			case c == '\'' && strings.HasPrefix(line[i+1:], "${"):
				return false
			}
		}
	}
	return flush && s[len(s)-1] != '\''
}

// appendIndented appends one line of an indentable string.
func appendIndented(dst []byte, line string) []byte {
	for i := 0; i < len(line); i++ {
		switch {
		case strings.HasPrefix(line[i:], "${"):
			dst = append(dst, "''${"...)
			i++
		case strings.HasPrefix(line[i:], "''"):
			dst = append(dst, "'''"...)
			i++
		default:
			dst = append(dst, line[i])
		}
	}
	return dst
}

// isKeyword reports whether s cannot be written bare. "or" can be an attribute
// name but not a variable, and reads like the operator: it is quoted too.
func isKeyword(s string) bool {
	switch s {
	case "assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with":
		return true
	}
	return false
}

// isIdent reports whether s is an identifier: [a-zA-Z_][a-zA-Z0-9_'-]*, no keyword.
func isIdent(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isNameByte(s[i], i == 0) {
			return false
		}
	}
	return s != "" && !isKeyword(s)
}

// appendName appends an attribute name, quoted where needed.
func appendName(dst []byte, s string) ([]byte, error) {
	if isIdent(s) {
		return append(dst, s...), nil
	}
	if err := checkText(s); err != nil {
		return dst, fmt.Errorf("attribute name %q: %w", s, err)
	}
	return appendQuoted(dst, s), nil
}

// checkFloat refuses the floats that have no literal: NaN, infinities and what
// lies so close to zero that it has lost precision, which the evaluator
// refuses to read.
func checkFloat(f float64) error {
	const smallest = 0x1p-1022
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return fmt.Errorf("the number %v cannot be written in Nix", f)
	case f != 0 && math.Abs(f) < smallest:
		return fmt.Errorf("the number %v is too close to zero for Nix", f)
	}
	return nil
}

// appendFloat appends f, which must not be negative, in a form that Nix reads
// as a float: never with an exponent alone (1e3 is a function call), always
// with a point.
func appendFloat(dst []byte, f float64) ([]byte, error) {
	if err := checkFloat(f); err != nil {
		return dst, err
	}
	n := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	for _, c := range dst[n:] {
		if c == '.' {
			return dst, nil
		}
	}
	return append(dst, ".0"...), nil
}

// isPath reports whether s is a path literal: /x, ./x or ../x, of letters,
// digits and . _ - +, without empty parts.
func isPath(s string) bool {
	rest, ok := strings.CutPrefix(s, "..")
	if !ok {
		rest = strings.TrimPrefix(s, ".")
	}
	if len(rest) < 2 || rest[0] != '/' {
		return false
	}
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '_', c == '-', c == '+':
		case c == '/':
			if i+1 == len(rest) || rest[i+1] == '/' {
				return false
			}
		default:
			return false
		}
	}
	return true
}
