package cleartext

import (
	_ "embed"
	"iter"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// Span is a range of bytes in a text.
type Span struct{ From, To int }

// Sealed reports whether a text is a value as sops writes it, whole.
func Sealed(s string) bool { return sealed.MatchString(s) }

var sealed = lazyregexp.New(
	`^ENC\[AES256_GCM,data:[A-Za-z0-9+/=]*,iv:[A-Za-z0-9+/=]+,tag:[A-Za-z0-9+/=]+,type:[a-z]+\]$`)

//go:embed elsewhere.txt
var elsewhereRules string

// elsewhere matches what stands for a secret that lies elsewhere: a path, or
// what a program itself replaces.
var elsewhere = lazyregexp.New(`^(?:` + strings.Join(slices.Collect(rules(elsewhereRules)), "|") + `)?$`)

// assigned matches a name and the value that it is given within a text: of a
// shell, an ini file, Nix, JSON, an address.
var assigned = lazyregexp.New(`([A-Za-z_][\w.-]*)["']?[ \t]*(?:[:+]?=>?|:)[ \t]*` +
	`(?:"([^"\n]*)"|'([^'\n]*)'|(\$\{[^}\s]*\}|[^\s"'&;,}\])]+))`)

// spaced matches a name and its value in flags (--token VALUE), and in files of
// several lines (requirepass VALUE).
var spaced = lazyregexp.New(`(?m)(?:--?([A-Za-z][\w-]*)[ \t]+|^[ \t]*(` +
	`requirepass|masterauth|passw(?:or)?d|passphrase|wpa_passphrase|psk|secret|token)[ \t]+)["']?([^\s"'-][^\s"']*)["']?`)

// Value says what kind of secret value is, if it stands under name; "" for none.
func Value(name, value string) string {
	if Name(name) && !elsewhere.MatchString(value) {
		return "name"
	}
	// Some shapes take the maker's name before the value.
	text := value
	if name != "" {
		text = name + `="` + value + `"`
	}
	for _, kind := range secrets(text) {
		return kind
	}
	return ""
}

// Spans are the secrets in a text of any form, in no order; they may overlap.
func Spans(text string) []Span {
	var spans []Span
	for span := range secrets(text) {
		spans = append(spans, span)
	}
	return spans
}

// inText is the kind of a secret that a text gives a name to.
const inText = "a value under the name of one"

// secrets are those in text, each with its kind.
func secrets(text string) iter.Seq2[Span, string] {
	return func(yield func(Span, string) bool) {
		t := shapes()
		candidates, named := t.candidates(text)
		for _, i := range candidates {
			for _, m := range t.shapes[i].find.FindAllStringSubmatchIndex(text, -1) {
				from, to := secretOf(text, m)
				if !elsewhere.MatchString(text[from:to]) && !yield(Span{from, to}, t.shapes[i].name) {
					return
				}
			}
		}
		if !named {
			return
		}
		for at := 0; at < len(text); {
			span, next := assignment(text, at)
			if span.To > 0 && !yield(span, inText) {
				return
			}
			at = next
		}
		for _, m := range spaced.FindAllStringSubmatchIndex(text, -1) {
			word := ""
			switch {
			case m[2] >= 0:
				word = text[m[2]:m[3]]
			case strings.Contains(text, "\n"):
				word = text[m[4]:m[5]]
			}
			if gives(word, text[m[6]:m[7]]) && !yield(Span{m[6], m[7]}, inText) {
				return
			}
		}
	}
}

// assignment is the secret that the next name from offset at on is given, the
// zero Span for none, and where to look on.
func assignment(text string, at int) (secret Span, next int) {
	m := assigned.FindStringSubmatchIndex(text[at:])
	if m == nil {
		return Span{}, len(text)
	}
	for i := range m {
		if m[i] >= 0 {
			m[i] += at
		}
	}
	from, to := secretOf(text, append(m[:2:2], m[4:]...))
	prose := strings.Contains(text[m[3]:max(from, m[3])], ":") && m[8] >= 0 && goesOn(text[to:])
	if from > m[3] && gives(text[m[2]:m[3]], text[from:to]) && !prose {
		return Span{from, to}, m[1]
	}
	// What follows an innocent name may itself be a name: Environment="TOKEN=x".
	return Span{}, m[3] + 1
}

// gives reports whether value is a secret since it is given to name.
func gives(name, value string) bool {
	return Name(name) && !elsewhere.MatchString(value) && !strings.HasPrefix(value, "$(")
}

// goesOn reports whether the line of prose goes on: "password: then press Enter" gives no password.
func goesOn(rest string) bool {
	line, _, _ := strings.Cut(rest, "\n")
	line = strings.TrimSpace(line)
	return line != "" && !strings.ContainsRune("#,;}])&\"'", rune(line[0]))
}
