package generator

import (
	"github.com/quick-deploy/quick-deploy/generator/cleartext"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// clearSecrets refuses secrets that stand below root, a part of the profile, wherever they stand.
// They would end up in the flake, and from there in the store, which every user can read.
func clearSecrets(w *cleartext.Walker, p *profile.Profile, root *profile.Node, s *schema.Node) profile.Problems {
	var problems profile.Problems
	w.Walk(root, s, func(f cleartext.Finding) {
		if _, allowed := p.NoSecret(f.Node); allowed {
			return
		}
		path, what := f.Node.Path(), f.Key+" is written here in clear text"
		switch {
		case f.Key == "":
			path, what = "", "a key is a secret in clear text: "+f.Kind
		case f.Kind != "name":
			what = "a secret is written here in clear text: " + f.Kind
		}
		problems = append(problems, profile.Problem{
			Pos: f.Node.Pos, Path: path, Code: profile.CodeSecret, What: what,
			Why: "everything in the flake ends up in the Nix store, which every user can read",
			Hint: "name it under secrets:, and use an option that takes a file, with {$secret: NAME} as its value; " +
				"if it is not a secret, add a comment after it: # not-a-secret: REASON",
		})
	})
	return problems
}
