package losses

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// addresses compares the addresses and routes that the systems themselves set.
func (c *comparison) addresses() {
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
			c.block(LockOut, "address:"+a.CIDR, "the static address %s%s goes", a.CIDR, at(a))
		case slices.Contains(c.new.network.Addresses, a):
		default:
			b := c.new.network.Addresses[i]
			there := b.Interface == "" || strings.ContainsAny(b.Interface, "*? ") || c.machine.HasInterface(b.Interface)
			from, to := cmp.Or(a.Interface, "none"), cmp.Or(b.Interface, "none")
			c.block(dangerIf(!there, LockOut), "address:"+a.CIDR, "the static address %s moves from %s to %s", a.CIDR, from, to)
		}
	}
	c.missing(list{"route:%s", "the route %s goes", func(s side) (routes []string) {
		for _, r := range s.network.Routes {
			routes = append(routes, r.CIDR)
		}
		return routes
	}, LockOut})
}

// manager is a program that brings the network up, another way into the
// machine, or what knows the accounts of those who log in.
type manager struct {
	unit string // a pattern of path.Match
	what string
	// part says that it may be NetworkManager's own part.
	part bool
}

const networkManager = "NetworkManager.service"

var managers = []manager{
	{unit: networkManager, what: "NetworkManager goes, with the connections that were made in it"},
	{unit: "connman.service", what: "ConnMan goes, with the networks that it knows"},
	{unit: "iwd.service", part: true, what: "iwd goes, with the wireless networks that it knows"},
	{unit: "wpa_supplicant*.service", part: true, what: "the wireless networks go (wpa_supplicant)"},
	{unit: "tailscaled.service", what: "Tailscale stops"},
	{unit: "zerotierone.service", what: "ZeroTier stops"},
	{unit: "netbird*.service", what: "NetBird stops"},
	{unit: "nebula@*.service", what: "the Nebula network stops"},
	{unit: "wg-quick-*.service", what: "the WireGuard interface stops"},
	{unit: "wireguard-*.service", what: "the WireGuard interface stops"},
	{unit: "openvpn-*.service", what: "the OpenVPN connection stops"},
	{unit: "cloudflared-tunnel-*.service", what: "the Cloudflare tunnel stops"},
	{unit: "sssd.service", what: "nobody logs in by the directory any more (SSSD)"},
	{unit: "nslcd.service", what: "nobody logs in by the directory any more (LDAP)"},
	{unit: "kanidm-unixd.service", what: "nobody logs in by the directory any more (Kanidm)"},
	{unit: "systemd-homed.service", what: "the accounts of systemd-homed go"},
}

// dhcp reports whether something asks for addresses.
func (s side) dhcp() bool {
	networkd := s.enabled("systemd-networkd.service") && len(s.network.DHCP) > 0
	return networkd || s.enabled("dhcpcd.service", networkManager, "connman.service")
}

// managerOf finds the manager that a unit is.
func managerOf(unit string) (manager, bool) {
	i := slices.IndexFunc(managers, func(m manager) bool { ok, _ := path.Match(m.unit, unit); return ok })
	if i < 0 {
		return manager{}, false
	}
	return managers[i], true
}

// managers compares what brings the network up. Each may be the only way to the machine.
func (c *comparison) managers() {
	if c.old.dhcp() && !c.new.dhcp() {
		c.block(LockOut, "network:dhcp", "nothing asks for an address by DHCP any more")
	}
	for _, name := range sortedKeys(c.old.units) {
		m, ok := managerOf(name)
		_, stays := c.new.units[name]
		if !ok || stays || !c.old.units[name].Wanted || m.part && c.old.enabled(networkManager) {
			continue
		}
		what := m.what
		if strings.Contains(m.unit, "*") {
			what += fmt.Sprintf(" (%s)", strings.TrimSuffix(name, ".service"))
		}
		c.block(LockOut, "unit:"+name, "%s", what)
	}
}

// ports compares what the firewalls let in. What somebody comes in by is SSH.
func (c *comparison) ports() {
	old, now := c.old.firewall, c.new.firewall
	if !now.On {
		return
	}
	// danger is that of a change that may shut SSH out.
	danger := func(shut bool) Danger { return dangerIf(shut && c.old.sshd.on && c.new.sshd.on, LockOut) }
	if !old.On {
		open := len(now.Trusted) > 1 || slices.ContainsFunc(now.Ports, c.new.sshd.within) // lo is trusted always
		c.block(danger(!open), "firewall", "the firewall is switched on: it lets in %s", cmp.Or(portNames(now.Ports), "none"))
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
