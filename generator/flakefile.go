package generator

import (
	"cmp"
	"fmt"
	"maps"
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

// flakeFiles writes flake.nix and flake.lock, and says which inputs the profile pins.
func flakeFiles(in Input, fleet Fleet, hosts []*host) ([]File, map[string]profile.Pos, error) {
	var extra []string
	if name := fleet.Engine.input(); name != "" {
		extra = append(extra, name)
	}
	from, err := sources(in, hosts, extra)
	if err != nil {
		return nil, nil, err
	}
	var inputs []flake.Input
	pinned := map[string]profile.Pos{}
	for _, s := range from {
		inputs = append(inputs, s.inputs...)
		maps.Copy(pinned, s.pinned)
	}
	lock, err := flake.Lock(inputs)
	if err != nil {
		return nil, nil, err
	}
	for _, h := range hosts {
		h.summary.Modules = moduleFiles(h)
		h.summary.Inputs = h.inputNames(from)
	}
	body, err := flakeExpr(fleet, hosts, from, inputs)
	if err != nil {
		return nil, nil, err
	}
	printed, err := nix.File{Header: flakeHeader, Body: body}.Print()
	if err != nil {
		return nil, nil, fmt.Errorf("print flake.nix: %w", err)
	}
	return []File{
		{Path: "flake.nix", Data: printed.Source, Lines: printed.Lines},
		{
			Path: "flake.lock", Data: lock, Beside: "flake.nix",
			Adapt: func(have []byte) ([]byte, error) { return flake.Relock(have, inputs) },
		},
	}, pinned, nil
}

func moduleFiles(h *host) []string {
	out := sortedKeys(h.modules)
	for i := range out {
		out[i] = "modules/" + out[i]
	}
	return out
}

// inputNames are the inputs that the host's system and homes are built from.
func (h *host) inputNames(from []source) []string {
	names := map[string]bool{"nixpkgs": true}
	for name := range h.inputs {
		names[name] = true
	}
	if h.hasHome() {
		names["home-manager"] = true
	}
	out := sortedKeys(names)
	for _, s := range from {
		if s.name != h.channel.name || s.renamed == nil {
			continue
		}
		for i, name := range out {
			out[i] = s.renamed[name]
		}
	}
	return out
}

func (h *host) hasHome() bool {
	return slices.ContainsFunc(h.summary.Users, func(u User) bool { return u.Home })
}

func flakeExpr(fleet Fleet, hosts []*host, from []source, inputs []flake.Input) (nix.Expr, error) {
	outputs, err := outputsExpr(fleet, hosts, from)
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
func outputsExpr(fleet Fleet, hosts []*host, from []source) (nix.Expr, error) {
	perChannel := len(from) > 1
	for _, h := range hosts {
		h.perChannel = perChannel
	}
	params := []string{"self"}
	for _, in := range from[0].inputs {
		if in.Name == "nixpkgs" || in.Name == "home-manager" || in.Name == fleet.Engine.input() {
			params = append(params, in.Name)
		}
	}
	lets := []nix.Binding{{Path: []string{"mkHost"}, Value: mkHost(perChannel)}}
	if perChannel {
		// Functions take the inputs of the host's channel instead.
		params = slices.DeleteFunc(params, func(name string) bool { return name == "home-manager" })
		lets = append([]nix.Binding{channelsExpr(from[1:])}, lets...)
	}
	if slices.ContainsFunc(hosts, (*host).hasHome) {
		lets = append(lets, nix.Binding{Path: []string{"mkHome"}, Value: mkHome(perChannel)})
	}
	if fleet.Engine == Colmena {
		lets = append(lets, nix.Binding{Path: []string{"mkNode"}, Value: mkNode(perChannel)})
	}
	var bs []nix.Binding
	checks := []nix.Binding{}
	systems := map[string]bool{}
	for _, h := range hosts {
		configurations, tests := hostOutputs(h)
		bs = append(bs, configurations...)
		checks = append(checks, tests...)
		systems[h.summary.System] = true
	}
	lets = append(lets, nix.Binding{Path: []string{"perSystem"}, Value: perSystem(sortedKeys(systems))})
	for i := range lets {
		lets[i].Blank = i > 0
	}
	engine, err := fleet.Engine.outputs(fleet, hosts)
	if err != nil {
		return nil, err
	}
	bs = append(append(bs, engine...), systemOutputs(fleet.Engine)...)
	if fleet.Engine == DeployRS {
		own, err := nix.Nest(checks)
		if err != nil {
			return nil, fmt.Errorf("arrange the checks: %w", err)
		}
		bs = append(bs, nix.Binding{Path: []string{"checks"}, Value: deployChecks(own)})
	} else {
		for _, c := range checks {
			c.Path = append([]string{"checks"}, c.Path...)
			bs = append(bs, c)
		}
	}
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

// channelsExpr is channels.canary = inputs // { nixpkgs = inputs.nixpkgs-canary; … }:
// the inputs as the modules of those hosts know them.
func channelsExpr(from []source) nix.Binding {
	var all []nix.Binding
	for _, s := range from {
		var own []nix.Binding
		for _, name := range sortedKeys(s.renamed) {
			own = append(own, nix.Binding{Path: []string{name}, Value: nix.Ref{"inputs", s.renamed[name]}})
		}
		all = append(all, nix.Binding{
			Path:  []string{s.name},
			Value: nix.Op{Name: "//", Left: nix.Ref{"inputs"}, Right: nix.Attrs{Body: own}},
		})
	}
	return nix.Binding{Path: []string{"channels"}, Value: nix.Attrs{Body: all}, Comment: "Hosts with inputs of their own."}
}

var outputOrder = []string{
	"nixosConfigurations", "homeConfigurations", "colmena", "colmenaHive", "deploy", "checks", "formatter", "devShells",
}

func (h *host) dir() string { return "./hosts/" + h.profile.Name + "/" }

// from is a call of one of the flake's functions, with the inputs of the host's
// channel where the flake has several.
func (h *host) from(function string) nix.Call {
	c := nix.Call{Fn: nix.Ref{function}}
	switch {
	case h.channel.name != "":
		c.Args = append(c.Args, nix.Ref{"channels", h.channel.name})
	case h.perChannel:
		c.Args = append(c.Args, nix.Ref{"inputs"})
	}
	return c
}

// hostOutputs are the configurations of a host and of its homes, and the
// checks that build them, by platform.
func hostOutputs(h *host) (configurations, checks []nix.Binding) {
	name, origin := h.profile.Name, h.profile.Node.Origin()
	system := h.from("mkHost")
	system.Args = append(system.Args, nix.Path(h.dir()+"configuration.nix"))
	configurations = append(configurations, nix.Binding{Path: []string{"nixosConfigurations", name}, Origin: origin, Value: system})
	checks = append(checks, nix.Binding{
		Path: []string{h.summary.System, name}, Origin: origin,
		Value: nix.Ref{"self", "nixosConfigurations", name, "config", "system", "build", "toplevel"},
	})
	for _, u := range h.summary.Users {
		if !u.Home {
			continue
		}
		target := u.Name + "@" + name
		home := h.from("mkHome")
		home.Args = append(home.Args, nix.Ref{"self", "nixosConfigurations", name}, nix.Path(h.dir()+u.File))
		configurations = append(configurations, nix.Binding{Path: []string{"homeConfigurations", target}, Origin: origin, Value: home})
		checks = append(checks, nix.Binding{
			Path: []string{h.summary.System, target}, Origin: origin,
			Value: nix.Ref{"self", "homeConfigurations", target, "activationPackage"},
		})
	}
	return configurations, checks
}

// systemOutputs are the formatter and the shell to work on the flake in.
func systemOutputs(engine Engine) []nix.Binding {
	tools := nix.List{}
	for _, name := range []string{"git", "home-manager", "nixfmt-tree", "nixos-rebuild-ng"} {
		tools = append(tools, nix.Ref{"pkgs", name})
	}
	if engine != NixosRebuild {
		tools = append(tools, engine.tool())
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
func mkHost(perChannel bool) nix.Expr {
	return ofChannel(perChannel, nix.Func{Arg: "configuration", Body: nix.Call{
		Fn: input(perChannel, "nixpkgs", "lib", "nixosSystem"),
		Args: []nix.Expr{nix.Attrs{Body: []nix.Binding{
			{Path: []string{"specialArgs"}, Value: inherited("inputs")},
			{Path: []string{"modules"}, Value: nix.List{nix.Ref{"configuration"}}},
		}}},
	}})
}

// mkHome is host: configuration: home-manager.lib.homeManagerConfiguration { … }.
func mkHome(perChannel bool) nix.Expr {
	return ofChannel(perChannel, nix.Func{Arg: "host", Body: nix.Func{Arg: "configuration", Body: nix.Call{
		Fn: input(perChannel, "home-manager", "lib", "homeManagerConfiguration"),
		Args: []nix.Expr{nix.Attrs{Body: []nix.Binding{
			{
				Inherit: []string{"pkgs"}, From: nix.Ref{"host"},
				Comment: "The host's own package set: the same overlays and the same unfree packages.",
			},
			{Path: []string{"extraSpecialArgs"}, Value: inherited("inputs")},
			{Path: []string{"modules"}, Value: nix.List{nix.Ref{"configuration"}}},
		}}},
	}}})
}

// ofChannel makes f a function of the channel's inputs where there are several
// channels; they shadow those of the flake.
func ofChannel(perChannel bool, f nix.Expr) nix.Expr {
	if !perChannel {
		return f
	}
	return nix.Func{Arg: "inputs", Body: f}
}

// input selects from an input, of the channel where there are several.
func input(perChannel bool, path ...string) nix.Ref {
	if perChannel {
		return append(nix.Ref{"inputs"}, path...)
	}
	return nix.Ref(path)
}

func inherited(names ...string) nix.Expr {
	return nix.Attrs{Body: []nix.Binding{{Inherit: names}}}
}
