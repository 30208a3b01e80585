package probe

import (
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// dmiMarks are starts of DMI texts that virtual machines have, in the words of
// systemd-detect-virt (systemd, src/basic/virt.c).
var dmiMarks = []struct{ start, name string }{
	{"KVM", "kvm"}, {"OpenStack", "kvm"}, {"KubeVirt", "kvm"}, {"Amazon EC2", "amazon"}, {"QEMU", "qemu"},
	{"VMware", "vmware"}, {"VMW", "vmware"}, {"innotek GmbH", "oracle"}, {"VirtualBox", "oracle"}, {"Oracle Corporation", "oracle"},
	{"Xen", "xen"}, {"Bochs", "bochs"}, {"Parallels", "parallels"}, {"BHYVE", "bhyve"}, {"Hyper-V", "microsoft"},
	{"Apple Virtualization", "apple"}, {"Google Compute Engine", "google"}, {"Google", "google"}, {"DigitalOcean", "kvm"}, {"Hetzner", "kvm"},
}

// readVirtualization tells in what the machine runs: the container first, then
// what the firmware says, then the processor's flag.
func readVirtualization(t *tree, _ Options, f *hardware.Facts) {
	const ports = "sys/class/virtio-ports"
	for _, name := range t.list(ports, false) {
		if s := t.line(ports + "/" + name + "/name"); s != "" {
			f.VirtioPorts = append(f.VirtioPorts, s)
		}
	}
	slices.Sort(f.VirtioPorts)
	f.VirtioPorts = slices.Compact(f.VirtioPorts)
	f.Virtualization = t.container()
	if f.Virtualization == "" {
		f.Virtualization = t.virtualMachine(f)
	}
}

// container goes by what the manager left, as systemd does (src/basic/virt.c),
// and for WSL, whose kernel anybody can build, by its handler of Windows programs.
func (t *tree) container() string {
	for _, name := range []string{"run/systemd/container", "run/host/container-manager"} {
		if s := t.line(name); s != "" {
			return s
		}
	}
	release, _ := t.text("proc/sys/kernel/osrelease")
	switch {
	case strings.Contains(release, "WSL"), strings.HasSuffix(release, "Microsoft"),
		t.exists("proc/sys/fs/binfmt_misc/WSLInterop"), t.exists("run/WSL"):
		return "wsl"
	case t.exists("proc/vz") && !t.exists("proc/bc"):
		return "openvz"
	case t.exists("run/.containerenv"):
		return "podman"
	case t.exists(".dockerenv"):
		return "docker"
	}
	return ""
}

func (t *tree) virtualMachine(f *hardware.Facts) string {
	p := f.Product
	metal := strings.Contains(p.Name, ".metal") // a whole machine of Amazon's
	for _, text := range []string{p.Name, p.Vendor, p.BoardVendor, p.BIOSVendor} {
		for _, m := range dmiMarks {
			if metal || !strings.HasPrefix(text, m.start) {
				continue
			}
			// Oracle and Google make real machines too.
			if (m.start == "Oracle Corporation" || m.start == "Google") && !f.CPU.Hypervisor {
				continue
			}
			if m.name == "qemu" && (f.CPU.Hypervisor) {
				return "kvm"
			}
			return m.name
		}
	}
	// Microsoft makes laptops too: only the product's name tells.
	if p.Vendor == "Microsoft Corporation" && p.Name == "Virtual Machine" {
		return "microsoft"
	}
	if s := t.line("sys/hypervisor/type"); s != "" {
		if strings.Contains(t.line("proc/xen/capabilities"), "control_d") {
			return "" // the host itself
		}
		return s
	}
	if s, ok := t.text("proc/device-tree/hypervisor/compatible"); ok {
		if strings.Contains(s, "xen") {
			return "xen"
		}
		return "kvm"
	}
	if t.exists("proc/device-tree/fw-cfg@9020000") {
		return "qemu"
	}
	if f.CPU.Hypervisor {
		if slices.ContainsFunc(f.PCI, func(p hardware.PCI) bool { return p.Vendor == 0x1af4 || p.Vendor == 0x1b36 }) {
			return "kvm" // virtio
		}
		return "vm-other"
	}
	return ""
}
