package image

import (
	"slices"
	"strings"
	"testing"
)

// The names are those of nixos/modules/image/images.nix in NixOS 26.05, in the order of --list.
func TestVariants(t *testing.T) {
	want := strings.Fields(`amazon azure cloudstack digital-ocean google-compute hyperv iso iso-installer kexec kubevirt
		linode lxc lxc-metadata oci openstack openstack-zfs proxmox proxmox-lxc qemu qemu-efi raw raw-efi sd-card
		vagrant-virtualbox virtualbox vmware`)
	if got := Names(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	for _, v := range Variants {
		if found, ok := Find(v.Name); !ok || found.About != v.About {
			t.Errorf("%s is not found", v.Name)
		}
	}
	if v, ok := Find("qcow"); ok {
		t.Errorf("found %s", v.Name)
	}
}

func TestFiles(t *testing.T) {
	v, _ := Find("raw")
	files, err := v.Files("module.nix", "at${las}", "x86_64-linux", "no")
	if err != nil {
		t.Fatal(err)
	}
	const want = `{ lib, flake, ... }:
{
  image.modules.raw = {
    imports = [ ./image.nix ];
    # The machine's own disks, boot loader and drivers.
    disabledModules = [
      "${flake}/hosts/at\${las}/hardware-configuration.nix"
      "${flake}/hosts/at\${las}/disks.nix"
    ];
    nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";
    hardware = {
      enableAllHardware = lib.mkDefault true;
      enableRedistributableFirmware = lib.mkDefault true;
    };
    services.openssh.settings.PermitRootLogin = lib.mkOverride 90 "no";
  };
}
`
	if got := files["module.nix"]; got != want {
		t.Errorf("got\n%s", got)
	}
	if files["image.nix"] == "" || len(files) != 2 {
		t.Errorf("%d files", len(files))
	}
}

func TestUnfit(t *testing.T) {
	for _, c := range []struct{ variant, system, why, hint string }{
		{"qemu-efi", arm, "", ""},
		{"qemu", x86, "", ""},
		{"qemu", arm, "the image qemu is for x86_64-linux, and the host is aarch64-linux", "qemu-efi is for both platforms"},
		{"sd-card", x86, "the image sd-card is for aarch64-linux, and the host is x86_64-linux", ""},
	} {
		v, _ := Find(c.variant)
		if why, hint := v.Unfit(c.system); why != c.why || hint != c.hint {
			t.Errorf("%s for %s: %q, %q", c.variant, c.system, why, hint)
		}
	}
}
