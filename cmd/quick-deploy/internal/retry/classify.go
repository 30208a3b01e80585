package retry

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Class is the kind of a failure.
type Class string

// The classes.
const (
	Other      Class = "other"      // not recognised: treated as permanent
	Network    Class = "network"    // unreachable, cut off, timed out
	Server     Class = "server"     // the other side failed: 5xx
	RateLimit  Class = "rate limit" // 429, or 403 of a forge that says so
	Hash       Class = "hash mismatch"
	NotFound   Class = "not found"  // 404, 410, no such ref
	Denied     Class = "denied"     // 401, 403 without a word on limits
	Evaluation Class = "evaluation" // the Nix code is wrong
	Builder    Class = "build"      // a builder failed
	Disk       Class = "disk full"
	Memory     Class = "out of memory"
	Lock       Class = "lock file" // flake.lock would have to change
	Trust      Class = "trust"     // signatures, TLS certificates
	Missing    Class = "untracked" // a file that git does not know
)

// Temporary says whether waiting may help.
func (c Class) Temporary() bool { return c == Network || c == Server || c == RateLimit }

// Verdict is what Classify found.
type Verdict struct {
	Class Class
	Line  string        // the line that decided, trimmed
	After time.Duration // what the server asked to wait, 0 if it did not
}

type rule struct {
	class Class
	re    *regexp.Regexp
}

// rules are tried in order on the whole output; the first class that matches
// wins, so permanent causes stand before the network words that often follow
// them ("builder for … failed" after a fixed-output download that got a 404).
var rules = []rule{
	{Hash, regexp.MustCompile(`(?i)hash mismatch|NAR hash mismatch|mismatch in fixed-output derivation|got:\s+sha256-`)},
	{Disk, regexp.MustCompile(`(?i)no space left on device|disk quota exceeded|database or disk is full|not enough space`)},
	{Memory, regexp.MustCompile(`(?i)out of memory|cannot allocate memory|std::bad_alloc|GC Warning: Out of Memory`)},
	{RateLimit, regexp.MustCompile(`(?i)HTTP error 429|too many requests|rate limit exceeded|API rate limit|secondary rate limit|error: 429|HTTP 429`)},
	{Trust, regexp.MustCompile(`(?i)lacks a signature by a trusted key|lacks a valid signature|not signed by any of the keys|SSL certificate problem|SSL peer certificate|certificate verify failed|self.signed certificate|Host key verification failed|unable to get local issuer`)},
	{NotFound, regexp.MustCompile(`(?i)HTTP error 404|HTTP error 410|error: 404|returned error: 404|couldn't find remote ref|Could not find remote ref|repository '[^']*' not found|cannot find (?:flake|Git revision)|does not exist in (?:the )?(?:NAR|Git repository)`)},
	{Denied, regexp.MustCompile(`(?i)HTTP error 40[13]|Permission denied \(publickey|Authentication failed|could not read Username|returned error: 40[13]|error: 403`)},
	{Missing, regexp.MustCompile(`(?i)is not tracked by Git|getting status of '/nix/store/[^']*-source/|To make it visible to Nix`)},
	{Lock, regexp.MustCompile(`(?i)--no-update-lock-file|requires lock file changes|cannot write modified lock file|lock file contains unlocked input|cannot update unlocked flake input`)},
	{Server, regexp.MustCompile(`(?i)HTTP error 5\d\d|returned error: 5\d\d|HTTP/\S+ 5\d\d|internal server error|bad gateway|service unavailable|gateway time-?out`)},
	{Network, regexp.MustCompile(`(?i)could ?n[o']t resolve host|could not resolve hostname|temporary failure in name resolution|name or service not known|` +
		`connection (?:reset|refused|timed out|closed)|connection to \S+ (?:closed|timed out)|network is unreachable|no route to host|host is unreachable|` +
		`timeout was reached|operation timed out|operation too slow|failed to connect|failure when receiving data|couldn't connect to server|` +
		`transfer closed|recv failure|send failure|SSL_ERROR_SYSCALL|SSL connect error|TLS connect error|unexpected eof while reading|HTTP/2 stream .*(?:not closed|reset)|stream was reset|` +
		`early EOF|RPC failed|the remote end hung up|kex_exchange_identification|broken pipe.*(?:ssh|nix-daemon|cache)|ssh: connect to host|` +
		`error: unable to download|\(curl error(?: code=)?|server returned nothing|proxy CONNECT aborted|stalled download|download.*(?:interrupted|aborted)|truncated gzip input|unable to connect to \S+:|unable to access 'https?://`)},
	{Evaluation, regexp.MustCompile(`(?im)error: (?:undefined variable|attribute '[^']*' (?:missing|already defined)|syntax error|infinite recursion|value is|cannot coerce|assertion|expected a|evaluation aborted|the option|a definition for option|flake '[^']*' does not provide|function '|called (?:with|without)|import|path '|access to absolute path|stack overflow|cannot (?:find|look up)|string '|tried to|while evaluating|unexpected argument)|` +
		`The option .* does not exist|is used but not defined|is not of type|Failed assertions|undefined variable|has conflicting definition|is marked as (?:broken|insecure)|has an unfree license|while calling the 'throw' builtin|The option .* is (?:read-only|deprecated and)`)},
	{Builder, regexp.MustCompile(`(?i)builder for '[^']*' failed|build of '[^']*' failed|\d+ dependenc(?:y|ies) of derivation|Cannot build '|build failed|for full logs, run|while setting up the build environment|a '[^']*' with features|required \(unavailable\) system`)},
}

