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
        "xhci_pci"
        "thunderbolt"
        "nvme"
      ];
      kernelModules = [ ];
      luks.devices.cryptroot.device = "/dev/disk/by-uuid/5e5e0001-5555-4b5c-9d2e-0a1b2c3d4e5f";
    };
    kernelModules = [ "kvm-intel" ];
    extraModulePackages = [ ];
    loader = {
      systemd-boot = {
        enable = lib.mkDefault true;
        # The kernels of all generations share the 512 MiB of /boot.
        configurationLimit = lib.mkDefault 10;
      };
      efi.canTouchEfiVariables = lib.mkDefault true;
    };
  };

  fileSystems = {
    "/" = {
      device = "/dev/disk/by-uuid/b7b70001-5555-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "btrfs";
      options = [
        "subvol=@"
        "noatime"
        "compress=zstd:3"
      ];
    };
    "/boot" = {
      device = "/dev/disk/by-uuid/AAAA-BBBB";
      fsType = "vfat";
      options = [
        "fmask=0022"
        "dmask=0022"
      ];
    };
    "/home" = {
      device = "/dev/disk/by-uuid/b7b70001-5555-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "btrfs";
      options = [
        "subvol=@home"
        "noatime"
        "compress=zstd:3"
      ];
    };
    "/home/ada/vm" = {
      device = "/home/images";
      fsType = "none";
      options = [ "bind" ];
    };
    "/nix" = {
      device = "/dev/disk/by-uuid/b7b70001-5555-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "btrfs";
      options = [
        "subvol=@nix"
        "noatime"
        "compress=zstd:3"
      ];
    };
  };

  swapDevices = [ ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  hardware = {
    cpu.intel.updateMicrocode = lib.mkDefault config.hardware.enableRedistributableFirmware;
    graphics = {
      enable = lib.mkDefault true;
      enable32Bit = lib.mkDefault true;
      # For video decoding and OpenCL on Intel Tiger Lake.
      extraPackages = [
        pkgs.intel-media-driver
        pkgs.vpl-gpu-rt
        pkgs.intel-compute-runtime
      ];
    };
  };

  services.thermald.enable = lib.mkDefault true;

  environment.sessionVariables.LIBVA_DRIVER_NAME = lib.mkOverride 900 "iHD";
}
