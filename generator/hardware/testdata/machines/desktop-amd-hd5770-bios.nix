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
        "uhci_hcd"
        "ahci"
        "pata_jmicron"
        "firewire_ohci"
        "sd_mod"
      ];
      kernelModules = [ ];
    };
    kernelModules = [ "kvm-intel" ];
    extraModulePackages = [ ];
    loader.grub = {
      # The machine booted with BIOS.
      enable = lib.mkDefault true;
      configurationLimit = lib.mkDefault 10;
      device = lib.mkDefault "/dev/disk/by-id/ata-WDC_WD5000AAKS-00V1A0_WD-WCAWF0000001";
    };
  };

  fileSystems."/" = {
    device = "/dev/disk/by-uuid/1d1d0001-4444-4b5c-9d2e-0a1b2c3d4e5f";
    fsType = "ext4";
  };

  swapDevices = [ { device = "/dev/disk/by-uuid/1d1d0002-4444-4b5c-9d2e-0a1b2c3d4e5f"; } ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  hardware = {
    cpu.intel.updateMicrocode = lib.mkDefault config.hardware.enableRedistributableFirmware;
    graphics = {
      enable = lib.mkDefault true;
      enable32Bit = lib.mkDefault true;
    };
  };
}
