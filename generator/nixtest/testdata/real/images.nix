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
  disk =
    efi: format:
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

  variants =
    lib.mapAttrs (_: v: v // { module = modules + "/${v.module}"; }) {
      amazon = system "virtualisation/amazon-image.nix";
      azure = {
        module = "virtualisation/azure-image.nix";
        build = "azureImage";
      };
      digital-ocean = {
        module = "virtualisation/digital-ocean-image.nix";
        build = "digitalOceanImage";
      };
      google-compute = {
        module = "virtualisation/google-compute-image.nix";
        build = "googleComputeImage";
      };
      hyperv = {
        module = "virtualisation/hyperv-image.nix";
        build = "hypervImage";
      };
      iso = {
        module = "installer/cd-dvd/iso-image.nix";
        build = "isoImage";
      };
      iso-installer = {
        module = "installer/cd-dvd/installation-cd-base.nix";
        build = "isoImage";
      };
      kexec = system "installer/netboot/netboot-minimal.nix";
      kubevirt = {
        module = "virtualisation/kubevirt.nix";
        build = "kubevirtImage";
      };
      linode = {
        module = "virtualisation/linode-image.nix";
        build = "linodeImage";
      };
      lxc = {
        module = "virtualisation/lxc-container.nix";
        build = "tarball";
      };
      lxc-metadata = {
        module = "virtualisation/lxc-image-metadata.nix";
        build = "metadata";
      };
      oci = {
        module = "virtualisation/oci-image.nix";
        build = "OCIImage";
      };
      openstack = system "virtualisation/openstack-config.nix";
      proxmox = {
        module = "virtualisation/proxmox-image.nix";
        build = "VMA";
      };
      proxmox-lxc = {
        module = "virtualisation/proxmox-lxc.nix";
        build = "tarball";
      };
      sd-card = {
        module = "installer/sd-card/sd-image-aarch64.nix";
        build = "sdImage";
      };
      vagrant-virtualbox = {
        module = "virtualisation/vagrant-virtualbox-image.nix";
        build = "vagrantVirtualbox";
      };
      virtualbox = {
        module = "virtualisation/virtualbox-image.nix";
        build = "virtualBoxOVA";
      };
      vmware = {
        module = "virtualisation/vmware-image.nix";
        build = "vmwareImage";
      };
    }
    // {
      cloudstack = system {
        imports = [ (modules + "/virtualisation/cloudstack-config.nix") ];
        fileSystems."/".fsType = "ext4"; # which came later
      };
      openstack-zfs = {
        module = {
          imports = [ (modules + "/virtualisation/openstack-config.nix") ];
          openstack.efi = true;
          openstack.zfs.enable = true;
        };
        build = "toplevel";
      };
      qemu = {
        module = disk false "qcow2";
        build = "disk";
      };
      qemu-efi = {
        module = disk true "qcow2";
        build = "disk";
      };
      raw = {
        module = disk false "raw";
        build = "disk";
      };
      raw-efi = {
        module = disk true "raw";
        build = "disk";
      };
    };
  system = module: {
    inherit module;
    build = "toplevel";
  };
in
{
  options.image.modules = lib.mkOption { type = types.attrsOf types.deferredModule; };
  options.system.build.images = lib.mkOption { type = types.lazyAttrsOf types.raw; };
  config.image.modules = lib.mapAttrs (_: v: v.module) variants;
  config.system.build.images = lib.mapAttrs (
    name: module:
    let
      inherit (extendModules { modules = [ module ]; }) config;
    in
    config.system.build.${variants.${name}.build} // { passthru = { inherit config; }; }
  ) config.image.modules;
}
