# Written by quick-deploy from what it found on this machine, in the style of
# nixos-generate-config. Put your own settings in local.nix.
{
  config,
  lib,
  pkgs,
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
        "sdhci_pci"
      ];
      kernelModules = [ ];
    };
    kernelModules = [ "kvm-intel" ];
    extraModulePackages = [ ];
    loader.grub = {
      # The machine booted with BIOS.
      enable = lib.mkDefault true;
      configurationLimit = lib.mkDefault 10;
      device = lib.mkDefault "/dev/disk/by-id/ata-INTEL_SSDSC2BW240A4_CVDA000000000001";
    };
  };

  fileSystems."/" = {
    device = "/dev/disk/by-uuid/2a2a0001-6666-4b5c-9d2e-0a1b2c3d4e5f";
    fsType = "ext4";
  };

  swapDevices = [ ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  hardware = {
    cpu.intel.updateMicrocode = lib.mkDefault config.hardware.enableRedistributableFirmware;
    graphics = {
      enable = lib.mkDefault true;
      enable32Bit = lib.mkDefault true;
      # For video decoding and OpenCL on Intel Sandy Bridge.
      extraPackages = [ pkgs.intel-vaapi-driver ];
    };
  };

  services.thermald.enable = lib.mkDefault true;

  environment.sessionVariables.LIBVA_DRIVER_NAME = lib.mkOverride 900 "i965";
}
