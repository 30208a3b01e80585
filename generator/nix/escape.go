package nix

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
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

// stringEscapes are those of "…" strings: Nix knows \n \r \t and takes any other escaped character as itself;
// \x41 and \u0041 are not escapes. A raw carriage return would become a newline. Other control characters stand for
// themselves.
var stringEscapes = strings.NewReplacer(
	`"`, `\"`, `\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "${", `\${`,
)

// Quote returns s as a complete "…" string of Nix, for a place in a file that is not printed from expressions. A zero
// byte, which no file name has, and what is not UTF-8 are as in s.
func Quote(s string) string { return `"` + stringEscapes.Replace(s) + `"` }

// indentable reports whether ”…” with every line of s indented alike denotes
// s, and is worth it: s has more than one line.
//
// Nix strips the indentation that all lines with text share, counting spaces
// only, so some line must start with none of its own. A carriage return
// or a tab would need an escape, white space at the end of a line is lost in
// editors, and a quote before ${ or before the closing quotes would join the
// escape that follows it.
func indentable(s string) bool {
	return strings.Contains(s, "\n") && flush.MatchString(s) && !spoilt.MatchString(s)
}

var (
	flush  = lazyregexp.New(`(?m)^[^ \n]`)
	spoilt = lazyregexp.New(`[\x00-\x09\x0b-\x1f\x7f]| \n| $|'\$\{|'$`)
)

// indentedEscapes are those of an indentable string.
var indentedEscapes = strings.NewReplacer("${", "''${", "''", "'''")

// keywords cannot be written bare. "or" can be an attribute name but not a variable, and reads like the operator:
// it is quoted too.
var keywords = []string{"assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with"}

// isIdent reports whether s is an identifier: [a-zA-Z_][a-zA-Z0-9_'-]*, no keyword.
func isIdent(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isNameByte(s[i], i == 0) {
			return false
		}
	}
	return s != "" && !slices.Contains(keywords, s)
}

// quoteName returns an attribute name as it is written, quoted where needed.
func quoteName(s string) string {
	if isIdent(s) {
		return s
	}
	return Quote(s)
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

// formatFloat writes f, which must not be negative, in a form that Nix reads as a float: never with an exponent
// alone (1e3 is a function call), always with a point.
func formatFloat(f float64) string {
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// pathForm fits a path literal: /x, ./x or ../x, of letters, digits and . _ - +, without empty parts.
var pathForm = lazyregexp.New(`^\.{0,2}(?:/[\w.+-]+)+$`)
