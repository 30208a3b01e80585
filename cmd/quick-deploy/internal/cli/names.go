package cli

import (
	"os"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/release"
)

// packageWords are the bundles, and the packages that begin with the word so far: of all there are too many.
func packageWords(a *app.App, args []string) []word {
	out := bundleWords(a, args)
	if begun := begunValue(); begun != "" {
		for e := range index.Open(release.Default()).List(index.Package).Prefix(begun) {
			out = append(out, word{Text: e.Name})
		}
	}
	return out
}

// optionWords are the options whose paths begin with the word so far, or where there are many, that word up to the dots
// that may be next. A shell that finds a single word ends it, so there are two at least or a whole path.
func optionWords(kind index.Kind) []word {
	const many = 100
	begun := begunValue()
	var all []word
	for e := range index.Open(release.Default()).List(kind).Prefix(begun) {
		if !strings.ContainsAny(e.Name, "<*") { // names of the user's own
			about := e.Type
			if e.Default != "" {
				about += ", by default " + e.Default
			}
			all = append(all, word{e.Name, about})
		}
	}
	if len(all) <= many {
		return all
	}
	for at := len(begun); ; {
		out := slices.Clone(all)
		for i, w := range out {
			if dot := strings.IndexByte(w.Text[min(at, len(w.Text)):], '.'); dot >= 0 {
				out[i] = word{Text: w.Text[:at+dot+1]}
			}
		}
		if out = slices.CompactFunc(out, func(a, b word) bool { return a.Text == b.Text }); len(out) > 1 {
			return out
		}
		at = len(out[0].Text)
	}
}

// begunValue is the value that is being completed: the word, or what is behind the = of a flag.
func begunValue() string {
	begun := os.Getenv(wordVariable)
	if flag, value, ok := strings.Cut(begun, "="); ok && strings.HasPrefix(flag, "-") {
		return value
	}
	return begun
}
