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
        "nvme"
      ];
      kernelModules = [ ];
    };
    kernelModules = [ "kvm-intel" ];
    extraModulePackages = [ ];
    loader = {
      grub = {
        # The running NixOS uses it.
        enable = lib.mkDefault true;
        efiSupport = lib.mkDefault true;
        # The kernels of all generations share the 95 MiB of /boot.
        configurationLimit = lib.mkDefault 3;
        device = lib.mkDefault "nodev";
        enableCryptodisk = lib.mkOverride 900 true;
        extraEntries = lib.mkOverride 900 "menuentry Windows { chainloader /EFI/Microsoft/Boot/bootmgfw.efi }";
        useOSProber = lib.mkOverride 900 true;
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

  swapDevices = [ ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  hardware = {
    cpu.intel.updateMicrocode = lib.mkDefault config.hardware.enableRedistributableFirmware;
    graphics = {
      enable = lib.mkDefault true;
      enable32Bit = lib.mkDefault true;
      # For video decoding and OpenCL on Intel Alder Lake.
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
