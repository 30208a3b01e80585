package generator

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Engine is the program that carries systems to machines.
type Engine string

// The engines. NixosRebuild needs nothing in the flake.
const (
	NixosRebuild Engine = "nixos-rebuild"
	Colmena      Engine = "colmena"
	DeployRS     Engine = "deploy-rs"
)

// Fleet is how the hosts are deployed together.
type Fleet struct {
	Engine Engine
	// Waves are the selectors of the hosts that go first, in order.
	Waves []string
	// Parallel is how many machines are worked on at once.
	Parallel      int
	AllowApplyAll bool
}

// Deployment is how a machine is reached.
type Deployment struct {
	Host, User    string
	Port          int
	BuildOnTarget bool
}

// DefaultParallel is how many machines are worked on at once where the profile
// does not say: what colmena does.
const DefaultParallel = 10

// sshPort is the port of ssh (RFC 4253).
const sshPort = 22

func readFleet(p *profile.Profile) (Fleet, error) {
	n := p.Root.Get("fleet")
	f := Fleet{Engine: NixosRebuild, Parallel: DefaultParallel}
	if n == nil {
		return f, nil
	}
	if e := n.Get("engine"); e != nil {
		f.Engine = Engine(e.Str())
	}
	if e := n.Get("parallel"); e != nil {
		f.Parallel = integer(e)
	}
	if e := n.Get("allowApplyAll"); e != nil {
		f.AllowApplyAll = e.Scalar == true
	}
	var problems profile.Problems
	if waves := n.Get("waves"); waves != nil {
		for _, w := range waves.Items {
			if _, err := p.Select(w.Str()); err != nil {
				problems = append(problems, profile.Problem{
					Pos: w.Pos, Path: "fleet.waves", What: fmt.Sprintf("the wave %q has no host", w.Str()), Why: err.Error(),
				})
			}
			f.Waves = append(f.Waves, w.Str())
		}
	}
	if len(problems) > 0 {
		return f, problems
	}
	return f, nil
}

