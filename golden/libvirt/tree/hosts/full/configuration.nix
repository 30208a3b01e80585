# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/libvirt.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "full";

  programs.virt-manager.enable = true;

  virtualisation.libvirtd = {
    allowedBridges = [
      "virbr0"
      "br0"
    ];
    onBoot = "start";
    onShutdown = "shutdown";
  };

  system.stateVersion = "26.05";
}
