package run

import (
	"slices"
	"strings"
)

// allowedNames are the environment variables that reach a child: what a
// program needs to find its files, speak the user's language and reach the
// network, and what Nix, git and ssh read. Everything else stays here.
var allowedNames = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "LANG", "LANGUAGE", "LOCALE_ARCHIVE", "TZ", "TZDIR",
	"TMPDIR", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_DIRS",
	"DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_CONFIG_GLOBAL",
	"http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "SUDO_ASKPASS", "NO_COLOR", "CLICOLOR_FORCE",
}

var allowedPrefixes = []string{"LC_", "NIX_", "NIXOS_", "HOME_MANAGER_", "QUICK_DEPLOY_"}

// Allowed is the part of environ that a child may see.
func Allowed(environ []string) []string {
	var out []string
	for _, kv := range environ {
		name, _, ok := strings.Cut(kv, "=")
		if ok && AllowedName(name) {
			out = append(out, kv)
		}
	}
	return out
}

// AllowedName says whether a child may see the variable of that name.
func AllowedName(name string) bool {
	return slices.Contains(allowedNames, name) ||
		slices.ContainsFunc(allowedPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// secretWords mark a variable whose value is not logged.
var secretWords = []string{"TOKEN", "SECRET", "PASS", "KEY", "CREDENTIAL", "AUTH", "COOKIE"}

// Redact is environ for a log: the values of variables whose names sound like a secret,
// and user:password parts of URLs, are replaced by "[redacted]". NIX_CONFIG may hold
// access tokens and is always redacted.
func Redact(environ []string) []string {
	out := make([]string, len(environ))
	for i, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		up := strings.ToUpper(name)
		if up == "NIX_CONFIG" || (up != "SSH_AUTH_SOCK" && slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(up, w) })) {
			out[i] = name + "=[redacted]"
			continue
		}
		out[i] = name + "=" + redactURL(value)
	}
	return out
}

func redactURL(s string) string {
	scheme := strings.Index(s, "://")
	if scheme < 0 {
		return s
	}
	rest := s[scheme+3:]
	host, _, _ := strings.Cut(rest, "/")
	if at := strings.LastIndex(host, "@"); at >= 0 {
		return s[:scheme+3] + "[redacted]" + rest[at:]
	}
	return s
}

func lookup(environ []string, name string) string {
	for _, kv := range slices.Backward(environ) {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}
