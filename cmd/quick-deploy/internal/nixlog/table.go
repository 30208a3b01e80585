package nixlog

import (
	"regexp"
	"strings"
)

// rule recognises a message by its beginning. Its named groups are fields of the
// Error that they fill: option, name, expected, message.
type rule struct {
	kind Kind
	// has stands in every text that the pattern matches, where there are too many texts to match each.
	has string
	re  *regexp.Regexp
}

// is makes a rule. In the pattern, OPTION, NAME and TEXT stand for quoted text: Nix itself
// writes 'x', the module system `x', nixpkgs ‘x’ and "x".
func is(kind Kind, pattern string) rule {
	const open, shut = "[`'‘\"]", "['’\"]"
	pattern = strings.NewReplacer(
		"OPTION", open+"(?P<option>.+?)"+shut, "NAME", open+"(?P<name>.+?)"+shut,
		"TYPE", open+"(?P<expected>.+?)"+shut, "TEXT", open+".+?"+shut,
	).Replace(pattern)
	return rule{kind: kind, re: regexp.MustCompile("^(?:" + pattern + ")")}
}

func (r rule) with(has string) rule { r.has = has; return r }

// table are the messages of Nix and of nixpkgs' library. It is tried in order, the first
// that matches wins: first what evaluation says, then what the machine and the network say.
var table = []rule{
	is(OptionMissing, `The option OPTION does not exist`),
	is(OptionRemoved, `The option definition OPTION in .* no longer has any effect`),
	is(OptionType, `A definition for option OPTION is not of type TYPE\.(?:\s|$)`),
	is(OptionConflict, `The option OPTION (?:has conflicting definition|is defined multiple times)`),
	is(OptionConflict, `The option OPTION .*cannot be merged`),
	is(OptionReadOnly, `The option OPTION is read-only`),
	is(OptionUnset, `The option OPTION (?:was accessed but has no value defined|is used but not defined)`),
	is(OptionMissing, `The option OPTION .*(?:can no longer be used|has been removed)`),
	is(OptionType, `The option OPTION is a set of options, but is defined`),
	is(Unfree, `(?:Refusing to evaluate package|Package) NAME[\s\S]* has an unfree license`),
	is(Insecure, `(?:Refusing to evaluate package|Package) NAME[\s\S]* (?:is marked as insecure|has known vulnerabilities)`),
	is(Broken, `(?:Refusing to evaluate package|Package) NAME[\s\S]* is marked as broken`),
	is(Unsupported, `(?:Refusing to evaluate package|Package) NAME[\s\S]* is not available on the requested hostPlatform`),
	is(Syntax, `syntax error|path has a trailing slash|invalid (?:integer|token)`),
	is(AttributeTwice, `(?:dynamic )?attribute NAME (?:at .* )?already defined`),
	is(AttributeMissing, `attribute NAME missing`),
	is(VariableMissing, `undefined variable NAME`),
	is(Argument, `function .* called (?:with unexpected|without required) argument NAME`),
	is(Argument, `attempt to call something which is not a function`),
	is(Recursion, `infinite recursion encountered|stack overflow`),
	is(Type, `(?:expected|value is) an? .+?(?: was expected|,? but found| while)`),
	is(Type, `cannot (?:coerce|convert|compare|concatenate|add an?) `),
	is(Assertion, `assertion .* failed`),
	is(Throw, `evaluation aborted with the following error message: '(?P<message>[\s\S]*)'$`),
	is(Impure, `access to (?:absolute |canonical )?path NAME is forbidden`),
	is(Impure, `cannot (?:look up|find) NAME in pure eval`),
	is(ImportFromBuild, `cannot build NAME during evaluation`),
	is(OutputMissing, `flake TEXT does not provide attribute.*?(?P<name>(?:nixos|home)Configurations\.(?:"[^"]*"|[^.'’]+))`),
	is(OutputMissing, `flake TEXT does not provide attribute`),
	is(LockFile, `flake TEXT requires lock file changes|cannot write modified lock file|lock file contains unlocked input|`+
		`cannot update unlocked flake input|will not write lock file`),
	is(FileUntracked, `[Pp]ath NAME .*is not tracked by Git`),
	is(FileMissing, `[Pp]ath NAME does not exist`),
	is(FileMissing, `(?:getting status of|opening file|cannot read|reading file) NAME: No such file`),
	is(FileMissing, `cannot (?:find|open) NAME`),

	is(HashMismatch, `(?i:hash mismatch in (?:fixed-output derivation|file downloaded from)|NAR hash mismatch in input) NAME`),
	is(HashMismatch, `(?i:(?:NAR )?hash mismatch)`),
	is(Disk, `(?:executing SQLite statement .*)?database or disk is full`),
	is(Disk, `(?:writing|copying|creating|opening|renaming|changing|setting|cannot|error) [^\n]*: (?:No space left on device|Disk quota exceeded)`),
	is(Disk, `(?:No space left on device|Disk quota exceeded|not enough space)`),
	is(Memory, `out of memory|std::bad_alloc|(?:unable to|cannot|allocating) [^\n]*Cannot allocate memory`),
	is(Trust, `(?:cannot add path|path) TEXT .*(?:lacks a (?:valid )?signature|not signed by any of the keys)`),
	is(Trust, `unable to \w+ NAME: .*(?i:peer certificate|certificate problem|certificate verify failed|self.signed|local issuer)`),
	is(RateLimit, `unable to \w+ NAME: HTTP error 429`),
	is(RateLimit, `unable to \w+ NAME: HTTP error 403[\s\S]*(?i:rate limit|retry-after|too many)`),
	is(NotFound, `unable to \w+ NAME: HTTP error 4(?:04|10)`),
	is(Denied, `unable to \w+ NAME: HTTP error 40[137]`),
	is(Server, `unable to \w+ NAME: HTTP error 5\d\d`),
	is(Network, `unable to \w+ NAME: `),
	is(Network, `\w+ of NAME was interrupted|failed to extract archive .*truncated|some substitutes for the outputs of derivation`),
	is(Network, `(?:cannot open|opening a) connection to remote store TEXT.*(?i:connection (?:reset|refused|timed out)|no route to host)`),
	is(NotFound, `(?i:cannot find (?:flake|Git revision)) NAME`),

	is(NoBuilder, `an? TEXT with features .* is required to build NAME`),
	is(NoBuilder, `Cannot build NAME\.?\s+Reason: required system or feature not available`),
	is(DependencyFailure, `\d+ dependenc(?:y|ies) of derivation|(?:build of TEXT|[Bb]uild) failed`),
	is(DependencyFailure, `Cannot build NAME\.?\s+Reason: (?:\d+ dependenc|.*dependency failed)`),
	is(DependencyFailure, `program TEXT failed with exit code|[Ff]ailed to (?:fetch|start SSH)|cannot connect to TEXT`),
	is(Builder, `(?:builder for|Cannot build) NAME`),

	// An alias that throws: "'python2' has been removed …", "the package set … has been renamed".
	is(PackageGone, `NAME (?:has been (?:removed|renamed|replaced)|was (?:removed|renamed)|is (?:no longer|deprecated))`),
	is(PackageGone, `(?P<name>[\w.+-]+) (?:has been (?:removed|renamed|replaced|superseded)|was (?:removed|renamed)|is no longer)`),
}

