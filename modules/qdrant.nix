# Qdrant, a vector database, on the loopback and without telemetry.
{ config, lib, ... }:
{
  services.qdrant = {
    enable = lib.mkDefault true;
    settings = {
      # Stronger than the defaults in nixpkgs, which in some releases are defaults of options and in
      # others definitions.
      service = {
        host = lib.mkOverride 900 "127.0.0.1";
        http_port = lib.mkOverride 900 6333;
        grpc_port = lib.mkOverride 900 6334;
      };
      storage = {
        storage_path = lib.mkOverride 900 "/var/lib/qdrant/storage";
        snapshots_path = lib.mkOverride 900 "/var/lib/qdrant/snapshots";
        hnsw_index.on_disk = lib.mkOverride 900 true;
      };
      telemetry_disabled = lib.mkOverride 900 true;
    };
  };

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    qdrant.servers."127.0.0.1:${toString config.services.qdrant.settings.service.http_port}" = { };
  };

  services.prometheus.scrapeConfigs = lib.mkIf config.services.prometheus.enable [
    {
      job_name = "qdrant";
      static_configs = [ { targets = [ "127.0.0.1:${toString config.services.qdrant.settings.service.http_port}" ]; } ];
    }
  ];
}
