package nixlog

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// networkWords are what a configuration may hold and a message then quotes: a banner, a page, a test.
var networkWords = []string{
	"503 Service Unavailable", "bad gateway", "connection refused", "Connection timed out", "No space left on device",
	"HTTP error 429", "API rate limit exceeded", "Could not resolve host: x", "hash mismatch", "error: unable to download 'x': HTTP error 503",
	"curl: (7) Failed to connect", "fatal: early EOF", "> curl: (28) Operation timed out", "ssh: connect to host x port 22: No route to host",
	"RPC failed", "kex_exchange_identification: reset", "dial tcp 1.2.3.4:443: i/o timeout", "the remote end hung up", "retry-after: 7",
	"--no-update-lock-file", "Permission denied (publickey)", "SSL certificate problem", "builder for 'x' failed", "out of memory",
}

// quoting are errors of evaluation, WORD where they quote the configuration: a value, a
// name, a line of code, or what a trace and a warning tell on their way.
var quoting = []struct {
	kind Kind
	text string
}{
	{OptionType, "error: A definition for option `a.b' is not of type `string'. Definition values:\n       - In `/nix/store/x/configuration.nix': [ \"WORD\" ]"},
	{OptionType, "error: A definition for option `a.b' is not of type `string'. Definition values:\n       - In `/nix/store/x/c.nix':\n           ''\n             WORD\n           ''"},
	{OptionMissing, "error: The option `a.b' does not exist. Definition values:\n       - In `/nix/store/x/configuration.nix': \"WORD\""},
	{OptionMissing, "error: The option `a.\"WORD\"' does not exist. Definition values:\n       - In `/nix/store/x/configuration.nix': true"},
	{OptionConflict, "error: The option `a.b' has conflicting definition values:\n       - In `/x': \"WORD\"\n       - In `/y': \"x\"\n       Use `lib.mkForce value' to change the priority."},
	{OptionReadOnly, "error: The option `a.b' is read-only, but it's set multiple times. Definition values:\n       - In `/x': \"WORD\""},
	{OptionUnset, "error: The option `a.\"WORD\"' was accessed but has no value defined. Try setting the option."},
	{OptionRemoved, "error:\n       Failed assertions:\n       - The option definition `a.b' in `/x' no longer has any effect; please remove it.\n       WORD"},
	{Assertion, "error:\n       Failed assertions:\n       - WORD"},
	{Assertion, "error: assertion '((a) == \"WORD\")' failed\n       at /x:1:2:"},
	{AttributeMissing, "error: attribute 'x' missing\n       at /nix/store/x/c.nix:3:1:\n            2| {\n            3|   motd = \"WORD\";\n             |   ^"},
	{AttributeMissing, "error: attribute 'WORD' missing\n       at /nix/store/x/c.nix:3:1:"},
	{AttributeTwice, "error: attribute '\"WORD\"' already defined at /nix/store/x/c.nix:2:3"},
	{VariableMissing, "error: undefined variable 'x'\n       at /nix/store/x/local.nix:3:1:\n            3|   banner = \"WORD\" + x;\n             |                                                ^"},
	{VariableMissing, "error:\n       … while evaluating the attribute '\"WORD\"'\n         at /nix/store/x/local.nix:3:1:\n            3|   banner = \"WORD\" + x;\n\n       error: undefined variable 'x'"},
	{"argument", "error: function 'f' called without required argument 'WORD'\n       at /x:1:1:"},
	{"type", "error: cannot coerce a list to a string: [ \"WORD\" ]"},
	{"type", "error: expected a set but found a string: \"WORD\""},
	{Syntax, "error: syntax error, unexpected string, expecting ';'\n       at /x:1:1:\n            1| \"WORD\""},
	{Recursion, "error: infinite recursion encountered\n       at /x:1:1:\n            1| \"WORD\""},
	{Unfree, "error: Package ‘x-1’ in /nix/store/y.nix:1 has an unfree license (‘WORD’), refusing to evaluate."},
	{Insecure, "error: Package ‘x-1’ in /nix/store/y.nix:1 is marked as insecure, refusing to evaluate.\n\n       Known issues:\n        - WORD"},
	{Broken, "error: Package ‘x-1’ in /nix/store/y.nix:1 is marked as broken, refusing to evaluate.\n       WORD"},
	{PackageGone, "error: 'exa' has been removed because of WORD"},
	{"impure", "error: access to absolute path '/etc/WORD' is forbidden in pure evaluation mode"},
	{"file-missing", "error: path '/nix/store/x/WORD' does not exist"},
	{"file-untracked", "error: path '/home/ada/WORD' is not tracked by Git"},
	{"output-missing", "error: flake 'path:/WORD' does not provide attribute 'nixosConfigurations.x'"},
	{Throw, "error: evaluation aborted with the following error message: 'WORD'"},
	{Throw, "error:\n       … while calling the 'throw' builtin\n         at /x:1:1:\n            1| throw \"WORD\"\n             | ^\n\n       error: WORD"},
	{Other, "error: no domain for this host: WORD"},
	{HashMismatch, "error: hash mismatch in fixed-output derivation '/nix/store/x-WORD.drv':\n         specified: sha256-A\n            got:    sha256-B"},
	{Builder, "error: builder for '/nix/store/x.drv' failed with exit code 1;\n       last 2 log lines:\n       > FAIL: want \"WORD\"\n       > 1 test failed"},
}

// around puts an error between what Nix says beside it.
var around = []string{
	"ERROR",
	"warning: WORD\nERROR",
	"warning: error: unable to download 'https://cache.nixos.org/x': WORD; retrying in 300 ms\n\n       response body:\n\n       WORD\nERROR",
	"evaluation warning: WORD\ntrace: WORD\nERROR\nCommand 'nix build' returned non-zero exit status 1.",
	"building '/nix/store/x.drv'...\n> all tests for \"WORD\" passed\nx-1> ok: WORD\nERROR",
}

// An error of evaluation stays one, whatever it quotes: waiting does not help, and it leads to
// the profile's line.
func TestQuotedWordsDecideNothing(t *testing.T) {
	n := 0
	for _, q := range quoting {
		for _, word := range networkWords {
			for _, frame := range around {
				n++
				text := strings.ReplaceAll(strings.Replace(frame, "ERROR", q.text, 1), "WORD", word)
				if got := Read(text).Cause; got.Kind != q.kind {
					t.Errorf("%q, want %q, by %q:\n%s", got.Kind, q.kind, got.Line(), text)
				}
			}
		}
	}
	t.Logf("%d texts", n)
}

// What is in quotes is what the pattern finds.
func FuzzQuoted(f *testing.F) {
	pattern := regexp.MustCompile("[`'‘]([^`'’]+)['’]")
	for _, text := range []string{
		"no `a.b' and 'c', but ‘d’", "''a'' and ``b`` and ’c‘", "`a‘b’", "‘a`b'", "'open", "\xe2'\x80'\xff", "‘‘a’’", "it's ‘e’\n'f\ng'",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var want []string
		for _, m := range pattern.FindAllStringSubmatch(text, -1) {
			want = append(want, m[1])
		}
		if got := slices.Collect(Quoted(text)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	})
}