// reserved are the names that an engine keeps for itself, and what else
// it does not take for a host.
func (e Engine) refuses(host string) string {
	switch {
	case e == Colmena && slices.Contains([]string{"defaults", "meta", "network"}, host):
		return "colmena keeps that name for itself"
	case e == DeployRS && !strings.ContainsFunc(host, func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' }):
		return "deploy-rs wants a letter in it"
	}
	return ""
}

// deployment reads how the host is reached.
func (h *host) deployment() error {
	n := h.profile.Node.Get("deployment")
	d := Deployment{Host: h.profile.Name, User: "root", Port: sshPort}
	if domain := h.profile.Node.Get("network", "domain"); domain != nil {
		d.Host += "." + domain.Str()
	}
	if v := n.Get("targetHost"); v != nil {
		d.Host = v.Str()
	}
	if v := n.Get("targetUser"); v != nil {
		d.User = v.Str()
	}
	if v := n.Get("targetPort"); v != nil {
		d.Port = integer(v)
	}
	if v := n.Get("buildOnTarget"); v != nil {
		d.BuildOnTarget = v.Scalar == true
	}
	h.summary.Deployment = d
	if why := h.in.engine.refuses(h.profile.Name); why != "" {
		h.problem(h.profile.Node, fmt.Sprintf("the host cannot be called %q", h.profile.Name), why, "rename it, or choose another fleet.engine")
	}
	if h.in.engine == DeployRS && h.profile.Node.Get("users", systemProfile) != nil {
		h.problem(h.profile.Node.Get("users", systemProfile), "the user cannot be called "+systemProfile,
			"deploy-rs would mistake the home for the system", "rename the user, or choose another fleet.engine")
	}
	return nil
}

// systemProfile is what the system is called among the profiles of a deploy-rs node.
const systemProfile = "system"

// input is the flake input that the engine needs, empty if none.
func (e Engine) input() string {
	if e == NixosRebuild {
		return ""
	}
	return string(e)
}

// colmenaNodes are the nodes of the hive, and what its meta says of those that differ. The flake has
// colmena, which colmena 0.4 reads, and colmenaHive, which later ones do (colmena,
// src/nix/hive/eval.nix and flake.nix). Their package sets are those of nixosConfigurations, so that
// both build the same systems.
func colmenaNodes(main string, hosts []*host) (meta, nodes []nix.Binding) {
	for _, h := range hosts {
		name, origin := h.profile.Name, h.profile.Node.Origin()
		from := nix.Ref{"nixpkgs"}
		if h.channel.name != "" {
			meta = append(meta, nix.Binding{
				Path: []string{"nodeSpecialArgs", name, "inputs"}, Value: nix.Ref{"channels", h.channel.name}, Origin: origin,
			})
			from = nix.Ref{"channels", h.channel.name, "nixpkgs"}
		}
		if h.channel.name != "" || h.summary.System != main {
			meta = append(meta, nix.Binding{
				Path: []string{"nodeNixpkgs", name}, Value: append(from, "legacyPackages", h.summary.System), Origin: origin,
			})
		}
		d := h.summary.Deployment
		target := []nix.Binding{
			{Path: []string{"targetHost"}, Value: nix.Str(d.Host)},
			{Path: []string{"targetPort"}, Value: nix.Int(d.Port)},
			{Path: []string{"targetUser"}, Value: nix.Str(d.User)},
		}
		if labels := h.labels(); len(labels) > 0 {
			target = append(target, nix.Binding{Path: []string{"tags"}, Value: labels})
		}
		if d.BuildOnTarget {
			target = append(target, nix.Binding{Path: []string{"buildOnTarget"}, Value: nix.Bool(true)})
		}
		node := h.from("mkNode")
		node.Args = append(node.Args, nix.Path(h.dir()+"configuration.nix"), nix.Attrs{Body: target})
		nodes = append(nodes, nix.Binding{Path: []string{name}, Value: node, Origin: origin})
	}
	return meta, nodes
}

// mainSystem is the platform of most hosts.
func mainSystem(hosts []*host) string {
	number := map[string]int{}
	for _, h := range hosts {
		number[h.summary.System]++
	}
	systems := sortedKeys(number)
	return slices.MaxFunc(systems, func(a, b string) int {
		if number[a] != number[b] {
			return number[a] - number[b]
		}
		return strings.Compare(a, b)
	})
}

// labels are the groups and tags of the host, for the engine's own selectors.
func (h *host) labels() nix.List {
	all := slices.Concat(h.profile.Groups, h.profile.Tags)
	slices.Sort(all)
	out := nix.List{}
	for _, l := range slices.Compact(all) {
		out = append(out, nix.Str(l))
	}
	return out
}

// deployNodes are deploy.nodes, as interface.json of deploy-rs wants them.
func deployNodes(hosts []*host) []nix.Binding {
	var nodes []nix.Binding
	for _, h := range hosts {
		name, d := h.profile.Name, h.summary.Deployment
		set := func(value nix.Expr, path ...string) {
			nodes = append(nodes, nix.Binding{
				Path: append([]string{"deploy", "nodes", name}, path...), Value: value, Origin: h.profile.Node.Origin(),
			})
		}
		order := nix.List{}
		carry := func(profile, user, kind string, of ...string) {
			order = append(order, nix.Str(profile))
			set(nix.Str(user), "profiles", profile, "user")
			set(nix.Call{
				Fn:   nix.Ref{"deploy-rs", "lib", h.summary.System, "activate", kind},
				Args: []nix.Expr{append(nix.Ref{"self"}, of...)},
			}, "profiles", profile, "path")
		}
		first := len(nodes)
		set(nix.Str(d.Host), "hostname")
		nodes[first].Blank = true
		set(nix.Str(d.User), "sshUser")
		if d.Port != sshPort {
			set(nix.List{nix.Str("-p"), nix.Str(fmt.Sprint(d.Port))}, "sshOpts")
		}
		if d.BuildOnTarget {
			set(nix.Bool(true), "remoteBuild")
		}
		at := len(nodes)
		set(nil, "profilesOrder")
		carry(systemProfile, "root", "nixos", "nixosConfigurations", name)
		for _, u := range h.summary.Users {
			if u.Home {
				carry(u.Name, u.Name, "home-manager", "homeConfigurations", u.Name+"@"+name)
			}
		}
		nodes[at].Value = order
	}
	return nodes
}
