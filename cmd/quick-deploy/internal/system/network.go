package system

import (
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/storepath"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// Address is an address or a route that a system gives an interface. Interface
// is "" where the system does not say which.
type Address struct{ Interface, CIDR string }

// Network is what a system says of its network by itself; what NetworkManager
// keeps in /etc was made by hand and belongs to the machine.
type Network struct {
	Addresses []Address
	Routes    []Address // "default via 192.0.2.1" and "10.0.0.0/8 via 192.0.2.254"
	// DHCP are the interfaces that ask for an address through systemd-networkd.
	DHCP []string
}

// What scripted networking writes (nixos/modules/tasks/network-interfaces-scripted.nix).
var (
	ipAddress = lazyregexp.New(`ip addr (?:add|replace) "([^"]+)" dev "([^"]+)"`)
	ipRoute   = lazyregexp.New(`ip route add \S*\s*"([^"]+)"\s+(?:.*?via "([^"]+)")?.*dev "([^"]+)"`)
	ipDefault = lazyregexp.New(`ip (?:-[46] )?route replace default .*?via "?([0-9A-Fa-f.:]+)`)
)

// profiles is the unit that writes the connections that are declared for NetworkManager.
const profiles = "NetworkManager-ensure-profiles.service"

// Network reads addresses and routes from scripted networking, from
// systemd-networkd and from declared profiles of NetworkManager.
func (t Toplevel) Network(units map[string]Unit) Network {
	var n Network
	for _, name := range slices.Sorted(maps.Keys(units)) {
		if !strings.HasPrefix(name, "network-addresses-") && name != "network-setup.service" && name != profiles {
			continue
		}
		script := t.Scripts(units[name])
		for _, m := range ipAddress.FindAllStringSubmatch(script, -1) {
			n.address(m[2], m[1])
		}
		for _, m := range ipRoute.FindAllStringSubmatch(script, -1) {
			n.route(m[3], m[1], m[2])
		}
		for _, m := range ipDefault.FindAllStringSubmatch(script, -1) {
			n.route("", "default", m[1])
		}
		if name == profiles {
			for _, p := range storepath.Find(script) {
				n.profile(t.on.Text(p))
			}
		}
	}
	const dir = "etc/systemd/network"
	for _, name := range t.List(dir) {
		if path.Ext(name) == ".network" {
			n.networkd(t.Text(path.Join(dir, name)))
		}
	}
	return n
}

func (n *Network) address(dev, cidr string) {
	if a := (Address{dev, cidr}); !slices.Contains(n.Addresses, a) {
		n.Addresses = append(n.Addresses, a)
	}
}

func (n *Network) route(dev, to, via string) {
	if via != "" {
		to += " via " + via
	}
	if r := (Address{dev, to}); !slices.Contains(n.Routes, r) {
		n.Routes = append(n.Routes, r)
	}
}

// networkd reads a file of systemd.network(5).
func (n *Network) networkd(text string) {
	dev, destination, gateway := "", "", ""
	flush := func() {
		if destination != "" || gateway != "" {
			to := destination
			if to == "" || to == "0.0.0.0/0" || to == "::/0" {
				to = "default"
			}
			n.route(dev, to, gateway)
		}
		destination, gateway = "", ""
	}
	ParseSections(text, func(section, key, value string) {
		switch section + "." + key {
		case "Match.Name":
			dev = value
		case "Network.Address", "Address.Address":
			n.address(dev, value)
		case "Network.Gateway":
			n.route(dev, "default", value)
		case "Network.DHCP":
			if value != "no" && value != "false" {
				n.DHCP = append(n.DHCP, dev)
			}
		case "Route.":
			flush()
		case "Route.Destination":
			destination = value
		case "Route.Gateway":
			gateway = value
		}
	})
	flush()
}

// profile reads a keyfile of NetworkManager (nm-settings-keyfile(5)): address1=192.0.2.7/24,192.0.2.1.
func (n *Network) profile(text string) {
	if !strings.Contains(text, "[connection]") {
		return // a program that the script calls
	}
	dev := ""
	ParseSections(text, func(section, key, value string) {
		gateway := ""
		switch ip := section == "ipv4" || section == "ipv6"; {
		case section == "connection" && key == "interface-name":
			dev = value
		case ip && strings.HasPrefix(key, "address"):
			value, gateway, _ = strings.Cut(value, ",")
			n.address(dev, value)
		case ip && key == "gateway":
			gateway = value
		}
		if gateway != "" {
			n.route(dev, "default", gateway)
		}
	})
}

// Port is a range of ports that a firewall lets in.
type Port struct {
	Proto     string // tcp or udp
	From, To  int
	Interface string // "" is every one
}

// Firewall is NixOS's firewall.
type Firewall struct {
	On      bool
	Ports   []Port
	Trusted []string // interfaces from which everything is let in
}

// What the firewall's two backends write (nixos/modules/services/networking:
// firewall-iptables.nix and firewall-nftables.nix).
var (
	iptablesPort    = lazyregexp.New(`nixos-fw -p (tcp|udp) --dport ([\d:]+) -j nixos-fw-accept(?: +-i (\S+))?`)
	iptablesTrusted = lazyregexp.New(`-A nixos-fw -i (\S+) -j nixos-fw-accept`)
	nftablesPorts   = lazyregexp.New(`(?m)^\s*(?:iifname "?([^\s"{}]+)"? )?(tcp|udp) dport \{ ([^}]*)\} accept`)
	nftablesTrusted = lazyregexp.New(`iifname \{ ([^}]*)\} accept comment "trusted interfaces"`)
)

// Firewall reads the rules of a system's firewall. One that is written as a
// whole ruleset of nftables, past NixOS's own, is on and has no known ports.
func (t Toplevel) Firewall(units map[string]Unit) Firewall {
	var f Firewall
	if u, ok := units["firewall.service"]; ok && u.Wanted {
		f.On = true
		script := t.Scripts(u)
		for _, m := range iptablesPort.FindAllStringSubmatch(script, -1) {
			f.open(m[1], m[2], ":", m[3])
		}
		for _, m := range iptablesTrusted.FindAllStringSubmatch(script, -1) {
			f.Trusted = append(f.Trusted, m[1])
		}
	}
	if u, ok := units["nftables.service"]; ok && u.Wanted {
		script := t.Scripts(u)
		f.On = f.On || strings.Contains(script, "nixos-fw")
		for _, m := range nftablesPorts.FindAllStringSubmatch(script, -1) {
			for p := range strings.SplitSeq(m[3], ",") {
				f.open(m[2], strings.TrimSpace(p), "-", m[1])
			}
		}
		for _, m := range nftablesTrusted.FindAllStringSubmatch(script, -1) {
			for name := range strings.SplitSeq(m[1], ",") {
				f.Trusted = append(f.Trusted, strings.Trim(name, ` "`))
			}
		}
	}
	return f
}

func (f *Firewall) open(proto, ports, between, dev string) {
	first, last, ok := strings.Cut(ports, between)
	if !ok {
		last = first
	}
	from, err1 := strconv.Atoi(first)
	to, err2 := strconv.Atoi(last)
	if err1 == nil && err2 == nil {
		f.Ports = append(f.Ports, Port{proto, from, to, dev})
	}
}

// Lets reports whether everything that p lets in comes in here as well.
func (f Firewall) Lets(p Port) bool {
	if !f.On || p.Interface != "" && slices.Contains(f.Trusted, p.Interface) {
		return true
	}
	return slices.ContainsFunc(f.Ports, func(q Port) bool {
		return q.Proto == p.Proto && q.From <= p.From && q.To >= p.To && (q.Interface == "" || q.Interface == p.Interface)
	})
}
