# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/grafana.nix
    ../../modules/loki.nix
    ../../modules/postgresql.nix
    ../../modules/prometheus.nix
    ../../modules/qdrant.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # prometheus
      9091
    ];
    hostName = "full";
  };

  services = {
    postgresql = {
      ensureDatabases = [ "aidb" ];
      ensureUsers = [
        {
          ensureDBOwnership = true;
          name = "aidb";
        }
      ];
    };
    prometheus = {
      globalConfig.scrape_interval = "30s";
      listenAddress = "0.0.0.0";
      port = 9091;
      retentionTime = "90d";
      scrapeConfigs = [
        {
          job_name = "nodes";
          static_configs = [
            {
              targets = [
                "10.0.0.2:9100"
                "10.0.0.3:9100"
              ];
            }
          ];
        }
      ];
    };
  };

  system.stateVersion = "26.05";
}
