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
        # The kernels of all generations share the 512 MiB of /boot/efi.
        configurationLimit = lib.mkDefault 10;
      };
      efi = {
        canTouchEfiVariables = lib.mkDefault true;
        efiSysMountPoint = lib.mkDefault "/boot/efi";
      };
    };
  };

  fileSystems = {
    "/" = {
      device = "/dev/disk/by-uuid/6f9e2a34-1111-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "btrfs";
      options = [
        "subvol=@"
        "compress=zstd"
        "noatime"
      ];
    };
    "/boot/efi" = {
      device = "/dev/disk/by-uuid/1A2B-3C4D";
      fsType = "vfat";
      options = [ "umask=0077" ];
    };
    "/home" = {
      device = "/dev/disk/by-uuid/6f9e2a34-1111-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "btrfs";
      options = [
        "subvol=@home"
        "compress=zstd"
        "noatime"
      ];
    };
    "/mnt/nas" = {
      device = "//nas.example/share";
      fsType = "cifs";
      options = [
        "credentials=/etc/nas.credentials"
        "uid=1000"
        "gid=100"
        "x-systemd.automount"
        "_netdev"
      ];
    };
    "/mnt/usb backup" = {
      device = "/dev/disk/by-uuid/0badcafe-2222-4b5c-9d2e-0a1b2c3d4e5f";
      fsType = "ext4";
      options = [
        "noatime"
        "nofail"
        "x-systemd.device-timeout=5s"
      ];
    };
    "/mnt/video" = {
      device = "nas.example:/video";
      fsType = "nfs4";
      options = [
        "x-systemd.automount"
        "x-systemd.idle-timeout=10min"
      ];
    };
    "/mnt/web" = {
      device = "ada@web.example:/srv";
      fsType = "fuse.sshfs";
      options = [
        "reconnect"
        "IdentityFile=/root/.ssh/web"
        "_netdev"
        "nofail"
      ];
    };
    "/mnt/windows" = {
      device = "/dev/disk/by-uuid/01D9ABCDEF012345";
      fsType = "ntfs-3g";
      options = [
        "uid=1000"
        "gid=1000"
        "umask=0022"
        "nofail"
      ];
    };
    "/srv/iso" = {
      device = "/home/iso";
      fsType = "none";
      options = [
        "bind"
        "ro"
      ];
    };
    "/srv/pool" = {
      device = "/srv/a:/srv/b";
      fsType = "mergerfs";
      options = [
        "cache.files=off"
        "category.create=mfs"
      ];
    };
    "/tmp" = {
      device = "tmpfs";
      fsType = "tmpfs";
      options = [
        "size=8G"
        "mode=1777"
      ];
    };
  };

  system.fsPackages = [
    pkgs.sshfs
    pkgs.mergerfs
  ];

  swapDevices = [
    {
      device = "/dev/disk/by-uuid/9c0ffee1-2222-4b5c-9d2e-0a1b2c3d4e5f";
      priority = 5;
    }
  ];

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  hardware.cpu.amd.updateMicrocode = lib.mkDefault config.hardware.enableRedistributableFirmware;
}
