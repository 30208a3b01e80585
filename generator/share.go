package generator

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// setting is an option of nixpkgs itself, such as config.allowUnfree, with its value as text.
type setting struct {
	nix.Binding
	text string
}

// unread are the options below nixpkgs that NixOS does not read beside nixpkgs.pkgs.
var unread = []string{"buildPlatform", "crossSystem", "hostPlatform", "localSystem", "pkgs", "system"}

// ownOptions are the options of configuration.nix. Where hosts share packages, what these are made with
// is left out and kept for flake.nix: NixOS takes no nixpkgs.config beside nixpkgs.pkgs
// (nixos/modules/misc/nixpkgs.nix).
func (h *host) ownOptions() ([]mapping.Assignment, error) {
	if !h.in.shared {
		return h.system, nil
	}
	var own, config []mapping.Assignment
	for _, a := range h.system {
		switch {
		case len(a.Path) > 1 && a.Path[0] == "nixpkgs" && a.Path[1] == "config":
			config = append(config, a)
		case len(a.Path) > 1 && a.Path[0] == "nixpkgs" && slices.Contains(unread, a.Path[1]):
			h.problem(a.Node, strings.Join(a.Path, ".")+" has no effect with fleet.sharePackages",
				"NixOS does not read it where the packages are made elsewhere", "remove one of the two")
		default:
			own = append(own, a)
		}
	}
	joined, err := join(config)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(joined, func(a, b nix.Binding) int { return slices.Compare(a.Path, b.Path) })
	for _, b := range joined {
		printed, err := nix.File{Body: b.Value}.Print()
		if err != nil {
			return nil, fmt.Errorf("print %s: %w", strings.Join(b.Path, "."), err)
		}
		b.Path = b.Path[1:]
		h.nixpkgs = append(h.nixpkgs, setting{b, string(printed.Source)})
	}
	return own, nil
}

// sharedPackages is what the package set of all hosts is made with. Hosts that differ in it cannot share one.
func sharedPackages(p *profile.Profile, hosts []*host) ([]nix.Binding, error) {
	first := hosts[0]
	var problems profile.Problems
	same := func(what string, of func(*host) string, hint func(other *host) string) {
		i := slices.IndexFunc(hosts, func(h *host) bool { return of(h) != of(first) })
		if i < 0 {
			return
		}
		other := hosts[i]
		problems = append(problems, profile.Problem{
			Pos: p.Root.Get("fleet", "sharePackages").Pos, Path: "fleet.sharePackages",
			What: fmt.Sprintf("%s and %s cannot share packages", first.profile.Name, other.profile.Name),
			Why:  fmt.Sprintf("they differ in %s: %s, and %s", what, of(first), of(other)),
			Hint: hint(other),
		})
	}
	const leave = "leave out fleet.sharePackages: each host has its own packages then"
	same("their platform", func(h *host) string { return h.summary.System }, func(*host) string { return leave })
	same("their input", func(h *host) string { return h.channel.inputName("nixpkgs") }, func(*host) string {
		return "give all hosts the same release and pins, or " + leave
	})
	same("what nixpkgs is set to", (*host).packagesText, func(other *host) string {
		if unfree := maps.Clone(first.unfree); len(other.unfree)+len(unfree) > 0 {
			for _, h := range hosts {
				maps.Copy(unfree, h.unfree)
			}
			return "have all hosts allow the same, by allowUnfree: [" + strings.Join(sortedKeys(unfree), ", ") +
				"] in defaults, or " + leave
		}
		return "set it in defaults, or " + leave
	})
	if len(problems) > 0 {
		return nil, problems
	}
	out := []nix.Binding{bind(nix.Str(first.summary.System), "system")}
	for _, s := range first.nixpkgs {
		out = append(out, s.Binding)
	}
	for _, h := range hosts {
		h.summary.Packages = h.packagesText()
	}
	return out, nil
}

// packagesText is what nixpkgs is set to for the host, in one line.
func (h *host) packagesText() string {
	if len(h.nixpkgs) == 0 {
		return "nothing"
	}
	var out []string
	for _, s := range h.nixpkgs {
		out = append(out, strings.Join(s.Path, ".")+" = "+strings.Join(strings.Fields(s.text), " "))
	}
	return strings.Join(out, "; ")
}
