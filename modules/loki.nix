# Loki on the loopback keeps the logs of this machine in files for 30 days. Alloy sends them.
{ config, lib, ... }:
let
  inherit (config.services.loki) configuration dataDir;
in
{
  services.loki = {
    enable = lib.mkDefault true;
    configuration = {
      auth_enabled = lib.mkDefault false;
      analytics.reporting_enabled = lib.mkDefault false;
      server = {
        http_listen_address = lib.mkDefault "127.0.0.1";
        http_listen_port = lib.mkDefault 3100;
        grpc_listen_address = lib.mkDefault "127.0.0.1";
        grpc_listen_port = lib.mkDefault 9096;
      };
      common = {
        path_prefix = lib.mkDefault dataDir;
        replication_factor = lib.mkDefault 1;
        instance_addr = lib.mkDefault "127.0.0.1";
        ring.kvstore.store = lib.mkDefault "inmemory";
        storage.filesystem = {
          chunks_directory = lib.mkDefault "${dataDir}/chunks";
          rules_directory = lib.mkDefault "${dataDir}/rules";
        };
      };
      # One choice: a machine that already has logs has its own periods.
      schema_config.configs = lib.mkDefault [
        {
          from = "2024-01-01";
          store = "tsdb";
          object_store = "filesystem";
          schema = "v13";
          index = {
            prefix = "index_";
            period = "24h";
          };
        }
      ];
      limits_config.retention_period = lib.mkDefault "720h";
      compactor = {
        working_directory = lib.mkDefault "${dataDir}/compactor";
        retention_enabled = lib.mkDefault true;
        delete_request_store = lib.mkDefault "filesystem";
      };
    };
  };

  services.prometheus.scrapeConfigs = lib.mkIf config.services.prometheus.enable [
    {
      job_name = "loki";
      static_configs = [ { targets = [ "127.0.0.1:${toString configuration.server.http_listen_port}" ]; } ];
    }
  ];
}
