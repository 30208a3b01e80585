package losses

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// compareAddresses compares the addresses and routes that the systems themselves set.
func (c *comparison) compareAddresses() {
	at := func(a system.Address) string {
		if a.Interface == "" {
			return ""
		}
		return " of " + a.Interface
	}
	for _, a := range c.old.network.Addresses {
		i := slices.IndexFunc(c.new.network.Addresses, func(b system.Address) bool { return b.CIDR == a.CIDR })
		switch {
		case i < 0:
			c.block(LockOut, "address:"+a.CIDR, "the static address %s%s is removed", a.CIDR, at(a))
		case slices.Contains(c.new.network.Addresses, a):
		default:
			b := c.new.network.Addresses[i]
			there := b.Interface == "" || strings.ContainsAny(b.Interface, "*? ") || c.machine.HasInterface(b.Interface)
			from, to := cmp.Or(a.Interface, "none"), cmp.Or(b.Interface, "none")
			c.block(dangerIf(!there, LockOut), "address:"+a.CIDR, "the static address %s moves from %s to %s", a.CIDR, from, to)
		}
	}
	c.missing(list{"route:%s", "the route %s is removed", func(s side) (routes []string) {
		for _, r := range s.network.Routes {
			routes = append(routes, r.CIDR)
		}
		return routes
	}, LockOut})
}

// manager is a program that brings the network up, another way into the
// machine, or what knows the accounts of those who log in.
type manager struct {
	Unit string // a pattern of path.Match
	What string
	Part bool // it may be NetworkManager's own part
}

const networkManager = "NetworkManager.service"

// dhcp reports whether something asks for addresses.
func (s side) dhcp() bool {
	networkd := s.enabled("systemd-networkd.service") && len(s.network.DHCP) > 0
	return networkd || s.enabled("dhcpcd.service", networkManager, "connman.service")
}

// managerOf finds the manager that a unit is.
func managerOf(unit string) (manager, bool) {
	for _, m := range known().Managers {
		if matches([]string{m.Unit}, unit) {
			return m, true
		}
	}
	return manager{}, false
}

// compareManagers compares what brings the network up. Each may be the only way to the machine.
func (c *comparison) compareManagers() {
	if c.old.dhcp() && !c.new.dhcp() {
		c.block(LockOut, "network:dhcp", "no interface gets its address by DHCP any longer")
	}
	for _, name := range sortedKeys(c.old.units) {
		m, ok := managerOf(name)
		_, stays := c.new.units[name]
		if !ok || stays || !c.old.units[name].Wanted || m.Part && c.old.enabled(networkManager) {
			continue
		}
		what := m.What
		if strings.Contains(m.Unit, "*") {
			what += fmt.Sprintf(" (%s)", strings.TrimSuffix(name, ".service"))
		}
		c.block(LockOut, "unit:"+name, "%s", what)
	}
}

// comparePorts compares what the firewalls let in. What somebody comes in by is SSH.
func (c *comparison) comparePorts() {
	old, now := c.old.firewall, c.new.firewall
	if !now.On {
		return
	}
	// danger is that of a change that may shut SSH out.
	danger := func(shut bool) Danger { return dangerIf(shut && c.old.sshd.On && c.new.sshd.On, LockOut) }
	if !old.On {
		open := len(now.Trusted) > 1 || slices.ContainsFunc(now.Ports, c.new.sshd.within) // lo is trusted always
		c.block(danger(!open), "firewall", "the firewall is turned on and lets in only %s",
			cmp.Or(portNames(now.Ports), "none"))
		return
	}
	for _, p := range old.Ports {
		if !now.Lets(p) {
			c.block(danger(c.new.sshd.within(p)), "port:"+portName(p), "the firewall closes %s", portName(p))
		}
	}
	for _, name := range without(old.Trusted, now.Trusted) {
		open := slices.ContainsFunc(now.Ports, func(p system.Port) bool {
			return c.new.sshd.within(p) && (p.Interface == "" || p.Interface == name)
		})
		c.block(danger(!open), "trusted:"+name, "the firewall no longer lets in everything from %s", name)
	}
}

// within reports whether sshd listens on one of the ports.
func (d sshd) within(p system.Port) bool {
	return p.Proto == "tcp" && slices.ContainsFunc(d.ports, func(s string) bool {
		n, err := strconv.Atoi(s)
		return err == nil && p.From <= n && n <= p.To
	})
}

func portName(p system.Port) string {
	s := fmt.Sprintf("%s/%d", p.Proto, p.From)
	if p.To != p.From {
		s += fmt.Sprintf("-%d", p.To)
	}
	if p.Interface != "" {
		s += " on " + p.Interface
	}
	return s
}

func portNames(ports []system.Port) string {
	var out []string
	for _, p := range ports {
		out = append(out, portName(p))
	}
	return join(out)
}
