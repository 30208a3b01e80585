package generator

import (
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
	n := h.profile.Node.Get("packages")
	if n == nil {
		return nil
	}
	list, err := h.packageList(n)
	if err != nil {
		return err
	}
	h.set(n, list, "environment", "systemPackages")
	return nil
}

// homePackages sets home.packages of each user who has a home: those for each of
// them, and their own.
func (h *host) homePackages() error {
	node := h.profile.Node.Get("userPackages")
	shared, err := h.packageList(node)
	if err != nil {
		return err
	}
	h.optional = h.optionalPackages()
	homes := 0
	for _, u := range h.summary.Users {
		if !u.Home {
			continue
		}
		homes++
		assign := func(n *profile.Node, list nix.List) {
			if len(list) > 0 {
				h.assign(mapping.Assignment{
					User: u.Name, Path: []string{"home", "packages"}, Value: list, Origin: n.Origin(), Node: n,
				})
			}
		}
		assign(node, shared)
		own := h.profile.Node.Get("users", u.Name, "home", "packages")
		list, err := h.packageList(own)
		if err != nil {
			return err
		}
		assign(own, list)
	}
	if homes == 0 && len(shared) > 0 {
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
	node := h.profile.Node.Get("optionalPackages")
	if node == nil {
		return nil
	}
	var out []optional
	for _, item := range node.Items {
		o := optional{name: item.Str(), packages: []string{item.Str()}}
		if label, isBundle := strings.CutPrefix(o.name, "bundle:"); isBundle {
			b, err := bundle.Find(label)
			if err != nil {
				h.problem(item, err.Error(), "", "")
				continue
			}
			o.packages, o.summary = b.Packages, " ("+b.Summary+")"
		}
		out = append(out, o)
	}
	return out
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
		"Not installed. To have some of these, name them in the profile, as in",
		fmt.Sprintf("+userPackages: [%q]", missing[0].name),
	}
	for _, o := range missing {
		lines = append(lines, o.name+o.summary)
		for _, p := range o.packages {
			lines = append(lines, "  pkgs."+p)
		}
	}
	return strings.Join(lines, "\n")
}

// packageList turns names into references and opens bundles. What is named
// twice stands once.
func (h *host) packageList(n *profile.Node) (nix.List, error) {
	list := nix.List{}
	if n == nil {
		return list, nil
	}
	seen := map[string]bool{}
	add := func(name, comment string, node *profile.Node) error {
		if seen[name] {
			return nil
		}
		seen[name] = true
		if h.elsewhere(node, name, platform.Package(name)) {
			return nil
		}
		ref, err := mapping.PackageRef(name)
		if err != nil {
			return profile.Problems{{Pos: node.Pos, Path: "packages", What: "packages", Why: err.Error()}}
		}
		list = append(list, nix.Item{Value: ref, Comment: comment, Origin: node.Origin()})
		return nil
	}
	for _, item := range n.Items {
		name, _ := item.Scalar.(string)
		label, isBundle := strings.CutPrefix(name, "bundle:")
		if !isBundle {
			if err := add(name, "", item); err != nil {
				return nil, err
			}
			continue
		}
		b, err := bundle.Find(label)
		if err != nil {
			h.problem(item, err.Error(), "", "")
			continue
		}
		for _, u := range b.Unfree {
			h.unfree[u] = true
		}
		comment := label + ": " + b.Summary
		for _, p := range b.Packages {
			before := len(list)
			if err := add(p, comment, item); err != nil {
				return nil, err
			}
			if len(list) > before {
				comment = ""
			}
		}
	}
	return list, nil
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
			if i, ok := item.(nix.Item); ok {
				item = i.Value
			}
			ref, ok := item.(nix.Ref)
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
	envs := h.profile.Node.Get("python")
	if envs == nil {
		return nil
	}
	for _, f := range envs.Fields {
		interpreter := "python3"
		if v := f.Value.Get("version"); v != nil {
			interpreter, _ = v.Scalar.(string)
		}
		packages := nix.List{}
		for _, item := range f.Value.Get("packages").Items {
			name, _ := item.Scalar.(string)
			packages = append(packages, nix.Item{Value: nix.Ref{"ps", name}, Origin: item.Origin()})
		}
		env := nix.Call{
			Fn:   nix.Ref{"pkgs", interpreter, "withPackages"},
			Args: []nix.Expr{nix.Func{Arg: "ps", Body: packages}},
		}
		var entry nix.Expr = env
		if f.Key != "default" {
			command := "python-" + f.Key
			entry = nix.Call{Fn: nix.Ref{"pkgs", "linkFarm"}, Args: []nix.Expr{
				nix.Str(command),
				nix.Attrs{Body: []nix.Binding{{
					Path:  []string{"bin/" + command},
					Value: nix.Call{Fn: nix.Ref{"lib", "getExe'"}, Args: []nix.Expr{env, nix.Str("python3")}},
				}}},
			}}
		}
		h.set(f.Value, nix.List{nix.Item{Value: entry, Origin: f.Value.Origin()}}, "environment", "systemPackages")
	}
	return nil
}

// unfreeRule allows the unfree packages that the host needs, by name.
func (h *host) unfreeRule() error {
	for v := range h.visits("unfree") {
		if v.Node.Kind == profile.Bool {
			if v.Node.Scalar == true {
				h.set(v.Node, nix.Bool(true), "nixpkgs", "config", "allowUnfree")
				return nil
			}
			continue
		}
		for _, item := range v.Node.Items {
			name, _ := item.Scalar.(string)
			h.unfree[name] = true
		}
	}
	if len(h.unfree) == 0 {
		return nil
	}
	names := nix.List{}
	for _, name := range sortedKeys(h.unfree) {
		names = append(names, nix.Str(name))
	}
	predicate := nix.Func{Arg: "pkg", Body: nix.Call{
		Fn: nix.Ref{"builtins", "elem"},
		Args: []nix.Expr{
			nix.Call{Fn: nix.Ref{"lib", "getName"}, Args: []nix.Expr{nix.Ref{"pkg"}}},
			names,
		},
	}}
	node := h.profile.Node
	if n := node.Get("allowUnfree"); n != nil {
		node = n
	}
	h.set(node, predicate, "nixpkgs", "config", "allowUnfreePredicate")
	return nil
}
