package diagnose

import (
	"regexp"
	"strings"
)

// rule recognises a message. Its first group, where it has one, goes where
// into says.
type rule struct {
	kind Kind
	re   *regexp.Regexp
	into func(*NixError, []string)
}

func option(e *NixError, m []string) { e.Option = m[1] }
func name(e *NixError, m []string)   { e.Name = m[1] }

// The quotes: Nix itself writes 'x', the module system `x', nixpkgs ‘x’ and "x".
const (
	open  = "[`'‘\"]"
	shut  = "['’\"]"
	quote = open + "(.+?)" + shut
)

// rules are tried in order on the whole message; the first that matches wins.
var rules = []rule{
	{OptionMissing, re("^The option " + quote + " does not exist"), option},
	{OptionRemoved, re("^The option definition " + quote + " in .* no longer has any effect"), option},
	{OptionType, re("^A definition for option " + quote + " is not of type " + open + `(.+?)` + shut + `\.(?:\s|$)`), func(e *NixError, m []string) {
		e.Option, e.Expected = m[1], m[2]
	}},
	{OptionConflict, re("^The option " + quote + " (?:has conflicting definition|is defined multiple times|has conflicting)"), option},
	{OptionConflict, re("^The option " + quote + " .*cannot be merged"), option},
	{OptionReadOnly, re("^The option " + quote + " is read-only"), option},
	{OptionUnset, re("^The option " + quote + " (?:was accessed but has no value defined|is used but not defined)"), option},
	{OptionMissing, re("^The option " + quote + " .*(?:can no longer be used|has been removed)"), option},
	{OptionType, re("^The option " + quote + " is a set of options, but is defined"), option},

	{Unfree, re("^(?:Refusing to evaluate package|Package) " + quote + `[\s\S]* has an unfree license`), pkg},
	{Insecure, re("^(?:Refusing to evaluate package|Package) " + quote + `[\s\S]* (?:is marked as insecure|it is marked as insecure|has known vulnerabilities)`), pkg},
	{Broken, re("^(?:Refusing to evaluate package|Package) " + quote + `[\s\S]* (?:is|it is) marked as broken`), pkg},
	{Unsupported, re("^(?:Refusing to evaluate package|Package) " + quote + `[\s\S]* is not available on the requested hostPlatform`), pkg},

	{HashMismatch, re(`(?i)^hash mismatch in (?:fixed-output derivation|file downloaded from) ` + quote), name},
	{HashMismatch, re(`(?i)NAR hash mismatch in input ` + quote), name},
	{HashMismatch, re(`(?i)hash mismatch`), nil},

	{Syntax, re("^syntax error"), nil},
	{Syntax, re("^(?:path has a trailing slash|invalid (?:integer|token))"), nil},
	{AttributeTwice, re("^(?:dynamic )?attribute " + quote + " (?:already defined|at .* already defined)"), name},
	{AttributeMissing, re("^attribute " + quote + " missing"), name},
	{VariableMissing, re("^undefined variable " + quote), name},
	{Argument, re("^function .* called (?:with unexpected|without required) argument " + quote), name},
	{Argument, re("^attempt to call something which is not a function"), nil},
	{Recursion, re("^(?:infinite recursion encountered|stack overflow)"), nil},

	{FileUntracked, re("^[Pp]ath " + quote + " .*is not tracked by Git"), name},
	{FileMissing, re("^[Pp]ath " + quote + " does not exist"), name},
	{FileMissing, re("^(?:getting status of|opening file|cannot read|reading file) " + quote + `: No such file`), name},
	{FileMissing, re("^cannot (?:find|open) " + quote), name},
	{Impure, re("^access to (?:absolute |canonical )?path " + quote + " is forbidden"), name},
	{Impure, re("^cannot (?:look up|find) " + quote + " in pure eval"), name},
	{ImportFromBuild, re("^cannot build " + quote + " during evaluation"), name},
	{OutputMissing, re(`^flake ` + quote + ` does not provide attribute.*?((?:nixosConfigurations|homeConfigurations)\.(?:"[^"]*"|[^.'’]+))`), func(e *NixError, m []string) {
		e.Name = m[2]
	}},
	{OutputMissing, re("^flake " + quote + " does not provide attribute"), nil},
	{LockFile, re(`lock file (?:changes|contains)|cannot (?:write modified lock file|update unlocked flake input)|--no-update-lock-file`), nil},
	{Network, re(`(?i)^unable to download ` + quote), name},
	{Network, re(`(?i)could ?n[o']t resolve host|failed to connect|connection (?:refused|timed out|reset)|temporary failure in name resolution|network is unreachable|HTTP error (?:4|5)\d\d`), nil},

	{DependencyFailure, re(`^\d+ dependenc(?:y|ies) of derivation`), nil},
	{DependencyFailure, re(`^Cannot build ` + quote + `\.?\s+Reason: (?:\d+ dependenc|.*dependency failed)`), name},
	{DependencyFailure, re(`^(?:build of ` + quote + ` failed|build failed)`), nil},
	{Builder, re(`^(?:builder for|Cannot build) ` + quote), name},

	{Type, re(`^(?:expected|value is) an? (.+?)(?: was expected|,? but found| while)`), nil},
	{Type, re(`^cannot (?:coerce|convert|compare|add|concatenate)`), nil},
	{Assertion, re(`^assertion .* failed`), nil},
	{Throw, re(`^evaluation aborted with the following error message: ` + open + `([\s\S]*?)` + shut + `$`), func(e *NixError, m []string) {
		e.Message = strings.TrimSpace(m[1])
	}},
}

