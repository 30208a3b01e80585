# Written by quick-deploy from what it found on this machine, in the style of
# nixos-generate-config. Put your own settings in local.nix.
{ lib, ... }:
{
  imports = [ ./hardware-kept.nix ];

  boot.loader = {
    systemd-boot = {
      # The running NixOS uses it.
      enable = lib.mkDefault true;
      # The kernels of all generations share the 512 MiB of /boot.
      configurationLimit = lib.mkDefault 10;
    };
    efi.canTouchEfiVariables = lib.mkDefault true;
  };

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  # NVIDIA GA102, Ampere at 0000:0b:00.0; this chooses the kernel modules, even without X.
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
