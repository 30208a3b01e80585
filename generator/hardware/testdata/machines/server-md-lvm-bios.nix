# Written by quick-deploy from what it found on this machine, in the style of
# nixos-generate-config. Put your own settings in local.nix.
{
  config,
  lib,
  modulesPath,
  ...
}:
{
  imports = [ (modulesPath + "/installer/scan/not-detected.nix") ];

  boot = {
    initrd = {
      availableKernelModules = [
        "ehci_pci"
        "ahci"
        "sd_mod"
      ];
      kernelModules = [ "dm-snapshot" ];
      luks.devices.safe.device = "/dev/disk/by-uuid/5c5c0002-9999-4b5c-9d2e-0a1b2c3d4e5f";
    };
    kernelModules = [ "kvm-intel" ];
    extraModulePackages = [ ];
    loader.grub = {
      # The machine booted with BIOS.
      enable = lib.mkDefault true;
      configurationLimit = lib.mkDefault 10;
      # Every disk of the array can boot.
      devices = [
        "/dev/disk/by-id/ata-WDC_WD40EFRX-68N32N0_WD-WCC7K0000001"
        "/dev/disk/by-id/ata-WDC_WD40EFRX-68N32N0_WD-WCC7K0000002"
      ];
    };
    # A file system is on an md RAID.
    swraid.enable = lib.mkDefault true;
  };

  fileSystems = {
    "/" = {
      device = "/dev/disk/by-uuid/5c5c0001-9999-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "ext4";
    };
    "/srv" = {
      device = "/dev/disk/by-uuid/5c5c0003-9999-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "ext4";
      options = [
        "nosuid"
        "nodev"
      ];
    };
  };

  swapDevices = [ { device = "/dev/disk/by-uuid/5c5c0004-9999-4b5c-9d2e-0a1b2c3d4e5f"; } ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  hardware.cpu.intel.updateMicrocode = lib.mkDefault config.hardware.enableRedistributableFirmware;

  services.thermald.enable = lib.mkDefault true;
}
