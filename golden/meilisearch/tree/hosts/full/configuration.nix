# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/meilisearch.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # meilisearch
      7701
    ];
    hostName = "full";
  };

  services.meilisearch = {
    listenAddress = "0.0.0.0";
    listenPort = 7701;
    masterKeyFile = "/etc/secrets/meilisearch-key";
    settings = {
      env = "production";
      max_indexing_memory = "2 GiB";
    };
  };

  system.stateVersion = "26.05";
}
