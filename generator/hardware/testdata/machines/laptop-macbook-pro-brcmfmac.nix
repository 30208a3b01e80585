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
  imports = [
    (modulesPath + "/installer/scan/not-detected.nix")
    (modulesPath + "/hardware/network/broadcom-43xx.nix")
  ];

  boot = {
    initrd = {
      availableKernelModules = [
        "xhci_pci"
        "nvme"
      ];
      kernelModules = [ ];
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
      device = "/dev/disk/by-uuid/6f9e2a34-1111-4b5c-9d2e-0a1b2c3d4e5f";
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
  };

  swapDevices = [ { device = "/dev/disk/by-uuid/9c0ffee1-2222-4b5c-9d2e-0a1b2c3d4e5f"; } ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  hardware = {
    cpu.intel.updateMicrocode = lib.mkDefault config.hardware.enableRedistributableFirmware;
    graphics = {
      enable = lib.mkDefault true;
      enable32Bit = lib.mkDefault true;
      # For video decoding and OpenCL on Intel Kaby Lake.
      extraPackages = [
        pkgs.intel-media-driver
        pkgs.intel-compute-runtime-legacy1
      ];
    };
  };

  services.thermald.enable = lib.mkDefault true;

  environment.sessionVariables.LIBVA_DRIVER_NAME = lib.mkOverride 900 "iHD";
}
