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
        "qla2xxx"
        "raid0"
        "raid1"
        "raid10"
        "raid456"
      ];
      kernelModules = [
        "dm-snapshot"
        "dm-cache"
        "dm-cache-smq"
        "dm-writecache"
        "dm-raid"
        "dm-integrity"
      ];
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
      device = "/dev/disk/by-uuid/7e7e0003-5656-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "ext4";
    };
    "/boot" = {
      device = "/dev/disk/by-uuid/1A2B-3C4D";
      fsType = "vfat";
      options = [
        "fmask=0077"
        "dmask=0077"
      ];
    };
    "/home" = {
      device = "/dev/disk/by-uuid/7e7e0004-5656-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "ext4";
    };
    "/srv/backup" = {
      device = "/dev/disk/by-uuid/7e7e0005-5656-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "xfs";
      options = [ "prjquota" ];
    };
    "/srv/db" = {
      device = "/dev/disk/by-uuid/7e7e0006-5656-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "ext4";
      options = [ "noatime" ];
    };
    "/srv/san" = {
      device = "/dev/disk/by-uuid/7e7e0007-5656-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "xfs";
    };
  };

  services.lvm.boot = {
    # A file system is on an LVM cache, and this adds the modules and tools for it.
    thin.enable = lib.mkDefault true;
    # A file system is on LVM VDO, and this adds the modules and tools for it.
    vdo.enable = lib.mkDefault true;
  };

  swapDevices = [ ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  hardware.cpu.intel.updateMicrocode = lib.mkDefault config.hardware.enableRedistributableFirmware;
}
