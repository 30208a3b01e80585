package flake

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"reflect"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// attrs are the attributes of a flake reference or of a locked source, as
// flake.lock holds them: strings, integers and booleans.
type attrs = map[string]any

var revRE = lazyregexp.New(`^[0-9a-f]{40}$`)

func text(a attrs, key string) string {
	s, _ := a[key].(string)
	return s
}

// parseRef turns a flake reference into the attributes that Nix records as
// "original". It knows the forms that have revisions: github, gitlab and
// sourcehut shorthands, and git URLs. Indirect references (a bare name looked
// up in a registry) are refused, because what they mean depends on the machine.
func parseRef(s string) (attrs, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("flake reference %q: %w", s, err)
	}
	if u.Fragment != "" {
		return nil, fmt.Errorf("flake reference %q: an input has no #fragment", s)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("flake reference %q: %w", s, err)
	}
	var a attrs
	switch scheme := u.Scheme; {
	case scheme == "github" || scheme == "gitlab" || scheme == "sourcehut":
		a, err = parseForge(u, query)
	case strings.HasPrefix(scheme, "git+"):
		a, err = parseGit(u, query)
	default:
		err = fmt.Errorf("neither github:, gitlab:, sourcehut: nor git+…:, which have revisions")
	}
	if err != nil {
		return nil, fmt.Errorf("flake reference %q: %w", s, err)
	}
	for key := range query {
		return nil, fmt.Errorf("flake reference %q: unknown parameter %q", s, key)
	}
	return a, nil
}

func parseForge(u *url.URL, query url.Values) (attrs, error) {
	parts := strings.SplitN(u.Opaque, "/", 3)
	if len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return nil, fmt.Errorf("not of the form %s:owner/repository", u.Scheme)
	}
	for i, p := range parts {
		p, err := url.PathUnescape(p)
		if err != nil {
			return nil, err
		}
		if i < 2 && strings.Contains(p, "/") {
			// Nix 2.26 and 2.34 do not agree on what an encoded slash means.
			return nil, fmt.Errorf("an encoded slash means different things to different versions of Nix; " +
				"use git+https://")
		}
		parts[i] = p
	}
	a := attrs{"type": u.Scheme, "owner": parts[0], "repo": parts[1]}
	if len(parts) == 3 {
		if revRE.MatchString(parts[2]) {
			a["rev"] = parts[2]
		} else {
			a["ref"] = parts[2]
		}
	}
	take(a, query, "ref", "rev", "host", "dir")
	if a["ref"] != nil && a["rev"] != nil {
		return nil, fmt.Errorf("names both a branch or tag and a revision")
	}
	return a, nil
}

func parseGit(u *url.URL, query url.Values) (attrs, error) {
	bare := *u
	bare.Scheme = strings.TrimPrefix(u.Scheme, "git+")
	bare.RawQuery = ""
	a := attrs{"type": "git", "url": bare.String()}
	take(a, query, "ref", "rev", "dir")
	for _, key := range []string{"shallow", "submodules"} {
		if query.Has(key) {
			a[key] = query.Get(key) == "1"
			query.Del(key)
		}
	}
	return a, nil
}

// forgeRef is the flake reference of a node of a lock file whose source is a forge.
func forgeRef(n *node) (string, error) {
	if n == nil {
		return "", errors.New("follows another")
	}
	a := n.original
	ref := text(a, "type") + ":" + path.Join(text(a, "owner"), text(a, "repo"), text(a, "ref"), text(a, "rev"))
	if back, err := parseRef(ref); err != nil || !reflect.DeepEqual(back, a) {
		return "", fmt.Errorf("%v is not a plain reference to a forge", a)
	}
	return ref, nil
}

// take moves the named parameters from query to a.
func take(a attrs, query url.Values, keys ...string) {
	for _, key := range keys {
		if query.Has(key) {
			a[key] = query.Get(key)
			query.Del(key)
		}
	}
}
