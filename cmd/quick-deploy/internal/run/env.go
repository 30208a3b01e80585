package run

import (
	"cmp"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/cleartext"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// allowedNames are the environment variables that reach a child: what a
// program needs to find its files, speak the user's language and reach the
// network, and what Nix, git and ssh read. Everything else stays here.
var allowedNames = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM",
	"LANG", "LANGUAGE", "LOCALE_ARCHIVE", "TZ", "TZDIR",
	"TMPDIR", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
	"XDG_CONFIG_DIRS", "XDG_DATA_DIRS",
	"DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_CONFIG_GLOBAL",
	"http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "SUDO_ASKPASS", "NO_COLOR", "CLICOLOR_FORCE",
}

var allowedPrefixes = []string{"LC_", "NIX_", "NIXOS_", "HOME_MANAGER_", "QUICK_DEPLOY_"}

// GitEnv keeps git from running programs that the configuration of a repository
// names, whether this program starts git or Nix does (git-config(1),
// GIT_CONFIG_COUNT): a flake's folder may have come from somebody else.
var GitEnv = []string{
	"GIT_CONFIG_COUNT=2",
	"GIT_CONFIG_KEY_0=core.fsmonitor", "GIT_CONFIG_VALUE_0=false",
	"GIT_CONFIG_KEY_1=core.hooksPath", "GIT_CONFIG_VALUE_1=/dev/null",
}

// allowed returns the part of environ that a child may see.
func allowed(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return !slices.Contains(allowedNames, name) &&
			!slices.ContainsFunc(allowedPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	})
}

// secretWords mark a variable whose value is not logged.
var secretWords = []string{"TOKEN", "SECRET", "PASS", "KEY", "CREDENTIAL", "AUTH", "COOKIE"}

// Redact is environ for a log: the values of variables whose names sound like a secret,
// and what looks like one in others, are replaced by "[redacted]". NIX_CONFIG may hold
// access tokens and is always redacted.
func Redact(environ []string) []string {
	out := make([]string, len(environ))
	for i, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		up := strings.ToUpper(name)
		secret := slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(up, w) })
		if up == "NIX_CONFIG" || secret && up != "SSH_AUTH_SOCK" {
			value = redacted
		}
		out[i] = name + "=" + RedactText(value)
	}
	return out
}

// redacted stands for what is not logged.
const redacted = "[redacted]"

// RedactArgs are args for a log: the values of flags and of Nix' settings that
// sound like a secret, and what in others has the form of one, are replaced.
func RedactArgs(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		before, last := "", ""
		if i > 0 {
			last = args[i-1]
		}
		if i > 1 {
			before = args[i-2]
		}
		// --token VALUE, and nix --option access-tokens VALUE. What starts with - is the next flag.
		named := strings.HasPrefix(last, "-") && !strings.HasPrefix(a, "-") || before == "--option"
		if named && cleartext.Name(last) {
			a = redacted
		}
		out[i] = RedactText(a)
	}
	return out
}

// userinfo is that of a URL (RFC 3986, section 3.2.1); a password may hold an @.
var userinfo = lazyregexp.New(`(://)[^/?#\s"']*@`)

// RedactText returns a text for a log: the user and the password in each URL, and
// all that looks like a secret, are replaced.
func RedactText(s string) string {
	if strings.Contains(s, "://") {
		s = userinfo.ReplaceAllString(s, "${1}"+redacted+"@")
	}
	spans := cleartext.Spans(s)
	slices.SortFunc(spans, func(a, b cleartext.Span) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(b.To, a.To))
	})
	var b strings.Builder
	at := 0
	for _, span := range spans {
		if span.From < at || strings.HasPrefix(redacted, s[span.From:span.To]) {
			continue // in one before, or replaced already
		}
		b.WriteString(s[at:span.From] + redacted)
		at = span.To
	}
	return b.String() + s[at:]
}

func lookup(environ []string, name string) string {
	for _, kv := range slices.Backward(environ) {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}
