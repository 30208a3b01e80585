# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ inputs, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/zram.nix
    inputs.quick-deploy.nixosModules.default
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "atlas";

  users.users.ada = {
    extraGroups = [
      "networkmanager"
      "wheel"
    ];
    isNormalUser = true;
  };

  programs.quick-deploy.enable = true;

  system.stateVersion = "26.05";
}
