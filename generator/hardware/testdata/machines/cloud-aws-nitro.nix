# Written by quick-deploy from what it found on this machine, in the style of
# nixos-generate-config. Put your own settings in local.nix.
{ lib, ... }:
{
  imports = [ ];

  boot = {
    initrd = {
      availableKernelModules = [ "nvme" ];
      kernelModules = [ ];
    };
    kernelModules = [ ];
    extraModulePackages = [ ];
    loader = {
      systemd-boot = {
        enable = lib.mkDefault true;
        # The kernels of all generations share the 247 MiB of /boot.
        configurationLimit = lib.mkDefault 3;
      };
      efi.canTouchEfiVariables = lib.mkDefault true;
    };
  };

  fileSystems = {
    "/" = {
      device = "/dev/disk/by-uuid/efef0002-ffff-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "ext4";
    };
    "/boot" = {
      device = "/dev/disk/by-uuid/EFEF-0001";
      fsType = "vfat";
    };
  };

  swapDevices = [ ];

  nixpkgs.hostPlatform = lib.mkDefault "aarch64-linux";
}
