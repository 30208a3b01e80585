# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ pkgs, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/openssh.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "atlas";

  time.timeZone = "Europe/Rome";

  environment.systemPackages = [
    pkgs.git
    pkgs.curl
    pkgs.ripgrep
  ];

  system.stateVersion = "26.05";
}
