# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/postgresql.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 25;

  networking.hostName = "plain";

  services.postgresql = {
    ensureDatabases = [ "aidb" ];
    ensureUsers = [
      {
        ensureDBOwnership = true;
        name = "aidb";
      }
    ];
    settings = {
      effective_cache_size = "12288MB";
      maintenance_work_mem = "1024MB";
      shared_buffers = "4096MB";
      work_mem = "40MB";
    };
  };

  system.stateVersion = "26.05";
}