func re(s string) *regexp.Regexp { return regexp.MustCompile(s) }

func pkg(e *NixError, m []string) {
	e.Name = m[1]
	e.Detail = vulnerabilities(e.Message)
}

var (
	gone = re("^" + quote + ` (?:has been (?:removed|renamed|replaced)|was (?:removed|renamed)|is (?:no longer|deprecated))`)
	// An alias that throws: "'python2' has been removed …", "the package set … has been renamed".
	goneBare   = re(`^([\w.+-]+) (?:has been (?:removed|renamed|replaced|superseded)|was (?:removed|renamed)|is (?:no longer))`)
	suggested  = re(`Did you mean ([\s\S]+?)\?`)
	definition = re("^- In " + open + "(.+?)" + shut + `(?:, via option .*?)?(?::\s?(.*))?$`)
	aName      = re("[`'‘]([^`'’]+)['’]")
	weakness   = re(`^ - (.+)$`)
)

// classify finds out what e is about.
func classify(e NixError) []NixError {
	if list, ok := strings.CutPrefix(e.Message, "Failed assertions:"); ok {
		return assertions(e, list)
	}
	e.Suggestions = suggestions(e.Message)
	for _, r := range rules {
		m := r.re.FindStringSubmatch(e.Message)
		if m == nil {
			continue
		}
		e.Kind = r.kind
		if r.into != nil {
			r.into(&e, m)
		}
		e.definitions()
		e.details()
		return []NixError{e}
	}
	e.Kind = Other
	if m := gone.FindStringSubmatch(e.Message); m != nil {
		e.Kind, e.Name = PackageGone, m[1]
	} else if m := goneBare.FindStringSubmatch(e.Message); m != nil {
		e.Kind, e.Name = PackageGone, m[1]
	}
	e.definitions()
	return []NixError{e}
}

// assertions are the failed ones, an error each.
func assertions(e NixError, list string) []NixError {
	var out []NixError
	for line := range strings.Lines(list) {
		line = strings.TrimRight(line, "\n")
		if text, ok := strings.CutPrefix(line, "- "); ok {
			out = append(out, NixError{Kind: Assertion, Message: text, Places: e.Places})
			continue
		}
		if len(out) > 0 {
			out[len(out)-1].Message += "\n" + line
		}
	}
	for i := range out {
		a := &out[i]
		a.Message = strings.TrimSpace(a.Message)
		for _, r := range rules {
			if m := r.re.FindStringSubmatch(a.Message); m != nil && strings.HasPrefix(string(r.kind), "option-") {
				a.Kind = r.kind
				r.into(a, m)
				break
			}
		}
		if m := removedIn.FindStringSubmatch(a.Message); m != nil {
			a.Definitions = append(a.Definitions, Definition{File: m[1]})
		}
	}
	return out
}

var removedIn = re("in " + quote + " no longer has any effect")

// suggestions are the names behind "Did you mean": `a', `b' or `c'; a, b or c.
func suggestions(message string) []string {
	m := suggested.FindStringSubmatch(message)
	if m == nil {
		return nil
	}
	text := strings.TrimPrefix(strings.TrimSpace(m[1]), "one of ")
	var out []string
	for _, q := range aName.FindAllStringSubmatch(text, -1) {
		out = append(out, q[1])
	}
	if out != nil {
		return out
	}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
		if word != "or" {
			out = append(out, word)
		}
	}
	return out
}

// definitions reads the list behind "Definition values:".
func (e *NixError) definitions() {
	reading := false
	for line := range strings.Lines(e.Message) {
		line = strings.TrimRight(line, "\n")
		if m := definition.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			e.Definitions = append(e.Definitions, Definition{File: m[1], Value: m[2]})
			reading = true
			continue
		}
		if !reading {
			continue
		}
		if !strings.HasPrefix(line, " ") {
			reading = line == ""
			continue
		}
		d := &e.Definitions[len(e.Definitions)-1]
		d.Value = strings.TrimSpace(d.Value + " " + strings.TrimSpace(line))
	}
}

// details are the lines of a build's log, and the two hashes.
func (e *NixError) details() {
	switch e.Kind {
	case Builder, HashMismatch:
	default:
		return
	}
	for line := range strings.Lines(e.Message) {
		line = strings.TrimSpace(line)
		if text, ok := strings.CutPrefix(line, "> "); ok && e.Kind == Builder {
			e.Detail = append(e.Detail, text)
		}
		if e.Kind == HashMismatch && (strings.HasPrefix(line, "specified:") || strings.HasPrefix(line, "got:")) {
			e.Detail = append(e.Detail, strings.Join(strings.Fields(line), " "))
		}
	}
}

// vulnerabilities are the items of the list that nixpkgs prints.
func vulnerabilities(message string) []string {
	var out []string
	_, list, ok := strings.Cut(message, "Known issues:")
	if !ok {
		return nil
	}
	for line := range strings.Lines(list) {
		line = strings.TrimRight(line, "\n")
		if m := weakness.FindStringSubmatch(line); m != nil {
			out = append(out, m[1])
		} else if strings.TrimSpace(line) != "" {
			break
		}
	}
	return out
}
