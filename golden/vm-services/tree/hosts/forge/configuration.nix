# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/forgejo.nix
    ../../modules/jupyter.nix
    ../../modules/ollama.nix
    ../../modules/syncthing.nix
    ../../modules/vaultwarden.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "forge";

  system.stateVersion = "26.05";
}
