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
        "nvme"
        "xhci_pci"
      ];
      kernelModules = [ ];
    };
    kernelModules = [ "kvm-amd" ];
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
    cpu.amd.updateMicrocode = lib.mkDefault config.hardware.enableRedistributableFirmware;
    nvidia = {
      modesetting.enable = lib.mkOverride 900 true;
      # NVIDIA's open kernel modules support Turing and later.
      open = lib.mkOverride 900 true;
      prime = {
        # The place of the AMD Cezanne, GCN 5, whatever the model's module says; local.nix needs lib.mkForce.
        amdgpuBusId = lib.mkOverride 90 "PCI:6@0:0:0";
        # The place of the NVIDIA GA106, Ampere, whatever the model's module says; local.nix needs lib.mkForce.
        nvidiaBusId = lib.mkOverride 90 "PCI:1@0:0:0";
        offload = {
          # A laptop with two cards: nvidia-offload runs a program on the fast one.
          enable = lib.mkOverride 900 (!config.hardware.nvidia.prime.sync.enable);
          enableOffloadCmd = lib.mkOverride 900 config.hardware.nvidia.prime.offload.enable;
        };
      };
    };
    graphics = {
      enable = lib.mkDefault true;
      enable32Bit = lib.mkDefault true;
    };
  };

  # NVIDIA GA106, Ampere at 0000:01:00.0; this chooses the kernel modules, even without X.
  services.xserver.videoDrivers = lib.mkOverride 90 [ "nvidia" ];

  environment.sessionVariables.LIBVA_DRIVER_NAME = lib.mkOverride 900 "radeonsi";
}
