package cleartext

import (
	"regexp"
	"strings"
)

// Span is a range of bytes in a text.
type Span struct{ From, To int }

// Sealed reports whether a text is a value as sops writes it, whole.
func Sealed(s string) bool { return sealed.MatchString(s) }

var sealed = regexp.MustCompile(`^ENC\[AES256_GCM,data:[A-Za-z0-9+/=]*,iv:[A-Za-z0-9+/=]+,tag:[A-Za-z0-9+/=]+,type:[a-z]+\]$`)

// Value says what kind of secret value is, if it stands under name; "" for none.
func Value(name, value string) string {
	if secret, _ := clearName(name); secret && !elsewhere.MatchString(value) {
		return "name"
	}
	kind := ""
	// Some shapes take the maker's name before the value.
	text := value
	if name != "" {
		text = name + `="` + value + `"`
	}
	scan(text, func(k string, s Span) bool {
		kind = k
		return false
	})
	return kind
}

// Spans are the secrets in a text of any form, in no order; they may overlap.
func Spans(text string) []Span {
	var spans []Span
	scan(text, func(_ string, s Span) bool {
		spans = append(spans, s)
		return true
	})
	return spans
}

// inText is the kind of a secret that a text gives a name to.
const inText = "a value under the name of one"

// scan calls found with each secret in text until it returns false.
func scan(text string, found func(kind string, s Span) bool) {
	t := shapes()
	candidates, named := t.candidates(text)
	for _, i := range candidates {
		for _, m := range t.shapes[i].find().FindAllStringSubmatchIndex(text, -1) {
			from, to := secretOf(text, m)
			if elsewhere.MatchString(text[from:to]) {
				continue
			}
			if !found(t.shapes[i].name, Span{from, to}) {
				return
			}
		}
	}
	if !named {
		return
	}
	for at := 0; at < len(text); {
		m := assigned.FindStringSubmatchIndex(text[at:])
		if m == nil {
			break
		}
		// What follows an innocent name may itself be a name: Environment="TOKEN=x".
		next := at + m[3] + 1
		if from, to := secretOf(text[at:], append(m[:2:2], m[4:]...)); from > m[3] {
			colon, bare := strings.Contains(text[at+m[3]:at+from], ":"), m[8] >= 0
			prose := colon && bare && goesOn(text[at+to:])
			if gives(text[at+m[2]:at+m[3]], text[at+from:at+to]) && !prose {
				if !found(inText, Span{at + from, at + to}) {
					return
				}
				next = at + m[1]
			}
		}
		at = min(next, len(text))
	}
	for _, m := range spaced.FindAllStringSubmatchIndex(text, -1) {
		from, to := m[6], m[7]
		word := ""
		switch {
		case m[2] >= 0:
			word = text[m[2]:m[3]]
		case strings.Contains(text, "\n"):
			word = text[m[4]:m[5]]
		}
		if gives(word, text[from:to]) {
			if !found(inText, Span{from, to}) {
				return
			}
		}
	}
}

// gives reports whether value is a secret since it is given to name.
func gives(name, value string) bool {
	secret, _ := clearName(name)
	return secret && !elsewhere.MatchString(value) && !strings.HasPrefix(value, "$(")
}

// goesOn reports whether the line of prose goes on: "password: then press Enter" gives no password.
func goesOn(rest string) bool {
	line, _, _ := strings.Cut(rest, "\n")
	line = strings.TrimSpace(line)
	return line != "" && !strings.ContainsRune("#,;}])&\"'", rune(line[0]))
}
