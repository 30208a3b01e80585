# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/bluetooth.nix
    ../../modules/docker.nix
    ../../modules/fwupd.nix
    ../../modules/gitea.nix
    ../../modules/libvirt.nix
    ../../modules/podman.nix
    ../../modules/printing.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "host";

  system.stateVersion = "26.05";
}
