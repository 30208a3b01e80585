package profile

import (
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// The number forms of the YAML 1.2 core schema (specification, section 10.3.2).
var (
	coreInt   = lazyregexp.New(`^[-+]?[0-9]+$`)
	coreOctal = lazyregexp.New(`^0o[0-7]+$`)
	coreHex   = lazyregexp.New(`^0x[0-9a-fA-F]+$`)
	coreFloat = lazyregexp.New(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
	// zeroLed is an octal number in YAML 1.1 and a decimal one in YAML 1.2.
	zeroLed = lazyregexp.New(`^[-+]?0[0-9]+$`)
	// releaseNumber is a NixOS release that was meant as text.
	releaseNumber = lazyregexp.New(`^[0-9]{2}\.[0-9]{1,2}$`)
)

// plainScalar reads a scalar without quotes by the YAML 1.2 core schema, and
// refuses numbers that other readers take for something else.
func plainScalar(s string) (Kind, any, *Problem) {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return Null, nil, nil
	case "true", "True", "TRUE":
		return Bool, true, nil
	case "false", "False", "FALSE":
		return Bool, false, nil
	case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN":
		return Null, nil, &Problem{Code: CodeNumber, What: s + " is not a usable number",
			Why:  "Nix has neither infinity nor NaN",
			Hint: "put it in quotes if it is text"}
	}
	if c := s[0]; c != '-' && c != '+' && c != '.' && (c < '0' || c > '9') {
		return String, s, nil
	}
	switch {
	case zeroLed.MatchString(s):
		return Null, nil, &Problem{Code: CodeNumber, What: "the number " + s + " starts with 0",
			Why:  "some YAML readers take it as octal, others as decimal",
			Hint: "put it in quotes if it is text, or write it without the 0, or as 0o…"}
	case coreInt.MatchString(s):
		return integer(s, s, 10)
	case coreOctal.MatchString(s):
		return integer(s, s[2:], 8)
	case coreHex.MatchString(s):
		return integer(s, s[2:], 16)
	case coreFloat.MatchString(s):
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return Null, nil, tooLarge(s)
		}
		return Float, f, nil
	}
	return String, s, nil
}

func integer(written, digits string, base int) (Kind, any, *Problem) {
	i, err := strconv.ParseInt(digits, base, 64)
	if err == nil {
		return Int, i, nil
	}
	u, err := strconv.ParseUint(strings.TrimPrefix(digits, "+"), base, 64)
	if err != nil {
		return Null, nil, tooLarge(written)
	}
	return Int, u, nil
}

func tooLarge(s string) *Problem {
	return &Problem{Code: CodeNumber, What: "the number " + quoteShort(s) + " is too large", Why: "numbers have 64 bits",
		Hint: "put it in quotes if it is text"}
}
