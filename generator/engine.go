package generator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/flake"
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
	// SharePackages has all hosts take their packages from one set.
	SharePackages bool
}

// Deployment is how a machine is reached, and what a deployment takes.
type Deployment struct {
	Host          string `json:"targetHost"`
	User          string `json:"targetUser"`
	Port          int    `json:"targetPort"`
	BuildOnTarget bool   `json:"buildOnTarget"`
	// MinFree is what the store must have free before something is built, such as 20GiB; empty where nobody says.
	MinFree string `json:"minFree,omitempty"`
}

// tool installs the program itself, by the module of its flake.
func (h *host) tool() error {
	n := h.node.Get("deployment", "installTool")
	if !n.Is(true) {
		return nil
	}
	if h.in.Tool == nil && h.in.Profile.Root.Get("pins", flake.Tool) == nil && h.node.Get("pins", flake.Tool) == nil {
		if !h.in.Profile.Root.Known("pins", flake.Tool) || !h.node.Known("pins", flake.Tool) {
			return nil
		}
		h.problem(n, "quick-deploy cannot be installed: there is no revision to pin it to",
			"this quick-deploy is neither a release nor built by Nix from a commit, so it does not know its own source",
			"pin it: pins: {quick-deploy: {rev: …, narHash: …, lastModified: …}}, with what "+
				"nix flake metadata --json github:quick-deploy/quick-deploy prints")
		return nil
	}
	h.inputs[flake.Tool] = true
	h.imports = append(h.imports, nix.Ref{"inputs", flake.Tool, "nixosModules", "default"})
	h.set(n, nix.Bool(true), "programs", flake.Tool, "enable")
	return nil
}

// DefaultParallel is how many machines are worked on at once where the profile
// does not say: what colmena does.
const DefaultParallel = 10

// sshPort is the port of ssh (RFC 4253).
const sshPort = 22

func readFleet(p *profile.Profile) (Fleet, error) {
	n := p.Root.Get("fleet")
	f := Fleet{Engine: NixosRebuild, Parallel: DefaultParallel}
	if err := n.Decode(&f); err != nil {
		return f, err
	}
	var problems profile.Problems
	for _, w := range n.Get("waves").All() {
		if _, err := p.Select(w.Str()); err != nil && p.Selectable() {
			what := fmt.Sprintf("the wave %q has no host", w.Str())
			problems = append(problems, w.Problem("fleet.waves", what, err.Error(), ""))
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
	letter := func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' }
	switch {
	case e == Colmena && slices.Contains([]string{"defaults", "meta", "network"}, host):
		return "colmena keeps that name for itself"
	case e == DeployRS && !strings.ContainsFunc(host, letter):
		return "deploy-rs wants a letter in it"
	}
	return ""
}

// deployment reads how the host is reached.
func (h *host) deployment() error {
	d := Deployment{Host: h.profile.Name, User: "root", Port: sshPort}
	if domain := h.node.Get("network", "domain"); domain != nil {
		d.Host += "." + domain.Str()
	}
	if err := h.node.Get("deployment").Decode(&d); err != nil {
		return err
	}
	d.Host = strings.Trim(d.Host, "[]") // of an IPv6 address, as URLs have it
	h.summary.Deployment = d
	if why := h.in.engine.refuses(h.profile.Name); why != "" {
		h.problem(h.named(), fmt.Sprintf("the host cannot be called %q", h.profile.Name), why,
			"rename it, or choose another fleet.engine")
	}
	if h.in.engine == DeployRS && h.node.Get("users", systemProfile) != nil {
		h.problem(h.node.Get("users", systemProfile), "the user cannot be called "+systemProfile,
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

// target is how the engine reaches the host, in its words, where that is not as root at the host's name and
// the port of ssh.
func (h *host) target() []nix.Binding {
	var out []nix.Binding
	add := func(name string, value nix.Expr, differs bool) {
		if differs {
			out = append(out, bind(value, name))
		}
	}
	d, labels := h.summary.Deployment, h.labels()
	switch h.in.engine {
	case Colmena:
		add("targetHost", nix.Str(d.Host), d.Host != h.profile.Name)
		add("targetPort", nix.Int(d.Port), d.Port != sshPort)
		add("targetUser", nix.Str(d.User), d.User != "root")
		add("tags", labels, len(labels) > 0)
		add("buildOnTarget", nix.Bool(true), d.BuildOnTarget)
	case DeployRS: // its interface.json
		add("hostname", nix.Str(d.Host), d.Host != h.profile.Name)
		add("sshUser", nix.Str(d.User), d.User != "root")
		add("sshOpts", texts("-p", strconv.Itoa(d.Port)), d.Port != sshPort)
		add("remoteBuild", nix.Bool(true), d.BuildOnTarget)
	}
	return out
}

// labels are the groups and tags of the host, for the engine's own selectors.
func (h *host) labels() nix.List {
	all := slices.Concat(h.profile.Groups, h.profile.Tags)
	slices.Sort(all)
	return texts(slices.Compact(all)...)
}
