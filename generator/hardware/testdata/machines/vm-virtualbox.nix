# Written by quick-deploy from what it found on this machine, in the style of
# nixos-generate-config. Put your own settings in local.nix.
{ lib, ... }:
{
  imports = [ ];

  boot = {
    initrd = {
      availableKernelModules = [
        "ohci_pci"
        "ahci"
        "sd_mod"
      ];
      kernelModules = [ ];
    };
    kernelModules = [ ];
    extraModulePackages = [ ];
    loader.grub = {
      # The machine booted with BIOS.
      enable = lib.mkDefault true;
      configurationLimit = lib.mkDefault 10;
      device = lib.mkDefault "/dev/disk/by-id/ata-VBOX_HARDDISK_VB00000000-00000001";
    };
  };

  fileSystems."/" = {
    device = "/dev/disk/by-uuid/cdcd0001-eeee-4b5c-9d2e-0a1b2c3d4e5f";
    fsType = "ext4";
  };

  swapDevices = [ ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  virtualisation.virtualbox.guest.enable = lib.mkDefault true;
}