// answer is how curl and git begin to tell which error a server returned.
const answer = `(?:curl: \(22\) |fatal: unable to access TEXT: )The requested URL returned error: `

// programs are the lines of git, curl, ssh and home-manager that say why they failed.
var programs = []rule{
	is(RateLimit, answer+`(?:429|403.*(?i:rate limit|too many))`).with("returned error: "),
	is(NotFound, answer+`4(?:04|10)`).with("returned error: "),
	is(Denied, answer+`40[137]`).with("returned error: "),
	is(Server, answer+`5\d\d`).with("returned error: "),
	is(Trust, `(?:curl: \(\d+\)|fatal: unable to access TEXT:).*(?:certificate|local issuer)`).with("SSL"),
	is(Trust, `Host key verification failed`).with("Host key"),
	is(Denied, `(?:\S+@\S+: )?Permission denied \(publickey`).with("Permission denied ("),
	is(Denied, `fatal: (?:Authentication failed|could not read Username)`).with("fatal: "),
	is(NotFound, `fatal: (?:[Cc]ould(?:n't| not) find remote ref|repository NAME not found)`).with("fatal: "),
	is(Disk, `[^"'‘]*(?:error|write\w*|writing[^:]*|cannot [^:]*|failed[^:]*): No space left on device`).with("No space left"),
	is(Disk, `note: build failure may have been caused by lack of free disk space`),
	is(FileInTheWay, `Existing file NAME (?:is in the way of|would be clobbered)`).with("Existing file "),
	// curl's own numbers: libcurl-errors(3).
	is(Network, `curl: \((?:5|6|7|16|18|28|35|52|55|56|92|95|96)\)`).with("curl: ("),
	is(Network, `fatal: (?:unable to (?:access|connect to)|early EOF|[Tt]he remote end hung up)`).with("fatal: "),
	is(Network, `(?:error: )?(?:RPC failed|\d+ bytes of body are still expected)`),
	is(Network, `fetch-pack: unexpected disconnect`).with("fetch-pack"),
	is(Network, `ssh: (?:connect to host|Could not resolve hostname)`).with("ssh: "),
	is(Network, `kex_exchange_identification: |Connection (?:to \S+ )?(?:closed by|reset by|timed out)|client_loop: send disconnect`),
	is(Network, `.*(?:Get|Head) "https?://[^"]+": dial tcp.*(?:timeout|refused|reset|unreachable|no such host|no route)`).with("dial tcp"), // Go
	is(Network, `(?i:npm (?:err!|error) network)`).with("network"),
}

