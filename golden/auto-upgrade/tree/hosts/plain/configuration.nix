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

  networking.hostName = "plain";

  system = {
    autoUpgrade = {
      flags = [
        "--update-input"
        "nixpkgs"
      ];
      flake = "/home/ada/.config/nixos";
    };
    stateVersion = "26.05";
  };
}
