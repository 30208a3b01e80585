# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/wandb.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "full";

  virtualisation.oci-containers.containers.wandb = {
    environment.HOST = "https://wandb.example.org";
    environmentFiles = [ "/etc/secrets/wandb-env" ];
    ports = [ "127.0.0.1:8094:8080" ];
  };

  system.stateVersion = "26.05";
}
