# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/auto-upgrade.nix
    ../../modules/base.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "full";

  system = {
    autoUpgrade = {
      allowReboot = true;
      dates = "Sun 04:00";
      flags = [ "--no-update-lock-file" ];
      flake = "github:ada/machines";
      operation = "boot";
      randomizedDelaySec = "30min";
      rebootWindow = {
        lower = "03:30";
        upper = "05:30";
      };
    };
    stateVersion = "26.05";
  };
}
