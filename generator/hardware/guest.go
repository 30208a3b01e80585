package hardware

import (
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// guest decides about virtual machines and containers.
func (d *decider) guest() {
	v := d.facts.Virtualization
	if d.facts.container() {
		d.inContainer()
		return
	}
	if v == "" || d.Mode == modeKeep {
		return
	}
	agent, w := flag(d.over.GuestAgent, true, because("the machine is a virtual machine ("+v+")"))
	if !agent {
		d.note("virtualisation", "no guest agent", w.why)
		return
	}
	ports := d.facts.VirtioPorts
	incus := slices.ContainsFunc(ports, isIncus)
	qemu := !incus && slices.Contains([]string{"kvm", "qemu", "bochs"}, v)
	d.apply(
		rule{"virtualisation.incus.agent.enable", incus, yes, because("the guest has a channel to Incus")},
		rule{"services.qemuGuest.enable", qemu && (len(ports) == 0 || slices.Contains(ports, "org.qemu.guest_agent.0")),
			yes, w},
		rule{"services.spice-vdagentd.enable", qemu && slices.Contains(ports, "com.redhat.spice.0"), yes,
			because("the guest has a SPICE channel")},
		rule{machineTable().Guests[v], !incus && machineTable().Guests[v] != "", yes, w},
	)
	if v == "parallels" {
		d.Unfree = append(d.Unfree, "prl-tools")
	}
}

// isIncus knows the port by which Incus, and LXD before it, talk to their guest's agent.
func isIncus(port string) bool {
	return strings.HasPrefix(port, "org.linuxcontainers.") || strings.HasPrefix(port, "com.canonical.lxd")
}

// inContainer decides about systems that share their host's kernel. What starts
// LXC's is a link that a profile of nixpkgs renews; the loader that the running
// NixOS has tells which profile that is.
func (d *decider) inContainer() {
	v := d.facts.Virtualization
	profile := func(file, why string) {
		d.set("imports", nix.List{fromNixpkgs("/virtualisation/" + file)}, because(why))
	}
	w := because("the system is a container (" + v + ")")
	by := d.facts.Loader.Program
	switch {
	case v == "wsl":
		d.block("NixOS in WSL starts with the module of NixOS-WSL (github.com/nix-community/NixOS-WSL), " +
			"which quick-deploy does not include: import it in local.nix, and set wsl.enable: true under nixos in the profile")
	case v == "systemd-nspawn":
		d.on("boot.isNspawnContainer", w)
	case v == "lxc" && by == InitScript:
		profile("proxmox-lxc.nix", "a Proxmox VE container, according to the running NixOS")
	case v == "lxc" && (by == LXCContainer || d.facts.Loader.Kind == ""):
		profile("lxc-container.nix", "an LXC or Incus container, which starts /sbin/init")
	case v == "lxc" || v == "lxc-libvirt":
		d.on("boot.isContainer", w)
	default:
		d.block("the probe ran inside a container (%s), which shows little of the machine: "+
			"run it on the machine itself", v)
	}
}

// container tells whether the machine shares its host's kernel.
func (f Facts) container() bool {
	return slices.Contains(machineTable().Containers, f.Virtualization)
}