var (
	// What GitHub and others put beside a 403 that is a limit, not a refusal.
	limited = regexp.MustCompile(`(?i)rate limit|retry-after|too many`)
	// Retry-After: seconds (RFC 9110, 10.2.3), as curl -v, Nix and the forges' messages print it.
	after = regexp.MustCompile(`(?i)retry[- ]after['"]?[:= ]+\s*['"]?(\d{1,6})|try again in (\d{1,6}) ?s`)
	// A message of Nix carries colours even where nobody sees them.
	colours = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")
)

// Classify reads a command's output. Nix prints the cause of a failure last
// and its context first, but nests causes: all lines of its errors count, and none of
// its warnings, which tell of tries that it made itself.
func Classify(output string) Verdict {
	text := relevant(colours.ReplaceAllString(output, ""))
	for _, r := range rules {
		loc := r.re.FindStringIndex(text)
		if loc == nil {
			continue
		}
		v := Verdict{Class: r.class, Line: lineAt(text, loc[0])}
		if r.class == Denied && limited.MatchString(text) {
			v.Class = RateLimit
		}
		if v.Class.Temporary() {
			v.After = retryAfter(text)
		}
		return v
	}
	return Verdict{Class: Other, Line: lastLine(text)}
}

var (
	// A line of a builder's log, in the excerpt that Nix prints or live.
	logLine = regexp.MustCompile(`^\s*[^\s>]*>`)
	// Lines that fetchers write: nixpkgs' fetchurl (curl), fetchgit (git), Go's, npm's.
	fetcher = regexp.MustCompile(`(?i)^\s*[^\s>]*>\s*(?:curl: \(|warning: problem .* retry|fatal: |ssh: |error: (?:cannot download|RPC failed)|.*(?:dial tcp|npm (?:err!|error) network|Failed to download))`)
)

// relevant is what of an output tells why it failed. A builder's log is that of a program of its
// own: a test in it that says "connection refused" says nothing about the network, so only
// what a fetcher wrote is left of it.
func relevant(text string) string {
	var kept []string
	warning := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		indented := line == "" || line[0] == ' ' || line[0] == '\t'
		if t := strings.TrimSpace(line); strings.HasPrefix(t, "warning:") || strings.HasPrefix(t, "trace:") {
			warning = true
			continue
		}
		if warning && indented {
			continue // a warning goes on until the next line that is not indented
		}
		warning = false
		if logLine.MatchString(line) && !fetcher.MatchString(line) {
			continue
		}
		kept = append(kept, line)
	}
	if len(kept) == 0 {
		return text // nothing but warnings: they are all there is
	}
	return strings.Join(kept, "\n")
}

func retryAfter(text string) time.Duration {
	m := after.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, err := strconv.Atoi(m[1] + m[2])
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Second
}

func lineAt(text string, i int) string {
	start := strings.LastIndexByte(text[:i], '\n') + 1
	line, _, _ := strings.Cut(text[start:], "\n")
	return strings.TrimSpace(line)
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
}
