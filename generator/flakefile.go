package generator

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/flake"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// DefaultRelease is the NixOS release of a profile that names none.
const DefaultRelease = "26.05"

// DefaultSystem is the platform of a host that was not probed and names none.
const DefaultSystem = "x86_64-linux"

const flakeHeader = "Written by quick-deploy from the profile. Settings of your own belong in\n" +
	"hosts/<host>/local.nix, which is written once and then left alone."

func release(p *profile.Profile) string { return cmp.Or(p.Release, DefaultRelease) }

// flakeFiles writes flake.nix and flake.lock.
func flakeFiles(p *profile.Profile, hosts []*host, extra map[string]bool) ([]File, error) {
	names := []string{"nixpkgs"}
	if slices.ContainsFunc(hosts, (*host).hasHome) {
		names = append(names, "home-manager")
	}
	names = append(names, sortedKeys(extra)...)
	pins, err := flake.Builtin()
	if err != nil {
		return nil, err
	}
	inputs, err := pins.Inputs(release(p), names...)
	if err != nil {
		return nil, err
	}
	lock, err := flake.Lock(inputs)
	if err != nil {
		return nil, err
	}
	body, err := flakeExpr(hosts, inputs)
	if err != nil {
		return nil, err
	}
	printed, err := nix.File{Header: flakeHeader, Body: body}.Print()
	if err != nil {
		return nil, fmt.Errorf("print flake.nix: %w", err)
	}
	return []File{
		{Path: "flake.nix", Data: printed.Source, Lines: printed.Lines},
		{
			Path: "flake.lock", Data: lock, Beside: "flake.nix",
			Adapt: func(have []byte) ([]byte, error) { return flake.Relock(have, inputs) },
		},
	}, nil
}

func (h *host) hasHome() bool {
	return slices.ContainsFunc(h.summary.Users, func(u User) bool { return u.Home })
}

func flakeExpr(hosts []*host, inputs []flake.Input) (nix.Expr, error) {
	outputs, err := outputsExpr(hosts)
	if err != nil {
		return nil, err
	}
	bs := []nix.Binding{{Path: []string{"description"}, Value: nix.Str(description(hosts))}}
	for _, b := range flake.InputsExpr(inputs) {
		b.Path = append([]string{"inputs"}, b.Path...)
		bs = append(bs, b)
	}
	set, err := nix.Nest(append(bs, nix.Binding{Path: []string{"outputs"}, Value: outputs}))
	if err != nil {
		return nil, fmt.Errorf("arrange flake.nix: %w", err)
	}
	for i := range set.Body {
		set.Body[i].Blank = true
	}
	return set, nil
}

func description(hosts []*host) string {
	if len(hosts) > 4 {
		return fmt.Sprintf("NixOS configurations of %d machines", len(hosts))
	}
	var names []string
	for _, h := range hosts {
		names = append(names, h.profile.Name)
	}
	return "NixOS configuration of " + strings.Join(names, ", ")
}

// outputsExpr is the function from the inputs to what the flake offers. Hosts
// and homes go through one small function each, so that every one is built alike.
func outputsExpr(hosts []*host) (nix.Expr, error) {
	homes := slices.ContainsFunc(hosts, (*host).hasHome)
	params := []string{"self", "nixpkgs"}
	lets := []nix.Binding{{Path: []string{"mkHost"}, Value: mkHost()}}
	if homes {
		params = append(params, "home-manager")
		lets = append(lets, nix.Binding{Path: []string{"mkHome"}, Value: mkHome(), Blank: true})
	}
	var bs []nix.Binding
	systems := map[string]bool{}
	for _, h := range hosts {
		bs = append(bs, hostOutputs(h)...)
		systems[h.summary.System] = true
	}
	lets = append(lets, nix.Binding{Path: []string{"perSystem"}, Value: perSystem(sortedKeys(systems)), Blank: true})
	bs = append(bs, systemOutputs()...)
	slices.SortStableFunc(bs, func(a, b nix.Binding) int {
		return slices.Index(outputOrder, a.Path[0]) - slices.Index(outputOrder, b.Path[0])
	})
	set, err := nix.Nest(bs)
	if err != nil {
		return nil, fmt.Errorf("arrange the outputs: %w", err)
	}
	for i := range set.Body {
		set.Body[i].Blank = true
	}
	return nix.Func{As: "inputs", Params: params, Open: true, Body: nix.Let{Binds: lets, Body: set}}, nil
}

var outputOrder = []string{"nixosConfigurations", "homeConfigurations", "checks", "formatter", "devShells"}

