# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/chromadb.nix
    ../../modules/meilisearch.nix
    ../../modules/postgresql.nix
    ../../modules/qdrant.nix
    ../../modules/redis.nix
    ../../modules/typesense.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "data";

  services.postgresql = {
    ensureDatabases = [ "aidb" ];
    ensureUsers = [
      {
        ensureDBOwnership = true;
        name = "aidb";
      }
    ];
  };

  system.stateVersion = "26.05";
}
