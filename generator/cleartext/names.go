package cleartext

import (
	"regexp"
	"strings"
	"unicode"
)

// stems make a name that of a secret wherever they stand in it, written
// together: dbPassword, PGPASSWORD, api_key and apiKey alike.
var stems = []string{
	"password", "passwd", "passwort", "passphrase", "passcode", "secret", "credential", "token", "psk",
	"requirepass", "masterauth", "apikey", "authkey", "privatekey", "privkey", "presharedkey", "sharedkey",
	"accesskey", "encryptionkey", "encryptkey", "decryptionkey", "masterkey", "sessionkey", "recoverykey",
	"hmackey", "signingsecret", "licensekey", "accountkey", "storagekey", "appkey", "rpckey", "deploykey",
	"unsealkey", "joinkey", "basicauth", "authpass", "bearer", "cookiekey",
}

// whole are words that are too short to be looked for within others.
var whole = set(`pass pw pwd creds cred dbpass rootpw smtppass userpass rootpass adminpass bindpw adminpw mypass`)

// before and after are words that say, where they stand so in a name, that it
// is about a secret and does not hold it: maxTokens, passwordFile.
var before = set(`max min num count allow enable use has is needs enforce no proxy fastcgi uwsgi scgi grpc load import
	set public hashed encrypted maximum minimum without permit want show`)

var after = set(`file files path paths dir directory directories folder hash hashes hashed command cmd program helper
	url urls uri endpoint host port name names id ids type kind length len size count min max num limit
	limits ttl lifetime expiry expiration expires expire expiring age timeout interval duration rounds
	iterations policy policies algorithm algo alg format method methods mode authentication login logins
	prompt enable enabled disable disabled required allow allowed reset change changes manager store
	stores agent service provider source backend location header headers field fields label description
	title hint display prefix charset encoding template reference owner group scope scopes audience
	issuer public pub ask quality strength cache check validation rotation only protection permissions
	visible days hours minutes seconds period retries attempts feedback icon version context window
	generator validator minimum maximum per budget usage request requests complexity history verify
	verification generation delimiter separator symbols alphabet use needed engine class plugin rule
	rules list rights log less logging encrypted user username email domain config column sender script
	bucket buckets izer ize ization`)

func set(words string) map[string]bool {
	out := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		out[word] = true
	}
	return out
}

// words splits a name at capitals, digits and signs, in lower case.
func words(name string) []string {
	var out []string
	var word []rune
	flush := func() {
		if len(word) > 0 {
			out = append(out, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			flush()
		}
		word = append(word, r)
	}
	flush()
	return out
}

// clearName reports whether what goes under a name is a secret. sure is false
// for a name that others use, too: then only text counts.
func clearName(name string) (secret, sure bool) {
	ws := words(name)
	if len(ws) == 0 {
		return false, false
	}
	joined := strings.Join(ws, "")
	from, to := len(joined), -1 // of what names the secret
	for _, stem := range stems {
		if i := strings.Index(joined, stem); i >= 0 {
			from, to = min(from, i), max(to, strings.LastIndex(joined, stem)+len(stem))
		}
	}
	at := 0
	for _, w := range ws {
		if whole[w] {
			from, to = min(from, at), max(to, at+len(w))
		}
		at += len(w)
	}
	if to < 0 {
		return false, false
	}
	at = 0
	for _, w := range ws {
		if at < from && before[w] || at+len(w) > to && after[strings.TrimPrefix(w, joined[min(at, to):to])] {
			return false, false
		}
		at += len(w)
	}
	// tokens: 4096 counts something.
	return true, !strings.HasSuffix(joined, "tokens")
}

// Name reports whether what goes under a name, of an option, a flag or a variable, is a secret.
func Name(name string) bool {
	secret, _ := clearName(name)
	return secret
}

// holdsMany reports whether each entry of the map or list of that name is a secret.
func holdsMany(name string) bool {
	lower := strings.ToLower(name)
	if strings.HasSuffix(lower, "basicauth") || strings.HasSuffix(lower, "basic_auth") {
		return true
	}
	if !strings.HasSuffix(lower, "s") {
		return false
	}
	secret, _ := clearName(strings.TrimSuffix(name, "s"))
	return secret
}

// elsewhere matches what stands for a secret that lies elsewhere: a path, or
// what a program itself replaces.
var elsewhere = regexp.MustCompile(`^(?:` + strings.Join([]string{
	`(?:file:(?://)?|@|<)?/(?:etc|run|var|home|nix|root|srv|opt|mnt|media|tmp|usr|boot|dev|` +
		`persist|persistent|secrets|state|data|storage)(?:/[^\s"']*)?`,
	`\$[A-Z][A-Z_]*(?:_[A-Z0-9]+)*`,                   // $VARIABLE
	`\$\{[A-Za-z_][A-Za-z0-9_.:]*\}`,                  // ${variable}
	`\$__(?:file|env|vault)\{[^}]*\}`,                 // Grafana
	`\$\([^)]+\)|` + "`[^`]+`",                        // a command of a shell
	`\$\{?CREDENTIALS_DIRECTORY\}?/[\w.@-]+`,          // systemd
	`%[a-zA-Z](?:/[\w.@-]+)+|%[A-Z_]+%|%\([\w.]+\)s?`, // systemd, ini files
	`@[A-Za-z_][\w./-]*@|@[A-Z_]+`,                    // replace-secret
	`\{\{.*\}\}|<[\w ./-]+>|\{[A-Za-z_][\w.]*\}`,      // templates, and what a manual leaves open
	`config\.[\w.]+|(?:env|file|cmd|ENV)[:.][\w./-]+`, // an option of Nix, a scheme of a program
	`!secret [\w.-]+`,                                 // Home Assistant
	`[!*x]+|\*+`,                                      // locked, masked
	`(?i:true|false|yes|no|on|off|none|null|disabled|prompt|ask|required|optional|sufficient)`,
	`ENC\[AES256_GCM,data:[A-Za-z0-9+/=]*,iv:[A-Za-z0-9+/=]+,tag:[A-Za-z0-9+/=]+,type:[a-z]+\]`,
}, "|") + `)?$`)

// assigned matches a name and the value that it is given within a text: of a
// shell, an ini file, Nix, JSON, an address.
var assigned = regexp.MustCompile(`([A-Za-z_][\w.-]*)["']?[ \t]*(?:[:+]?=>?|:)[ \t]*` +
	`(?:"([^"\n]*)"|'([^'\n]*)'|(\$\{[^}\s]*\}|[^\s"'&;,}\])]+))`)

// spaced matches a name and its value in flags (--token VALUE), and in files of
// several lines (requirepass VALUE).
var spaced = regexp.MustCompile(`(?m)(?:--?([A-Za-z][\w-]*)[ \t]+|^[ \t]*(` +
	`requirepass|masterauth|passw(?:or)?d|passphrase|wpa_passphrase|psk|secret|token)[ \t]+)["']?([^\s"'-][^\s"']*)["']?`)