func hostOutputs(h *host) []nix.Binding {
	name, origin := h.profile.Name, h.profile.Node.Origin()
	dir := "./hosts/" + name + "/"
	out := []nix.Binding{
		{
			Path: []string{"nixosConfigurations", name}, Origin: origin,
			Value: nix.Call{Fn: nix.Ref{"mkHost"}, Args: []nix.Expr{nix.Path(dir + "configuration.nix")}},
		},
		{
			Path: []string{"checks", h.summary.System, name}, Origin: origin,
			Value: nix.Ref{"self", "nixosConfigurations", name, "config", "system", "build", "toplevel"},
		},
	}
	for _, u := range h.summary.Users {
		if !u.Home {
			continue
		}
		target := u.Name + "@" + name
		out = append(out,
			nix.Binding{
				Path: []string{"homeConfigurations", target}, Origin: origin,
				Value: nix.Call{Fn: nix.Ref{"mkHome"}, Args: []nix.Expr{
					nix.Ref{"self", "nixosConfigurations", name}, nix.Path(dir + u.File),
				}},
			},
			nix.Binding{
				Path: []string{"checks", h.summary.System, target}, Origin: origin,
				Value: nix.Ref{"self", "homeConfigurations", target, "activationPackage"},
			})
	}
	return out
}

// systemOutputs are the formatter and the shell to work on the flake in.
func systemOutputs() []nix.Binding {
	tools := nix.List{}
	for _, name := range []string{"git", "home-manager", "nixfmt-tree", "nixos-rebuild-ng"} {
		tools = append(tools, nix.Ref{"pkgs", name})
	}
	shell := nix.Call{Fn: nix.Ref{"pkgs", "mkShellNoCC"}, Args: []nix.Expr{
		nix.Attrs{Body: []nix.Binding{{Path: []string{"packages"}, Value: tools}}},
	}}
	each := func(body nix.Expr) nix.Expr {
		return nix.Call{Fn: nix.Ref{"perSystem"}, Args: []nix.Expr{nix.Func{Arg: "pkgs", Body: body}}}
	}
	return []nix.Binding{
		{Path: []string{"formatter"}, Value: each(nix.Ref{"pkgs", "nixfmt-tree"})},
		{Path: []string{"devShells"}, Value: each(nix.Attrs{Body: []nix.Binding{{Path: []string{"default"}, Value: shell}}})},
	}
}

// perSystem is f: builtins.mapAttrs (_: f) (…): what f makes of the packages of each platform in use.
func perSystem(systems []string) nix.Expr {
	names := nix.List{}
	for _, s := range systems {
		names = append(names, nix.Str(s))
	}
	return nix.Func{Arg: "f", Body: nix.Call{Fn: nix.Ref{"builtins", "mapAttrs"}, Args: []nix.Expr{
		nix.Func{Arg: "_", Body: nix.Ref{"f"}},
		nix.Call{Fn: nix.Ref{"nixpkgs", "lib", "getAttrs"}, Args: []nix.Expr{names, nix.Ref{"nixpkgs", "legacyPackages"}}},
	}}}
}

// mkHost is configuration: nixpkgs.lib.nixosSystem { … }.
func mkHost() nix.Expr {
	return nix.Func{Arg: "configuration", Body: nix.Call{
		Fn: nix.Ref{"nixpkgs", "lib", "nixosSystem"},
		Args: []nix.Expr{nix.Attrs{Body: []nix.Binding{
			{Path: []string{"specialArgs"}, Value: inherited("inputs")},
			{Path: []string{"modules"}, Value: nix.List{nix.Ref{"configuration"}}},
		}}},
	}}
}

// mkHome is host: configuration: home-manager.lib.homeManagerConfiguration { … }.
func mkHome() nix.Expr {
	return nix.Func{Arg: "host", Body: nix.Func{Arg: "configuration", Body: nix.Call{
		Fn: nix.Ref{"home-manager", "lib", "homeManagerConfiguration"},
		Args: []nix.Expr{nix.Attrs{Body: []nix.Binding{
			{
				Inherit: []string{"pkgs"}, From: nix.Ref{"host"},
				Comment: "The host's own package set: the same overlays and the same unfree packages.",
			},
			{Path: []string{"extraSpecialArgs"}, Value: inherited("inputs")},
			{Path: []string{"modules"}, Value: nix.List{nix.Ref{"configuration"}}},
		}}},
	}}}
}

func inherited(names ...string) nix.Expr {
	return nix.Attrs{Body: []nix.Binding{{Inherit: names}}}
}
