# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/openssh.nix
    ../../modules/zram.nix
    ./disks.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "twin";

  system.stateVersion = "26.05";
}
