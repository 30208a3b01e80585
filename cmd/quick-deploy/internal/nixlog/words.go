package nixlog

import (
	"cmp"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/storepath"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// Words are what there is to say about e by itself.
func (e Error) Words() Words {
	w := known().words[e.Kind]
	first, rest, _ := strings.Cut(e.Message, "\n")
	last := e.Message[strings.LastIndexByte(e.Message, '\n')+1:]
	evaluating := ""
	if e.Option != "" {
		evaluating = "found while evaluating the option " + e.Option
	}
	fill := strings.NewReplacer(
		"{option}", e.Option, "{name}", e.Name, "{file}", e.File(), "{package}", storepath.Unversioned(e.Name),
		"{derivation}", ShortName(e.Name), "{detail}", strings.Join(e.Detail, ", "), "{reason}", e.reason(),
		"{evaluating}", evaluating, "{first}", sentence(first), "{last}", sentence(last),
		"{rest}", Shorten(strings.Join(strings.Fields(head(rest)), " "), 300),
	)
	w = Words{fill.Replace(w.What), fill.Replace(w.Why), fill.Replace(w.Hint)}
	switch n := len(e.Suggestions); {
	case n == 1:
		w.Hint = "did you mean " + e.Suggestions[0] + "?"
	case n > 1:
		w.Hint = "did you mean " + strings.Join(e.Suggestions[:n-1], ", ") + " or " + e.Suggestions[n-1] + "?"
	}
	return w
}

// reason is why a build failed: the last line of its log, else what Nix says.
func (e Error) reason() string {
	if n := len(e.Detail); n > 0 {
		return e.Detail[n-1]
	}
	if _, why, ok := strings.Cut(e.Line(), "Reason: "); ok {
		return sentence(why)
	}
	_, why, _ := strings.Cut(e.Line(), "failed ")
	return strings.TrimSuffix(why, ";")
}

// stored is a file of a flake as Nix copies it into the store, whatever folder the store is in.
var stored = lazyregexp.New(`^.*/[0-9a-df-np-sv-z]{32}-[^/]+/(.+)$`)

// InFlake is a path below the store path or the «source» that it is in; ok is false for any other.
func InFlake(name string) (path string, ok bool) {
	if i := strings.LastIndex(name, "»"); i >= 0 {
		return strings.TrimPrefix(name[i+len("»"):], "/"), true
	}
	if m := stored.FindStringSubmatch(name); m != nil {
		return m[1], true
	}
	return "", false
}

// File is Name without the store path before it.
func (e Error) File() string {
	path, _ := InFlake(e.Name)
	return cmp.Or(path, e.Name)
}

func sentence(s string) string { return strings.TrimSuffix(strings.TrimSpace(s), ".") }

// Shorten cuts s after so many characters.
func Shorten(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
