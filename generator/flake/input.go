package flake

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/nix-community/go-nix/pkg/nixhash"

	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// Input is one input of a flake.
type Input struct {
	// Name is the attribute under inputs: nixpkgs.
	Name string
	// URL is the flake reference as flake.nix states it: github:NixOS/nixpkgs/nixos-26.05.
	URL string
	// Source says that the input is a plain source tree (flake = false).
	Source bool
	// Follows redirects inputs of this input: nixpkgs -> nixpkgs makes its
	// nixpkgs ours. A target is an input path with slashes, counted from the
	// flake that declares the redirection.
	Follows map[string]string
	// Locked is what the input is pinned to.
	Locked *Locked
	// Fixed says that the profile chose the pin, so that a lock file which
	// holds another revision does not stand. See Relock.
	Fixed bool
	// Inputs are the inputs that this input brings along and that are not
	// redirected, as its own flake.nix and flake.lock state them.
	Inputs []Input
}

// Locked is a pinned source tree: the "locked" attributes of a flake.lock node.
// Which fields are used depends on Type: owner, repo and rev for github,
// gitlab and sourcehut; url, ref, rev and revCount for git; url for tarball;
// path for path.
type Locked struct {
	Type         string
	Owner, Repo  string
	Host, Dir    string
	URL, Path    string
	Ref, Rev     string
	RevCount     int64
	Shallow      bool
	Submodules   bool
	NarHash      string // SRI, of the NAR of the tree: what nix hash path prints
	LastModified int64  // seconds since 1970
}

// Pin is the part of Locked that a profile may choose.
type Pin struct {
	Rev          string // 40 hexadecimal digits
	NarHash      string // sha256-…, in base 64
	LastModified int64  // seconds since 1970: the committer date of Rev
}

