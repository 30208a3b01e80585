# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/bluetooth.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  hardware.bluetooth.powerOnBoot = false;

  networking.hostName = "full";

  services.blueman.enable = true;

  system.stateVersion = "26.05";
}
