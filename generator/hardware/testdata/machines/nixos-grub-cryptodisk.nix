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
        "ahci"
        "sd_mod"
      ];
      kernelModules = [ ];
      luks.devices.luks-1d1d0001.device = "/dev/disk/by-uuid/1d1d0001-4444-4b5c-9d2e-0a1b2c3d4e5f";
    };
    kernelModules = [ "kvm-intel" ];
    extraModulePackages = [ ];
    loader.grub = {
      # The running NixOS uses it.
      enable = lib.mkDefault true;
      configurationLimit = lib.mkDefault 10;
      device = lib.mkDefault "/dev/sda";
      enableCryptodisk = lib.mkDefault true;
      useOSProber = lib.mkDefault true;
    };
  };

  fileSystems."/" = {
    device = "/dev/disk/by-uuid/2d2d0001-4444-4b5c-9d2e-0a1b2c3d4e5f";
    fsType = "ext4";
  };

  swapDevices = [ ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  hardware.cpu.intel.updateMicrocode = lib.mkDefault config.hardware.enableRedistributableFirmware;

  services.thermald.enable = lib.mkDefault true;
}
