# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ pkgs, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/printing.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # printing
      631
    ];
    hostName = "full";
  };

  services = {
    avahi = {
      enable = false;
      openFirewall = false;
    };
    printing = {
      allowFrom = [ "@LOCAL" ];
      browsing = true;
      defaultShared = true;
      drivers = [
        pkgs.gutenprint
        pkgs.hplip
      ];
      listenAddresses = [ "*:631" ];
    };
  };

  system.stateVersion = "26.05";
}
