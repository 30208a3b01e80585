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
      availableKernelModules = [ "nvme" ];
      kernelModules = [ ];
    };
    kernelModules = [ "kvm-intel" ];
    extraModulePackages = [ ];
    loader = {
      systemd-boot = {
        # The running NixOS uses it.
        enable = lib.mkDefault true;
        # The kernels of all generations share the 1024 MiB of /boot.
        configurationLimit = lib.mkDefault 10;
      };
      efi.canTouchEfiVariables = lib.mkDefault true;
    };
  };

  fileSystems = {
    "/" = {
      device = "/dev/disk/by-uuid/7c9e6679-7425-40de-944b-e07fc1f90ae7";
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

  services = {
    thermald.enable = lib.mkDefault true;
    # NVIDIA AD102, Ada Lovelace at 0000:01:00.0; this chooses the kernel modules, even without X.
    xserver.videoDrivers = lib.mkOverride 900 [ "nvidia" ];
  };

  environment.sessionVariables.LIBVA_DRIVER_NAME = lib.mkDefault "nvidia";
}
