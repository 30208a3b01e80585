# Written by quick-deploy from what it found on this machine, in the style of
# nixos-generate-config. Put your own settings in local.nix.
{ lib, ... }:
{
  imports = [ ];

  boot = {
    initrd = {
      availableKernelModules = [
        "virtio_scsi"
        "sd_mod"
        "virtio_pci"
      ];
      kernelModules = [ ];
    };
    kernelModules = [ ];
    extraModulePackages = [ ];
    loader = {
      systemd-boot = {
        enable = lib.mkDefault true;
        # The kernels of all generations share the 476 MiB of /boot.
        configurationLimit = lib.mkDefault 5;
      };
      efi.canTouchEfiVariables = lib.mkDefault true;
    };
  };

  fileSystems = {
    "/" = {
      device = "/dev/disk/by-uuid/acac0002-0000-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "ext4";
    };
    "/boot" = {
      device = "/dev/disk/by-uuid/ACAC-0001";
      fsType = "vfat";
    };
  };

  swapDevices = [ ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  # NVIDIA TU104, Turing at 0000:00:04.0; this chooses the kernel modules, even without X.
  services.xserver.videoDrivers = lib.mkOverride 900 [ "nvidia" ];

  hardware = {
    nvidia = {
      modesetting.enable = lib.mkDefault true;
      # NVIDIA's open kernel modules support Turing and later.
      open = lib.mkOverride 900 true;
    };
    graphics = {
      enable = lib.mkDefault true;
      enable32Bit = lib.mkDefault true;
    };
  };

  environment.sessionVariables.LIBVA_DRIVER_NAME = lib.mkDefault "nvidia";
}
