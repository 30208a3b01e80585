# The images of a nixpkgs that is older than nixos/modules/image/images.nix, made by the modules that it has. Where the
# file that makes an image is missing, what there is of the variant makes a system.
nixos:
{
  config,
  extendModules,
  lib,
  ...
}:
let
  inherit (lib) types;
  modules = nixos + "/nixos/modules";

  # What disk-image.nix sets, which came later.
  disk = efi: format: {
    build = "disk";
    module =
      { config, pkgs, ... }:
      {
        boot.growPartition = lib.mkDefault true;
        boot.loader.grub = lib.mkIf (!efi) {
          enable = lib.mkOptionDefault true;
          device = lib.mkDefault "/dev/vda";
        };
        boot.loader.systemd-boot.enable = lib.mkDefault efi;
        fileSystems."/" = {
          device = "/dev/disk/by-label/nixos";
          fsType = "ext4";
          autoResize = true;
        };
        fileSystems."/boot" = lib.mkIf efi {
          device = "/dev/disk/by-label/ESP";
          fsType = "vfat";
        };
        system.build.disk = import (nixos + "/nixos/lib/make-disk-image.nix") {
          inherit
            config
            format
            lib
            pkgs
            ;
          partitionTableType = if efi then "efi" else "legacy";
        };
      };
  };

  # A module, and what it builds the image as.
  from = file: build: {
    module = modules + "/${file}";
    inherit build;
  };
  system = file: from file "toplevel";
  also =
    v: more:
    v
    // {
      module.imports = [
        v.module
        more
      ];
    };

  variants = {
    amazon = system "virtualisation/amazon-image.nix";
    azure = from "virtualisation/azure-image.nix" "azureImage";
    digital-ocean = from "virtualisation/digital-ocean-image.nix" "digitalOceanImage";
    google-compute = from "virtualisation/google-compute-image.nix" "googleComputeImage";
    hyperv = from "virtualisation/hyperv-image.nix" "hypervImage";
    iso = from "installer/cd-dvd/iso-image.nix" "isoImage";
    iso-installer = from "installer/cd-dvd/installation-cd-base.nix" "isoImage";
    kexec = system "installer/netboot/netboot-minimal.nix";
    kubevirt = from "virtualisation/kubevirt.nix" "kubevirtImage";
    linode = from "virtualisation/linode-image.nix" "linodeImage";
    lxc = from "virtualisation/lxc-container.nix" "tarball";
    lxc-metadata = from "virtualisation/lxc-image-metadata.nix" "metadata";
    oci = from "virtualisation/oci-image.nix" "OCIImage";
    openstack = system "virtualisation/openstack-config.nix";
    proxmox = from "virtualisation/proxmox-image.nix" "VMA";
    proxmox-lxc = from "virtualisation/proxmox-lxc.nix" "tarball";
    sd-card = from "installer/sd-card/sd-image-aarch64.nix" "sdImage";
    vagrant-virtualbox = from "virtualisation/vagrant-virtualbox-image.nix" "vagrantVirtualbox";
    virtualbox = from "virtualisation/virtualbox-image.nix" "virtualBoxOVA";
    vmware = from "virtualisation/vmware-image.nix" "vmwareImage";
    cloudstack = also (system "virtualisation/cloudstack-config.nix") {
      fileSystems."/".fsType = "ext4"; # which came later
    };
    openstack-zfs = also (system "virtualisation/openstack-config.nix") {
      openstack.efi = true;
      openstack.zfs = {
        enable = true;
        datasets."tank/system/root".mount = "/";
      };
    };
    qemu = disk false "qcow2";
    qemu-efi = disk true "qcow2";
    raw = disk false "raw";
    raw-efi = disk true "raw";
  };
in
{
  options.image.modules = lib.mkOption { type = types.attrsOf types.deferredModule; };
  options.system.build.images = lib.mkOption { type = types.lazyAttrsOf types.raw; };
  config.image.modules = lib.mapAttrs (_: v: v.module) variants;
  config.system.build.images = lib.mapAttrs (
    name: module:
    (extendModules { modules = [ module ]; }).config.system.build.${variants.${name}.build}
  ) config.image.modules;
}
