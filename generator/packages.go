package generator

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/bundle"
	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/platform"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// packages sets environment.systemPackages.
func (h *host) packages() error {
	if n := h.node.Get("packages"); n != nil {
		h.set(n, h.packageList(n), "environment", "systemPackages")
	}
	return nil
}

// homePackages sets home.packages of each user who has a home: those for each of
// them, and their own.
func (h *host) homePackages() error {
	node := h.node.Get("userPackages")
	shared := h.packageList(node)
	h.optional = h.optionalPackages()
	homes := h.withHome()
	for _, u := range homes {
		if len(shared) > 0 {
			h.setHome(u.Name, node, shared, "home", "packages")
		}
		own := h.node.Get("users", u.Name, "home", "packages")
		if list := h.packageList(own); len(list) > 0 {
			h.setHome(u.Name, own, list, "home", "packages")
		}
	}
	if len(homes) == 0 && len(shared) > 0 {
		h.notice(node, "userPackages: installs for nobody: the host has no users")
	}
	return nil
}

// optional is a package or a bundle of optionalPackages.
type optional struct {
	name, summary string
	packages      []string
}

// optionalPackages reads what the homes are to name and not to install.
func (h *host) optionalPackages() []optional {
	var out []optional
	for _, item := range h.node.Get("optionalPackages").All() {
		if !strings.HasPrefix(item.Str(), "bundle:") {
			h.checkPackages(item, nix.Ref{"pkgs", item.Str()})
		}
		if b, ok := h.bundle(item); ok {
			out = append(out, optional{item.Str(), b.Summary, b.Packages})
		}
	}
	return out
}

// bundle is what an item of a list of packages names: a bundle, or one package, which has no summary.
func (h *host) bundle(item *profile.Node) (bundle.Bundle, bool) {
	label, isBundle := strings.CutPrefix(item.Str(), "bundle:")
	if !isBundle {
		return bundle.Bundle{Packages: []string{label}}, true
	}
	b, err := bundle.Find(label)
	if err != nil {
		p := profile.Problem{What: err.Error()}
		errors.As(err, &p)
		h.problem(item, p.What, p.Why, p.Hint)
	}
	return b, err == nil
}

// optionalComment names what could be installed beside the packages in have, and how.
func optionalComment(all []optional, have []string) string {
	missing := slices.DeleteFunc(slices.Clone(all), func(o optional) bool {
		return !slices.ContainsFunc(o.packages, func(p string) bool { return !slices.Contains(have, p) })
	})
	if len(missing) == 0 {
		return ""
	}
	lines := []string{
		"Not installed. To install some of these, list them in the profile, as in",
		fmt.Sprintf("+userPackages: [%q]", missing[0].name),
	}
	for _, o := range missing {
		if o.summary != "" {
			o.name += " (" + o.summary + ")"
		}
		lines = append(lines, o.name)
		for _, p := range o.packages {
			lines = append(lines, "  pkgs."+p)
		}
	}
	return strings.Join(lines, "\n")
}

// packageList turns names, whose form the schema has checked, into references and opens bundles. What is named
// twice stands once.
func (h *host) packageList(n *profile.Node) nix.List {
	list := nix.List{}
	seen := map[string]bool{}
	for _, item := range n.All() {
		b, _ := h.bundle(item)
		for _, u := range b.Unfree {
			h.unfree[u] = true
		}
		comment := ""
		if b.Summary != "" {
			comment = strings.TrimPrefix(item.Str(), "bundle:") + ": " + b.Summary
		}
		for _, name := range b.Packages {
			if seen[name] {
				continue
			}
			seen[name] = true
			if h.elsewhere(item, name, platform.Package(name)) {
				continue
			}
			ref := append(nix.Ref{"pkgs"}, strings.Split(name, ".")...)
			list = append(list, nix.Item{Value: ref, Comment: comment, Origin: item.Origin()})
			comment = ""
		}
	}
	return list
}

// elsewhere leaves out what nixpkgs has for another platform only, and says so.
func (h *host) elsewhere(node *profile.Node, name, system string) bool {
	if system == "" || system == h.summary.System {
		return false
	}
	h.notice(node, "%s is left out of %s, which is %s: nixpkgs has it for %s only",
		name, h.profile.Name, h.summary.System, system)
	return true
}

// here reports whether an option named by its own path can be set on the host's platform,
// and takes packages of another one out of its list.
func (h *host) here(a *mapping.Assignment) bool {
	switch value := a.Value.(type) {
	case nix.Bool:
		path := strings.Join(a.Path, ".")
		return !bool(value) || a.User != "" || !h.elsewhere(a.Node, path, platform.Option(path))
	case nix.List:
		a.Value = slices.DeleteFunc(value, func(item nix.Expr) bool {
			ref, ok := bare(item).(nix.Ref)
			if !ok || len(ref) < 2 || ref[0] != "pkgs" {
				return false
			}
			name := strings.Join(ref[1:], ".")
			return h.elsewhere(a.Node, name, platform.Package(name))
		})
	}
	return true
}

// python adds the Python environments to environment.systemPackages. The one
// called default answers to python3; the others to python-NAME, so that
// several can live side by side.
func (h *host) python() error {
	for name, n := range h.node.Get("python").All() {
		packages := nix.List{}
		for _, item := range n.Get("packages").All() {
			packages = append(packages, nix.Item{Value: nix.Ref{"ps", item.Str()}, Origin: item.Origin()})
		}
		interpreter := cmp.Or(n.Get("version").Str(), "python3")
		h.checkPackages(n.Get("version"), nix.Ref{"pkgs", interpreter})
		env := nix.Call{
			Fn:   nix.Ref{"pkgs", interpreter, "withPackages"},
			Args: []nix.Expr{nix.Func{Arg: "ps", Body: packages}},
		}
		var entry nix.Expr = env
		if name != "default" {
			command := "python-" + name
			program := nix.Call{Fn: nix.Ref{"lib", "getExe'"}, Args: []nix.Expr{env, nix.Str("python3")}}
			entry = nix.Call{Fn: nix.Ref{"pkgs", "linkFarm"}, Args: []nix.Expr{
				nix.Str(command), nix.Attrs{Body: []nix.Binding{bind(program, "bin/"+command)}},
			}}
		}
		h.set(n, nix.List{nix.Item{Value: entry, Origin: n.Origin()}}, "environment", "systemPackages")
	}
	return nil
}

// unfreeRule allows the unfree packages that the host needs, by name.
func (h *host) unfreeRule() error {
	node := h.node.Get("allowUnfree")
	if node.Is(true) {
		h.set(node, nix.Bool(true), "nixpkgs", "config", "allowUnfree")
		return nil
	}
	for _, name := range node.Texts() {
		h.unfree[name] = true
	}
	if len(h.unfree) == 0 {
		return nil
	}
	predicate := nix.Func{Arg: "pkg", Body: nix.Call{
		Fn: nix.Ref{"builtins", "elem"},
		Args: []nix.Expr{
			nix.Call{Fn: nix.Ref{"lib", "getName"}, Args: []nix.Expr{nix.Ref{"pkg"}}},
			texts(sortedKeys(h.unfree)...),
		},
	}}
	h.set(cmp.Or(node, h.node), predicate, "nixpkgs", "config", "allowUnfreePredicate")
	return nil
}
