package hardware

import (
	"slices"

	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// guest decides about virtual machines and containers.
func (d *decider) guest() error {
	v := d.facts.Virtualization
	if v == "" || d.Mode == modeKeep {
		return nil
	}
	agent, w := flag(d.over.GuestAgent, true, because("the machine is a guest ("+v+")"))
	if !agent {
		d.note("virtualisation", "no guest agent", w.why)
		return nil
	}
	on := nix.Bool(true)
	switch v {
	case "kvm", "qemu", "bochs":
		if len(d.facts.VirtioPorts) == 0 || slices.Contains(d.facts.VirtioPorts, "org.qemu.guest_agent.0") {
			d.set("services.qemuGuest.enable", d.soft(on), w)
		}
		if slices.Contains(d.facts.VirtioPorts, "com.redhat.spice.0") {
			d.set("services.spice-vdagentd.enable", d.soft(on), because("the guest has a SPICE channel"))
		}
	case "vmware":
		d.set("virtualisation.vmware.guest.enable", d.soft(on), w)
	case "oracle":
		d.set("virtualisation.virtualbox.guest.enable", d.soft(on), w)
	case "microsoft":
		d.set("virtualisation.hypervGuest.enable", d.soft(on), w)
	case "parallels":
		d.set("hardware.parallels.enable", d.soft(on), w)
		d.Unfree = append(d.Unfree, "prl-tools")
	case "systemd-nspawn":
		d.set("boot.isNspawnContainer", d.soft(on), w)
	case "lxc", "lxc-libvirt":
		d.set("boot.isContainer", d.soft(on), w)
	case "docker", "podman", "openvz", "wsl", "container-other":
		d.warn("this was probed inside a container (%s), which shows little of the machine; probe on the machine itself", v)
		d.block("it was probed inside a container (%s)", v)
	}
	return nil
}

// container tells whether the machine shares its host's kernel.
func (f Facts) container() bool {
	return slices.Contains([]string{"systemd-nspawn", "lxc", "lxc-libvirt", "docker", "podman", "openvz", "wsl", "container-other"}, f.Virtualization)
}
