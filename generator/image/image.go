// Package image knows the images that NixOS makes of a host, and what one has instead of the machine's own disks,
// boot loader and drivers.
//
// The variants are those of nixos/modules/image/images.nix in NixOS 26.05; each is in 25.11, too. What a variant sets
// is in its module there, in virtualisation, installer or maintainers/scripts.
package image

import (
	_ "embed"
	"fmt"
	"slices"

	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// Since is the release of NixOS whose nixos-rebuild first had build-image.
const Since = "25.05"

// Variant is a kind of image.
type Variant struct {
	Name  string `json:"name"`
	About string `json:"about"`
	// Extension is what the file's name ends in.
	Extension string `json:"extension"`
	// System is the only platform that it is for, "" for any.
	System string `json:"system,omitempty"`
	// Enters says who gets in beside those whom the profile lets in; empty: nobody.
	Enters string `json:"enters,omitempty"`

	// set are options that the variant's module leaves to whoever uses it.
	set []nix.Binding
}

// Who gets in without the profile's help.
const (
	cloudKey  = "root, with the key that the cloud gives the machine"
	cloudInit = "whomever cloud-init gives a key"
	theHost   = "whoever runs the container, from its host"
	installer = "anybody at its console: nixos and root have no password"
)

const x86, arm = "x86_64-linux", "aarch64-linux"

// anyHardware are the drivers of all machines, where it is not known which one it will be.
var anyHardware = []nix.Binding{
	{Path: []string{"hardware", "enableAllHardware"}, Value: byDefault(nix.Bool(true))},
	{Path: []string{"hardware", "enableRedistributableFirmware"}, Value: byDefault(nix.Bool(true))},
}

// bootable starts from a USB stick and by UEFI, not only from a CD by BIOS.
var bootable = []nix.Binding{
	{Path: []string{"isoImage", "makeEfiBootable"}, Value: byDefault(nix.Bool(true))},
	{Path: []string{"isoImage", "makeUsbBootable"}, Value: byDefault(nix.Bool(true))},
}

func byDefault(e nix.Expr) nix.Expr {
	return nix.Call{Fn: nix.Ref{"lib", "mkDefault"}, Args: []nix.Expr{e}}
}

// Variants are all, by name.
var Variants = []Variant{
	{"amazon", "Amazon EC2", "vhd", "", cloudKey, nil},
	{"azure", "Microsoft Azure", "vhd", x86, cloudInit, nil},
	{"cloudstack", "Apache CloudStack", "qcow2", x86, cloudInit, nil},
	{"digital-ocean", "DigitalOcean", "qcow2.gz", x86, cloudKey, nil},
	{"google-compute", "Google Compute Engine", "raw.tar.gz", x86, "whomever OS Login of the project lets in", nil},
	{"hyperv", "Microsoft Hyper-V, UEFI", "vhdx", "", "", nil},
	{"iso", "the host as a live system, for a USB stick or a DVD", "iso", "", "", slices.Concat(bootable, anyHardware)},
	{"iso-installer", "the NixOS installer with the host's programs", "iso", "", installer, nil},
	{"kexec", "an installer that a running Linux starts in its own place", "tar.xz", "", installer, nil},
	{"kubevirt", "KubeVirt", "qcow2", x86, cloudInit, nil},
	{"linode", "Linode", "img.gz", x86, "", nil},
	{"lxc", "LXC, LXD and Incus: the file system of a container", "tar.xz", "", theHost, nil},
	{"lxc-metadata", "LXC, LXD and Incus: what describes the container", "tar.xz", "", theHost, nil},
	{"oci", "Oracle Cloud Infrastructure", "qcow2", "", cloudKey, nil},
	{"openstack", "OpenStack", "qcow2", "", cloudKey, nil},
	{"openstack-zfs", "OpenStack, on ZFS and UEFI", "qcow2", "", cloudKey, nil},
	{"proxmox", "a virtual machine of Proxmox VE", "vma.zst", x86, cloudInit, nil},
	{"proxmox-lxc", "a container of Proxmox VE", "tar.xz", "", theHost, nil},
	{"qemu", "QEMU and libvirt, BIOS", "qcow2", x86, "", nil},
	{"qemu-efi", "QEMU and libvirt, UEFI", "qcow2", "", "", nil},
	{"raw", "the bytes of a disk, BIOS", "img", x86, "", anyHardware},
	{"raw-efi", "the bytes of a disk, UEFI", "img", "", "", anyHardware},
	{"sd-card", "an SD card for a board such as the Raspberry Pi", "img.zst", arm, "", anyHardware[1:]},
	{"vagrant-virtualbox", "Vagrant with VirtualBox", "box", x86, "vagrant, with the key that everybody knows", nil},
	{"virtualbox", "VirtualBox", "ova", x86, "", nil},
	{"vmware", "VMware, UEFI", "vmdk", "", "", nil},
}

// rootByKey is the default of PermitRootLogin, and what the clouds' variants set.
const rootByKey = "prohibit-password"

// EntersBeside says who gets in beside those whom the profile lets in, whose PermitRootLogin of sshd is rootLogin.
func (v Variant) EntersBeside(rootLogin string) string {
	if v.Enters == cloudKey && rootLogin == "no" {
		return ""
	}
	return v.Enters
}

// Names are those of the variants.
func Names() []string {
	out := make([]string, len(Variants))
	for i, v := range Variants {
		out[i] = v.Name
	}
	return out
}

// Find is the variant of a name.
func Find(name string) (Variant, bool) {
	i := slices.IndexFunc(Variants, func(v Variant) bool { return v.Name == name })
	if i < 0 {
		return Variant{}, false
	}
	return Variants[i], true
}

// leftOut are the files of a host that say what its machine is made of.
var leftOut = []string{"hardware-configuration.nix", "disks.nix"}

// common is the part of the module that is the same for all.
//
//go:embed image.nix
var common string

// commonFile is its name beside the module.
const commonFile = "image.nix"

// Files are the NixOS module, called module, that gives a host's image what the variant needs, and the file that it
// imports. The module's argument flake is the flake that the host is in. rootLogin is PermitRootLogin of sshd as the
// profile has it, which also holds where the variant lets root in.
func (v Variant) Files(module, host, system, rootLogin string) (map[string]string, error) {
	var without nix.List
	for _, file := range leftOut {
		without = append(without, nix.Interp{nix.Ref{"flake"}, nix.Str("/hosts/" + host + "/" + file)})
	}
	set := append([]nix.Binding{
		{Path: []string{"imports"}, Value: nix.List{nix.Path("./" + commonFile)}},
		{Path: []string{"disabledModules"}, Value: without, Comment: "The machine's own disks, boot loader and drivers."},
		{Path: []string{"nixpkgs", "hostPlatform"}, Value: byDefault(nix.Str(system))},
	}, v.set...)
	if rootLogin != rootByKey {
		set = append(set, nix.Binding{
			Path: []string{"services", "openssh", "settings", "PermitRootLogin"},
			// Above a value without a priority, below mkForce.
			Value: nix.Call{Fn: nix.Ref{"lib", "mkOverride"}, Args: []nix.Expr{nix.Int(90), nix.Str(rootLogin)}},
		})
	}
	for i := range set {
		set[i].Path = slices.Concat([]string{"image", "modules", v.Name}, set[i].Path)
	}
	body, err := nix.Nest(set)
	if err != nil {
		return nil, fmt.Errorf("arrange the module of the image: %w", err)
	}
	text, err := nix.Print(nix.Module(body))
	if err != nil {
		return nil, fmt.Errorf("write the module of the image: %w", err)
	}
	return map[string]string{module: string(text), commonFile: common}, nil
}

// Unfit says why a host of a system cannot be this variant, and which it can be; empty: it can be this one.
func (v Variant) Unfit(system string) (why, hint string) {
	if v.System == "" || v.System == system {
		return "", ""
	}
	if efi, ok := Find(v.Name + "-efi"); ok {
		hint = efi.Name + " is for both platforms"
	}
	return fmt.Sprintf("the image %s is for %s, and the host is %s", v.Name, v.System, system), hint
}