var (
	// What libarchive was given failed, which says why.
	archive = regexp.MustCompile(`^[Ff]ailed to \w+ archive \(Source threw exception: error: (.*)`)
	// nixos-rebuild tells which of its commands failed, after Nix has told why.
	wrapper      = regexp.MustCompile(`^(?:[Cc]ommand '.*' returned non-zero exit status|.*nixos-rebuild.*exit status)`)
	tracedOption = regexp.MustCompile("^while evaluating (?:the )?option [`'‘\"]([^`‘]+?)['’\"]:?$")
	tracedFile   = regexp.MustCompile("^while evaluating (?:definitions from|the module argument .* in) [`'‘\"]([^`'’\"]+)['’\"]:?$")
	definition   = regexp.MustCompile("^- In [`'‘\"](.+?)['’\"](?:, via option .*?)?(?::\\s?(.*))?$")
	removedIn    = regexp.MustCompile("in [`'‘\"](.+?)['’\"] no longer has any effect")
	// Quoted finds what a message quotes.
	Quoted = regexp.MustCompile("[`'‘]([^`'’]+)['’]")
)

// match finds the first rule that recognises e, and fills in what it tells.
func (e *Error) match(rules []rule) bool {
	text := head(e.Message)
	if m := archive.FindStringSubmatch(text); m != nil {
		text = m[1]
	}
	for _, r := range rules {
		if !strings.Contains(text, r.has) {
			continue
		}
		m := r.re.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		e.Kind = r.kind
		for i, group := range r.re.SubexpNames() {
			switch group {
			case "option":
				e.Option = m[i]
			case "name":
				e.Name = m[i]
			case "expected":
				e.Expected = m[i]
			case "message":
				e.Message = strings.TrimSpace(m[i])
			}
		}
		return true
	}
	return false
}

// classify finds out what e is about.
func (e Error) classify() []Error {
	if list, ok := strings.CutPrefix(e.Message, "Failed assertions:"); ok {
		return e.assertions(list)
	}
	e.Suggestions = suggestions(head(e.Message))
	if !e.match(table) && !e.match(programs) {
		e.Kind = Other
	}
	reading := false // definitions
	for line := range strings.Lines(e.Message) {
		reading = e.detail(strings.TrimRight(line, "\n"), reading)
	}
	return []Error{e}
}

// detail reads a line of the message: a definition behind "Definition values:", a line
// of a build's log, a hash, or a known vulnerability. It tells whether a definition may go on.
func (e *Error) detail(line string, reading bool) bool {
	text := strings.TrimSpace(line)
	switch {
	case e.Kind == Builder:
		if log, ok := logLine(text); ok {
			e.Detail = append(e.Detail, log)
		}
	case e.Kind == HashMismatch && (strings.HasPrefix(text, "specified:") || strings.HasPrefix(text, "got:")):
		e.Detail = append(e.Detail, strings.Join(strings.Fields(text), " "))
	case e.Kind == Insecure && strings.HasPrefix(line, " - "):
		e.Detail = append(e.Detail, line[len(" - "):])
	case strings.HasPrefix(text, "- In ") && len(e.Definitions) < maxItems:
		if m := definition.FindStringSubmatch(head(text)); m != nil {
			e.Definitions = append(e.Definitions, Definition{File: m[1], Value: m[2]})
			return true
		}
	}
	if !reading || !strings.HasPrefix(line, " ") {
		return reading && line == ""
	}
	if d := &e.Definitions[len(e.Definitions)-1]; len(d.Value) < maxValue {
		d.Value = strings.TrimSpace(d.Value + " " + head(text))
	}
	return true
}

// assertions are the failed ones, an error each.
func (e Error) assertions(list string) []Error {
	var out []Error
	for _, text := range strings.Split("\n"+list, "\n- ")[1:] {
		if len(out) == maxItems {
			break
		}
		a := Error{Kind: Assertion, Message: strings.TrimSpace(text), Places: e.Places}
		if o := (Error{Message: a.Message}); o.match(table) && strings.HasPrefix(string(o.Kind), "option-") {
			a.Kind, a.Option, a.Expected = o.Kind, o.Option, o.Expected
		}
		if m := removedIn.FindStringSubmatch(head(a.Message)); m != nil {
			a.Definitions = []Definition{{File: m[1]}}
		}
		out = append(out, a)
	}
	return out
}

// suggestions are the names behind "Did you mean": `a', `b' or `c'; a, b or c.
func suggestions(message string) []string {
	_, text, _ := strings.Cut(message, "Did you mean ")
	text, _, ok := strings.Cut(text, "?")
	if !ok {
		return nil
	}
	var out []string
	for _, q := range Quoted.FindAllStringSubmatch(text, -1) {
		out = append(out, q[1])
	}
	if out != nil {
		return out
	}
	for _, word := range strings.FieldsFunc(strings.TrimPrefix(text, "one of "), func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
		if word != "or" {
			out = append(out, word)
		}
	}
	return out
}
