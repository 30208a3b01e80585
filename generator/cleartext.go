package generator

import (
	"fmt"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/cleartext"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// ClearSecrets finds the secrets in a file of a profile, whatever else is wrong with it.
func ClearSecrets(file profile.Content, root *profile.Node, s *schema.Node) profile.Problems {
	return clearSecrets(cleartext.NewWalker(), &profile.Profile{Sources: []profile.Content{file}}, root, s)
}

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
			Why:  "it ends up in the Nix store, which every user can read",
			Hint: secretHint(f.Node, s) + "; if it is not a secret, add behind it: # not-a-secret: REASON",
		})
	})
	return problems
}

// secretHint is what to write for a secret at n: the key of the catalogue that sets the same option, if there is one.
// s is the schema of the profile.
func secretHint(n *profile.Node, s *schema.Node) string {
	_, below, _ := strings.Cut(n.Pointer, "/nixos/")
	if service, key := secretKey(s, strings.ReplaceAll(below, "/", ".")); key != "" {
		name := service + "-" + hyphened(strings.TrimSuffix(key, "Secret"))
		return fmt.Sprintf("write services: {%s: {%s: %s}} and secrets: {%[3]s: {file: /path}}", service, key, name)
	}
	return "use an option that takes a file, with {$secret: NAME} as its value, and write secrets: {NAME: {file: /path}}"
}

// secretKey finds the key of a service that takes the name of a secret and sets an option, "" for none.
func secretKey(s *schema.Node, option string) (service, key string) {
	services := s.Property("hosts").Additional.Property("services")
	for _, service := range sortedKeys(services.Properties) {
		node := services.Property(service)
		for _, key := range sortedKeys(node.Properties) {
			if !strings.HasSuffix(key, "Secret") {
				continue
			}
			for _, r := range node.Property(key).Rules {
				if r.Option == option {
					return service, key
				}
			}
		}
	}
	return "", ""
}