// flake names are restricted by Nix (flakeIdRegex in src/libflake/flakeref.cc).
var nameRE = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_-]*$`)

var revRE = regexp.MustCompile(`^[0-9a-f]{40}$`)

// Validate reports what makes p unusable.
func (p Pin) Validate() error {
	if !revRE.MatchString(p.Rev) {
		return fmt.Errorf("rev %q: not 40 hexadecimal digits", p.Rev)
	}
	if err := checkNarHash(p.NarHash); err != nil {
		return err
	}
	if p.LastModified <= 0 {
		return fmt.Errorf("lastModified %d: not a time in seconds since 1970", p.LastModified)
	}
	return nil
}

func checkNarHash(s string) error {
	if !strings.HasPrefix(s, "sha256-") {
		return fmt.Errorf("narHash %q: not of the form sha256-…", s)
	}
	if _, err := nixhash.ParseAny(s, nil); err != nil {
		return fmt.Errorf("narHash %q: %w", s, err)
	}
	return nil
}

// Repin returns in pinned to p, as the profile's choice. The reference stays
// as it is, unless it names a revision itself.
func (in Input) Repin(p Pin) (Input, error) {
	if err := p.Validate(); err != nil {
		return Input{}, fmt.Errorf("pin of input %s: %w", in.Name, err)
	}
	ref, err := parseRef(in.URL)
	if err != nil {
		return Input{}, fmt.Errorf("input %s: %w", in.Name, err)
	}
	if rev, ok := ref["rev"].(string); ok && rev != p.Rev {
		return Input{}, fmt.Errorf("pin of input %s: %s names revision %s, the pin %s", in.Name, in.URL, rev, p.Rev)
	}
	l := Locked{NarHash: p.NarHash, LastModified: p.LastModified, Rev: p.Rev}
	l.Type = text(ref, "type")
	switch l.Type {
	case "github", "gitlab", "sourcehut":
		l.Owner, l.Repo, l.Host = text(ref, "owner"), text(ref, "repo"), text(ref, "host")
	case "git":
		l.URL, l.Ref = text(ref, "url"), text(ref, "ref")
		l.Shallow, _ = ref["shallow"].(bool)
		l.Submodules, _ = ref["submodules"].(bool)
	default:
		return Input{}, fmt.Errorf("pin of input %s: a %s reference has no revision", in.Name, l.Type)
	}
	l.Dir = text(ref, "dir")
	in.Locked, in.Fixed = &l, true
	return in, nil
}

// VariantName is what Variant calls an input.
func VariantName(name, suffix string) string { return name + "-" + suffix }

// Variant returns the inputs a second time for a group of hosts that has pins
// of its own: nixpkgs becomes nixpkgs-canary, and what followed one of the
// inputs follows its variant.
func Variant(inputs []Input, suffix string) []Input {
	renamed := map[string]string{}
	for _, in := range inputs {
		renamed[in.Name] = VariantName(in.Name, suffix)
	}
	out := slices.Clone(inputs)
	for i, in := range out {
		out[i].Name = renamed[in.Name]
		out[i].Follows = maps.Clone(in.Follows)
		for name, target := range in.Follows {
			first, rest, deep := strings.Cut(target, "/")
			to, ok := renamed[first]
			if !ok {
				continue
			}
			if deep {
				to += "/" + rest
			}
			out[i].Follows[name] = to
		}
	}
	return out
}

// Validate reports the first thing that makes inputs unusable: names that Nix
// refuses or that repeat, references it does not know, redirections to nowhere.
func Validate(inputs []Input) error {
	seen := map[string]bool{}
	for _, in := range inputs {
		if !nameRE.MatchString(in.Name) {
			return fmt.Errorf("input %q: a name is a letter, then letters, digits, _ and -", in.Name)
		}
		if in.Name == "self" {
			return fmt.Errorf("input self: the name is taken by the flake itself")
		}
		if seen[in.Name] {
			return fmt.Errorf("input %s: declared twice", in.Name)
		}
		seen[in.Name] = true
		if _, err := parseRef(in.URL); err != nil {
			return fmt.Errorf("input %s: %w", in.Name, err)
		}
	}
	for _, in := range inputs {
		for _, name := range slices.Sorted(maps.Keys(in.Follows)) {
			first, _, _ := strings.Cut(in.Follows[name], "/")
			if !seen[first] {
				return fmt.Errorf("input %s: its %s follows %q, which is no input", in.Name, name, in.Follows[name])
			}
		}
		if err := Validate(append(slices.Clone(in.Inputs), followed(in)...)); err != nil {
			return fmt.Errorf("input %s: %w", in.Name, err)
		}
	}
	return nil
}

// followed are the redirected inputs of in, so that what in brings along may
// follow them.
func followed(in Input) []Input {
	var out []Input
	for _, name := range slices.Sorted(maps.Keys(in.Follows)) {
		out = append(out, Input{Name: name, URL: "path:/redirected"})
	}
	return out
}

// InputsExpr is the body of the inputs set of flake.nix, in the given order.
// An input without redirections is one line, any other a set.
func InputsExpr(inputs []Input) []nix.Binding {
	out := make([]nix.Binding, 0, len(inputs))
	for _, in := range inputs {
		if len(in.Follows) == 0 && !in.Source {
			out = append(out, nix.Binding{Path: []string{in.Name, "url"}, Value: nix.Str(in.URL)})
			continue
		}
		body := []nix.Binding{{Path: []string{"url"}, Value: nix.Str(in.URL)}}
		if in.Source {
			body = append(body, nix.Binding{Path: []string{"flake"}, Value: nix.Bool(false)})
		}
		body = append(body, followsExpr(in.Follows)...)
		out = append(out, nix.Binding{Path: []string{in.Name}, Value: nix.Attrs{Body: body}})
	}
	return out
}

// followsExpr writes one redirection as a path and several as a set, so that
// no key is repeated.
func followsExpr(follows map[string]string) []nix.Binding {
	names := slices.Sorted(maps.Keys(follows))
	if len(names) == 1 {
		return []nix.Binding{{Path: []string{"inputs", names[0], "follows"}, Value: nix.Str(follows[names[0]])}}
	}
	var body []nix.Binding
	for _, name := range names {
		body = append(body, nix.Binding{Path: []string{name, "follows"}, Value: nix.Str(follows[name])})
	}
	if body == nil {
		return nil
	}
	return []nix.Binding{{Path: []string{"inputs"}, Value: nix.Attrs{Body: body}}}
}
