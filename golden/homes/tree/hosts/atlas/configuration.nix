# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ pkgs, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "atlas";

  users.users.ada = {
    isNormalUser = true;
    shell = pkgs.zsh;
  };

  programs.zsh.enable = true;

  system.stateVersion = "26.05";
}
