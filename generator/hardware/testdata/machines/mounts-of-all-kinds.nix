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
        "ahci"
        "usbhid"
        "usb_storage"
        "sd_mod"
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
    "/backup" = {
      device = "/dev/disk/by-uuid/2f2f0001-1212-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "ext4";
      options = [ "nofail" ];
    };
    "/boot" = {
      device = "/dev/disk/by-uuid/1A2B-3C4D";
      fsType = "vfat";
      options = [
        "fmask=0077"
        "dmask=0077"
      ];
    };
    "/cover" = {
      device = "/backup/cover";
      fsType = "none";
      options = [
        "bind"
        "nofail"
      ];
    };
    "/data" = {
      device = "/backup/data";
      fsType = "none";
      options = [
        "bind"
        "nofail"
      ];
    };
    "/image file" = {
      device = "/srv/images/data.img";
      fsType = "ext4";
      options = [ "loop" ];
    };
    "/srv" = {
      device = "nas.example.org:/srv";
      fsType = "nfs4";
      options = [
        "vers=4.2"
        "soft"
        "nofail"
      ];
    };
  };

  swapDevices = [
    { device = "/dev/disk/by-uuid/9c0ffee1-2222-4b5c-9d2e-0a1b2c3d4e5f"; }
    { device = "/swap/file"; }
  ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  hardware = {
    cpu.amd.updateMicrocode = lib.mkDefault config.hardware.enableRedistributableFirmware;
    graphics = {
      enable = lib.mkDefault true;
      enable32Bit = lib.mkDefault true;
    };
  };

  environment.sessionVariables.LIBVA_DRIVER_NAME = lib.mkDefault "radeonsi";
}
