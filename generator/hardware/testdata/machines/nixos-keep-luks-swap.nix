# Written by quick-deploy from what it found on this machine, in the style of
# nixos-generate-config. Put your own settings in local.nix.
{ lib, ... }:
{
  imports = [ ./hardware-kept.nix ];

  boot = {
    loader.grub = {
      # The running NixOS uses it.
      enable = lib.mkDefault true;
      configurationLimit = lib.mkDefault 10;
      device = lib.mkDefault "/dev/sda";
      enableCryptodisk = lib.mkDefault true;
      useOSProber = lib.mkDefault true;
    };
    initrd.luks.devices.luks-1d1d0002.device =
      lib.mkDefault "/dev/disk/by-uuid/1d1d0002-4444-4b5c-9d2e-0a1b2c3d4e5f";
  };

  services.thermald.enable = lib.mkDefault true;
}
