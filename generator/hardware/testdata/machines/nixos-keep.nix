# Written by quick-deploy from what it found on the machine, in the style of
# nixos-generate-config. Settings of your own belong in local.nix.
{ lib, ... }:
{
  imports = [ ./hardware-kept.nix ];

  boot.loader = {
    systemd-boot = {
      # What this NixOS boots with already.
      enable = lib.mkDefault true;
      # Kernels of old generations share the 512 MiB of /boot.
      configurationLimit = lib.mkDefault 10;
    };
    efi.canTouchEfiVariables = lib.mkDefault true;
  };

  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";

  # NVIDIA GA102, Ampere at 0000:0b:00.0; also without X, this chooses the kernel modules.
  services.xserver.videoDrivers = lib.mkOverride 900 [ "nvidia" ];

  hardware = {
    nvidia = {
      modesetting.enable = lib.mkDefault true;
      # NVIDIA's open kernel modules drive Turing and later.
      open = lib.mkOverride 900 true;
    };
    graphics = {
      enable = lib.mkDefault true;
      enable32Bit = lib.mkDefault true;
    };
  };

  environment.sessionVariables.LIBVA_DRIVER_NAME = lib.mkDefault "nvidia";
}
