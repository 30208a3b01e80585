package generator

import (
	"regexp"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// secretShapes are what secrets look like whoever made them: private keys, and
// tokens whose makers gave them a prefix so that they can be found.
var secretShapes = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY|AGE-SECRET-KEY-1|` +
	`\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{22}|\bglpat-[A-Za-z0-9_-]{20}|\bhf_[A-Za-z0-9]{30}|` +
	`\bAKIA[0-9A-Z]{16}\b|\bxox[abprs]-[A-Za-z0-9-]{10}|\btskey-[a-z]+-[A-Za-z0-9]{6}|` +
	`://[^/\s:@]+:[^/\s:@]+@`)

// secretNames are the last parts of options that take a secret itself. One that
// takes the name of its file ends in File, and one that takes its hash says so.
var secretNames = regexp.MustCompile(`(?i)(password|passwd|passphrase|secret|token|psk|(api|access|private|secret)[_-]?key)s?$`)

// clearSecrets refuses secrets that stand in the profile. They would come into
// the flake, and from there into the store, where every user can read them.
func (h *host) clearSecrets() error {
	eachText(h.profile.Node, "", func(n *profile.Node, _ string) {
		if secretShapes.MatchString(n.Str()) {
			h.clearSecret(n, "a secret stands here in clear text")
		}
	})
	for v := range h.visits("raw") {
		eachText(v.Node, "", func(n *profile.Node, key string) {
			// A path, or what a program itself replaces: $VARIABLE, $__file{…}, %d/…, @file@.
			elsewhere := n.Str() == "" || strings.ContainsAny(n.Str()[:1], "/$%@")
			if !elsewhere && secretNames.MatchString(key) && !secretShapes.MatchString(n.Str()) {
				h.clearSecret(n, key+" stands here in clear text")
			}
		})
	}
	return nil
}

func (h *host) clearSecret(n *profile.Node, what string) {
	h.problem(n, what, "what the flake says comes into the Nix store, where every user of the machine can read it",
		"name it under secrets:, and use an option that takes a file, with {$secret: NAME} as its value")
}

// eachText calls visit with every string below n and the last part of the option or key that it belongs to.
func eachText(n *profile.Node, key string, visit func(n *profile.Node, key string)) {
	if n.Kind == profile.String {
		visit(n, key)
	}
	for _, item := range n.Items {
		eachText(item, key, visit)
	}
	for _, f := range n.Fields {
		if f.Key == "$secret" || f.Key == "$package" || f.Key == "$packages" {
			continue
		}
		last := f.Key
		if path, err := nix.ParseAttrPath(f.Key); err == nil && len(path) > 0 {
			last = path[len(path)-1]
		}
		eachText(f.Value, last, visit)
	}
}
