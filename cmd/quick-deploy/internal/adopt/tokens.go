package adopt

import (
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixtokens"
)

// token is a token of a Nix file that can name a file.
type token struct {
	kind nixtokens.Kind
	text string
	// at is where it begins in the file, end where the next one may.
	at, end int
	// open says that a path goes on with an antiquotation: text is then the folder it begins with.
	open bool
}

// tokens reads a file. What is no Nix gives tokens, too, and no error: Nix itself tells of it.
func tokens(src string) []token {
	list, _ := nixtokens.Read(src)
	return named(nil, src, list)
}

// named appends those of a list that can name a file, in the order of the file.
func named(out []token, src string, list []nixtokens.Token) []token {
	for _, t := range list {
		if t.Kind != nixtokens.Other {
			text := strings.Trim(src[t.From:t.To], `"`)
			out = append(out, token{kind: t.Kind, text: text, at: t.From, end: t.To, open: t.Open})
		}
		out = named(out, src, t.Inner)
	}
	return out
}
