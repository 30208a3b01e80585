package cleartext

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"
)

//go:embed gitleaks.txt
var gitleaks string

// shape is what a kind of secret looks like.
type shape struct {
	name string
	// find matches it; the last group that takes part, if there is one, is the secret itself.
	find func() *regexp.Regexp
}

// own are the shapes that gitleaks does not have, or asks more of than a maker
// promises: name, keywords in lower case, regular expression.
const own = `private key	private key	(?s)-----BEGIN[ A-Z0-9]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END[ A-Z0-9]*PRIVATE KEY(?: BLOCK)?-----|\z)
private key	putty-user-key-file	PuTTY-User-Key-File-\d(?s:.*)
age key	age-secret-key-	AGE-SECRET-KEY-(?:PQ-)?1[A-Z0-9]{10,}
GitHub token	ghp_,gho_,ghu_,ghs_,ghr_,github_pat_	\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{22,})
GitLab token	glpat-,gldt-,glrt-,glsoat-,glptt-,glcbt-	\bgl(?:pat|dt|rt|soat|ptt|cbt)-[\w.-]{20,}
OpenAI key	sk-	\bsk-(?:(?:proj|svcacct|admin|None)-[\w-]{20,}|[A-Za-z0-9]{32,})
Anthropic key	sk-ant-	\bsk-ant-[\w-]{16,}
OpenRouter key	sk-or-	\bsk-or-[\w-]{16,}
Stripe key	sk_live,sk_test,rk_live,rk_test,whsec_	\b(?:[sr]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{16,})
Google key	aiza,gocspx-,ya29.	\b(?:AIza[\w-]{30,}|GOCSPX-[\w-]{20,}|ya29\.[\w-]{20,})
Hugging Face token	hf_	\bhf_[A-Za-z0-9]{30,}
npm token	npm_	\bnpm_[A-Za-z0-9]{30,}
PyPI token	pypi-	\bpypi-[\w-]{16,}
SendGrid key	sg.	\bSG\.[\w-]{16,}\.[\w-]{16,}
Slack token	xox,xapp-	\b(?:xox[a-z]-[\w-]{10,}|xapp-[\w-]{10,})
Tailscale key	tskey-	\btskey-[a-z]+-\w{6,}
AWS key	akia,asia,abia,acca	\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b
DigitalOcean token	dop_v1_,doo_v1_,dor_v1_	\bdo[opr]_v1_[a-f0-9]{32,}
Docker token	dckr_pat_,dckr_oat_	\bdckr_[op]at_[\w-]{20,}
Telegram token	aa	\b\d{8,10}:AA[\w-]{30,}
New Relic key	nrak-	\bNRAK-[A-Za-z0-9]{27}
web hook	hooks.slack.com	hooks\.slack\.com/(?:services|workflows|triggers)/[\w/+-]{20,}
web hook	/api/webhooks/	discord(?:app)?\.com/api(?:/v\d+)?/webhooks/\d+/[\w-]{20,}
web hook	webhook.office.com,logic.azure.com	(?:webhook\.office\.com/webhookb2/|logic\.azure\.com\S*[?&]sig=)[^\s"']{16,}
connection string	accountkey=,sharedaccesskey=	(?i)(?:Account|SharedAccess)Key=([A-Za-z0-9+/=]{20,})
JSON web token	eyj	\beyJ[\w-]{10,}\.eyJ[\w-]{6,}(?:\.[\w-]*)?
authorization header	bearer,basic,token	(?i)\bauthorization["']?\s*[:=]\s*["']?(?:bearer|basic|token)\s+([\w+/.~=-]{6,})
authorization header	bearer	(?i)\bbearer\s+([\w+/.~=-]*[0-9][\w+/.~=-]{15,})
password in an address	://	://[^/\s@"'?#]*:([^/\s@"'?#]+)@
token in an address	://	://([\w-]{20,})@
signed address	sig=,signature=,key=,auth=	(?i)[?&#;](?:sig|x-amz-signature|signature|key|auth|auth_?key)=([\w%+/=.-]{16,})
`

// table finds the shapes whose keywords a text holds: regular expressions are
// slow, and most texts hold none.
type table struct {
	shapes []shape
	// words are the keywords by their first two bytes.
	words [1 << 16][]keyword
}

type keyword struct {
	text  string
	shape int // index, -1 for a word that may be a name before a value
}

// naming are the parts of names that clearName looks at: without one of them, a
// text gives nothing a name that counts.
var naming = []string{"pass", "pw", "secret", "token", "key", "cred", "psk", "auth", "bearer"}

var shapes = sync.OnceValue(func() *table {
	t := &table{}
	add := func(word string, index int) {
		at := uint16(word[0])<<8 | uint16(word[1])
		t.words[at] = append(t.words[at], keyword{word, index})
	}
	for line := range strings.Lines(own + gitleaks) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(fields) < 3 {
			continue // the comment at the top
		}
		for word := range strings.SplitSeq(fields[1], ",") {
			add(word, len(t.shapes))
		}
		t.shapes = append(t.shapes, shape{fields[0], sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(fields[2]) })})
	}
	for _, word := range naming {
		add(word, -1)
	}
	return t
})

// candidates are the indexes of the shapes that text may hold, each once, and
// whether it may hold a name and a value.
func (t *table) candidates(text string) (found []int, named bool) {
	lower := strings.ToLower(text)
	var seen map[int]bool
	for i := 0; i+1 < len(lower); i++ {
		for _, w := range t.words[uint16(lower[i])<<8|uint16(lower[i+1])] {
			if !strings.HasPrefix(lower[i:], w.text) {
				continue
			}
			if w.shape < 0 {
				named = true
				continue
			}
			if seen == nil {
				seen = map[int]bool{}
			}
			if !seen[w.shape] {
				seen[w.shape] = true
				found = append(found, w.shape)
			}
		}
	}
	return found, named
}

// secretOf is the part of a match that is secret: its last group, or all of it.
func secretOf(text string, m []int) (from, to int) {
	from, to = m[0], m[1]
	for g := 2; g+1 < len(m); g += 2 {
		if m[g] >= 0 && m[g] < m[g+1] {
			from, to = m[g], m[g+1]
		}
	}
	return from, to
}
