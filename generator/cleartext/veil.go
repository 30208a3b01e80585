package cleartext

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// Mask stands for a secret in a message.
const Mask = "[hidden]"

// Veil hides the secrets of files from whoever reads a message about them.
type Veil struct {
	secrets []string // the longest first
}

// least is the length in bytes of the shortest secret that is hidden wherever it stands.
const least = 3

// NewVeil returns a veil over the secrets in files: profiles, parsed or not.
// Those at the given places are hidden whatever they look like.
func NewVeil(s *schema.Node, files []profile.Content, at []profile.Pos) *Veil {
	v := &Veil{}
	roots := make([]*profile.Node, len(files))
	var names []string
	for i, f := range files {
		root, err := profile.Parse(f.Name, f.Data)
		if err != nil {
			v.text(string(f.Data))
			continue
		}
		roots[i], names = root, declared(root, names)
	}
	for i, root := range roots {
		if root == nil {
			continue
		}
		w := &walker{Walker: NewWalker(), found: func(found Finding) { v.found(files[i], found) }, strict: true, names: names}
		w.walk(root, place{schema: s, fixed: true})
		v.at(files[i], root, at)
	}
	v.sort()
	return v
}

func (v *Veil) sort() {
	slices.SortFunc(v.secrets, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	v.secrets = slices.Compact(v.secrets)
}

// declared adds to names those that n declares under secrets:, wherever that stands.
func declared(n *profile.Node, names []string) []string {
	for _, f := range n.Fields {
		if f.Key == "secrets" && refers(f.Value) {
			names = append(names, f.Value.Keys()...)
		} else {
			names = declared(f.Value, names)
		}
	}
	return names
}

func (v *Veil) found(file profile.Content, f Finding) {
	// Of a long text that holds one, the rest may be shown.
	spans := Spans(f.Text)
	if f.Kind == "name" || len(spans) == 0 {
		v.add(f.Text)
		v.add(file.Spelling(f.Node))
	}
	for _, s := range spans {
		v.add(f.Text[s.From:s.To])
	}
}

func (v *Veil) at(file profile.Content, n *profile.Node, places []profile.Pos) {
	if n.Kind != profile.Map && n.Kind != profile.List && slices.Contains(places, n.Pos) {
		v.add(n.Str())
		v.add(file.Spelling(n))
	}
	for _, inside := range n.All() {
		v.at(file, inside, places)
	}
}

// opening matches the start of a block of lines that all belong to a name.
var opening = lazyregexp.New(`^([ \t]*)(?:- +)?["']?([A-Za-z_][\w.-]*)["']?[ \t]*[:=]` +
	`[ \t]*(?:[|>][0-9+-]*)?[ \t]*(?:#.*)?$`)

// text adds the secrets in a file that cannot be parsed.
func (v *Veil) text(text string) {
	for _, s := range Spans(text) {
		v.add(text[s.From:s.To])
	}
	inside, indent := false, 0
	for line := range strings.Lines(text) {
		rest := strings.TrimLeft(line, " \t")
		depth := len(line) - len(rest)
		if inside && (depth > indent || depth == indent && strings.HasPrefix(rest, "- ")) {
			_, value, pair := strings.Cut(rest, ": ")
			if !pair {
				value = strings.TrimPrefix(rest, "- ")
			}
			v.add(strings.Trim(strings.TrimSpace(value), `"'`))
			continue
		}
		inside = false
		if m := opening.FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil {
			inside, indent = Name(m[2]), len(m[1])
		}
	}
}

// add hides s, each of its lines, and s as a message quotes it.
func (v *Veil) add(s string) {
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		quoted := strconv.Quote(line)
		for _, form := range []string{line, quoted[1 : len(quoted)-1], strings.Trim(line, `"'`)} {
			if len(form) >= least && !slices.Contains(v.secrets, form) {
				v.secrets = append(v.secrets, form)
			}
		}
	}
	if quoted := strconv.Quote(strings.TrimSpace(s)); strings.Contains(s, "\n") {
		v.secrets = append(v.secrets, quoted[1:len(quoted)-1])
	}
}

// Text is a message without the secrets. One that was shortened is known by its beginning.
func (v *Veil) Text(s string) string {
	for _, secret := range v.secrets {
		s = strings.ReplaceAll(s, secret, Mask)
	}
	before, after, cut := strings.Cut(s, "…")
	if !cut {
		return s
	}
	for _, secret := range v.secrets {
		for n := min(len(secret)-1, len(before)); n >= least; n-- {
			if strings.HasSuffix(before, secret[:n]) {
				before = before[:len(before)-n] + Mask
				break
			}
		}
	}
	return before + "…" + v.Text(after)
}

// Source is the text of a file without the secrets, in which every other
// character keeps its place.
func (v *Veil) Source(data []byte) []byte {
	text := string(data)
	for _, secret := range v.secrets {
		if strings.Contains(text, secret) {
			text = strings.ReplaceAll(text, secret, strings.Repeat("*", utf8.RuneCountInString(secret)))
		}
	}
	return []byte(text)
}

// Hide is a text of any form without the secrets that it shows, in which every
// other character keeps its place.
func Hide(data []byte) []byte {
	v := &Veil{}
	v.text(string(data))
	v.sort()
	return v.Source(data)
}

// Problems are ps without the secrets.
func (v *Veil) Problems(ps profile.Problems) profile.Problems {
	out := slices.Clone(ps)
	for i := range out {
		p := &out[i]
		p.Path, p.What, p.Why, p.Hint = v.Text(p.Path), v.Text(p.What), v.Text(p.Why), v.Text(p.Hint)
	}
	return out
}
