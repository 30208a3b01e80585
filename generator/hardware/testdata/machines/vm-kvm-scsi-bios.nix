# Written by quick-deploy from what it found on this machine, in the style of
# nixos-generate-config. Put your own settings in local.nix.
{ lib, modulesPath, ... }:
{
  imports = [ (modulesPath + "/profiles/qemu-guest.nix") ];

  boot = {
    initrd = {
      availableKernelModules = [
        "ata_piix"
        "uhci_hcd"
        "virtio_pci"
        "virtio_scsi"
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
      device = lib.mkDefault "/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_drive-scsi0-0-0-0";
    };
  };

  fileSystems."/" = {
    device = "/dev/disk/by-uuid/8b8b0001-bbbb-4b5c-9d2e-0a1b2c3d4e5f";
    fsType = "ext4";
  };

  swapDevices = [ { device = "/swapfile"; } ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  services.qemuGuest.enable = lib.mkDefault true;
}
