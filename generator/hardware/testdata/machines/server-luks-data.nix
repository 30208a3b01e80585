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
        "nvme"
        "sd_mod"
      ];
      kernelModules = [ ];
      luks.devices.root = {
        device = "/dev/disk/by-uuid/5c5c0003-1111-4b5c-9d2e-0a1b2c3d4e5f";
        allowDiscards = true;
      };
    };
    kernelModules = [ "kvm-intel" ];
    extraModulePackages = [ ];
    loader = {
      systemd-boot = {
        enable = lib.mkDefault true;
        # The kernels of all generations share the 953 MiB of /boot.
        configurationLimit = lib.mkDefault 10;
      };
      efi.canTouchEfiVariables = lib.mkDefault true;
    };
  };

  fileSystems = {
    "/" = {
      device = "/dev/disk/by-uuid/6c6c0003-1111-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "ext4";
      options = [ "errors=remount-ro" ];
    };
    "/backup" = {
      device = "/dev/disk/by-uuid/6c6c0002-1111-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "ext4";
      options = [
        "nofail"
        "noatime"
      ];
    };
    "/boot" = {
      device = "/dev/disk/by-uuid/1A2B-3C4D";
      fsType = "vfat";
      options = [
        "fmask=0077"
        "dmask=0077"
      ];
    };
    "/srv" = {
      device = "/dev/disk/by-uuid/6c6c0001-1111-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "ext4";
      options = [ "nofail" ];
    };
  };

  # Opened after boot, with keys from the root file system.
  environment.etc.crypttab.text = lib.mkDefault ''
    data /dev/disk/by-uuid/5c5c0001-1111-4b5c-9d2e-0a1b2c3d4e5f /root/data.key luks,nofail
  '';

  swapDevices = [ ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  hardware.cpu.intel.updateMicrocode = lib.mkDefault config.hardware.enableRedistributableFirmware;
}
