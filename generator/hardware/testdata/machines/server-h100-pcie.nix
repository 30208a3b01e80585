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
        "xhci_pci"
        "megaraid_sas"
        "sd_mod"
      ];
      kernelModules = [ ];
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
      device = "/dev/disk/by-uuid/4c4c0002-8888-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "xfs";
    };
    "/boot" = {
      device = "/dev/disk/by-uuid/4C4C-0001";
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
    graphics.enable = lib.mkDefault true;
  };

  # NVIDIA GH100, Hopper at 0000:17:00.0; this chooses the kernel modules, even without X.
  services.xserver.videoDrivers = lib.mkOverride 900 [ "nvidia" ];
}
