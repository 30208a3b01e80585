# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/chromadb.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # chromadb
      8010
    ];
    hostName = "full";
  };

  services.chromadb = {
    host = "0.0.0.0";
    port = 8010;
  };

  system.stateVersion = "26.05";
}
