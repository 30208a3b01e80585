# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/docker.nix
    ../../modules/podman.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "full";

  virtualisation = {
    containers.registries.search = [ "quay.io" ];
    podman = {
      autoPrune.enable = false;
      dockerCompat = false;
      dockerSocket.enable = false;
    };
  };

  system.stateVersion = "26.05";
}
