package generator

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// encryption notes by which keys services will encrypt their data.
func (h *host) encryption() error {
	for i, s := range h.summary.Services {
		e := s.Info.Encryption
		if e == nil {
			continue
		}
		key := e.Default
		for _, a := range h.system {
			if strings.Join(a.Path, ".") == e.Option {
				text, _ := a.Value.(nix.Str) // of another expression the value is not known
				key = string(text)
			}
		}
		h.summary.Services[i].Key = key
	}
	return nil
}

// services imports the modules of the services in use, compares their ports
// and opens those that the profile exposes.
func (h *host) services() error {
	for _, use := range h.mapped.Services {
		h.modules[use.Name+".nix"] = true
		for _, name := range use.Service.Unfree {
			h.unfree[name] = true
		}
		h.summary.Services = append(h.summary.Services, Service{Name: use.Name, Info: use.Service, Ports: ports(use)})
	}
	h.checkPorts()
	h.checkNeeds()
	h.checkCards()
	h.checkUpgrade()
	h.checkSites()
	for v := range h.visits("expose") {
		if !v.Node.Is(true) {
			continue
		}
		i := h.service(v.Service)
		if i < 0 {
			return fmt.Errorf("expose outside of a service, at %v", v.Path)
		}
		h.summary.Services[i].Exposed = true
		named := map[string]bool{}
		for _, p := range h.summary.Services[i].Ports {
			option := map[string]string{"tcp": "allowedTCPPorts", "udp": "allowedUDPPorts"}[p.Protocol]
			item := nix.Item{Value: nix.Int(p.Number), Origin: v.Node.Origin()}
			if !named[option] {
				named[option], item.Comment = true, p.Service
			}
			h.set(v.Node, nix.List{item}, "networking", "firewall", option)
		}
	}
	return nil
}

// service is the place of a service among those of the host, -1 if it is not on.
func (h *host) service(name string) int {
	return slices.IndexFunc(h.summary.Services, func(s Service) bool { return s.Name == name })
}

// ports are the ports that a service listens on with the host's settings.
func ports(use mapping.Use) []Port {
	var out []Port
	for _, p := range use.Service.Ports {
		if p.When != "" && !use.Node.Get(p.When).Is(true) || p.Key != "" && !use.Node.Known(p.Key) {
			continue
		}
		port := Port{Service: use.Name, Name: p.Name, Protocol: p.Protocol, Number: p.Port, Node: use.Node}
		if n := use.Node.Get(p.Key); p.Key != "" && n != nil {
			number, _ := n.Scalar.(int64)
			port.Number, port.Node = int(number), n
		}
		out = append(out, port)
	}
	return out
}

func (h *host) checkPorts() {
	type key struct {
		number   int
		protocol string
	}
	taken := map[key]Port{}
	for _, s := range h.summary.Services {
		for _, p := range s.Ports {
			k := key{p.Number, p.Protocol}
			other, clash := taken[k]
			if !clash {
				taken[k] = p
				continue
			}
			h.problem(p.Node, fmt.Sprintf("port %d is taken twice", p.Number),
				fmt.Sprintf("%s and %s both listen on %s port %d", other.Service, p.Service, p.Protocol, p.Number),
				fmt.Sprintf("give one of them another port, such as %s: {port: %d}", p.Service,
					free(p.Number, h.summary.Services)))
		}
	}
}

// free is the next port after n that no service uses.
func free(n int, services []Service) int {
	for {
		n++
		used := slices.ContainsFunc(services, func(s Service) bool {
			return slices.ContainsFunc(s.Ports, func(p Port) bool { return p.Number == n })
		})
		if !used {
			return n
		}
	}
}

func (h *host) checkNeeds() {
	for i, s := range h.summary.Services {
		for _, need := range s.Info.Needs {
			if h.service(need) < 0 {
				h.notice(h.mapped.Services[i].Node,
					"%s does its work only with %s, which is not on: add %s: {} to services", s.Name, need, need)
			}
		}
	}
}

// checkCards tells of services that need an NVIDIA card which nobody has seen.
func (h *host) checkCards() {
	if h.summary.Decision.Acceleration == hardware.CUDA {
		return
	}
	why := "none was found"
	if !h.summary.Probed {
		why = "nobody has looked: run it on the machine, or give hardware: {facts: FILE}"
	}
	for v := range h.visits("nvidia") {
		h.notice(v.Node, "%s needs an NVIDIA card, and starts over and over without one; %s", v.Service, why)
	}
}

// checkUpgrade tells of an upgrade that leaves the nixpkgs which the profile pins.
func (h *host) checkUpgrade() {
	i := h.service("auto-upgrade")
	if i < 0 {
		return
	}
	node := h.mapped.Services[i].Node
	if node.Get("locked").Is(true) {
		return
	}
	pin := h.channel.pins.Get("nixpkgs")
	if pin == nil && h.channel.release == releaseOf(h.in.Profile) {
		pin = h.in.Profile.Root.Get("pins", "nixpkgs")
	}
	if pin != nil {
		h.notice(node,
			"auto-upgrade takes the newest nixpkgs, not the one that is pinned; locked: true keeps to the pin")
	}
}

// checkSites tells of sites that lead to a service by its address, so that it is not told of the site.
func (h *host) checkSites() {
	known := func(name string) bool {
		sites := h.schema.Property("services").Property("nginx").Property("sites")
		return slices.Contains(sites.Additional.Property("service").Enum, any(name))
	}
	for key, site := range h.node.Get("services", "nginx", "sites").All() {
		proxy := site.Get("proxy")
		if proxy == nil {
			continue
		}
		address, err := url.Parse(proxy.Str())
		if err != nil || !slices.Contains([]string{"127.0.0.1", "localhost", "::1"}, address.Hostname()) {
			continue
		}
		for _, s := range h.summary.Services {
			named := func(p Port) bool { return strconv.Itoa(p.Number) == address.Port() }
			if known(s.Name) && slices.ContainsFunc(s.Ports, named) {
				h.notice(proxy, "%s may refuse requests for %s; with service: %s in place of proxy it knows the name",
					s.Name, key, s.Name)
			}
		}
	}
}
