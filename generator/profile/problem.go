package profile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Problem is one thing wrong with a profile, in words for its author.
type Problem struct {
	// Pos is the exact value or key at fault; a problem of the command line has none.
	Pos Pos
	// Path names the value in the profile, as in hosts.atlas.timezone.
	Path string
	// Code names the rule; it never changes meaning. See the Code constants.
	Code Code
	// What is wrong, Why it is wrong and, where there is something to say, a
	// Hint what to do. None starts with a capital or ends with a period.
	What, Why, Hint string

	width int // characters to underline; 0 for one
}

// Width is how many characters of the line are at fault, from Pos on: at least one.
func (p Problem) Width() int { return max(p.width, 1) }

// problem is one of the value n, which path names.
func (n *Node) problem(path string, code Code, what, why, hint string) Problem {
	return Problem{Pos: n.Pos, width: n.width, Path: path, Code: code, What: what, Why: why, Hint: hint}
}

// problem is one of the key of f, which path names.
func (f *Field) problem(path string, code Code, what, why, hint string) Problem {
	width := utf8.RuneCountInString(f.Key)
	if f.add {
		width++
	}
	return Problem{Pos: f.KeyPos, width: width, Path: path, Code: code, What: what, Why: why, Hint: hint}
}

// Code is the stable name of a rule that a profile can break.
type Code string

// The codes.
const (
	CodeRead      Code = "read"          // a file cannot be read
	CodeLimit     Code = "limit"         // too large, too deep, too much
	CodeEncoding  Code = "encoding"      // not UTF-8, control characters
	CodeSyntax    Code = "syntax"        // not YAML
	CodeFeature   Code = "yaml-feature"  // YAML that profiles do without: anchors, tags, second documents
	CodeDuplicate Code = "duplicate-key" // the same key twice
	CodeKey       Code = "key"           // a key that is no text, or wrongly formed
	CodeNumber    Code = "number"        // a number that is ambiguous or not representable
	CodeQuote     Code = "quote"         // text that must be quoted to stay text
	CodeExtends   Code = "extends"       // a cycle, a missing or a refused file
	CodeMerge     Code = "merge"         // layers that do not fit together
	CodeHost      Code = "host"          // hosts that are missing, nameless or ambiguous
	CodeGroup     Code = "group"         // a group that does not exist
	CodeUnknown   Code = "unknown-key"   // a key that the schema does not know
	CodeMissing   Code = "missing-key"   // a key that the schema requires
	CodeType      Code = "type"          // a value of the wrong kind
	CodeValue     Code = "value"         // a value of the right kind that is not allowed
	CodeFormat    Code = "format"        // text of the wrong shape
	CodeSelector  Code = "selector"      // a selector that selects nothing
	CodeSecret    Code = "secret"        // a secret in clear text
)

// Error is "file:line:col: what; why; hint".
func (p Problem) Error() string {
	if at := p.Pos.String(); at != "" {
		return at + ": " + p.message()
	}
	return p.message()
}

func (p Problem) message() string {
	parts := slices.DeleteFunc([]string{p.What, p.Why, p.Hint}, func(s string) bool { return s == "" })
	return strings.Join(parts, "; ")
}

// MarshalJSON writes the keys file, line, column, path, code, what, why and
// hint, all of them always.
func (p Problem) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		File   string `json:"file"`
		Line   int    `json:"line"`
		Column int    `json:"column"`
		Path   string `json:"path"`
		Code   Code   `json:"code"`
		What   string `json:"what"`
		Why    string `json:"why"`
		Hint   string `json:"hint"`
	}{p.Pos.File, p.Pos.Line, p.Pos.Column, p.Path, p.Code, p.What, p.Why, p.Hint})
}

// Problems is everything wrong with a profile, sorted by position.
type Problems []Problem

// Error is one line a problem.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find a single Problem.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

// maxProblems bounds what one run reports: nobody reads on, and a hostile file
// must not cost more to describe than to read.
const maxProblems = 1000

// err sorts ps, drops what is said twice about one place, and returns it as an
// error, nil if nothing is left.
func (ps Problems) err() error {
	if len(ps) == 0 {
		return nil
	}
	out := slices.Clone(ps)
	slices.SortStableFunc(out, func(a, b Problem) int { return a.Pos.compare(b.Pos) })
	type spot struct {
		pos  Pos
		code Code
		what string
	}
	seen := make(map[spot]bool, len(out))
	out = slices.DeleteFunc(out, func(p Problem) bool {
		key := spot{p.Pos, p.Code, p.What}
		switch p.Code {
		case CodeType, CodeFormat, CodeUnknown:
			key.what = "" // loading, layers and merged hosts word it differently
		}
		dup := seen[key]
		seen[key] = true
		return dup
	})
	if more := len(out) - maxProblems; more > 0 {
		last := out[maxProblems-1].Pos
		out = append(out[:maxProblems:maxProblems], Problem{
			Pos: last, Code: CodeLimit,
			What: fmt.Sprintf("%d more problems are not shown", more),
		})
	}
	return out
}
